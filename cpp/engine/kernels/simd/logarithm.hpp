/// Logarithms and what is made of them on blocks of doubles.
///
/// x = 2^k m with m in [3/4, 3/2); with f = m - 1 and s = f / (2 + f),
/// log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))), R(z) = z (2/3 + 2/5 z + ...) by Chebyshev
/// interpolation with mpmath at 60 digits, error 2e-18. That form is fdlibm's (Sun, 1993).
#pragma once

#include "kernels/simd/exponential.hpp"

namespace dualtape::engine::simd::own {

// 32 bits: k times it is exact.
inline constexpr double kLn2High = 0x1.62e42fee00000p-1, kLn2Low = 1.9082149292705877e-10;

/// x = 2^k (1 + f) for positive finite x, f in [-1/4, 1/2).
struct Split {
  D k, f;
};
DUALTAPE_SIMD Split split_normal(D x) {
  constexpr std::int64_t kThreeQuarters = 0x3fe8000000000000, kOne = 0x3ff0000000000000;
  constexpr std::int64_t kMantissa = 0x000fffffffffffff;
  constexpr int n = kLanes<double>;
  const auto bits = to_bits(x) + (kOne - kThreeQuarters);
  // The biased exponent in the low bits of 2^52; the bits are those of a positive number.
  using Unsigned [[gnu::vector_size(kRegisterBytes)]] = std::uint64_t;
  const auto exponent = reinterpret_cast<D::Integers>(reinterpret_cast<Unsigned>(bits) >> 52);
  const D k = from_bits<double, n>(exponent | 0x4330000000000000) - D(0x1p52 + 1023);
  return {k, from_bits<double, n>((bits & kMantissa) + kThreeQuarters) - D(1)};
}
DUALTAPE_SIMD Split split(D x) {
#if defined(DUALTAPE_SIMD_AVX512)
  constexpr auto kAllLanes = kAll<double>;
  const D m = _mm512_maskz_getmant_pd(kAllLanes, x.v, _MM_MANT_NORM_p75_1p5, _MM_MANT_SIGN_nan);
  const D k = _mm512_maskz_getexp_pd(kAllLanes, x.v);
  const D k_of_m = _mm512_maskz_getexp_pd(kAllLanes, m.v);
  return {k - k_of_m, m - D(1)};
#else
  const auto subnormal = x < D(0x1p-1022);
  const Split y = split_normal(select(subnormal, x * D(0x1p54), x));
  return {y.k - select(subnormal, D(54), D(0)), y.f};
#endif
}

/// log(1 + f) = f - correction.
DUALTAPE_SIMD D log_correction(D f) {
  constexpr std::array kR{0.6666666666666666,  0.40000000000008373, 0.2857142856708121,
                          0.22222223080650141, 0.18181735101382993, 0.15388968272897594,
                          0.13207740003399568, 0.13624087269383922};
  const D s = f / (D(2) + f);
  const D z = s * s;
  const D half_square = D(0.5) * f * f;
  return half_square - s * multiply_add(z, polynomial(z, kR), half_square);
}

/// y for positive finite x; -inf at 0, inf at inf, NaN below 0 and of NaN.
DUALTAPE_SIMD D with_edges_of_log(D x, D y) {
#if defined(DUALTAPE_SIMD_AVX512)
  // One digit for each kind of x, from the right: quiet and signalling NaN (2: x as a quiet NaN), 0
  // (4: -inf), 1 (0: y), -inf (3: NaN), inf (5: inf), negative (3: NaN), positive (0: y).
  const auto table = _mm512_set1_epi64(0x03530422);
  return _mm512_fixupimm_pd(y.v, x.v, table, 0);
#else
  const D above = select(x < D(kInf), y, x);
  return select(x > D(0), above, select(x == D(0), D(-kInf), D(kNaN)));
#endif
}

DUALTAPE_SIMD D log_of_split(Split x) {
  const D low = multiply_add(x.k, D(kLn2Low), -log_correction(x.f));
  return multiply_add(x.k, D(kLn2High), low + x.f);
}
DUALTAPE_SIMD D log_of_any(D x) { return with_edges_of_log(x, log_of_split(split(x))); }
[[gnu::noinline]] inline D log_near_limits(D x) { return log_of_any(x); }

/// Where splitting takes many instructions: subnormals and edges apart, if any.
DUALTAPE_SIMD D log(D x) {
#if defined(DUALTAPE_SIMD_AVX512)
  return log_of_any(x);
#else
  if (any(!((x >= D(0x1p-1022)) & (x < D(kInf))))) [[unlikely]]
    return log_near_limits(x);
  return log_of_split(split_normal(x));
#endif
}

/// log(1 + f) in units of log(b), `unit` = 1 / log(b), its upper bits and the rest.
DUALTAPE_SIMD DoubleWord<D> log_in_units(D f, double unit, double unit_high, double unit_low) {
  const D correction = log_correction(f);
  // The upper half of f, so that the largest product is exact.
  const D high = upper_half(f);
  const D low = (f - high) - correction;
  return {high * D(unit_high), multiply_add(low, D(unit), high * D(unit_low))};
}

DUALTAPE_SIMD D log2(D x) {
  constexpr double kUnit = std::numbers::log2e, kHigh = 0x1.715476p+0;
  const auto [k, f] = split(x);
  const auto [high, low] = log_in_units(f, kUnit, kHigh, kUnit - kHigh + 2.0355273740931033e-17);
  const auto sum = fast_two_sum(select(k == D(0), high, k), select(k == D(0), D(0), high));
  return with_edges_of_log(x, sum.high + (sum.low + low));
}

DUALTAPE_SIMD D log10(D x) {
  constexpr double kUnit = std::numbers::log10e, kHigh = 0x1.bcb7b0p-2;
  constexpr double kTwo = 0x1.3441350800000p-2, kTwoRest = 1.1451100898021838e-10;
  const auto [k, f] = split(x);
  const auto [high, low] = log_in_units(f, kUnit, kHigh, kUnit - kHigh + 1.098319650216765e-17);
  const auto sum = two_sum(k * D(kTwo), high);
  return with_edges_of_log(x, sum.high + (sum.low + multiply_add(k, D(kTwoRest), low)));
}

/// 1 / x to 1 percent for positive normal x: the bits of x and of 1 / x have a nearly constant sum;
/// one step of Newton.
DUALTAPE_SIMD D rough_reciprocal(D x) {
  const D y = from_bits<double, kLanes<double>>(0x7fde623822fc16e6 - to_bits(x));
  return y * (D(2) - x * y);
}

/// log(u) with u = 1 + x rounded, plus what the rounding lost, at most half an ulp: (x - (u - 1)) /
/// u.
DUALTAPE_SIMD D log1p(D x) {
  const D u = D(1) + x;
  const auto [k, f_of_u] = split(u);
  const auto small = k == D(0);
  const D f = select(small, x, f_of_u);
  const D lost = select(x > D(1), D(1) - (u - x), x - (u - D(1)));
  const D rest = select(small, D(0), lost * rough_reciprocal(smaller(u, D(0x1p1000))));
  const D low = multiply_add(k, D(kLn2Low), rest) - log_correction(f);
  const D y = with_edges_of_log(u, multiply_add(k, D(kLn2High), low + f));
  return select(abs(x) < D(0x1p-54), x, y);
}

/// log(1 + x) for 0 <= x <= 1 (and NaN), without division into powers of two; R as above on
/// [0, 1/9], error 1e-18.
DUALTAPE_SIMD D log1p_of_unit(D x) {
  constexpr std::array kR{0.6666666666666666,  0.39999999999999525, 0.285714285716001,
                          0.2222222219823677,  0.18181819897962714, 0.1538454396486055,
                          0.13335178631449257, 0.11734279061303197, 0.10845178394880015,
                          0.07492143795550767, 0.1563057780092285};
  const D s = x / (D(2) + x);
  const D z = s * s;
  const D half_square = D(0.5) * x * x;
  return x - (half_square - s * multiply_add(z, polynomial(z, kR), half_square));
}

}  // namespace dualtape::engine::simd::own
