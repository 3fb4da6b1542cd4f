/// The named functions and operators on scalars, each a call of `apply` on its rule.
///
/// They are declared before the rules, which use them unqualified: in a rule `exp(x)` is this `exp`
/// for numbers, duals, tape variables and symbolic expressions alike.
#pragma once

#include <dualtape/ops/traits.hpp>

namespace dualtape {

// The macros also declare the rules' structs, which the family headers define.
#define DUALTAPE_UNARY(function, Op)       \
  namespace ops {                          \
  struct Op;                               \
  }                                        \
  template <Scalar X>                      \
  DUALTAPE_INLINE X function(const X& x) { \
    return apply<ops::Op>(x);              \
  }
#define DUALTAPE_UNARY_MASK(function, Op)          \
  namespace ops {                                  \
  struct Op;                                       \
  }                                                \
  template <Scalar X>                              \
  DUALTAPE_INLINE mask_t<X> function(const X& x) { \
    return apply<ops::Op>(x);                      \
  }
#define DUALTAPE_BINARY(function, Op)                                \
  namespace ops {                                                    \
  struct Op;                                                         \
  }                                                                  \
  template <class A, class B>                                        \
  DUALTAPE_INLINE promote_t<A, B> function(const A& a, const B& b) { \
    return apply<ops::Op>(a, b);                                     \
  }
#define DUALTAPE_BINARY_MASK(function, Op)                                   \
  namespace ops {                                                            \
  struct Op;                                                                 \
  }                                                                          \
  template <class A, class B>                                                \
  DUALTAPE_INLINE mask_t<promote_t<A, B>> function(const A& a, const B& b) { \
    return apply<ops::Op>(a, b);                                             \
  }
// Operators exist for active types only: numbers have theirs.
#define DUALTAPE_OPERATOR(symbol, Op)                                       \
  namespace ops {                                                           \
  struct Op;                                                                \
  }                                                                         \
  template <class A, class B>                                               \
    requires Active<promote_t<A, B>>                                        \
  DUALTAPE_INLINE promote_t<A, B> operator symbol(const A& a, const B& b) { \
    return apply<ops::Op>(a, b);                                            \
  }
#define DUALTAPE_COMPARISON(symbol, Op)                                             \
  namespace ops {                                                                   \
  struct Op;                                                                        \
  }                                                                                 \
  template <class A, class B>                                                       \
    requires Active<promote_t<A, B>>                                                \
  DUALTAPE_INLINE mask_t<promote_t<A, B>> operator symbol(const A& a, const B& b) { \
    return apply<ops::Op>(a, b);                                                    \
  }

DUALTAPE_OPERATOR(+, Add)
DUALTAPE_OPERATOR(-, Subtract)
DUALTAPE_OPERATOR(*, Multiply)
DUALTAPE_OPERATOR(/, Divide)
DUALTAPE_COMPARISON(==, Equal)
DUALTAPE_COMPARISON(!=, NotEqual)
DUALTAPE_COMPARISON(<, Less)
DUALTAPE_COMPARISON(<=, LessEqual)
DUALTAPE_COMPARISON(>, Greater)
DUALTAPE_COMPARISON(>=, GreaterEqual)

namespace ops {
struct Negative;
struct Where;
}  // namespace ops

template <Active X>
DUALTAPE_INLINE X operator-(const X& x) {
  return apply<ops::Negative>(x);
}
template <Active X>
DUALTAPE_INLINE X operator+(const X& x) {
  return x;
}
template <Active X, class B>
  requires std::same_as<promote_t<X, B>, X>
DUALTAPE_INLINE X& operator+=(X& x, const B& b) {
  return x = x + b;
}
template <Active X, class B>
  requires std::same_as<promote_t<X, B>, X>
DUALTAPE_INLINE X& operator-=(X& x, const B& b) {
  return x = x - b;
}
template <Active X, class B>
  requires std::same_as<promote_t<X, B>, X>
DUALTAPE_INLINE X& operator*=(X& x, const B& b) {
  return x = x * b;
}
template <Active X, class B>
  requires std::same_as<promote_t<X, B>, X>
DUALTAPE_INLINE X& operator/=(X& x, const B& b) {
  return x = x / b;
}

// Complex numbers compare by real, then imaginary part, as NumPy's do. Only this library's scopes
// see these.
template <std::floating_point F>
bool operator<(const std::complex<F>& a, const std::complex<F>& b) {
  return a.real() < b.real() || (a.real() == b.real() && a.imag() < b.imag());
}
template <std::floating_point F>
bool operator>(const std::complex<F>& a, const std::complex<F>& b) {
  return b < a;
}
template <std::floating_point F>
bool operator<=(const std::complex<F>& a, const std::complex<F>& b) {
  return a.real() < b.real() || (a.real() == b.real() && a.imag() <= b.imag());
}
template <std::floating_point F>
bool operator>=(const std::complex<F>& a, const std::complex<F>& b) {
  return b <= a;
}

DUALTAPE_UNARY(negative, Negative)
DUALTAPE_UNARY(square, Square)
DUALTAPE_UNARY(sqrt, Sqrt)
DUALTAPE_UNARY(cbrt, Cbrt)
DUALTAPE_UNARY(reciprocal, Reciprocal)
DUALTAPE_UNARY(absolute, Absolute)
DUALTAPE_UNARY(exp, Exp)
DUALTAPE_UNARY(exp2, Exp2)
DUALTAPE_UNARY(expm1, Expm1)
DUALTAPE_UNARY(log, Log)
DUALTAPE_UNARY(log2, Log2)
DUALTAPE_UNARY(log10, Log10)
DUALTAPE_UNARY(log1p, Log1p)
DUALTAPE_UNARY(expit, Expit)
DUALTAPE_UNARY(log_expit, LogExpit)
DUALTAPE_UNARY(sin, Sin)
DUALTAPE_UNARY(cos, Cos)
DUALTAPE_UNARY(tan, Tan)
DUALTAPE_UNARY(arcsin, ArcSin)
DUALTAPE_UNARY(arccos, ArcCos)
DUALTAPE_UNARY(arctan, ArcTan)
DUALTAPE_UNARY(sinh, Sinh)
DUALTAPE_UNARY(cosh, Cosh)
DUALTAPE_UNARY(tanh, Tanh)
DUALTAPE_UNARY(sech2, Sech2)
DUALTAPE_UNARY(arcsinh, ArcSinh)
DUALTAPE_UNARY(arccosh, ArcCosh)
DUALTAPE_UNARY(arctanh, ArcTanh)
DUALTAPE_UNARY(exp_minus_square, ExpMinusSquare)
DUALTAPE_UNARY(erf, Erf)
DUALTAPE_UNARY(erfc, Erfc)
DUALTAPE_UNARY(erfinv, ErfInv)
DUALTAPE_UNARY(erfcinv, ErfcInv)
DUALTAPE_UNARY(gammaln, GammaLn)
DUALTAPE_UNARY(digamma, Digamma)
DUALTAPE_UNARY(sign, Sign)
DUALTAPE_UNARY(floor, Floor)
DUALTAPE_UNARY(ceil, Ceil)
DUALTAPE_UNARY(rint, Rint)
DUALTAPE_UNARY(trunc, Trunc)

// The C++ standard library's names.
DUALTAPE_UNARY(abs, Absolute)
DUALTAPE_UNARY(fabs, Absolute)
DUALTAPE_UNARY(asin, ArcSin)
DUALTAPE_UNARY(acos, ArcCos)
DUALTAPE_UNARY(atan, ArcTan)
DUALTAPE_UNARY(asinh, ArcSinh)
DUALTAPE_UNARY(acosh, ArcCosh)
DUALTAPE_UNARY(atanh, ArcTanh)
DUALTAPE_UNARY(lgamma, GammaLn)

DUALTAPE_UNARY_MASK(isnan, IsNan)
DUALTAPE_UNARY_MASK(isfinite, IsFinite)
DUALTAPE_UNARY_MASK(isinf, IsInf)
DUALTAPE_UNARY_MASK(logical_not, LogicalNot)

DUALTAPE_BINARY(power, Power)
DUALTAPE_BINARY(logaddexp, LogAddExp)
DUALTAPE_BINARY(logaddexp2, LogAddExp2)
DUALTAPE_BINARY(arctan2, ArcTan2)
DUALTAPE_BINARY(atan2, ArcTan2)
DUALTAPE_BINARY(hypot, Hypot)
DUALTAPE_BINARY(heaviside, Heaviside)
DUALTAPE_BINARY(copysign, CopySign)
DUALTAPE_BINARY(floor_divide, FloorDivide)
// NumPy's other name for remainder: C has a function remainder of another meaning.
DUALTAPE_BINARY(mod, Remainder)
DUALTAPE_BINARY(fmod, Fmod)
DUALTAPE_BINARY(maximum, Maximum)
DUALTAPE_BINARY(minimum, Minimum)
DUALTAPE_BINARY(fmax, Fmax)
DUALTAPE_BINARY(fmin, Fmin)
DUALTAPE_BINARY_MASK(logical_and, LogicalAnd)
DUALTAPE_BINARY_MASK(logical_or, LogicalOr)
DUALTAPE_BINARY_MASK(logical_xor, LogicalXor)

#undef DUALTAPE_UNARY
#undef DUALTAPE_UNARY_MASK
#undef DUALTAPE_BINARY
#undef DUALTAPE_BINARY_MASK
#undef DUALTAPE_OPERATOR
#undef DUALTAPE_COMPARISON

namespace ops {
struct Clip;
struct IntegerPower;
struct Polygamma;
struct GammaInc;
struct GammaIncC;
struct BetaInc;
struct Zeta;
struct BesselJ;
struct BesselY;
struct BesselI;
struct BesselIe;
struct BesselK;
struct BesselKe;
struct LogicalAnd;
struct LogicalOr;
struct LogicalNot;
}  // namespace ops

/// minimum(maximum(x, lo), hi).
template <class X, class L, class H>
promote_t<promote_t<X, L>, H> clip(const X& x, const L& lo, const H& hi) {
  return apply<ops::Clip>(x, lo, hi);
}

/// x^n for an integer n known beforehand.
template <Scalar X>
DUALTAPE_INLINE X integer_power(const X& x, int n) {
  return apply<ops::IntegerPower>(n, x);
}

/// The n-th derivative of digamma.
template <Scalar X>
X polygamma(int n, const X& x) {
  return apply<ops::Polygamma>(n, x);
}

/// The inverse of the normal distribution function.
template <Scalar X>
X ndtri(const X& p) {
  return X(-1.4142135623730951) * erfcinv(X(X(2) * p));
}

/// The regularised lower incomplete gamma function P(a, x).
template <class A, class B>
promote_t<A, B> gammainc(const A& a, const B& x) {
  return apply<ops::GammaInc>(0, a, x);
}
/// 1 - P(a, x)
template <class A, class B>
promote_t<A, B> gammaincc(const A& a, const B& x) {
  return apply<ops::GammaIncC>(0, a, x);
}
/// The regularised incomplete beta function I_x(a, b).
template <class A, class B, class X>
promote_t<promote_t<A, B>, X> betainc(const A& a, const B& b, const X& x) {
  return apply<ops::BetaInc>(0, a, b, x);
}

/// Hurwitz's zeta function, sum_{k >= 0} (q + k)^-s.
template <class S, class Q>
promote_t<S, Q> zeta(const S& s, const Q& q) {
  return apply<ops::Zeta>(0, s, q);
}
/// Riemann's zeta function.
template <Scalar S>
S zeta(const S& s) {
  return apply<ops::Zeta>(0, s, S(1));
}

// Bessel functions, under SciPy's names; the order v is a constant for every derivative.
template <class V, class X>
promote_t<V, X> jv(const V& v, const X& x) {
  return apply<ops::BesselJ>(0, v, x);
}
template <class V, class X>
promote_t<V, X> yv(const V& v, const X& x) {
  return apply<ops::BesselY>(0, v, x);
}
template <class V, class X>
promote_t<V, X> iv(const V& v, const X& x) {
  return apply<ops::BesselI>(0, v, x);
}
/// exp(-|x|) iv(v, x)
template <class V, class X>
promote_t<V, X> ive(const V& v, const X& x) {
  return apply<ops::BesselIe>(0, v, x);
}
template <class V, class X>
promote_t<V, X> kv(const V& v, const X& x) {
  return apply<ops::BesselK>(0, v, x);
}
/// exp(x) kv(v, x)
template <class V, class X>
promote_t<V, X> kve(const V& v, const X& x) {
  return apply<ops::BesselKe>(0, v, x);
}

/// std::pow's name; an integer exponent takes the integer rule.
template <class A, class B>
  requires Active<promote_t<A, B>>
DUALTAPE_INLINE promote_t<A, B> pow(const A& a, const B& b) {
  if constexpr (std::is_integral_v<B>) {
    return integer_power(a, static_cast<int>(b));
  } else {
    return apply<ops::Power>(a, b);
  }
}

/// m ? a : b on masks and scalars of any kind. Both a and b are evaluated: guard the argument of
/// the branch not taken.
template <class M, class X>
  requires Scalar<X> || std::is_integral_v<X>
X select(const M& m, const X& a, const X& b) {
  if constexpr (Active<X>) {
    return ActiveTraits<X>::template apply<ops::Where>(m, a, b);
  } else {
    return m ? a : b;
  }
}

/// NumPy's name for `select`; a and b may be constants beside an active type.
template <class M, class A, class B>
  requires Active<promote_t<A, B>>
promote_t<A, B> where(const M& m, const A& a, const B& b) {
  using X = promote_t<A, B>;
  return select(m, static_cast<X>(a), static_cast<X>(b));
}

template <class M>
M mask_and(const M& a, const M& b) {
  if constexpr (Active<M>) {
    return apply<ops::LogicalAnd>(a, b);
  } else {
    return a & b;
  }
}
template <class M>
M mask_or(const M& a, const M& b) {
  if constexpr (Active<M>) {
    return apply<ops::LogicalOr>(a, b);
  } else {
    return a | b;
  }
}
template <class M>
M mask_not(const M& a) {
  if constexpr (Active<M>) {
    return apply<ops::LogicalNot>(a);
  } else {
    return !a;
  }
}

}  // namespace dualtape
