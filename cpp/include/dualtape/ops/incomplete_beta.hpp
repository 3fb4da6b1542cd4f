/// Numerical kernel of the regularised incomplete beta function I_x(a, b) and of its derivatives of
/// any orders in a, b and x.
///
/// Source: DLMF 8.17.22 (continued fraction), with the power in front of it as a deviation from its
/// maximum.
#pragma once

#include <dualtape/ops/incomplete_gamma.hpp>

namespace dualtape::ops::detail {

/// What the algorithm reads of x: both tails, and how far x is from the mean a / (a + b), where
/// 1 - x would have lost digits.
struct BetaArgument {
  double x, y;  // y = 1 - x
  double log_x, log_y;
  double deviation;  // x (a + b) - a
  BetaArgument reflected() const { return {y, x, log_y, log_x, -deviation}; }
};

inline BetaArgument beta_argument(double a, double b, double x) {
  const double log_x = x < 0.5 ? std::log(x) : std::log1p(x - 1);
  return {x, 1 - x, log_x, std::log1p(-x), x < 0.5 ? x * (a + b) - a : b - (1 - x) * (a + b)};
}

/// log(a / ((a + b) x)) as a series in both; `deviation` as above.
template <class S>
S log_beta_ratio(const S& a, const S& b, double log_x, double deviation) {
  const double a0 = constant_of(a), e = deviation / a0;
  const S ratio = a / (a + b);
  const double log_ratio = std::log(constant_of(ratio));
  return log_of(ratio, std::abs(e) < 0.5 ? -std::log1p(e) : log_ratio - log_x);
}

/// a log(a / ((a + b) x)) and the part of `deviation` that the other logarithm cancels: >= 0.
inline double beta_exponent(double a, double log_ratio, double deviation) {
  const double e = deviation / a;
  return std::abs(e) < 0.5 ? a * log1p_defect(e) : a * log_ratio + deviation;
}

/// x^a y^b / B(a, b)
template <class S>
S beta_power(const S& a, const S& b, const BetaArgument& x) {
  const S log_a = log_beta_ratio(a, b, x.log_x, x.deviation);
  const S log_b = log_beta_ratio(b, a, x.log_y, -x.deviation);
  const double sum = beta_exponent(constant_of(a), constant_of(log_a), x.deviation) +
                     beta_exponent(constant_of(b), constant_of(log_b), -x.deviation);
  const S correction = stirling_correction(a + b) - stirling_correction(a) - stirling_correction(b);
  const S exponent = correction - (a * log_a + b * log_b);
  const S power = exp_of(exponent, std::exp(constant_of(correction) - sum));
  return power * sqrt_of(a / (a + b) * b / (2 * std::numbers::pi));
}

/// 1/(1 + d_1/(1 + d_2/(1 + ...))) by Lentz's method,
///   d_2m = m (b - m) x / ((a + 2m - 1)(a + 2m)),
///   d_2m+1 = -(a + m)(a + b + m) x / ((a + 2m)(a + 2m + 1)).
template <class S>
S beta_fraction(const S& a, const S& b, double x) {
  const S s = a + b;
  S d = 1 / (1.0 - x * (s / (a + 1.0))), c = constant_like(a, 1), h = d;
  for (int m = 1; m < kMaxFractionSteps; ++m) {
    const double k = m;
    const S even = (k * x) * ((b - k) / ((a + (2 * k - 1)) * (a + 2 * k)));
    d = 1 / (1.0 + even * d);
    c = 1.0 + even / c;
    h = h * (d * c);
    const S odd = -x * ((a + k) * (s + k) / ((a + 2 * k) * (a + (2 * k + 1))));
    d = 1 / (1.0 + odd * d);
    c = 1.0 + odd / c;
    const S factor = d * c;
    h = h * factor;
    if (is_unit_factor(factor, c, d, h)) break;
  }
  return h;
}

/// I_x(a, b), 0 < x < 1.
template <class S>
S regularised_beta(const S& a, const S& b, double x) {
  const double a0 = constant_of(a), b0 = constant_of(b);
  const BetaArgument argument = beta_argument(a0, b0, x);
  // For a small b the difference below would cancel; the fraction converges up to x = 1, if slower.
  if (x <= (a0 + 1) / (a0 + b0 + 2) || (b0 < 0.1 && x < 0.99)) {
    return beta_power(a, b, argument) * beta_fraction(a, b, x) / a;
  }
  const BetaArgument other = argument.reflected();
  return 1.0 - beta_power(b, a, other) * beta_fraction(b, a, other.x) / b;
}

/// The k-th derivative of the density x^(a - 1) (1 - x)^(b - 1) / B(a, b), f^(k), the (m, n)-th one
/// in a and b of it:
///   x y f^(k + 1) = (a - 1 - (a + b - 2) x - k (1 - 2 x)) f^(k) + k (k + 1 - a - b) f^(k - 1).
inline double beta_density(int m, int n, int k, double a, double b, double x) {
  const auto at_zero = [n](double p, double q, int orders, int degree) {
    if (n > 0 && p - 1 <= degree) return kNaN;
    return power_derivative_at_zero(p, orders, degree, [&](int j) {
      double c = std::exp(log_gamma(p + q) - log_gamma(p) - log_gamma(q));
      for (int i = 1; i <= j; ++i) c *= (i - q) / i;
      return c;
    });
  };
  if (x == 0) return at_zero(a, b, m, k);
  if (x == 1) return (k % 2 == 1 ? -1 : 1) * at_zero(b, a, n, k);
  const Series s = Series::first(m, n, a), t = Series::second(m, n, b);
  const BetaArgument argument = beta_argument(a, b, x);
  const double xy = x * argument.y;
  Series f = beta_power(s, t, argument) / xy, before = Series(m, n, 0);
  const Series sum = s + t;
  for (int i = 0; i < k; ++i) {
    const Series slope = (s - 1.0) - (sum - 2.0) * x - i * (1 - 2 * x);
    const Series next = (slope * f + (i + 1.0 - sum) * before * double(i)) / xy;
    before = f;
    f = next;
  }
  return f.last();
}

/// d^m/da^m d^n/db^n d^k/dx^k of I_x(a, b).
inline double incomplete_beta(int m, int n, int k, double a, double b, double x) {
  if (!(a >= 0 && b >= 0 && x >= 0 && x <= 1)) return kNaN;
  const bool all_at_zero = a == 0 || std::isinf(b), all_at_one = b == 0 || std::isinf(a);
  if (all_at_zero || all_at_one) {
    if ((all_at_zero && all_at_one) || m + n + k > 0) return kNaN;
    return all_at_zero ? (x > 0 ? 1 : 0) : (x < 1 ? 0 : 1);
  }
  if (k > 0) return beta_density(m, n, k - 1, a, b, x);
  if (x == 0 || x == 1) return m + n == 0 ? x : 0;
  if (m + n == 0) return regularised_beta(a, b, x);
  return regularised_beta(Series::first(m, n, a), Series::second(m, n, b), x).last();
}

}  // namespace dualtape::ops::detail
