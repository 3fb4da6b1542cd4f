/// A register of numbers: what `map` calls a function with, several places at once.
#pragma once

#include <dualtape/dual.hpp>

#include <array>
#include <utility>

namespace dualtape {

namespace detail {

/// Numbers in a register; 1 where the compiler has no vectors.
template <class T>
inline constexpr std::size_t kPackSize =
    is_vectorised<T> ? static_cast<std::size_t>(kVectorBytes) / sizeof(T) : 1;

/// NaN is not 0.
template <class T, class V>
DUALTAPE_INLINE bool any_nonzero(V x) {
  if constexpr (sizeof(V) >= 32) {
    return nonzero_mask<T>(x) != 0;
  } else {
    bool any = false;
    for (std::size_t i = 0; i < sizeof(V) / sizeof(T); ++i) any |= x[i] != 0;
    return any;
  }
}

/// True once a comparison of packs that came out differently in their places was taken for a bool.
/// The code follows the first place then, and what it gives is worth nothing for the others.
inline bool& packs_diverged() {
  static thread_local bool diverged = false;
  return diverged;
}

/// What comparing packs gives: all bits of a place are equal.
template <class T>
struct PackMask {
  using Bits = typename VectorOf<T, kPackSize<T>>::Bits;
  Bits v;

  DUALTAPE_INLINE operator bool() const {
    bool any = false, all = true;
    for (std::size_t i = 0; i < kPackSize<T>; ++i) any |= v[i] != 0, all &= v[i] != 0;
    if (any != all) packs_diverged() = true;
    return v[0] != 0;
  }
  DUALTAPE_INLINE friend PackMask operator&(PackMask a, PackMask b) { return {a.v & b.v}; }
  DUALTAPE_INLINE friend PackMask operator|(PackMask a, PackMask b) { return {a.v | b.v}; }
  DUALTAPE_INLINE friend PackMask operator!(PackMask a) { return {~a.v}; }
};

}  // namespace detail

/// Functions of packs are those of their numbers. Whether results are finite is looked at when the
/// function that `map` was given has returned, not on the way: is_finite says yes.
template <class T>
class Pack {
 public:
  using Vector = typename detail::VectorOf<T, detail::kPackSize<T>>::type;
  static constexpr std::size_t size = detail::kPackSize<T>;

  DUALTAPE_INLINE Pack() : v_{} {}
  template <class S>
    requires std::is_arithmetic_v<S>
  DUALTAPE_INLINE Pack(S x) : v_(static_cast<T>(x) - Vector{}) {}  // x - 0 is x, for -0 too
  DUALTAPE_INLINE explicit Pack(Vector v) : v_(v) {}

  DUALTAPE_INLINE Vector vector() const { return v_; }
  DUALTAPE_INLINE T operator[](std::size_t i) const { return v_[i]; }
  DUALTAPE_INLINE void set(std::size_t i, T x) { v_[i] = x; }

  DUALTAPE_INLINE friend Pack multiply_add(const Pack& a, const Pack& b, const Pack& c) {
    return Pack(detail::multiply_add_each<Vector, T>(a.v_, b.v_, c.v_));
  }
  DUALTAPE_INLINE friend bool is_finite(const Pack&) { return true; }
  friend bool is_exactly_zero(const Pack& x) { return !detail::any_nonzero<T>(x.v_); }

 private:
  Vector v_;
};

template <class T>
inline constexpr bool detail::is_number<Pack<T>> = true;
template <class T, int N>
inline constexpr bool detail::is_number<Dual<Pack<T>, N>> = true;

template <class T>
struct ActiveTraits<Pack<T>> {
  using P = Pack<T>;
  static constexpr bool is_active = true;
  using mask_type = detail::PackMask<T>;

  template <class Op>
    requires(!is_parametric<Op>)
  DUALTAPE_INLINE static auto apply(const P& x) {
    if constexpr (std::same_as<Op, ops::Negative>) {
      return P(-x.vector());
    } else if constexpr (std::same_as<Op, ops::Square>) {
      return P(x.vector() * x.vector());
    } else if constexpr (std::same_as<Op, ops::Reciprocal>) {
      return P(T(1) / x.vector());
    } else {
      return each<Op>(x);
    }
  }

  template <class Op>
  DUALTAPE_INLINE static auto apply(const P& a, const P& b) {
    const auto x = a.vector(), y = b.vector();
    if constexpr (std::same_as<Op, ops::Add>) {
      return P(x + y);
    } else if constexpr (std::same_as<Op, ops::Subtract>) {
      return P(x - y);
    } else if constexpr (std::same_as<Op, ops::Multiply>) {
      return P(x * y);
    } else if constexpr (std::same_as<Op, ops::Divide>) {
      return P(x / y);
    } else if constexpr (std::same_as<Op, ops::Equal>) {
      return mask_type{x == y};
    } else if constexpr (std::same_as<Op, ops::NotEqual>) {
      return mask_type{x != y};
    } else if constexpr (std::same_as<Op, ops::Less>) {
      return mask_type{x < y};
    } else if constexpr (std::same_as<Op, ops::LessEqual>) {
      return mask_type{x <= y};
    } else if constexpr (std::same_as<Op, ops::Greater>) {
      return mask_type{x > y};
    } else if constexpr (std::same_as<Op, ops::GreaterEqual>) {
      return mask_type{x >= y};
    } else if constexpr (std::same_as<Op, ops::Maximum> || std::same_as<Op, ops::Minimum>) {
      return Op::template value<P>(a, b);
    } else {
      return each<Op>(a, b);
    }
  }

  template <class Op, class M>
  DUALTAPE_INLINE static P apply(const M& mask, const P& a, const P& b) {
    if constexpr (Op::kind != Kind::kSelect) {
      return each<Op>(P(mask), a, b);
    } else if constexpr (std::same_as<M, bool>) {
      return mask ? a : b;
    } else {
      return P(mask.v ? a.vector() : b.vector());
    }
  }

  template <class Op, class... Ps>
    requires(Op::parametric)
  static P apply(int n, const Ps&... xs) {
    P y;
    for (std::size_t i = 0; i < P::size; ++i) y.set(i, dualtape::apply<Op>(n, T(xs[i])...));
    return y;
  }

 private:
  template <class Op, class... Ps>
  static auto each(const Ps&... xs) {
    if constexpr (Op::kind == Kind::kPredicate) {
      mask_type mask{};
      for (std::size_t i = 0; i < P::size; ++i) {
        mask.v[i] = dualtape::apply<Op>(T(xs[i])...) ? -1 : 0;
      }
      return mask;
    } else {
      P y;
      for (std::size_t i = 0; i < P::size; ++i) y.set(i, dualtape::apply<Op>(T(xs[i])...));
      return y;
    }
  }
};

namespace detail {

/// A pack of a T where there is one, else a T by itself.
template <class T>
struct WideOf {
  using type = T;
  static constexpr std::size_t size = 1;
  static void set(T& x, std::size_t, const T& value) { x = value; }
  static const T& get(const T& x, std::size_t) { return x; }
  static bool finite(const T& x) { return is_finite(x); }
  static const T& all(const T& x) { return x; }
};
template <class T>
  requires(is_vectorised<T>)
struct WideOf<T> {
  using type = Pack<T>;
  static constexpr std::size_t size = kPackSize<T>;
  DUALTAPE_INLINE static void set(type& x, std::size_t i, const T& value) { x.set(i, value); }
  DUALTAPE_INLINE static T get(const type& x, std::size_t i) { return x[i]; }
  DUALTAPE_INLINE static bool finite(const type& x) {
    return !any_nonzero<T>(x.vector() - x.vector());
  }
  DUALTAPE_INLINE static type all(const T& x) { return type(x); }
};
/// Of duals: packs of their values and of each tangent.
template <class T, int N>
  requires(is_vectorised<T>)
struct WideOf<Dual<T, N>> {
  using type = Dual<Pack<T>, N>;
  static constexpr std::size_t size = kPackSize<T>;
  DUALTAPE_INLINE static void set(type& x, std::size_t i, const Dual<T, N>& value) {
    x.value().set(i, value.value());
    for (int k = 0; k < N; ++k) x.tangent(k).set(i, value.tangent(k));
  }
  DUALTAPE_INLINE static Dual<T, N> get(const type& x, std::size_t i) {
    Dual<T, N> result(x.value()[i]);
    for (int k = 0; k < N; ++k) result.tangent(k) = x.tangent(k)[i];
    return result;
  }
  DUALTAPE_INLINE static bool finite(const type& x) {
    bool all = WideOf<T>::finite(x.value());
    for (int k = 0; k < N; ++k) all &= WideOf<T>::finite(x.tangent(k));
    return all;
  }
  DUALTAPE_INLINE static type all(const Dual<T, N>& x) {
    type result(x.value());
    for (int k = 0; k < N; ++k) result.tangent(k) = Pack<T>(x.tangent(k));
    return result;
  }
};
template <class T>
using Wide = typename WideOf<T>::type;

}  // namespace detail

/// The number of the first place: for branches on it, as with any other active type.
template <class T>
T base_value(const Pack<T>& x) {
  bool same = true;
  for (std::size_t i = 1; i < Pack<T>::size; ++i) same &= x[i] == x[0];
  if (!same) detail::packs_diverged() = true;
  return x[0];
}

}  // namespace dualtape
