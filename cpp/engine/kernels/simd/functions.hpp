/// The leaves of the rules on blocks: glibc's vector mathematics where it is there, else lane by
/// lane.
#pragma once

#include "dualtape/ops/special.hpp"
#include "kernels/simd/error_function.hpp"
#include "kernels/simd/libmvec.hpp"
#include "kernels/simd/logarithm.hpp"
#include "kernels/simd/powers.hpp"
#include "kernels/simd/remainder.hpp"
#include "kernels/simd/trigonometric.hpp"

namespace dualtape::engine::simd {

namespace own {
DUALTAPE_SIMD D erfc(D x) { return ops::detail::erfc_of_any(x); }
}  // namespace own

// Three ways to compute a function, floats and doubles:
//   DUALTAPE_OWN    the code of exponential.hpp and its neighbours; floats in double
//   DUALTAPE_MVEC   glibc's
//   DUALTAPE_LANES  scalar code, lane by lane
#define DUALTAPE_OWN_DOUBLE(name) \
  DUALTAPE_SIMD Block<double> name(Block<double> x) { return own::name(x); }
#define DUALTAPE_OWN(name)  \
  DUALTAPE_OWN_DOUBLE(name) \
  DUALTAPE_SIMD Block<float> name(Block<float> x) { return in_double(own::name, x); }
#define DUALTAPE_MVEC_DOUBLE(name) \
  DUALTAPE_SIMD Block<double> name(Block<double> x) { return libmvec::name(x.v); }
#define DUALTAPE_MVEC_FLOAT(name) \
  DUALTAPE_SIMD Block<float> name(Block<float> x) { return libmvec::name(x.v); }
#define DUALTAPE_MVEC(name) DUALTAPE_MVEC_DOUBLE(name) DUALTAPE_MVEC_FLOAT(name)
#define DUALTAPE_MVEC_BINARY(name)                                     \
  DUALTAPE_SIMD Block<double> name(Block<double> a, Block<double> b) { \
    return libmvec::name(a.v, b.v);                                    \
  }                                                                    \
  DUALTAPE_SIMD Block<float> name(Block<float> a, Block<float> b) {    \
    return libmvec::name(a.v, b.v);                                    \
  }
#define DUALTAPE_LANES(name)                                     \
  template <class T, int N>                                      \
  Simd<T, N> name(Simd<T, N> x) {                                \
    return map_lanes([](T lane) { return std::name(lane); }, x); \
  }
#define DUALTAPE_LANES_BINARY(name)                                   \
  template <class T, int N>                                           \
  Simd<T, N> name(Simd<T, N> a, Simd<T, N> b) {                       \
    return map_lanes([](T s, T t) { return std::name(s, t); }, a, b); \
  }

#if defined(DUALTAPE_CALL_LIBMVEC)
// Own code where it is as fast; it is more accurate (tests/cpp/engine/test_simd.cpp shows both).
#if defined(DUALTAPE_SIMD_AVX512)
#define DUALTAPE_OWN_FROM_AVX512(name) DUALTAPE_OWN_DOUBLE(name)
#else
#define DUALTAPE_OWN_FROM_AVX512(name) DUALTAPE_MVEC_DOUBLE(name)
#endif
#if defined(DUALTAPE_SIMD_AVX2)
#define DUALTAPE_OWN_FROM_AVX2(name) DUALTAPE_OWN_DOUBLE(name)
#else
#define DUALTAPE_OWN_FROM_AVX2(name) DUALTAPE_OWN_FROM_AVX512(name)
#endif
DUALTAPE_OWN_FROM_AVX2(exp)
DUALTAPE_OWN_FROM_AVX512(expm1)
DUALTAPE_OWN_FROM_AVX512(log)
DUALTAPE_OWN_FROM_AVX512(sinh)
DUALTAPE_OWN_DOUBLE(tanh)
DUALTAPE_MVEC_FLOAT(exp)
DUALTAPE_MVEC_FLOAT(expm1)
DUALTAPE_MVEC_FLOAT(log)
DUALTAPE_MVEC_FLOAT(sinh)
DUALTAPE_MVEC(acos)
DUALTAPE_MVEC(acosh)
DUALTAPE_MVEC(asin)
DUALTAPE_MVEC(asinh)
DUALTAPE_MVEC(atan)
DUALTAPE_MVEC(atanh)
DUALTAPE_MVEC(cbrt)
DUALTAPE_MVEC_DOUBLE(cos)
DUALTAPE_MVEC(cosh)
DUALTAPE_MVEC_DOUBLE(erf)
DUALTAPE_MVEC(erfc)
DUALTAPE_MVEC(exp2)
DUALTAPE_MVEC(log10)
DUALTAPE_MVEC(log1p)
DUALTAPE_MVEC(log2)
DUALTAPE_MVEC_DOUBLE(sin)
DUALTAPE_MVEC(tan)
DUALTAPE_MVEC_BINARY(atan2)
DUALTAPE_MVEC_BINARY(hypot)
DUALTAPE_MVEC_BINARY(pow)
#else
DUALTAPE_LANES(acos)
DUALTAPE_LANES(acosh)
DUALTAPE_LANES(asin)
DUALTAPE_LANES(asinh)
DUALTAPE_LANES(atan)
DUALTAPE_LANES(atanh)
DUALTAPE_LANES(cbrt)
DUALTAPE_OWN_DOUBLE(cos)
DUALTAPE_OWN(cosh)
DUALTAPE_LANES(erf)
DUALTAPE_OWN(erfc)
DUALTAPE_OWN(exp)
DUALTAPE_OWN(exp2)
DUALTAPE_OWN(expm1)
DUALTAPE_OWN(log)
DUALTAPE_OWN(log10)
DUALTAPE_OWN(log1p)
DUALTAPE_OWN(log2)
DUALTAPE_OWN_DOUBLE(sin)
DUALTAPE_OWN(sinh)
DUALTAPE_OWN(tan)
DUALTAPE_OWN_DOUBLE(tanh)
DUALTAPE_LANES_BINARY(atan2)
DUALTAPE_LANES_BINARY(hypot)
DUALTAPE_LANES_BINARY(pow)
#endif

// Own functions of floats, where a product and a sum round once.
#if defined(DUALTAPE_CALL_LIBMVEC)
#define DUALTAPE_FUSED(name, value)                 \
  DUALTAPE_SIMD Block<float> name(Block<float> x) { \
    if constexpr (kFused) return value;             \
    return libmvec::name(x.v);                      \
  }
#else
#define DUALTAPE_FUSED(name, value)                         \
  DUALTAPE_SIMD Block<float> name(Block<float> x) {         \
    if constexpr (kFused) return value;                     \
    return in_double([](D wide) { return name(wide); }, x); \
  }
#endif
DUALTAPE_FUSED(tanh, own::tanh_and_sech2(x).first)
DUALTAPE_FUSED(sin, own::sin_or_cos<0>(x))
DUALTAPE_FUSED(cos, own::sin_or_cos<1>(x))
DUALTAPE_FUSED(erf, own::exp_minus_square_and_erf(x).second)

template <class B>
inline constexpr bool kHasTanhAndSech2 = kFused || std::is_same_v<B, D>;
template <class B>
inline constexpr bool kHasPairsOfFloats = kFused && !std::is_same_v<B, D>;

/// exp(-x^2) = exp(-h) (1 - l) with h + l = x^2 exactly; constant beyond 30, for inf.
template <class B>
DUALTAPE_SIMD B squared_exponential(B x) {
  const B inside = smaller(B(30), abs(x));
  const auto [high, low] = two_product(inside, inside);
  const B y = exp(-high);
  return multiply_add(-low, y, y);
}
DUALTAPE_SIMD Block<double> exp_of_minus_square(Block<double> x) { return squared_exponential(x); }
DUALTAPE_SIMD Block<float> exp_of_minus_square(Block<float> x) {
  if constexpr (kFused) return own::exp_minus_square_and_erf(x).first;
  return squared_exponential(x);
}

/// log(1 + exp(x)) for x <= 0.
template <class B>
DUALTAPE_SIMD B log1p_exp(B x) {
  if constexpr (std::is_same_v<B, D>) {
    return own::log1p_of_unit(exp(x));
  } else {
    return log1p(exp(x));
  }
}

template <class B>
DUALTAPE_SIMD B log_expit(B x) {
  return smaller(B(0), x) - log1p_exp(-abs(x));
}
template <class B>
DUALTAPE_SIMD B logaddexp(B a, B b) {
  const B d = ops::detail::difference(a, b);
  return select(d > B(0), a, b) + log1p_exp(-abs(d));
}

DUALTAPE_SIMD D reciprocal_power(D x, int n) { return power_of_integer(-n, x); }

// Long code with branches of its own: out of line.
[[gnu::noinline]] inline D log_gamma(D x) { return ops::detail::log_gamma_of_any(x); }
[[gnu::noinline]] inline D erfinv(D x) { return ops::detail::erfinv_of_any(x); }
[[gnu::noinline]] inline D erfcinv(D x) { return ops::detail::erfcinv_of_any(x); }
[[gnu::noinline]] inline D digamma(D x) { return ops::detail::digamma_of_any(x); }
[[gnu::noinline]] inline D polygamma(int n, D x) { return ops::detail::polygamma_of_any(n, x); }
inline Block<float> log_gamma(Block<float> x) {
  return in_double([](D wide) { return log_gamma(wide); }, x);
}
inline Block<float> erfinv(Block<float> x) {
  return in_double([](D wide) { return erfinv(wide); }, x);
}
inline Block<float> erfcinv(Block<float> x) {
  return in_double([](D wide) { return erfcinv(wide); }, x);
}
inline Block<float> digamma(Block<float> x) {
  return in_double([](D wide) { return digamma(wide); }, x);
}
inline Block<float> polygamma(int n, Block<float> x) {
  return in_double([n](D wide) { return polygamma(n, wide); }, x);
}

}  // namespace dualtape::engine::simd
