/// exp and its kin on blocks of doubles.
///
/// x = k ln 2 + r with |r| <= ln(2) / 2; exp(r) = 1 + r + r^2 q(r), q by Chebyshev interpolation
/// with mpmath at 60 digits, error 3e-19. Errors measured by tests/cpp/engine/test_simd.cpp.
#pragma once

#include <array>
#include <numbers>

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
  std::array<B, n> splat;
  for (std::size_t i = 0; i < n; ++i) splat[i] = B(c[i]);
  return polynomial(x, splat);
}

/// Adding it to a double below 2^51 rounds to an integer, which then stands in the low bits.
inline constexpr double kRounder = 6755399441055744.0;  // 1.5 * 2^52

/// 2^k for integers -1022 <= k <= 1023.
DUALTAPE_SIMD D power_of_two(D k) {
  return from_bits<double, kLanes<double>>(to_bits(k + D(kRounder + 1023)) << 52);
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

namespace own {

/// x = k ln 2 + r, and exp(r) - 1.
struct Expm1Parts {
  D k, p;
};
DUALTAPE_SIMD Expm1Parts expm1_parts(D x) {
  // 32 bits: k times it is exact.
  constexpr double kLn2 = 0x1.62e42fee00000p-1, kLn2Rest = 1.9082149292705877e-10;
  constexpr std::array kQ{0.5,
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
  const D k = multiply_add(x, D(std::numbers::log2e), D(kRounder)) - D(kRounder);
  const D high = multiply_add(k, D(-kLn2), x);
  const D r = multiply_add(k, D(-kLn2Rest), high);
  return {k, multiply_add(r * r, polynomial(r, kQ), r)};
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

/// With h = (exp(-2|x|) - 1) / 2: tanh|x| = -h / (h + 1).
DUALTAPE_SIMD D tanh(D x) {
  const D a = abs(x);
  const D h = half_expm1(D(-2) * a);
  return select(a < D(0x1p-54), x, copysign(h / (h + D(1)), x));
}

}  // namespace own
}  // namespace dualtape::engine::simd
