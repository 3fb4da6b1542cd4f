/// Numerical kernels of the regularised incomplete gamma functions P(a, x) and Q = 1 - P, and of
/// their derivatives of any orders in a and x.
///
/// Sources: DLMF 8.7.1 (series), 8.9.2 (continued fraction); Gautschi (1979), A computational
/// procedure for incomplete gamma functions (small a); Temme (1994), A set of algorithms for the
/// incomplete gamma functions (large a).
#pragma once

#include <dualtape/ops/erfc.hpp>
#include <dualtape/ops/series.hpp>

namespace dualtape::ops::detail {

/// x - a - a log(x / a): minus the logarithm of (x / a)^a exp(a - x), with its derivatives in a.
template <class S>
S gamma_exponent(const S& a, double x) {
  const double a0 = constant_of(a), mu = (x - a0) / a0;
  const bool near = std::abs(mu) < 0.5;
  const double slope = near ? std::log1p(mu) : std::log(x / a0);
  const double value = near ? a0 * log1p_defect(mu) : (x - a0) - a0 * slope;
  return compose(a, value, [&](int k) {
    return k == 1 ? -slope : 1 / (k * (k - 1.0) * std::pow(-a0, k - 2) * a0);
  });
}

/// log Gamma(1 + a), relatively exact for small a.
inline double log_gamma_of_one_plus(double a) {
  return a < 1 ? a * (a - 1) * log_gamma_quotient(a - 1) : log_gamma(1 + a);
}

/// x^a exp(-x) / Gamma(1 + a)
template <class S>
S gamma_power(const S& a, double x) {
  const double a0 = constant_of(a);
  const double power = a0 < 10 || (a0 < 100 && x < 500) ? std::pow(x, a0) : 0;
  if (a0 >= 10 && !(power > 1e-280)) {
    const S exponent = -(stirling_correction(a) + gamma_exponent(a, x));
    const S y = exp_of(exponent, std::exp(constant_of(exponent)));
    constexpr double kTwoPi = 2 * std::numbers::pi;
    return y / sqrt_of(a * kTwoPi);
  }
  const double value = power * std::exp(-x) / std::tgamma(1 + a0);
  const S log_gammas = compose(a, 0.0, [&](int k) { return log_gamma_taylor(k, 1 + a0); });
  return exp_of(a * std::log(x) - log_gammas, value);
}

/// gamma(a, x) x^-a exp(x) Gamma(1 + a) / Gamma(a) = 1 + x/(a + 1) + x^2/((a + 1)(a + 2)) + ...
template <class S>
S lower_gamma_series(const S& a, double x) {
  S term = constant_like(a, 1), sum = term;
  for (int k = 1; k < 100000; ++k) {
    term = term * (x / (a + double(k)));
    sum = sum + term;
    if (is_negligible(term, sum)) break;
  }
  return sum;
}

/// 1/(x + 1 - a - 1 (1 - a)/(x + 3 - a - 2 (2 - a)/(x + 5 - a - ...))) by Lentz's method.
template <class S>
S upper_gamma_fraction(const S& a, double x) {
  S b = (x + 1) - a, d = 1 / b, c = b, h = d;
  for (int i = 1; i < kMaxFractionSteps; ++i) {
    const S numerator = double(i) * (a - double(i));
    b = b + 2.0;
    d = 1 / (numerator * d + b);
    c = i == 1 ? b : b + numerator / c;
    const S factor = c * d;
    h = h * factor;
    if (is_unit_factor(factor, c, d, h)) break;
  }
  return h;
}

/// Q for a < 1, x < 1, also where it is small: with e^E = x^a / Gamma(1 + a)
///   1 - e^E - e^E sum_{k >= 1} a (-x)^k / (k! (a + k)).
template <class S>
S upper_gamma_small(const S& a, double x) {
  const double a0 = constant_of(a);
  const S log_gammas = compose(a, a0 > 0 ? log_gamma_of_one_plus(a0) : 0.0,
                               [&](int k) { return log_gamma_taylor(k, 1 + a0); });
  const S exponent = a * std::log(x) - log_gammas;
  const double power = std::exp(constant_of(exponent));
  const S minus_expm1 = -compose(exponent, std::expm1(constant_of(exponent)), [&](int k) {
    return power / kFactorials[static_cast<std::size_t>(k)];
  });
  S sum = constant_like(a, 0);
  double numerator = 1;
  for (int k = 1; k < 40; ++k) {
    numerator *= -x / k;
    sum = sum + numerator / (a + double(k));
  }
  return minus_expm1 - exp_of(exponent, power) * (a * sum);
}

/// Temme's expansion, uniform in x about large a: with eta^2/2 = mu - log(1 + mu), mu = x/a - 1,
///   Q = erfc(eta sqrt(a/2))/2 + R,  P = erfc(-eta sqrt(a/2))/2 - R,
///   R = exp(-a eta^2/2) / sqrt(2 pi a) sum beta_n eta^n / (1 + beta_1/a),
/// where eta / mu = sum alpha_n eta^n and beta_{n-1} = alpha_n + (n + 1) beta_{n+1} / a.
template <class S>
S gamma_about_diagonal(const S& a, double x, bool upper) {
  constexpr std::array kAlpha{1.0,
                              -0.33333333333333333,
                              0.083333333333333333,
                              -0.014814814814814815,
                              0.0011574074074074074,
                              0.0003527336860670194,
                              -0.00017875514403292181,
                              3.9192631785224378e-5,
                              -2.1854485106799922e-6,
                              -1.85406221071516e-6,
                              8.296711340953086e-7,
                              -1.7665952736826079e-7,
                              6.7078535434014986e-9,
                              1.0261809784240308e-8,
                              -4.3820360184533532e-9,
                              9.1476995822367902e-10,
                              -2.551419399494625e-11,
                              -5.8307721325504251e-11,
                              2.4361948020667416e-11,
                              -5.0276692801141756e-12,
                              1.1004392031956135e-13,
                              3.3717632624009854e-13,
                              -1.3923887224181621e-13,
                              2.8534893807047443e-14,
                              -5.1391118342425726e-16,
                              -1.9752288294349443e-15,
                              8.0995211567045613e-16,
                              -1.6522531216398162e-16,
                              2.5305430097478884e-18,
                              1.1686939738559577e-17,
                              -4.7700370498204848e-18,
                              9.6991260590562371e-19};
  const S mu = (x - a) / a;
  // 2 (mu - log(1 + mu)) / mu^2, as in log1p_defect
  const S w = mu / (mu + 2.0), square = w * w;
  S sum = constant_like(a, 0);
  for (int k = 24; k >= 0; --k) sum = sum * square + 1.0 / (2 * k + 3);
  const S ratio = 2.0 * (mu + 2.0 - 2.0 * (w * sum)) / ((mu + 2.0) * (mu + 2.0));
  const S eta = mu * sqrt_of(ratio);
  constexpr int kCount = static_cast<int>(kAlpha.size());
  // Two of the betas at a time: beta and the one after it.
  S beta = constant_like(a, 0), after = beta, tail = beta;
  const S inverse = 1.0 / a;
  for (int n = kCount - 1; n >= 1; --n) {
    const S before = double(n + 1) * (after * inverse) + kAlpha[static_cast<std::size_t>(n)];
    after = beta;
    beta = before;  // beta_{n-1}
    tail = tail * eta + beta;
  }
  const S exponent = gamma_exponent(a, x);
  const double density = std::exp(-constant_of(exponent));
  const S rest = exp_of(-exponent, density) * tail /
                 (sqrt_of(a * (2 * std::numbers::pi)) * (1.0 + after * inverse));
  const S z = (upper ? 1.0 : -1.0) * eta * sqrt_of(0.5 * a);
  const double z0 = constant_of(z);
  // erfc(z)/2; its derivatives are Hermite's polynomials times exp(-z^2).
  const double value = z0 < 0.5 ? erfc(z0) : density * scaled_erfc_numerator(z0) / (1 + 2 * z0);
  std::array<double, 2 * kMaxParameterOrder + 2> slope{};
  slope[0] = -std::numbers::inv_sqrtpi * density;
  slope[1] = -2 * z0 * slope[0];
  for (int k = 2; k <= degree_of(a); ++k) {
    const auto i = static_cast<std::size_t>(k);
    slope[i] = -2 / double(k) * (z0 * slope[i - 1] + slope[i - 2]);
  }
  const S half =
      compose(z, 0.5 * value, [&](int k) { return slope[static_cast<std::size_t>(k - 1)] / k; });
  return upper ? half + rest : half - rest;
}

/// P or Q, 0 <= a, 0 < x, both finite.
template <class S>
S regularised_gamma(const S& a, double x, bool upper) {
  const double a0 = constant_of(a);
  if (a0 >= 20 && x > 0.3 * a0 && x < 2.35 * a0) return gamma_about_diagonal(a, x, upper);
  if (x >= 1 && x >= a0) {
    const S q = gamma_power(a, x) * a * upper_gamma_fraction(a, x);
    return upper ? q : 1.0 - q;
  }
  if (upper && a0 < 1) return upper_gamma_small(a, x);
  const S p = gamma_power(a, x) * lower_gamma_series(a, x);
  return upper ? 1.0 - p : p;
}

/// The k-th derivative of x^(a - 1) g(x) / B at x = 0, g = 1 + g_1 x + ..., its m-th one in a:
/// 0, infinite, or for m = 0 and a whole a the coefficient k! g_{k + 1 - a} / B.
template <class F>
double power_derivative_at_zero(double a, int m, int k, F&& coefficient) {
  const double e = a - 1 - k;
  if (e > 0) return 0;
  const bool whole = a == std::floor(a);
  if (whole && m == 0) {
    return kFactorials[static_cast<std::size_t>(k)] * coefficient(static_cast<int>(-e));
  }
  if (whole && e < 0) return kNaN;
  double sign = m % 2 == 1 ? -1 : 1;
  for (int i = 1; i <= k; ++i) sign *= a - i;
  return sign * kInf;
}

/// d^m/da^m d^k/dx^k of x^(a - 1) exp(-x) / Gamma(a), f^(k):
///   x f^(k + 1) = (a - 1 - x - k) f^(k) - k f^(k - 1).
inline double gamma_density(int m, int k, double a, double x) {
  if (std::isinf(x)) return 0;
  if (x == 0) {
    return power_derivative_at_zero(a, m, k, [&](int j) {
      const double sign = j % 2 == 1 ? -1 : 1;
      return sign / (std::tgamma(a) * kFactorials[static_cast<std::size_t>(j)]);
    });
  }
  const Series s = Series::first(m, 0, a);
  Series f = gamma_power(s, x) * s / x, before = Series(m, 0, 0);
  for (int i = 0; i < k; ++i) {
    const Series next = ((s - (1 + x + i)) * f - before * i) / x;
    before = f;
    f = next;
  }
  return f.last();
}

/// d^m/da^m d^k/dx^k of P(a, x), or of Q.
inline double incomplete_gamma(int m, int k, double a, double x, bool upper) {
  if (!(a >= 0 && x >= 0) || (a == 0 && x == 0) || (std::isinf(a) && std::isinf(x))) return kNaN;
  // exp(-x) (x / a)^a is zero there, and terms of the fraction overflow.
  if (x > 1e15 && x > 1e3 * a) x = kInf;
  const double sign = upper ? -1 : 1;
  if (k > 0) return sign * (std::isinf(a) ? 0 : gamma_density(m, k - 1, a, x));
  if (std::isinf(a) || x == 0 || std::isinf(x)) {
    return m == 0 && std::isinf(x) != upper ? 1 : 0;
  }
  if (m > 0) return regularised_gamma(Series::first(m, 0, a), x, upper).last();
  if (a == 0) return upper ? 0 : 1;
  return regularised_gamma(a, x, upper);
}

}  // namespace dualtape::ops::detail
