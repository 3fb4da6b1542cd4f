/// sin, cos and tan on blocks of doubles, where libmvec is missing.
///
/// x = q pi/2 + r with |r| <= pi / 4; pi/2 in three parts of 33 bits, whose products with q are
/// exact (Cody & Waite, 1980). sin(r) = r + r z S(z), cos(r) = 1 - z/2 + z^2 C(z) with z = r^2, S
/// and C by Chebyshev interpolation with mpmath at 60 digits, errors 6e-18 and 1e-18.
#pragma once

#include "kernels/simd/exponential.hpp"

namespace dualtape::engine::simd::own {

/// Beyond it q has too many bits.
inline constexpr double kLargestAngle = 1.5e6;

/// y, negated where the bit is 1.
DUALTAPE_SIMD D negate_if(D y, D::Integers bit) {
  return from_bits<double, kLanes<double>>(to_bits(y) ^ (bit << 63));
}

/// sin(x + quarter pi/2).
DUALTAPE_SIMD D sin_of_quarters(D x, int quarter) {
  constexpr double kHalfPi[] = {1.5707963267341256, 6.077100506303966e-11, 2.0222662487111665e-21};
  constexpr std::array kS{-0.16666666666666666,   0.008333333333333331,   -0.00019841269841264567,
                          2.7557319218954762e-06, -2.505210610025599e-08, 1.6058510875319195e-10,
                          -7.585486485235938e-13};
  constexpr std::array kC{0.041666666666666664,    -0.0013888888888887241, 2.480158729853226e-05,
                          -2.7557317151858866e-07, 2.0876121534608454e-09, -1.1380868171449914e-11};
  const D count = multiply_add(x, D(2 * std::numbers::inv_pi), D(kRounder));
  const D q = count - D(kRounder);
  const auto rest = two_sum(x - q * D(kHalfPi[0]), -(q * D(kHalfPi[1])));
  const auto [r, low] = fast_two_sum(rest.high, rest.low - q * D(kHalfPi[2]));
  const D z = r * r;
  const D half = D(0.5) * z;
  const D sine = r + multiply_add(r * z, polynomial(z, kS), low);
  const D above = D(1) - half;  // and what it lost:
  const D lost = (D(1) - above) - half;
  const D cosine = above + (lost + multiply_add(z * z, polynomial(z, kC), -(r * low)));
  const auto n = to_bits(count) + quarter;
  const Mask<double, kLanes<double>> odd{(n & 1) != 0};
  return negate_if(select(odd, cosine, sine), n >> 1);
}

/// f for the lanes with |x| > kLargestAngle: out of line, rare.
[[gnu::noinline]] inline D repair_angles(double (*f)(double), D x, D y) {
  for (int i = 0; i < kLanes<double>; ++i) {
    if (std::abs(x.v[i]) > kLargestAngle) y.v[i] = f(x.v[i]);
  }
  return y;
}

DUALTAPE_SIMD D sin(D x) {
  // -0 less 0 pi/2 is 0.
  const D y = select(x == D(0), x, sin_of_quarters(x, 0));
  if (any(abs(x) > D(kLargestAngle))) [[unlikely]] {
    return repair_angles([](double t) { return std::sin(t); }, x, y);
  }
  return y;
}

DUALTAPE_SIMD D cos(D x) {
  const D y = sin_of_quarters(x, 1);
  if (any(abs(x) > D(kLargestAngle))) [[unlikely]] {
    return repair_angles([](double t) { return std::cos(t); }, x, y);
  }
  return y;
}

DUALTAPE_SIMD D tan(D x) { return sin(x) / cos(x); }

}  // namespace dualtape::engine::simd::own
