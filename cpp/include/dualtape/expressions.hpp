/// The operators and functions of tape variables: ops/functions.hpp once more, but what they return
/// is an expression, recorded when it is assigned. A function that is missing here returns a Var,
/// recorded at once.
#pragma once

#include <dualtape/var.hpp>

namespace dualtape {

namespace detail {

template <class X>
struct TapeVar {};
template <class T>
struct TapeVar<Var<T>> {
  using type = Var<T>;
};
template <class T, int N>
struct TapeVar<Term<T, N>> {
  using type = Var<T>;
};

/// The expression that an operation on A and B gives.
template <class A, class B, class V = typename TapeVar<promote_t<A, B>>::type>
using term_t = Term<typename V::value_type, kTermSize<V, A, B>>;

template <class Op, class A, class B>
DUALTAPE_INLINE auto expression(const A& a, const B& b) {
  return ActiveTraits<promote_t<A, B>>::template apply<Op>(a, b);
}

}  // namespace detail

#define DUALTAPE_OPERATOR(symbol, Op)                                            \
  template <class A, class B>                                                    \
    requires Active<promote_t<A, B>> && detail::Taped<promote_t<A, B>>           \
  DUALTAPE_INLINE detail::term_t<A, B> operator symbol(const A& a, const B& b) { \
    return detail::expression<ops::Op>(a, b);                                    \
  }
#define DUALTAPE_COMPARISON(symbol, Op)                                \
  template <class A, class B>                                          \
    requires Active<promote_t<A, B>> && detail::Taped<promote_t<A, B>> \
  DUALTAPE_INLINE bool operator symbol(const A& a, const B& b) {       \
    return detail::expression<ops::Op>(a, b);                          \
  }
#define DUALTAPE_BINARY(function, Op)                                     \
  template <class A, class B>                                             \
    requires detail::Taped<promote_t<A, B>>                               \
  DUALTAPE_INLINE detail::term_t<A, B> function(const A& a, const B& b) { \
    return detail::expression<ops::Op>(a, b);                             \
  }
#define DUALTAPE_UNARY(function, Op)                         \
  template <class T>                                         \
  DUALTAPE_INLINE Term<T, 1> function(const Var<T>& x) {     \
    return ActiveTraits<Var<T>>::template apply<ops::Op>(x); \
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

DUALTAPE_UNARY(operator-, Negative)
DUALTAPE_UNARY(negative, Negative)
DUALTAPE_UNARY(square, Square)
DUALTAPE_UNARY(sqrt, Sqrt)
DUALTAPE_UNARY(cbrt, Cbrt)
DUALTAPE_UNARY(reciprocal, Reciprocal)
DUALTAPE_UNARY(absolute, Absolute)
DUALTAPE_UNARY(abs, Absolute)
DUALTAPE_UNARY(fabs, Absolute)
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
DUALTAPE_UNARY(asin, ArcSin)
DUALTAPE_UNARY(arccos, ArcCos)
DUALTAPE_UNARY(acos, ArcCos)
DUALTAPE_UNARY(arctan, ArcTan)
DUALTAPE_UNARY(atan, ArcTan)
DUALTAPE_UNARY(sinh, Sinh)
DUALTAPE_UNARY(cosh, Cosh)
DUALTAPE_UNARY(tanh, Tanh)
DUALTAPE_UNARY(sech2, Sech2)
DUALTAPE_UNARY(exp_minus_square, ExpMinusSquare)
DUALTAPE_UNARY(erf, Erf)
DUALTAPE_UNARY(erfc, Erfc)

DUALTAPE_BINARY(power, Power)
DUALTAPE_BINARY(logaddexp, LogAddExp)
DUALTAPE_BINARY(arctan2, ArcTan2)
DUALTAPE_BINARY(atan2, ArcTan2)
DUALTAPE_BINARY(hypot, Hypot)

#undef DUALTAPE_OPERATOR
#undef DUALTAPE_COMPARISON
#undef DUALTAPE_BINARY
#undef DUALTAPE_UNARY

template <class T>
DUALTAPE_INLINE Term<T, 1> integer_power(const Var<T>& x, int n) {
  return ActiveTraits<Var<T>>::template apply<ops::IntegerPower>(n, x);
}

template <class A, class B>
  requires Active<promote_t<A, B>> && detail::Taped<promote_t<A, B>>
DUALTAPE_INLINE detail::term_t<A, B> pow(const A& a, const B& b) {
  if constexpr (std::is_integral_v<B>) {
    return integer_power(a, static_cast<int>(b));
  } else {
    return detail::expression<ops::Power>(a, b);
  }
}

template <class T, class B>
  requires std::same_as<promote_t<Var<T>, B>, Var<T>>
DUALTAPE_INLINE Var<T>& operator+=(Var<T>& x, const B& b) {
  return x = x + b;
}
template <class T, class B>
  requires std::same_as<promote_t<Var<T>, B>, Var<T>>
DUALTAPE_INLINE Var<T>& operator-=(Var<T>& x, const B& b) {
  return x = x - b;
}
template <class T, class B>
  requires std::same_as<promote_t<Var<T>, B>, Var<T>>
DUALTAPE_INLINE Var<T>& operator*=(Var<T>& x, const B& b) {
  return x = x * b;
}
template <class T, class B>
  requires std::same_as<promote_t<Var<T>, B>, Var<T>>
DUALTAPE_INLINE Var<T>& operator/=(Var<T>& x, const B& b) {
  return x = x / b;
}

// `auto y = a * b; y += c;` records y and goes on with it.
template <class T, int N, class B>
DUALTAPE_INLINE Term<T, N>& operator+=(Term<T, N>& x, const B& b) {
  return x = Var<T>(x + b);
}
template <class T, int N, class B>
DUALTAPE_INLINE Term<T, N>& operator-=(Term<T, N>& x, const B& b) {
  return x = Var<T>(x - b);
}
template <class T, int N, class B>
DUALTAPE_INLINE Term<T, N>& operator*=(Term<T, N>& x, const B& b) {
  return x = Var<T>(x * b);
}
template <class T, int N, class B>
DUALTAPE_INLINE Term<T, N>& operator/=(Term<T, N>& x, const B& b) {
  return x = Var<T>(x / b);
}

}  // namespace dualtape
