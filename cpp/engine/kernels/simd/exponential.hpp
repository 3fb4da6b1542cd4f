/// exp and its kin on blocks of doubles; tanh and sech2 of floats too.
///
/// x = k ln 2 + r with |r| <= ln(2) / 2; exp(r) = 1 + r + r^2 q(r), q by Chebyshev interpolation
/// with mpmath at 60 digits, error 3e-19 (floats: 1e-8). Errors measured by
/// tests/cpp/engine/test_simd.cpp.
#pragma once

#include <array>
#include <numbers>
#include <utility>

#include "kernels/simd/double_word.hpp"

namespace dualtape::engine::simd {

using D = Block<double>;

/// c[0] + c[1] x + c[2] x^2 + ... by Horner's scheme, or by Estrin's where a step is two dependent
/// operations and the length of their chain bounds the speed.
template <class B, std::size_t n>
DUALTAPE_SIMD B polynomial(B x, const std::array<B, n>& c) {
  if constexpr (n == 1) {
    return c[0];
  } else if constexpr (kFused) {
    B y = c[n - 1];
    for (std::size_t i = n - 1; i-- > 0;) y = multiply_add(y, x, c[i]);
    return y;
  } else {
    std::array<B, (n + 1) / 2> pairs;
    for (std::size_t i = 0; i < n / 2; ++i) pairs[i] = multiply_add(c[2 * i + 1], x, c[2 * i]);
    if constexpr (n % 2 == 1) pairs[n / 2] = c[n - 1];
    return polynomial(x * x, pairs);
  }
}
template <class B, std::size_t n>
DUALTAPE_SIMD B polynomial(B x, const std::array<double, n>& c) {
  return [&]<std::size_t... i>(std::index_sequence<i...>) __attribute__((always_inline)) {
    return polynomial(x, std::array<B, n>{B(c[i])...});
  }(std::make_index_sequence<n>{});
}

/// Constants of the exponential. `rounder`: adding it rounds to an integer, which then stands in
/// the low bits; for |x| below 2^51 (float: 2^22). `bias` and `mantissa` are those of the format.
template <class T>
struct Exponential;
template <>
struct Exponential<double> {
  static constexpr double rounder = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double bias = 1023;
  static constexpr int mantissa = 52;
  // 32 bits: k times it is exact.
  static constexpr double ln2 = 0x1.62e42fee00000p-1, ln2_rest = 1.9082149292705877e-10;
  static constexpr std::array q{0.5,
                                0.1666666666666667,
                                0.04166666666666667,
                                0.008333333333325544,
                                0.0013888888888883327,
                                0.00019841269876864356,
                                2.4801587327007187e-05,
                                2.755725283351691e-06,
                                2.75572718102198e-07,
                                2.5106274733573296e-08,
                                2.0915442297780116e-09};
  // exp(-2 |x|) is normal up to the first, and rounds to 0 beyond the second.
  static constexpr double near = 354, far = 373;
};
/// Only where multiply_add rounds once: ln2 has all bits of a float.
template <>
struct Exponential<float> {
  static constexpr double rounder = 12582912.0;  // 1.5 * 2^23
  static constexpr double bias = 127;
  static constexpr int mantissa = 23;
  static constexpr double ln2 = 0x1.62e430p-1, ln2_rest = -1.9046542121259336e-09;
  static constexpr std::array q{0.5, 0.16666576266288757, 0.04166655242443085, 0.00836323294788599,
                                0.0013926250394433737};
  static constexpr double near = 43.5, far = 52;
};

inline constexpr double kRounder = Exponential<double>::rounder;

/// 2^k for integers -1022 <= k <= 1023 (float: -126 to 127).
template <class B>
DUALTAPE_SIMD B power_of_two(B k) {
  using Constants = Exponential<typename B::value_type>;
  const B biased = k + B(Constants::rounder + Constants::bias);
  return from_bits<typename B::value_type, B::lanes>(to_bits(biased) << Constants::mantissa);
}

/// y 2^k for integers |k| < 2044; rounds once where the result is subnormal.
DUALTAPE_SIMD D scale(D y, D k) {
#if defined(DUALTAPE_SIMD_AVX512)
  return _mm512_maskz_scalef_pd(kAll<double>, y.v, k.v);
#else
  const D half = (k * D(0.5) + D(kRounder)) - D(kRounder);
  return y * power_of_two(half) * power_of_two(k - half);
#endif
}

/// Values of two functions that share their expensive part.
template <class B>
struct Both {
  B first, second;
};

namespace own {

/// x = k ln 2 + r, and exp(r) - 1.
template <class B>
struct Expm1Parts {
  B k, p;
};
template <class B>
DUALTAPE_SIMD Expm1Parts<B> expm1_parts(B x) {
  using Constants = Exponential<typename B::value_type>;
  const B rounder(Constants::rounder);
  const B k = multiply_add(x, B(std::numbers::log2e), rounder) - rounder;
  const B high = multiply_add(k, B(-Constants::ln2), x);
  const B r = multiply_add(k, B(-Constants::ln2_rest), high);
  return {k, multiply_add(r * r, polynomial(r, Constants::q), r)};
}

/// x, but not outside [lo, hi]; NaN stays.
DUALTAPE_SIMD D bounded(D x, double lo, double hi) { return smaller(D(hi), larger(D(lo), x)); }

DUALTAPE_SIMD D exp_of_any(D x) {
  const auto [k, p] = expm1_parts(bounded(x, -746, 710));
  return scale(D(1) + p, k);
}
[[gnu::noinline]] inline D exp_near_limits(D x) { return exp_of_any(x); }

/// Without scalef: where no lane over- or underflows k is added to the exponent.
DUALTAPE_SIMD D exp(D x) {
#if defined(DUALTAPE_SIMD_AVX512)
  return exp_of_any(x);
#else
  if (any(!(abs(x) <= D(708)))) [[unlikely]]
    return exp_near_limits(x);
  const auto [k, p] = expm1_parts(x);
  return from_bits<double, kLanes<double>>(to_bits(D(1) + p) + (to_bits(k + D(kRounder)) << 52));
#endif
}

DUALTAPE_SIMD D exp2(D x) {
  const D inside = bounded(x, -1080, 1025);
  const D k = (inside + D(kRounder)) - D(kRounder);
  const auto [zero, p] = expm1_parts((inside - k) * D(std::numbers::ln2));
  return scale(D(1) + p, k + zero);
}

/// (exp(x) - 1) / 2 = 2 (2^(k-2) p + (2^(k-2) - 1/4)), which does not overflow before sinh(x) does.
DUALTAPE_SIMD D half_expm1(D x) {
  const auto [k, p] = expm1_parts(bounded(x, -64, 710.5));
  const D s = power_of_two(k - D(2));
  const D quarter = multiply_add(s, p, s - D(0.25));
  return quarter + quarter;
}

/// Below 2^-54 the result is x, also where half of it would be subnormal.
DUALTAPE_SIMD D expm1(D x) {
  const D y = half_expm1(x);
  return select(abs(x) < D(0x1p-54), x, y + y);
}

/// With h = (exp(|x|) - 1) / 2: sinh|x| = h + h / (2h + 1).
DUALTAPE_SIMD D sinh(D x) {
  const D h = half_expm1(abs(x));
  const D y = select(h > D(0x1p60), h, h + h / (h + h + D(1)));
  return select(abs(x) < D(0x1p-54), x, copysign(y, x));
}

/// With e = exp(|x|) / 2: cosh x = e + 1 / (4e).
DUALTAPE_SIMD D cosh(D x) {
  const auto [k, p] = expm1_parts(bounded(abs(x), 0, 711));
  const D e = scale(D(1) + p, k - D(1));
  return e + D(0.25) / e;
}

/// With e = exp(-2|x|).
template <class B>
DUALTAPE_SIMD B sech2_of(B e) {
  return B(4) * e / multiply_add(e, B(2) + e, B(1));
}
/// Of |x|, where some are too large for 2^k: by two powers; the others as below, in all bits.
template <class B>
[[gnu::noinline]] B sech2_near_limits(B size) {
  using Constants = Exponential<typename B::value_type>;
  const B rounder(Constants::rounder);
  const auto [k, p] = expm1_parts(B(-2) * smaller(B(Constants::far), size));
  const B half = (k * B(0.5) + rounder) - rounder;
  const B s = power_of_two(half);
  return sech2_of(multiply_add(s, p, s) * power_of_two(k - half));
}

/// With m = exp(-2|x|) - 1: tanh|x| = -m / (m + 2).
template <class B>
DUALTAPE_SIMD Both<B> tanh_and_sech2(B x) {
  using Constants = Exponential<typename B::value_type>;
  const B size = abs(x);
  const auto [k, p] = expm1_parts(B(-2) * size);
  const B s = power_of_two(k);
  const B m = multiply_add(s, p, s - B(1));
  B tanh = m / (m + B(2)), sech2 = sech2_of(multiply_add(s, p, s));
  if (any(size > B(Constants::near))) [[unlikely]] {
    tanh = select(size > B(Constants::near), B(1), tanh);
    sech2 = sech2_near_limits(size);
  }
  return {copysign(tanh, x), sech2};
}
DUALTAPE_SIMD D tanh(D x) { return tanh_and_sech2(x).first; }

}  // namespace own
}  // namespace dualtape::engine::simd
