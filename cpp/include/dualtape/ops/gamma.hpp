/// Numerical kernels of digamma and polygamma in double precision.
///
/// Sources: Abramowitz & Stegun (1964) 6.3.7, 6.3.18, 6.4.7, 6.4.10; DLMF 25.11.28 (Euler-Maclaurin
/// sum of the Hurwitz zeta function).
#pragma once

#include <dualtape/ops/traits.hpp>

#include <cmath>
#include <numbers>

namespace dualtape::ops::detail {

/// cot(pi x): exactly 0 at half-integers, NaN at integers.
inline double cot_pi(double x) {
  const double r = x - std::rint(x);
  if (r == 0) return kNaN;
  if (std::abs(r) < 0.25) return 1 / std::tan(std::numbers::pi * r);
  return std::copysign(std::tan(std::numbers::pi * (0.5 - std::abs(r))), r);
}

/// digamma on [1, 2] as (x - x0) p(2x - 3), x0 its positive root: relatively exact at the root.
/// p: Chebyshev interpolation with mpmath at 50 digits, error 6e-19.
inline double digamma_1_2(double x) {
  constexpr double kRoot = 1.4616321449683622;
  constexpr double kRootTail = 9.549995429965697e-17;
  constexpr std::array kP{0.9510558760318328,      -0.21181371064073024,    0.06013562106019684,
                          -0.018550615381739702,   0.005936795278301875,    -0.0019350666647392832,
                          0.0006368880303847901,   -0.00021074841284590126, 6.99501882655044e-05,
                          -2.325823275895313e-05,  7.741234441368395e-06,   -2.578133701610713e-06,
                          8.589062683365892e-07,   -2.8621216825577647e-07, 9.543261570760428e-08,
                          -3.1807298477301726e-08, 1.0528133851878114e-08,  -3.509235492410718e-09,
                          1.2466690231864029e-09,  -4.1555064115551965e-10, 8.748420037436287e-11,
                          -2.9161179626023815e-11, 2.916093601085364e-11,   -9.720300404202244e-12};
  const double t = 2 * x - 3;
  double p = 0;
  for (std::size_t k = kP.size(); k-- > 0;) p = p * t + kP[k];
  return ((x - kRoot) - kRootTail) * p;
}

/// digamma for x > 0.
inline double digamma_positive(double x) {
  if (x < 1) return digamma_1_2(x + 1) - 1 / x;
  if (x < 10) {
    double shifts = 0;
    for (; x > 2; x -= 1) shifts += 1 / (x - 1);
    return digamma_1_2(x) + shifts;
  }
  // log x - 1/(2x) - sum_k B_2k / (2k x^2k)
  constexpr std::array kB{0.08333333333333333,   -0.008333333333333333, 0.003968253968253968,
                          -0.004166666666666667, 0.007575757575757576,  -0.021092796092796094,
                          0.08333333333333333,   -0.4432598039215686};
  const double w = 1 / x / x;
  double sum = 0;
  for (std::size_t k = kB.size(); k-- > 0;) sum = (sum + kB[k]) * w;
  return std::log(x) - 0.5 / x - sum;
}

/// digamma : -inf at +0, +inf at -0, NaN at the other poles, as SciPy's.
inline double digamma(double x) {
  if (std::isnan(x)) return x;
  if (x == 0) return std::copysign(kInf, -x);
  if (x > 0) return x == kInf ? x : digamma_positive(x);
  // An integer (every |x| >= 2^53 is one) has no reflection: cot_pi gives NaN.
  return digamma_positive(1 - x) - std::numbers::pi * cot_pi(x);
}

/// sum_{k >= 0} (x + k)^-s for x > 0, s >= 2: terms up to x + N >= 9 + s, the rest by
/// Euler-Maclaurin.
inline double hurwitz_zeta(int s, double x) {
  constexpr std::array kB{0.08333333333333333,    -0.001388888888888889,   3.306878306878307e-05,
                          -8.267195767195768e-07, 2.08767569878681e-08,    -5.284190138687493e-10,
                          1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15,
                          -2.174868698558062e-16, 5.5090028283602295e-18};  // B_2j / (2j)!
  double sum = 0;
  for (; x < 9 + s; x += 1) sum += std::pow(x, -s);
  const double power = std::pow(x, -s);
  double tail = x * power / (s - 1) + 0.5 * power;
  double factor = s * power / x;
  for (std::size_t j = 0; j < kB.size(); ++j) {
    tail += kB[j] * factor;
    const double m = s + 2.0 * static_cast<double>(j);
    factor *= (m + 1) * (m + 2) / x / x;
  }
  return sum + tail;
}

/// Orders above this overflow in n! and in the coefficients of the reflection.
inline constexpr int kMaxPolygammaOrder = 100;

/// n-th derivative of pi cot(pi x) = pi^(n+1) P_n(c), c = cot(pi x), with P_0 = c and
/// P_(n+1) = -(1 + c^2) P_n'. The coefficients of one P_n have one sign, so nothing cancels.
inline double cot_pi_derivative(int n, double c) {
  std::array<double, kMaxPolygammaOrder + 2> p{};
  p[1] = 1;
  for (int order = 0; order < n; ++order) {
    std::array<double, kMaxPolygammaOrder + 2> next{};
    for (std::size_t k = 1; k <= static_cast<std::size_t>(order) + 1; ++k) {
      const double slope = static_cast<double>(k) * p[k];
      next[k - 1] -= slope;
      next[k + 1] -= slope;
    }
    p = next;
  }
  double sum = 0;
  for (std::size_t k = static_cast<std::size_t>(n) + 2; k-- > 0;) sum = sum * c + p[k];
  return std::pow(std::numbers::pi, n + 1) * sum;
}

/// polygamma(n, x) = (-1)^(n+1) n! zeta(n + 1, x); negative x by reflection. (-1)^(n+1) inf at the
/// poles, as SciPy's. NaN for n outside [0, kMaxPolygammaOrder].
inline double polygamma(int n, double x) {
  if (n == 0) return digamma(x);
  if (n < 0 || n > kMaxPolygammaOrder || std::isnan(x) || x == -kInf) return kNaN;
  const double sign = n % 2 == 1 ? 1 : -1;
  if (x == kInf) return 0 * sign;
  if (x <= 0 && x == std::floor(x)) return sign * kInf;
  if (x > 0) return sign * std::tgamma(n + 1.0) * hurwitz_zeta(n + 1, x);
  const double reflected = std::tgamma(n + 1.0) * hurwitz_zeta(n + 1, 1 - x);
  return -reflected - cot_pi_derivative(n, cot_pi(x));
}

}  // namespace dualtape::ops::detail
