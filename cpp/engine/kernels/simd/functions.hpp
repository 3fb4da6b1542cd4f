/// The leaves of the rules on blocks: glibc's vector mathematics where it is there, else lane by
/// lane.
#pragma once

#include "dualtape/ops/special.hpp"
#include "kernels/simd/libmvec.hpp"
#include "kernels/simd/powers.hpp"

namespace dualtape::engine::simd {

#if defined(DUALTAPE_CALL_LIBMVEC)
#define DUALTAPE_LEAF(name)                                                        \
  DUALTAPE_SIMD Block<double> name(Block<double> x) { return libmvec::name(x.v); } \
  DUALTAPE_SIMD Block<float> name(Block<float> x) { return libmvec::name(x.v); }
#define DUALTAPE_LEAF_BINARY(name)                                     \
  DUALTAPE_SIMD Block<double> name(Block<double> a, Block<double> b) { \
    return libmvec::name(a.v, b.v);                                    \
  }                                                                    \
  DUALTAPE_SIMD Block<float> name(Block<float> a, Block<float> b) {    \
    return libmvec::name(a.v, b.v);                                    \
  }
#else
#define DUALTAPE_LEAF(name)                                      \
  template <class T, int N>                                      \
  Simd<T, N> name(Simd<T, N> x) {                                \
    return map_lanes([](T lane) { return std::name(lane); }, x); \
  }
#define DUALTAPE_LEAF_BINARY(name)                                    \
  template <class T, int N>                                           \
  Simd<T, N> name(Simd<T, N> a, Simd<T, N> b) {                       \
    return map_lanes([](T s, T t) { return std::name(s, t); }, a, b); \
  }
#endif

DUALTAPE_LEAF(acos)
DUALTAPE_LEAF(acosh)
DUALTAPE_LEAF(asin)
DUALTAPE_LEAF(asinh)
DUALTAPE_LEAF(atan)
DUALTAPE_LEAF(atanh)
DUALTAPE_LEAF(cbrt)
DUALTAPE_LEAF(cos)
DUALTAPE_LEAF(cosh)
DUALTAPE_LEAF(erf)
DUALTAPE_LEAF(erfc)
DUALTAPE_LEAF(exp)
DUALTAPE_LEAF(exp2)
DUALTAPE_LEAF(expm1)
DUALTAPE_LEAF(log)
DUALTAPE_LEAF(log10)
DUALTAPE_LEAF(log1p)
DUALTAPE_LEAF(log2)
DUALTAPE_LEAF(sin)
DUALTAPE_LEAF(sinh)
DUALTAPE_LEAF(tan)
DUALTAPE_LEAF(tanh)
DUALTAPE_LEAF_BINARY(atan2)
DUALTAPE_LEAF_BINARY(hypot)
DUALTAPE_LEAF_BINARY(pow)

#undef DUALTAPE_LEAF
#undef DUALTAPE_LEAF_BINARY

template <class T, int N>
Simd<T, N> fmod(Simd<T, N> a, Simd<T, N> b) {
  return map_lanes([](T s, T t) { return std::fmod(s, t); }, a, b);
}

template <class T, int N>
Simd<T, N> log_gamma(Simd<T, N> x) {
  return map_lanes([](T lane) { return ops::GammaLn::value<T>(lane); }, x);
}
template <class T, int N>
Simd<T, N> digamma(Simd<T, N> x) {
  return map_lanes([](T lane) { return ops::Digamma::value<T>(lane); }, x);
}
template <class T, int N>
Simd<T, N> polygamma(int n, Simd<T, N> x) {
  return map_lanes([n](T lane) { return ops::Polygamma::value<T>(n, lane); }, x);
}

}  // namespace dualtape::engine::simd
