/// Rounding, square roots and fused multiply-add of blocks: single instructions where the
/// instruction set has them.
#pragma once

#include <cmath>

#include "kernels/simd/block.hpp"

namespace dualtape::engine::simd {

/// Rounding modes as the instructions encode them.
enum class Rounding : int { kNearest = 0, kDown = 1, kUp = 2, kTowardsZero = 3 };

template <Rounding kMode, class T, int N>
DUALTAPE_SIMD Simd<T, N> round(Simd<T, N> x) {
  constexpr int kQuiet [[maybe_unused]] = static_cast<int>(kMode) | 8;
  constexpr bool kDouble [[maybe_unused]] = sizeof(T) == 8;
#if defined(DUALTAPE_SIMD_AVX512)
  if constexpr (kDouble) return _mm512_maskz_roundscale_pd(kAll<T>, x.v, kQuiet);
  if constexpr (!kDouble) return _mm512_maskz_roundscale_ps(kAll<T>, x.v, kQuiet);
#elif defined(DUALTAPE_SIMD_AVX2)
  if constexpr (kDouble) return _mm256_round_pd(x.v, kQuiet);
  if constexpr (!kDouble) return _mm256_round_ps(x.v, kQuiet);
#elif defined(DUALTAPE_SIMD_SSE4)
  if constexpr (kDouble) return _mm_round_pd(x.v, kQuiet);
  if constexpr (!kDouble) return _mm_round_ps(x.v, kQuiet);
#else
  return map_lanes(
      [](T lane) {
        switch (kMode) {
          case Rounding::kNearest: return std::rint(lane);
          case Rounding::kDown: return std::floor(lane);
          case Rounding::kUp: return std::ceil(lane);
          default: return std::trunc(lane);
        }
      },
      x);
#endif
}

template <class T, int N>
DUALTAPE_SIMD Simd<T, N> rint(Simd<T, N> x) {
  return round<Rounding::kNearest>(x);
}
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> floor(Simd<T, N> x) {
  return round<Rounding::kDown>(x);
}
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> ceil(Simd<T, N> x) {
  return round<Rounding::kUp>(x);
}
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> trunc(Simd<T, N> x) {
  return round<Rounding::kTowardsZero>(x);
}

template <class T, int N>
DUALTAPE_SIMD Simd<T, N> sqrt(Simd<T, N> x) {
  constexpr bool kDouble [[maybe_unused]] = sizeof(T) == 8;
#if defined(DUALTAPE_SIMD_AVX512)
  if constexpr (kDouble) return _mm512_maskz_sqrt_pd(kAll<T>, x.v);
  if constexpr (!kDouble) return _mm512_maskz_sqrt_ps(kAll<T>, x.v);
#elif defined(DUALTAPE_SIMD_AVX2)
  if constexpr (kDouble) return _mm256_sqrt_pd(x.v);
  if constexpr (!kDouble) return _mm256_sqrt_ps(x.v);
#elif defined(__SSE2__)
  if constexpr (kDouble) return _mm_sqrt_pd(x.v);
  if constexpr (!kDouble) return _mm_sqrt_ps(x.v);
#else
  return map_lanes([](T lane) { return std::sqrt(lane); }, x);
#endif
}

/// The larger or smaller of two, b if either is NaN.
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> larger(Simd<T, N> a, Simd<T, N> b) {
#if defined(DUALTAPE_SIMD_AVX512)
  if constexpr (sizeof(T) == 8) return _mm512_maskz_max_pd(kAll<T>, a.v, b.v);
  if constexpr (sizeof(T) == 4) return _mm512_maskz_max_ps(kAll<T>, a.v, b.v);
#else
  return select(a > b, a, b);
#endif
}
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> smaller(Simd<T, N> a, Simd<T, N> b) {
#if defined(DUALTAPE_SIMD_AVX512)
  if constexpr (sizeof(T) == 8) return _mm512_maskz_min_pd(kAll<T>, a.v, b.v);
  if constexpr (sizeof(T) == 4) return _mm512_maskz_min_ps(kAll<T>, a.v, b.v);
#else
  return select(a < b, a, b);
#endif
}

/// Whether multiply_add rounds once.
#if defined(__FMA__) || defined(__FP_FAST_FMA)
inline constexpr bool kFused = true;
#else
inline constexpr bool kFused = false;
#endif

/// a b + c, rounded once where kFused, else twice: for the insides of functions only.
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> multiply_add(Simd<T, N> a, Simd<T, N> b, Simd<T, N> c) {
  constexpr bool kDouble [[maybe_unused]] = sizeof(T) == 8;
#if defined(DUALTAPE_SIMD_AVX512)
  if constexpr (kDouble) return _mm512_fmadd_pd(a.v, b.v, c.v);
  if constexpr (!kDouble) return _mm512_fmadd_ps(a.v, b.v, c.v);
#elif defined(DUALTAPE_SIMD_AVX2) && defined(__FMA__)
  if constexpr (kDouble) return _mm256_fmadd_pd(a.v, b.v, c.v);
  if constexpr (!kDouble) return _mm256_fmadd_ps(a.v, b.v, c.v);
#elif defined(__FP_FAST_FMA)
  Simd<T, N> y;
  for (int i = 0; i < N; ++i) y.v[i] = std::fma(a.v[i], b.v[i], c.v[i]);
  return y;
#else
  return a * b + c;
#endif
}

}  // namespace dualtape::engine::simd
