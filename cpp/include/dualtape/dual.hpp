/// Forward mode: a value with N tangents.
#pragma once

#include <dualtape/eigen.hpp>
#include <dualtape/error.hpp>
#include <dualtape/lanes.hpp>

#include <ostream>
#include <stdexcept>
#include <string>

namespace dualtape {

/// x + sum_i x_dot_i eps_i with eps_i eps_j = 0. T is a number or again an active type, and may be
/// mixed with constants; a comparison compares values. There is no conversion to bool or back to T.
///
/// Tangents of float and double lie in vector registers: they take the room of 1, 2, 4 or 8 numbers
/// or of whole cache lines.
template <class T, int N>
class Dual {
  static_assert(Scalar<T> && N >= 1, "Dual: wanted a floating point, complex or active T, N >= 1");
  using Lanes = detail::Lanes<T, N>;

 public:
  using value_type = T;
  using Tangent = Eigen::Array<T, N, 1>;
  static constexpr int lanes = N;

  DUALTAPE_INLINE Dual() : value_(0) {}
  /// A constant.
  template <class S>
    requires detail::is_inner<S, T>
  DUALTAPE_INLINE Dual(const S& value) : value_(static_cast<T>(value)) {}
  Dual(const T& value, const Tangent& tangent) : value_(value) { this->tangent() = tangent; }

  /// An input: tangent 1 in `lane`, 0 in the others.
  DUALTAPE_INLINE static Dual variable(const T& value, int lane = 0) {
    if (detail::seldom(lane < 0 || lane >= N)) refuse(lane);
    return Dual(value, Lanes::unit(lane));
  }

  DUALTAPE_INLINE const T& value() const { return value_; }
  DUALTAPE_INLINE T& value() { return value_; }
  /// The tangents as an Eigen array of N.
  Eigen::Map<const Tangent> tangent() const { return Eigen::Map<const Tangent>(lanes_.data()); }
  Eigen::Map<Tangent> tangent() { return Eigen::Map<Tangent>(lanes_.data()); }
  DUALTAPE_INLINE const T& tangent(int lane) const { return lanes_[lane]; }
  DUALTAPE_INLINE T& tangent(int lane) { return lanes_[lane]; }

 private:
  friend struct ActiveTraits<Dual>;
  DUALTAPE_INLINE Dual(const T& value, const Lanes& x_dot) : value_(value), lanes_(x_dot) {}

  [[noreturn, gnu::noinline]] static void refuse(int lane) {
    detail::fail<std::out_of_range>("Dual::variable: lane must be below " + std::to_string(N) +
                                    ", got " + std::to_string(lane));
  }

  T value_;
  Lanes lanes_;
};

template <class T, int N>
struct ActiveTraits<Dual<T, N>> {
  static constexpr bool is_active = true;
  static constexpr bool accepts_constants = true;
  template <class S>
  static constexpr bool is_constant = detail::is_inner<S, T>;
  using mask_type = mask_t<T>;
  using D = Dual<T, N>;

  /// Inlined where a Dual holds numbers. The operations of nested ones are functions, for the sake
  /// of the time that they take to compile.
  template <class Op, class... Xs>
    requires(!is_parametric<Op>)
  DUALTAPE_INLINE static auto apply(const Xs&... xs) {
    if constexpr (detail::is_number<T>) {
      return inlined<Op>(xs...);
    } else {
      return called<Op>(xs...);
    }
  }

  template <class Op>
    requires(Op::parametric)
  static D apply(int n, const D& x) {
    const T y = dualtape::apply<Op>(n, x.value());
    return D(y, x.lanes_ * Op::template partial<T>(n, x.value(), y));
  }

  template <class Op, class... Xs>
    requires(Op::parametric && sizeof...(Xs) > 1)
  static D apply(int n, const Xs&... xs) {
    const T y = dualtape::apply<Op>(n, detail::inner_value<D>(xs)...);
    Lanes tangent;
    add_terms<Op>(std::index_sequence_for<Xs...>{}, tangent, n, y, xs...);
    return D(y, tangent);
  }

 private:
  using Lanes = detail::Lanes<T, N>;
  template <class X>
  static constexpr bool is_dual = std::same_as<X, D>;

  template <class Op, class... Xs>
  static auto called(const Xs&... xs) {
    return inlined<Op>(xs...);
  }

  template <class Op>
  DUALTAPE_INLINE static auto inlined(const D& x) {
    if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(x.value());
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return D(dualtape::apply<Op>(x.value()));
    } else if constexpr (std::same_as<Op, ops::Negative>) {
      return D(T(-x.value()), -x.lanes_);
    } else {
      const T y = dualtape::apply<Op>(x.value());
      return D(y, x.lanes_ * Op::template partial<T>(x.value(), y));
    }
  }

  template <class Op, class A, class B>
  DUALTAPE_INLINE static auto inlined(const A& a, const B& b) {
    using Y = std::conditional_t<Op::kind == Kind::kPredicate, mask_type, T>;
    const Y y = dualtape::apply<Op>(detail::inner_value<D>(a), detail::inner_value<D>(b));
    if constexpr (Op::kind == Kind::kPredicate) {
      return y;
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return D(y);
    } else if constexpr (std::same_as<Op, ops::Add> || std::same_as<Op, ops::Subtract>) {
      return D(y, sum<std::same_as<Op, ops::Add>>(a, b));
    } else if constexpr (detail::is_number<T> &&
                         (std::same_as<Op, ops::Multiply> || std::same_as<Op, ops::Divide>)) {
      return product<Op>(a, b, y);
    } else {
      return D(y, add_term<Op, 1>(add_term<Op, 0>(Lanes(), a, a, b, y), b, a, b, y));
    }
  }

  template <class Op, class A, class B, class C>
  DUALTAPE_INLINE static D inlined(const A& a, const B& b, const C& c) {
    if constexpr (Op::kind == Kind::kSelect) {
      return pick(a, D(b), D(c));
    } else {
      const T y = dualtape::apply<Op>(detail::inner_value<D>(a), detail::inner_value<D>(b),
                                      detail::inner_value<D>(c));
      const Lanes two = add_term<Op, 1>(add_term<Op, 0>(Lanes(), a, a, b, c, y), b, a, b, c, y);
      return D(y, add_term<Op, 2>(two, c, a, b, c, y));
    }
  }

  /// a_dot + b_dot or a_dot - b_dot.
  template <bool Plus, class A, class B>
  DUALTAPE_INLINE static Lanes sum(const A& a, const B& b) {
    if constexpr (!is_dual<B>) {
      return a.lanes_;
    } else if constexpr (is_dual<A>) {
      return Plus ? a.lanes_ + b.lanes_ : a.lanes_ - b.lanes_;
    } else {
      return Plus ? b.lanes_ : -b.lanes_;
    }
  }

  /// y = a b or a / b of numbers. One comparison tells that no partial is infinite or NaN, which is
  /// what `add_term` looks after.
  template <class Op, class A, class B>
  DUALTAPE_INLINE static D product(const A& a, const B& b, const T& y) {
    constexpr bool kDivide = std::same_as<Op, ops::Divide>;
    const T x = operand(b);
    const T to_a = kDivide ? T(1) / x : x;
    const T to_b = kDivide ? T(-(y * to_a)) : operand(a);
    if constexpr (!is_dual<B>) {
      if (detail::seldom(!is_finite(to_a))) return guarded<Op>(a, b, y);
      return D(y, a.lanes_ * to_a);
    } else if constexpr (!is_dual<A>) {
      if (detail::seldom(!is_finite(to_b))) return guarded<Op>(a, b, y);
      return D(y, b.lanes_ * to_b);
    } else {
      if (detail::seldom(!is_finite(kDivide ? to_b : y))) return guarded<Op>(a, b, y);
      return D(y, multiply_add(b.lanes_, to_b, a.lanes_ * to_a));
    }
  }
  template <class Op, class A, class B>
  DUALTAPE_INLINE static D guarded(const A& a, const B& b, const T& y) {
    return D(y, add_term<Op, 1>(add_term<Op, 0>(Nothing{}, a, a, b, y), b, a, b, y));
  }

  struct Nothing {};

  /// sum + partial<I> x_dot, x being argument I; a constant has none.
  template <class Op, int I, class S, class X, class... Arguments>
  DUALTAPE_INLINE static auto add_term(const S& sum, const X& x, const Arguments&... arguments) {
    if constexpr (!is_dual<X>) {
      return sum;
    } else {
      T partial = Op::template partial<I, T>(operand(arguments)...);
      if constexpr (may_meet_constant<Op, I>) {
        if (!is_finite(partial) && x.lanes_.is_zero()) partial = T(0);
      }
      if constexpr (std::same_as<S, Nothing>) {
        return x.lanes_ * partial;
      } else {
        return multiply_add(x.lanes_, partial, sum);
      }
    }
  }

  template <class Op, std::size_t... I, class... Xs>
  static void add_terms(std::index_sequence<I...>, Lanes& tangent, int n, const T& y,
                        const Xs&... xs) {
    (add_parametric_term<Op, static_cast<int>(I)>(tangent, n, y, xs, xs...), ...);
  }
  template <class Op, int I, class X, class... Xs>
  static void add_parametric_term(Lanes& tangent, int n, const T& y, const X& x, const Xs&... xs) {
    if constexpr (is_dual<X>) {
      // Constant parameters arrive as duals too; their partials are dear, or do not exist.
      if constexpr (I + 1 < Op::arity && std::same_as<mask_type, bool>) {
        if (x.lanes_.is_zero()) return;
      }
      tangent = multiply_add(x.lanes_, Op::template partial<I, T>(n, operand(xs)..., y), tangent);
    }
  }

  /// Constants of rules and of outer nestings arrive as duals of tangent 0. Where their partial is
  /// infinite (T(0.5) / y at y = 0) or undefined (a constant exponent of a negative base) they must
  /// not add 0 * inf. Only here: elsewhere a finite value with an infinite partial and a tangent
  /// that happens to be 0, sqrt(x^2) at 0, is truly undetermined and gives NaN.
  template <class Op, int I>
  static constexpr bool may_meet_constant =
      std::same_as<mask_type, bool> &&
      (std::same_as<Op, ops::Multiply> || std::same_as<Op, ops::Divide> ||
       (std::same_as<Op, ops::Power> && I == 1));

  template <class X>
  DUALTAPE_INLINE static T operand(const X& x) {
    if constexpr (std::same_as<X, T>) {
      return x;
    } else {
      return detail::inner_operand<D>(x);
    }
  }

  template <class M>
  static D pick(const M& mask, const D& a, const D& b) {
    if constexpr (std::same_as<M, bool>) {
      return mask ? a : b;
    } else {
      D y(select(mask, a.value(), b.value()));
      for (int i = 0; i < N; ++i) y.tangent(i) = select(mask, a.tangent(i), b.tangent(i));
      return y;
    }
  }
};

template <class T, int N>
std::ostream& operator<<(std::ostream& out, const Dual<T, N>& x) {
  out << x.value() << " + [";
  for (int i = 0; i < N; ++i) out << (i ? ", " : "") << x.tangent(i);
  return out << "] eps";
}

}  // namespace dualtape
