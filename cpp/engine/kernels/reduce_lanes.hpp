/// Reduction of a chunk of floats in chains side by side: 32 for long chunks, 8 for short ones, on
/// every instruction set, combined in one fixed order. So a sum has the same bits everywhere.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/simd/block.hpp"

namespace dualtape::engine {

inline constexpr int kChains = 8;

// b if one of both is NaN, or both are zero. GCC makes a comparison and a blend of a > b ? a : b.
#define DUALTAPE_EXTREMA(Register, prefix, suffix)                                                 \
  DUALTAPE_SIMD Register max_lanes(Register a, Register b) { return prefix##_max_##suffix(a, b); } \
  DUALTAPE_SIMD Register min_lanes(Register a, Register b) { return prefix##_min_##suffix(a, b); }
#if defined(__x86_64__)
DUALTAPE_EXTREMA(__m128, _mm, ps)
DUALTAPE_EXTREMA(__m128d, _mm, pd)
#endif
#if defined(__AVX2__)
DUALTAPE_EXTREMA(__m256, _mm256, ps)
DUALTAPE_EXTREMA(__m256d, _mm256, pd)
#endif
#if defined(__AVX512F__)
DUALTAPE_EXTREMA(__m512d, _mm512, pd)
#endif
#undef DUALTAPE_EXTREMA

template <class V>
DUALTAPE_SIMD V larger(V a, V b) {
  if constexpr (std::is_arithmetic_v<V>) {
    return a > b ? a : b;
  } else if constexpr (requires { max_lanes(a.v, b.v); }) {
    return V(max_lanes(a.v, b.v));
  } else {
    return select(a > b, a, b);
  }
}
template <class V>
DUALTAPE_SIMD V smaller(V a, V b) {
  if constexpr (std::is_arithmetic_v<V>) {
    return a < b ? a : b;
  } else if constexpr (requires { min_lanes(a.v, b.v); }) {
    return V(min_lanes(a.v, b.v));
  } else {
    return select(a < b, a, b);
  }
}

/// a where it is NaN.
template <class V>
DUALTAPE_SIMD V or_nan(V a, V b) {
  if constexpr (std::is_arithmetic_v<V>) {
    return a != a ? a : b;
  } else {
    return select(a != a, a, b);
  }
}

/// Eight chains, in as many registers as they need.
template <class T>
struct Lanes {
  static constexpr int kWidth = std::min(simd::kLanes<T>, kChains);
  static constexpr int kRegisters = kChains / kWidth;
  using Register = simd::Simd<T, kWidth>;
  Register v[kRegisters];

  DUALTAPE_SIMD static Lanes load(const T* x) {
    Lanes lanes;
    for (int r = 0; r < kRegisters; ++r) lanes.v[r] = simd::load<T, kWidth>(x + r * kWidth);
    return lanes;
  }
};

template <class Op, class T>
DUALTAPE_SIMD void combine_into(Lanes<T>& a, const Lanes<T>& b) {
  for (int r = 0; r < Lanes<T>::kRegisters; ++r) a.v[r] = Op::combine(a.v[r], b.v[r]);
}

/// Lane k becomes lane k + half.
template <int half, class T, int... k>
DUALTAPE_SIMD auto rotate(simd::Simd<T, sizeof...(k)> x, std::integer_sequence<int, k...>) {
  constexpr int kWidth = sizeof...(k);
  return simd::Simd<T, kWidth>(__builtin_shufflevector(x.v, x.v, (k + half) % kWidth...));
}

/// Combines lanes k and k + half, for each half from `half` down to `kept`.
template <class Op, int half, int kept, class T, int N>
DUALTAPE_SIMD simd::Simd<T, N> fold_register(simd::Simd<T, N> x) {
  if constexpr (half < kept) {
    return x;
  } else {
    const auto other = rotate<half>(x, std::make_integer_sequence<int, N>{});
    return fold_register<Op, half / 2, kept>(Op::combine(x, other));
  }
}

/// All lanes into the first `kept`.
template <class Op, int kept, class T>
DUALTAPE_SIMD void fold(Lanes<T>& lanes, T* result) {
  using L = Lanes<T>;
  for (int half = L::kRegisters / 2; half > 0; half /= 2) {
    for (int r = 0; r < half; ++r) lanes.v[r] = Op::combine(lanes.v[r], lanes.v[r + half]);
  }
  const auto folded = fold_register<Op, L::kWidth / 2, kept>(lanes.v[0]);
  for (int k = 0; k < kept; ++k) result[k] = folded.v[k];
}

/// n >= kept elements; chain k of `kept` takes those whose place is k modulo `kept` (the real and
/// the imaginary parts of complex numbers). Begins with elements, not with a neutral one: -0 + -0
/// is -0.
template <class Op, int kept, class T>
DUALTAPE_SIMD void reduce_lanes(const T* x, std::int64_t n, T* result) {
  std::int64_t i = kept;
  if (n < kChains) {
    for (int k = 0; k < kept; ++k) result[k] = x[k];
  } else {
    Lanes<T> a = Lanes<T>::load(x);
    i = kChains;
    if (n >= 4 * kChains) {
      Lanes<T> b = Lanes<T>::load(x + 8), c = Lanes<T>::load(x + 16), d = Lanes<T>::load(x + 24);
      for (i = 4 * kChains; i + 4 * kChains <= n; i += 4 * kChains) {
        combine_into<Op>(a, Lanes<T>::load(x + i));
        combine_into<Op>(b, Lanes<T>::load(x + i + 8));
        combine_into<Op>(c, Lanes<T>::load(x + i + 16));
        combine_into<Op>(d, Lanes<T>::load(x + i + 24));
      }
      combine_into<Op>(a, b);
      combine_into<Op>(c, d);
      combine_into<Op>(a, c);
    }
    for (; i + kChains <= n; i += kChains) combine_into<Op>(a, Lanes<T>::load(x + i));
    fold<Op, kept>(a, result);
  }
  for (; i < n; i += kept) {
    for (int k = 0; k < kept; ++k) result[k] = Op::combine(result[k], x[i + k]);
  }
}

}  // namespace dualtape::engine
