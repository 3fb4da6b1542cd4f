/// sin, cos and tan on blocks of doubles, where libmvec is missing; sin and cos on blocks of
/// floats, where multiply_add rounds once.
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

// Floats: pi/2 in three parts of 24 bits, all positive, so that -0 stays. Less the first times q, x
// is exact, and each further rounding is relative to what is left, so r has an error of 1 ulp. Both
// functions are m (1 + z c(z)): sin(r) with m = r, cos(r) with m = 1.

struct AnglesOfFloats {
  static constexpr std::array sine{-0.166666641831398, 0.008332747966051102, -0.000195878412341699};
  static constexpr std::array cosine{-0.5, 0.04166664928197861, -0.0013887588866055012,
                                     2.4463721274514683e-05};
};
/// Beyond it three parts of pi/2 do not do.
inline constexpr double kLargestFloatAngle = 0x1p15;

template <class B>
struct ReducedAngle {
  B r;
  typename B::Integers quarter;  // in the two lowest bits
};
template <class B>
DUALTAPE_SIMD ReducedAngle<B> reduced(B x) {
  const B rounder(Exponential<float>::rounder);
  const B count = multiply_add(x, B(2 * std::numbers::inv_pi), rounder);
  const B q = count - rounder;
  B r = multiply_add(q, B(-0x1.921fb4p+0), x);
  r = multiply_add(q, B(-0x1.4442dp-24), r);
  return {multiply_add(q, B(-0x1.84698ap-48), r), to_bits(count)};
}
template <class B>
DUALTAPE_SIMD auto is_odd(typename B::Integers n) {
  return Mask<typename B::value_type, B::lanes>{(n & 1) == 1};
}
/// The sign bit of y turned by bit 1 of n.
template <class B>
DUALTAPE_SIMD B turn_sign(B y, typename B::Integers n) {
  return from_bits<float, B::lanes>(to_bits(y) ^ ((n << 30) & ~kMagnitude<float>));
}
template <class B>
[[gnu::noinline]] B sin_of_large(B x, B y) {
  return select(abs(x) > B(kLargestFloatAngle), in_double([](D t) { return sin(t); }, x), y);
}
template <class B>
[[gnu::noinline]] B cos_of_large(B x, B y) {
  return select(abs(x) > B(kLargestFloatAngle), in_double([](D t) { return cos(t); }, x), y);
}

/// One of them: a polynomial whose coefficients depend on the quarter.
template <int kQuarter, class B>
DUALTAPE_SIMD B sin_or_cos(B x) {
  const auto [r, count] = reduced(x);
  const auto n = count + kQuarter;
  const B z = r * r;
  std::array<B, AnglesOfFloats::cosine.size()> c;
  for (std::size_t i = 0; i < c.size(); ++i) {
    const B of_sine(i < AnglesOfFloats::sine.size() ? AnglesOfFloats::sine[i] : 0.0);
    c[i] = select(is_odd<B>(n), B(AnglesOfFloats::cosine[i]), of_sine);
  }
  const B m = select(is_odd<B>(n), B(1), r);
  const B y = turn_sign(m * multiply_add(z, polynomial(z, c), B(1)), n);
  if (any(abs(x) > B(kLargestFloatAngle))) [[unlikely]]
    return kQuarter ? cos_of_large(x, y) : sin_of_large(x, y);
  return y;
}

template <class B>
DUALTAPE_SIMD Both<B> sin_and_cos(B x) {
  const auto [r, n] = reduced(x);
  const B z = r * r;
  constexpr auto kS = AnglesOfFloats::sine;  // a copy: GCC 12 would read the doubles at run time
  const B s = r * multiply_add(z, polynomial(z, kS), B(1));
  const B c = multiply_add(z, polynomial(z, AnglesOfFloats::cosine), B(1));
  B sine = turn_sign(select(is_odd<B>(n), c, s), n);
  B cosine = turn_sign(select(is_odd<B>(n), s, c), n + 1);
  if (any(abs(x) > B(kLargestFloatAngle))) [[unlikely]] {
    sine = sin_of_large(x, sine);
    cosine = cos_of_large(x, cosine);
  }
  return {sine, cosine};
}

}  // namespace dualtape::engine::simd::own
