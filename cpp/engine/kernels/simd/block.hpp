/// Simd<T, N>: N floats or doubles that the rules of dualtape/ops take as their T, over GCC's
/// vector extensions; Mask<T, N>: what comparing them gives.
///
/// N lanes fill one register of the instruction set compiled for. The functions a rule calls on a
/// block (exp, select, ...) are found by argument-dependent lookup: here and in functions.hpp.
#pragma once

#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

#include "dualtape/ops/traits.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace dualtape::engine::simd {

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)
#define DUALTAPE_SIMD_AVX512 1
inline constexpr int kRegisterBytes = 64;
#elif defined(__AVX2__)
#define DUALTAPE_SIMD_AVX2 1
inline constexpr int kRegisterBytes = 32;
#else
#if defined(__SSE4_1__)
#define DUALTAPE_SIMD_SSE4 1
#endif
inline constexpr int kRegisterBytes = 16;
#endif

/// Everything here disappears into the loops that use it.
#define DUALTAPE_SIMD __attribute__((always_inline)) inline

template <class T>
inline constexpr int kLanes = kRegisterBytes / static_cast<int>(sizeof(T));

#if defined(DUALTAPE_SIMD_AVX512)
/// All lanes: GCC warns of an uninitialised operand in the forms without a mask (bug 105593).
template <class T>
inline constexpr auto kAll = std::conditional_t<sizeof(T) == 8, __mmask8, __mmask16>(-1);
#endif

/// The integer of the size of T.
template <class T>
using Bits = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

template <class T, int N>
struct Mask {
  using Lanes [[gnu::vector_size(N * sizeof(T))]] = Bits<T>;
  Lanes v;  // all bits of a lane are equal

  friend DUALTAPE_SIMD Mask operator&(Mask a, Mask b) { return {a.v & b.v}; }
  friend DUALTAPE_SIMD Mask operator|(Mask a, Mask b) { return {a.v | b.v}; }
  friend DUALTAPE_SIMD Mask operator!=(Mask a, Mask b) { return {a.v ^ b.v}; }
  friend DUALTAPE_SIMD Mask operator!(Mask a) { return {~a.v}; }
};

template <class T, int N>
struct Simd {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>);
  using value_type = T;
  using Vector [[gnu::vector_size(N * sizeof(T))]] = T;
  using Integers [[gnu::vector_size(N * sizeof(T))]] = Bits<T>;
  static constexpr int lanes = N;
  Vector v;

  Simd() = default;
  DUALTAPE_SIMD Simd(Vector x) : v(x) {}
  // x - 0 is x for every x, -0 included.
  template <class S>
    requires std::is_arithmetic_v<S>
  DUALTAPE_SIMD explicit Simd(S x) : v(static_cast<T>(x) - Vector{}) {}

  friend DUALTAPE_SIMD Simd operator+(Simd a, Simd b) { return a.v + b.v; }
  friend DUALTAPE_SIMD Simd operator-(Simd a, Simd b) { return a.v - b.v; }
  friend DUALTAPE_SIMD Simd operator*(Simd a, Simd b) { return a.v * b.v; }
  friend DUALTAPE_SIMD Simd operator/(Simd a, Simd b) { return a.v / b.v; }
  friend DUALTAPE_SIMD Simd operator-(Simd a) { return -a.v; }

  friend DUALTAPE_SIMD Mask<T, N> operator==(Simd a, Simd b) { return {a.v == b.v}; }
  friend DUALTAPE_SIMD Mask<T, N> operator!=(Simd a, Simd b) { return {a.v != b.v}; }
  friend DUALTAPE_SIMD Mask<T, N> operator<(Simd a, Simd b) { return {a.v < b.v}; }
  friend DUALTAPE_SIMD Mask<T, N> operator<=(Simd a, Simd b) { return {a.v <= b.v}; }
  friend DUALTAPE_SIMD Mask<T, N> operator>(Simd a, Simd b) { return {a.v > b.v}; }
  friend DUALTAPE_SIMD Mask<T, N> operator>=(Simd a, Simd b) { return {a.v >= b.v}; }
};

/// A register full of T.
template <class T>
using Block = Simd<T, kLanes<T>>;

template <class T, int N>
DUALTAPE_SIMD Simd<T, N> load(const T* p) {
  Simd<T, N> x;
  std::memcpy(&x.v, p, sizeof x.v);
  return x;
}
template <class T, int N>
DUALTAPE_SIMD void store(T* p, Simd<T, N> x) {
  std::memcpy(p, &x.v, sizeof x.v);
}

/// The first n lanes, 0 < n < N, from memory; the others are a copy of one of them, so that they
/// take no slow path of their own.
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> load_part(const T* p, std::int64_t n) {
#if defined(DUALTAPE_SIMD_AVX512)
  const auto mask = (1u << n) - 1;
  if constexpr (sizeof(T) == 8) {
    return _mm512_mask_loadu_pd(_mm512_set1_pd(*p), static_cast<__mmask8>(mask), p);
  } else {
    return _mm512_mask_loadu_ps(_mm512_set1_ps(*p), static_cast<__mmask16>(mask), p);
  }
#else
  Simd<T, N> x(*p);
  for (int i = 1; i < N; ++i) {
    if (i < n) x.v[i] = p[i];
  }
  return x;
#endif
}
template <class T, int N>
DUALTAPE_SIMD void store_part(T* p, Simd<T, N> x, std::int64_t n) {
#if defined(DUALTAPE_SIMD_AVX512)
  const auto mask = (1u << n) - 1;
  if constexpr (sizeof(T) == 8) {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), x.v);
  } else {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(mask), x.v);
  }
#else
  for (int i = 0; i < N; ++i) {
    if (i < n) p[i] = x.v[i];
  }
#endif
}

/// Lanes of bytes, nonzero where true. GCC 12 widens bytes one by one.
template <class T, int N>
DUALTAPE_SIMD Mask<T, N> load_mask(const bool* p) {
  using Lanes = typename Mask<T, N>::Lanes;
#if defined(__SSE4_1__)
  __m128i bytes = _mm_setzero_si128();
  std::memcpy(&bytes, p, N);
  Lanes wide;
#if defined(DUALTAPE_SIMD_AVX512)
  if constexpr (sizeof(T) == 8)
    wide = reinterpret_cast<Lanes>(_mm512_maskz_cvtepi8_epi64(kAll<T>, bytes));
  if constexpr (sizeof(T) == 4)
    wide = reinterpret_cast<Lanes>(_mm512_maskz_cvtepi8_epi32(kAll<T>, bytes));
#elif defined(DUALTAPE_SIMD_AVX2)
  if constexpr (sizeof(T) == 8) wide = reinterpret_cast<Lanes>(_mm256_cvtepi8_epi64(bytes));
  if constexpr (sizeof(T) == 4) wide = reinterpret_cast<Lanes>(_mm256_cvtepi8_epi32(bytes));
#else
  if constexpr (sizeof(T) == 8) wide = reinterpret_cast<Lanes>(_mm_cvtepi8_epi64(bytes));
  if constexpr (sizeof(T) == 4) wide = reinterpret_cast<Lanes>(_mm_cvtepi8_epi32(bytes));
#endif
#else
  using Bytes [[gnu::vector_size(N)]] = std::int8_t;
  Bytes bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  const Lanes wide = __builtin_convertvector(bytes, Lanes);
#endif
  return {wide != Lanes{}};
}

/// The way back: bytes 0 and 1.
template <class T, int N>
DUALTAPE_SIMD void store_mask(bool* p, Mask<T, N> m) {
#if defined(DUALTAPE_SIMD_AVX512)
  const auto v = reinterpret_cast<__m512i>(m.v);
  __m128i bytes;
  if constexpr (sizeof(T) == 8) bytes = _mm_maskz_set1_epi8(_mm512_movepi64_mask(v), 1);
  if constexpr (sizeof(T) == 4) bytes = _mm_maskz_set1_epi8(_mm512_movepi32_mask(v), 1);
  std::memcpy(p, &bytes, N);
#else
  for (int i = 0; i < N; ++i) p[i] = m.v[i] != 0;
#endif
}

template <class T, int N>
DUALTAPE_SIMD Simd<T, N> select(Mask<T, N> m, Simd<T, N> a, Simd<T, N> b) {
  return m.v ? a.v : b.v;
}

/// The bits of a block, and back.
template <class T, int N>
DUALTAPE_SIMD typename Simd<T, N>::Integers to_bits(Simd<T, N> x) {
  return reinterpret_cast<typename Simd<T, N>::Integers>(x.v);
}
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> from_bits(typename Simd<T, N>::Integers x) {
  return reinterpret_cast<typename Simd<T, N>::Vector>(x);
}

/// The integer of all bits but for the sign.
template <class T>
inline constexpr Bits<T> kMagnitude = std::numeric_limits<Bits<T>>::max();

template <class T, int N>
DUALTAPE_SIMD Simd<T, N> abs(Simd<T, N> x) {
  return from_bits<T, N>(to_bits(x) & kMagnitude<T>);
}
/// |a| with the sign of b.
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> copysign(Simd<T, N> a, Simd<T, N> b) {
  return from_bits<T, N>((to_bits(a) & kMagnitude<T>) | (to_bits(b) & ~kMagnitude<T>));
}

template <class T, int N>
DUALTAPE_SIMD Mask<T, N> isnan(Simd<T, N> x) {
  return x != x;
}
template <class T, int N>
DUALTAPE_SIMD Mask<T, N> isinf(Simd<T, N> x) {
  return abs(x) == Simd<T, N>(kInf);
}

/// f on each lane.
template <class T, int N, class F>
DUALTAPE_SIMD Simd<T, N> map_lanes(F f, Simd<T, N> x) {
  Simd<T, N> y;
  for (int i = 0; i < N; ++i) y.v[i] = f(x.v[i]);
  return y;
}
template <class T, int N, class F>
DUALTAPE_SIMD Simd<T, N> map_lanes(F f, Simd<T, N> a, Simd<T, N> b) {
  Simd<T, N> y;
  for (int i = 0; i < N; ++i) y.v[i] = f(a.v[i], b.v[i]);
  return y;
}

/// Whether any lane is true.
template <class T, int N>
DUALTAPE_SIMD bool any(Mask<T, N> m) {
#if defined(DUALTAPE_SIMD_AVX512)
  const auto v = reinterpret_cast<__m512i>(m.v);
  return (sizeof(T) == 8 ? unsigned{_mm512_movepi64_mask(v)} : _mm512_movepi32_mask(v)) != 0;
#elif defined(DUALTAPE_SIMD_AVX2)
  if constexpr (sizeof(T) == 8) return _mm256_movemask_pd(reinterpret_cast<__m256d>(m.v)) != 0;
  if constexpr (sizeof(T) == 4) return _mm256_movemask_ps(reinterpret_cast<__m256>(m.v)) != 0;
#elif defined(DUALTAPE_SIMD_SSE4)
  if constexpr (sizeof(T) == 8) return _mm_movemask_pd(reinterpret_cast<__m128d>(m.v)) != 0;
  if constexpr (sizeof(T) == 4) return _mm_movemask_ps(reinterpret_cast<__m128>(m.v)) != 0;
#else
  Bits<T> bits = 0;
  for (int i = 0; i < N; ++i) bits |= m.v[i];
  return bits != 0;
#endif
}

}  // namespace dualtape::engine::simd

/// A block is no active type: it carries no derivative. Its comparisons give masks.
template <class T, int N>
struct dualtape::ActiveTraits<dualtape::engine::simd::Simd<T, N>> {
  static constexpr bool is_active = false;
  using mask_type = dualtape::engine::simd::Mask<T, N>;
};
