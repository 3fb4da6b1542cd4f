/// Bessel functions of any real order up to 1e6 in size, and their derivatives in the argument.
///
/// Sources: DLMF 10.2.2, 10.25.2 (series), 10.17, 10.40 (large arguments), 10.33 and 10.10
/// (continued fractions), 10.2.3, 10.27.2 (negative orders), 10.6.7, 10.29.5 (derivatives); Temme
/// (1975, 1976) for small arguments and Steed's method for the second kinds.
#pragma once

#include <dualtape/ops/bessel_low.hpp>
#include <dualtape/ops/incomplete_gamma.hpp>

#include <complex>

namespace dualtape::ops::detail {

/// Beyond, recurrences in the order would take too long: NaN.
inline constexpr double kMaxBesselOrder = 1e6;
inline constexpr int kMaxBesselSteps = 10000000;

/// A function of the order v and of the next one: (J_v, J_v+1), say.
struct BesselPair {
  double at, next;
};

/// sin(pi x), cos(pi x), exactly 0 and 1 where they are.
inline double sin_pi(double x) {
  const double r = x - 2 * std::rint(0.5 * x);
  return std::abs(r) <= 0.5 ? std::sin(std::numbers::pi * r)
                            : std::copysign(std::sin(std::numbers::pi * (1 - std::abs(r))), r);
}
inline double cos_pi(double x) {
  const double r = std::abs(x - 2 * std::rint(0.5 * x));
  return sin_pi(0.5 - r);
}

/// (x/2)^v / Gamma(v + 1) sum (sign x^2/4)^k / (k! (v + 1)_k)
inline double bessel_series(double v, double x, double sign) {
  const double z = sign * 0.25 * x * x;
  double term = 1, sum = 1;
  for (int k = 1; std::abs(term) > 1e-17 * std::abs(sum); ++k) {
    term *= z / (k * (v + k));
    sum += term;
  }
  return gamma_power(v, 0.5 * x) * std::exp(0.5 * x) * sum;
}

/// From here on the expansions in 1/x have terms that fall from the start to below 1e-17.
inline bool is_far(double v, double x) { return x > 30 && x > 0.25 * v * v; }

/// Next coefficient of Hankel's expansions, a_k(v), from the one before.
inline double hankel_step(double v, int k) {
  return (4 * v * v - (2.0 * k - 1) * (2.0 * k - 1)) / (8.0 * k);
}

/// J_v, or Y_v if `second`, for large x.
inline double bessel_hankel(double v, double x, bool second) {
  if (std::isinf(x)) return 0;
  double p = 0, q = 0, term = 1;
  for (int k = 0; k < 100 && std::abs(term) > 1e-17; k += 2) {
    p += term;
    term *= hankel_step(v, k + 1) / x;
    q += term;
    term *= -hankel_step(v, k + 2) / x;
  }
  const double turn = 0.5 * v + 0.25;  // of pi
  const double c = std::cos(x) * cos_pi(turn) + std::sin(x) * sin_pi(turn);
  const double s = std::sin(x) * cos_pi(turn) - std::cos(x) * sin_pi(turn);
  return std::sqrt(2 / (std::numbers::pi * x)) * (second ? p * s + q * c : p * c - q * s);
}

/// 1/Gamma(1 - mu) and 1/Gamma(1 + mu) for |mu| <= 1/2: half their difference over mu, half their
/// sum.
struct GammaPair {
  double odd, even;
  explicit GammaPair(double mu) {
    constexpr std::array kOdd{
        -0.57721566490153286061,   0.042002635034095235529,   0.042197734555544336748,
        -0.0072189432466630995424, 0.00021524167411495097282, 0.000020134854780788238656,
        -1.1330272319816958824e-6, -6.1160951044814158179e-9, 1.1812745704870201446e-9,
        -7.782263439905071254e-12, -5.100370287454475979e-13};
    constexpr std::array kEven{1.0,
                               -0.65587807152025388108,
                               0.1665386113822914895,
                               -0.0096219715278769735621,
                               -0.0011651675918590651121,
                               0.00012805028238811618615,
                               -1.2504934821426706573e-6,
                               -2.0563384169776071035e-7,
                               5.0020076444692229301e-9,
                               1.0434267116911005105e-10,
                               -3.6968056186422057082e-12,
                               -2.0583260535665067832e-14};
    odd = horner(mu * mu, kOdd);
    even = horner(mu * mu, kEven);
  }
};

/// Temme's sums for |mu| <= 1/2, x <= 2: K of orders mu and mu + 1 (sign = 1), or with -1 the same
/// sums in -x^2/4, from which Y follows.
inline BesselPair temme_sums(double mu, double x, double sign) {
  const GammaPair gammas(mu);
  const double log_ratio = std::log(2 / x), sigma = mu * log_ratio;
  const double sinc = sigma == 0 ? 1 : std::sinh(sigma) / sigma;
  const double angle = std::numbers::pi * mu;
  const double factor = mu == 0 ? 1 : angle / std::sin(angle);
  double f = factor * (std::cosh(sigma) * gammas.odd + sinc * log_ratio * gammas.even);
  double p = 0.5 * std::exp(sigma) / (gammas.even - mu * gammas.odd);
  double q = 0.5 * std::exp(-sigma) / (gammas.even + mu * gammas.odd);
  const double half = std::sin(0.5 * angle);
  const double shift = sign > 0 || mu == 0 ? 0 : 2 * half * half / mu;
  double power = 1, at = f + shift * q, next = p;
  for (int k = 1; k < 100; ++k) {
    f = (k * f + p + q) / (k * static_cast<double>(k) - mu * mu);
    p /= k - mu;
    q /= k + mu;
    power *= sign * 0.25 * x * x / k;
    const double g = f + shift * q;
    const double step = power * g;
    at += step;
    next += power * (p - k * g);
    if (std::abs(step) < 1e-17 * std::abs(at) && k > 5) break;
  }
  return {at, 2 / x * next};
}

/// exp(x) times K of orders mu and mu + 1, |mu| <= 1/2.
inline BesselPair bessel_k_start(double mu, double x) {
  if (x <= 2) {
    const BesselPair k = temme_sums(mu, x, 1);
    return {std::exp(x) * k.at, std::exp(x) * k.next};
  }
  // Steed's method on the continued fraction of Temme's ratio z_2 / z_1, with the sum that
  // normalises.
  const double first = 0.25 - mu * mu;
  double b = 2 * (1 + x), d = 1 / b, h = d, step = d, a = -first;
  double q_before = 0, q = 1, c = first, weight = first, sum = 1 + weight * step;
  for (int k = 2; k < kMaxBesselSteps && first != 0; ++k) {
    a -= 2 * (k - 1);
    c *= -a / k;
    const double q_next = (q_before - b * q) / a;
    q_before = q;
    q = q_next;
    weight += c * q;
    b += 2;
    d = 1 / (b + a * d);
    step *= b * d - 1;
    h += step;
    sum += weight * step;
    if (std::abs(weight * step) < 1e-16 * std::abs(sum)) break;
  }
  const double k_mu = std::sqrt(std::numbers::pi / (2 * x)) / sum;
  return {k_mu, k_mu * (mu + x + 0.5 - first * h) / x};
}

/// exp(x) times K of orders v and v + 1, v >= 0, x > 0.
inline BesselPair bessel_k_pair(double v, double x) {
  const double n = std::rint(v);
  if (v == 0) return {bessel_k0e(x), bessel_k1e(x)};
  BesselPair k = n == v ? BesselPair{bessel_k0e(x), bessel_k1e(x)} : bessel_k_start(v - n, x);
  for (double order = v - n + 1; order < v + 0.5; order += 1) {
    k = {k.next, k.at + 2 * order / x * k.next};
  }
  return k;
}

/// exp(-x) I_v(x), v >= 0, x > 0, by the Wronskian I_v K_v+1 + I_v+1 K_v = 1/x.
inline double bessel_i_positive(double v, double x) {
  if (v == 0) return bessel_i0e(x);
  if (v == 1) return bessel_i1e(x);
  if (x <= 10 || x * x <= 4 * (v + 1)) return bessel_series(v, x, 1) * std::exp(-x);
  // I_v+1 / I_v = 1/(2(v + 1)/x + 1/(2(v + 2)/x + ...)) by Lentz's method
  double b = 2 * (v + 1) / x, d = 1 / b, c = b, ratio = d;
  for (int k = 2; k < kMaxBesselSteps; ++k) {
    b = 2 * (v + k) / x;
    d = 1 / (b + d);
    c = k == 2 ? b : b + 1 / c;
    const double factor = c * d;
    ratio *= factor;
    if (std::abs(factor - 1) < 2e-16) break;
  }
  const BesselPair k = bessel_k_pair(v, x);
  return 1 / (x * (k.next + ratio * k.at));
}

/// J'_v / J_v = v/x - 1/(2(v + 1)/x - 1/(2(v + 2)/x - ...)) by Lentz's method, and the sign of J_v.
inline double bessel_j_slope(double v, double x, double& sign) {
  constexpr double kTiny = 1e-300;
  double h = std::max(v / x, kTiny), b = 2 * v / x, d = 0, c = h;
  sign = 1;
  for (int k = 1; k < kMaxBesselSteps; ++k) {
    b += 2 / x;
    d = b - d;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b - 1 / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double factor = c * d;
    h *= factor;
    if (d < 0) sign = -sign;
    if (std::abs(factor - 1) < 2e-16) break;
  }
  return h;
}

/// (J'_v + i Y'_v) / (J_v + i Y_v) = p + iq, x >= 2.
inline std::complex<double> bessel_jy_slope(double mu, double x) {
  using C = std::complex<double>;
  const C i(0, 1);
  C b(2 * x, 2), d = 1.0 / b, c = b, h = (0.25 - mu * mu) * d;
  for (int k = 2; k < kMaxBesselSteps; ++k) {
    const double a = (k - 0.5) * (k - 0.5) - mu * mu;
    b += 2.0 * i;
    d = 1.0 / (b + a * d);
    c = k == 2 ? b : b + a / c;
    const C factor = c * d;
    h *= factor;
    if (std::abs(factor.real() - 1) + std::abs(factor.imag()) < 2e-16) break;
  }
  return C(-0.5 / x, 1) + i / x * h;
}

struct BesselJY {
  double j, y;
};

/// J_v, Y_v: J downward to an order mu up to a factor, Y there by Temme's sums or Steed's method.
inline BesselJY bessel_jy(double v, double x) {
  const double steps = x < 2 ? std::rint(v) : std::max(0.0, std::floor(v - x + 1.5));
  const double mu = v - steps;
  double sign = 1;
  const double slope = bessel_j_slope(v, x, sign);
  double start = sign * 1e-250, j = start, j_slope = slope * start;
  for (double order = v; order > mu + 0.5; order -= 1) {
    const double lower = order / x * j + j_slope;
    j_slope = (order - 1) / x * lower - j;
    j = lower;
    if (std::abs(j) > 1e250) j *= 1e-250, j_slope *= 1e-250, start *= 1e-250;
  }
  if (j == 0) j = 1e-250 * 1e-50;
  const double f = j_slope / j, wronskian = 2 / (std::numbers::pi * x);
  double j_mu = 0, y = 0, y_next = 0;
  if (x < 2) {
    const BesselPair sums = temme_sums(mu, x, -1);
    y = -2 / std::numbers::pi * sums.at;
    y_next = -2 / std::numbers::pi * sums.next;
    j_mu = wronskian / (mu / x * y - y_next - f * y);
  } else {
    const std::complex<double> pq = bessel_jy_slope(mu, x);
    const double p = pq.real(), q = pq.imag(), gamma = (p - f) / q;
    j_mu = std::copysign(std::sqrt(wronskian / ((p - f) * gamma + q)), j);
    y = gamma * j_mu;
    y_next = mu / x * y - j_mu * (p * gamma + q);
  }
  const double j_v = j_mu * (start / j);
  for (double order = mu + 1; order < v + 0.5; order += 1) {
    const double next = 2 * order / x * y_next - y;
    y = y_next;
    y_next = next;
  }
  return {j_v, y};
}

/// J_n of whole n >= 2 upward from J_0 and J_1, Y_n likewise.
inline double bessel_upward(double n, double x, double before, double at) {
  for (double order = 1; order < n; order += 1) {
    const double next = 2 * order / x * at - before;
    before = at;
    at = next;
  }
  return at;
}

/// v >= 0, x > 0
inline double bessel_j_positive(double v, double x) {
  if (v == 0) return bessel_j0(x);
  if (v == 1) return bessel_j1(x);
  if (x * x <= 2 * (v + 1)) return bessel_series(v, x, -1);
  if (is_far(v, x)) return bessel_hankel(v, x, false);
  if (v == std::rint(v) && v < x) return bessel_upward(v, x, bessel_j0(x), bessel_j1(x));
  return bessel_jy(v, x).j;
}
inline double bessel_y_positive(double v, double x) {
  if (v == 0) return bessel_y0(x);
  if (v == 1) return bessel_y1(x);
  if (is_far(v, x)) return bessel_hankel(v, x, true);
  if (v == std::rint(v)) return bessel_upward(v, x, bessel_y0(x), bessel_y1(x));
  return bessel_jy(v, x).y;
}

}  // namespace dualtape::ops::detail
