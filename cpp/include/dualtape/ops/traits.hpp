/// What every elementary function is made of: kinds, sampling data, the customisation point for
/// active types (duals, tape variables, symbolic expressions), and `apply`, which dispatches on it.
#pragma once

#include <array>
#include <complex>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <type_traits>

/// Operations on active types are inlined whatever the size of the function they stand in: what
/// they hold stays in registers. Written to memory in pieces and read back in one, it would stall
/// the processor at each of them.
#if defined(__GNUC__)
#define DUALTAPE_INLINE [[gnu::always_inline]] inline
#else
#define DUALTAPE_INLINE inline
#endif

namespace dualtape {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// How an operation behaves under differentiation.
enum class Kind {
  kSmooth,           ///< has `partial` (piecewise smooth functions too: absolute, maximum)
  kLocallyConstant,  ///< floor, sign ...: result of the argument's type, derivative zero
  kPredicate,        ///< result is a mask, no derivative
  kSelect,           ///< where(mask, a, b): linear in a and b
};

/// A short list of doubles that may live in a constexpr struct.
struct Points {
  static constexpr std::size_t kCapacity = 16;
  std::array<double, kCapacity> data{};
  std::size_t size = 0;
  constexpr Points() = default;
  constexpr Points(std::initializer_list<double> points) {
    for (const double p : points) data.at(size++) = p;
  }
  constexpr const double* begin() const { return data.data(); }
  constexpr const double* end() const { return data.data() + size; }
};

/// Where one argument is sampled by the tests: the interval [lo, hi] and single points of interest
/// (tails, kinks, ends of the range). Values are exact to `max_ulp` at both.
struct Domain {
  double lo = -4;
  double hi = 4;
  Points special{};
};

struct Sampling {
  std::array<Domain, 3> arguments{};
  constexpr Sampling(Domain a) : arguments{a, {}, {}} {}
  constexpr Sampling(Domain a, Domain b) : arguments{a, b, {}} {}
  constexpr Sampling(Domain a, Domain b, Domain c) : arguments{a, b, c} {}
};

/// Base of an active type that lives in another namespace: through it argument-dependent lookup
/// finds this namespace's operators and functions.
struct EnableOperators {};

/// Customisation point. An active type A specialises it with
///   static constexpr bool is_active = true;
///   using mask_type = ...;                       what `a < b` gives
///   template <class Op> static auto apply(...);  records or propagates Op
/// and, if it can treat constants better than as an A made of them,
///   static constexpr bool accepts_constants = true;        apply<Op>(a, 2.0) is then called as is
///   template <class S> static constexpr bool is_constant;  further types that are constants for A
template <class T>
struct ActiveTraits {
  static constexpr bool is_active = false;
};

template <class T>
concept Active = ActiveTraits<T>::is_active;

template <class T>
struct IsComplex : std::false_type {};
template <std::floating_point F>
struct IsComplex<std::complex<F>> : std::true_type {};
template <class T>
inline constexpr bool is_complex = IsComplex<T>::value;

/// A number that carries no derivative and ends every nesting.
template <class T>
concept BaseNumber = std::floating_point<T> || is_complex<T>;

template <class T>
concept Scalar = BaseNumber<T> || Active<T>;

namespace detail {

template <class T>
struct MaskOf {
  using type = bool;
};
template <class T>
  requires requires { typename ActiveTraits<T>::mask_type; }
struct MaskOf<T> {
  using type = typename ActiveTraits<T>::mask_type;
};

template <class A>
constexpr bool accepts_constants() {
  if constexpr (requires { ActiveTraits<A>::accepts_constants; }) {
    return ActiveTraits<A>::accepts_constants;
  } else {
    return false;
  }
}

template <class S, class A>
constexpr bool is_constant_of() {
  if constexpr (!Active<A> || std::same_as<S, A>) {
    return false;
  } else if constexpr (std::is_arithmetic_v<S>) {
    return true;
  } else if constexpr (requires { ActiveTraits<A>::template is_constant<S>; }) {
    return ActiveTraits<A>::template is_constant<S>;
  } else {
    return false;
  }
}

}  // namespace detail

/// Type of a comparison of two T.
template <class T>
using mask_t = typename detail::MaskOf<T>::type;

/// S may stand beside an A and has no tangent of A's kind.
template <class S, class A>
concept ConstantOf = detail::is_constant_of<S, A>();

namespace detail {

template <class A, class B>
struct Promote {};
template <Scalar A>
struct Promote<A, A> {
  using type = A;
};
template <class S, class A>
  requires ConstantOf<S, A>
struct Promote<S, A> {
  using type = A;
};
template <class A, class S>
  requires ConstantOf<S, A>
struct Promote<A, S> {
  using type = A;
};

}  // namespace detail

/// The scalar type of an operation on an A and a B; no type where they do not mix.
template <class A, class B>
using promote_t = typename detail::Promote<A, B>::type;

namespace detail {

/// A constant as an active type's `apply` wants it: as it is, or as an A.
template <class A, class X>
DUALTAPE_INLINE decltype(auto) as_argument(const X& x) {
  if constexpr (std::same_as<A, X> || accepts_constants<A>()) {
    return (x);
  } else {
    return A(x);
  }
}

}  // namespace detail

/// Op on scalars: numbers compute at once, active types do what their traits say.
template <class Op, Scalar X>
DUALTAPE_INLINE auto apply(const X& x) {
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<Op>(x);
  } else {
    return Op::template value<X>(x);
  }
}

/// The parametric form: `n` is structure, not data.
template <class Op, Scalar X>
  requires(Op::parametric)
DUALTAPE_INLINE auto apply(int n, const X& x) {
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<Op>(n, x);
  } else {
    return Op::template value<X>(n, x);
  }
}

template <class Op, class A, class B>
  requires(Op::parametric) && requires { typename promote_t<A, B>; }
DUALTAPE_INLINE auto apply(int n, const A& a, const B& b) {
  using X = promote_t<A, B>;
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<Op>(n, detail::as_argument<X>(a),
                                               detail::as_argument<X>(b));
  } else {
    return Op::template value<X>(n, a, b);
  }
}

template <class Op, class A, class B, class C>
  requires(Op::parametric) && requires { typename promote_t<promote_t<A, B>, C>; }
DUALTAPE_INLINE auto apply(int n, const A& a, const B& b, const C& c) {
  using X = promote_t<promote_t<A, B>, C>;
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<Op>(
        n, detail::as_argument<X>(a), detail::as_argument<X>(b), detail::as_argument<X>(c));
  } else {
    return Op::template value<X>(n, a, b, c);
  }
}

template <class Op, class A, class B>
  requires requires { typename promote_t<A, B>; }
DUALTAPE_INLINE auto apply(const A& a, const B& b) {
  using X = promote_t<A, B>;
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<Op>(detail::as_argument<X>(a),
                                               detail::as_argument<X>(b));
  } else {
    return Op::template value<X>(a, b);
  }
}

template <class Op, class A, class B, class C>
  requires requires { typename promote_t<promote_t<A, B>, C>; }
DUALTAPE_INLINE auto apply(const A& a, const B& b, const C& c) {
  using X = promote_t<promote_t<A, B>, C>;
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<Op>(detail::as_argument<X>(a), detail::as_argument<X>(b),
                                               detail::as_argument<X>(c));
  } else {
    return Op::template value<X>(a, b, c);
  }
}

/// True for operations that carry one structural integer: integer_power, polygamma, gammainc.
template <class Op>
inline constexpr bool is_parametric = requires { requires Op::parametric; };

/// What an entry of the registry must bring. Without `sampling` it could not be tested, so it does
/// not compile.
template <class Op>
concept ElementaryFunction = requires {
  { Op::name } -> std::convertible_to<std::string_view>;
  { Op::arity } -> std::convertible_to<int>;
  { Op::kind } -> std::convertible_to<Kind>;
  { Op::holomorphic } -> std::convertible_to<bool>;
  { Op::integral } -> std::convertible_to<bool>;
  { Op::max_ulp } -> std::convertible_to<double>;
  { Op::sampling } -> std::convertible_to<Sampling>;
} && Op::arity >= 1 && Op::arity <= 3 && (Op::max_ulp >= 0);

}  // namespace dualtape
