/// sin, cos and tan on blocks of doubles, where libmvec is missing.
///
/// x = q pi + r with |r| <= pi / 2, q an integer for sin, an integer and a half for cos; pi in
/// three parts of 33 bits, whose products with q are exact (Cody & Waite, 1980). sin(r) = r + r z
/// S(z) with z = r^2, S by Chebyshev interpolation with mpmath at 60 digits, error 2e-17.
#pragma once

#include "kernels/simd/exponential.hpp"

namespace dualtape::engine::simd::own {

/// Beyond it q has too many bits.
inline constexpr double kLargestAngle = 1.5e6;

/// sin(x - q pi).
DUALTAPE_SIMD D sin_of_rest(D x, D q) {
  constexpr double kPi[] = {3.1415926534682512, 1.2154201012607932e-10, 4.044532497422333e-21};
  constexpr std::array kS{-0.16666666666666666,   0.008333333333333333,    -0.00019841269841269806,
                          2.7557319223971086e-06, -2.5052108382360896e-08, 1.605904347656436e-10,
                          -7.647138974898878e-13, 2.810464851599201e-15,   -8.005646027219286e-18};
  const auto rest = two_sum(x - q * D(kPi[0]), -(q * D(kPi[1])));
  const D r = rest.high;
  const D low = rest.low - q * D(kPi[2]);
  const D z = r * r;
  const D cosine = D(1) - D(0.5) * z;  // roughly
  return r + multiply_add(r * z, polynomial(z, kS), low * cosine);
}

/// y, negated where the integer in the low bits of `count` is odd.
DUALTAPE_SIMD D negate_if_odd(D y, D count) {
  return from_bits<double, kLanes<double>>(to_bits(y) ^ (to_bits(count) << 63));
}

/// f for the lanes with |x| > kLargestAngle: out of line, rare.
[[gnu::noinline]] inline D repair_angles(double (*f)(double), D x, D y) {
  for (int i = 0; i < kLanes<double>; ++i) {
    if (std::abs(x.v[i]) > kLargestAngle) y.v[i] = f(x.v[i]);
  }
  return y;
}

DUALTAPE_SIMD D sin(D x) {
  const D count = multiply_add(x, D(std::numbers::inv_pi), D(kRounder));
  const D y = negate_if_odd(sin_of_rest(x, count - D(kRounder)), count);
  // -0 - 0 pi is 0.
  const D signed_zero = select(x == D(0), x, y);
  if (any(abs(x) > D(kLargestAngle))) [[unlikely]] {
    return repair_angles([](double t) { return std::sin(t); }, x, signed_zero);
  }
  return signed_zero;
}

/// cos(q pi + r) = (-1)^(q + 1/2) sin(r).
DUALTAPE_SIMD D cos(D x) {
  const D count = multiply_add(x, D(std::numbers::inv_pi), D(-0.5)) + D(kRounder);
  const D q = (count - D(kRounder)) + D(0.5);
  const D y = -negate_if_odd(sin_of_rest(x, q), count);
  if (any(abs(x) > D(kLargestAngle))) [[unlikely]] {
    return repair_angles([](double t) { return std::cos(t); }, x, y);
  }
  return y;
}

DUALTAPE_SIMD D tan(D x) { return sin(x) / cos(x); }

}  // namespace dualtape::engine::simd::own
