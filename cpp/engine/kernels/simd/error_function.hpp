/// erf and exp(-x^2) on blocks of floats, where multiply_add rounds once.
///
/// erf(x) = x + x p(x^2) below 1; 1 - exp(-x^2) r(x) up to 4, where it is 1. p and r are minimax
/// polynomials (Remez, mpmath at 50 digits) for errors of erf relative to it: 2e-9 and 1.4e-8.
#pragma once

#include "kernels/simd/exponential.hpp"

namespace dualtape::engine::simd::own {

/// From here on exp(-x^2) may be subnormal.
inline constexpr double kFarSquare = 9.3;

/// y = exp(-high) s / 2^k, less what the rounding of the square to `high` left over.
template <class B>
DUALTAPE_SIMD B of_square(B s, B p, B low) {
  const B y = multiply_add(s, p, s);
  return multiply_add(-low, y, y);
}
/// exp(-x^2) of |x|, by two powers of two; constant beyond 11, for inf. All bits as below.
template <class B>
[[gnu::noinline]] B exp_minus_square_near_limits(B size) {
  const B inside = smaller(B(11), size), rounder(Exponential<float>::rounder);
  const auto [high, low] = two_product(inside, inside);
  const auto [k, p] = expm1_parts(-high);
  const B half = (k * B(0.5) + rounder) - rounder;
  return of_square(power_of_two(half), p, low) * power_of_two(k - half);
}

template <class B>
DUALTAPE_SIMD Both<B> exp_minus_square_and_erf(B x) {
  constexpr std::array kP{0.12837916612625122,   -0.3761262595653534,  0.1128358542919159,
                          -0.026853812858462334, 0.005188329610973597, -0.0008010208839550614,
                          7.853908755350858e-05};
  constexpr std::array kR{0.9862919449806213,   -1.048954963684082,     0.7940075993537903,
                          -0.4331381320953369,  0.1650175154209137,     -0.04131240025162697,
                          0.006065783556550741, -0.00039378716610372066};
  const B size = abs(x);
  const auto [high, low] = two_product(size, size);
  const auto [k, p] = expm1_parts(-high);
  B square = of_square(power_of_two(k), p, low);
  if (any(size > B(kFarSquare))) [[unlikely]]
    square = exp_minus_square_near_limits(size);
  const B large = multiply_add(-square, polynomial(smaller(B(4), size), kR), B(1));
  const B small = multiply_add(size, polynomial(high, kP), size);
  return {square, copysign(select(size < B(1), small, large), x)};
}

}  // namespace dualtape::engine::simd::own
