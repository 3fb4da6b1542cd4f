/// The zeta functions of Hurwitz and Riemann, with derivatives in both arguments.
#pragma once

#include <dualtape/ops/bessel_kernels.hpp>
#include <dualtape/ops/incomplete.hpp>

namespace dualtape::ops {

namespace detail {

/// x^-s; x < 0 for whole s alone, without derivatives in s.
inline double negative_power(double s, double x) { return std::pow(x, -s); }
inline Series negative_power(const Series& s, double x) {
  return exp_of(s * -std::log(x), std::pow(x, -s[0]));
}

/// sum_{k >= 0} (q + k)^-s by Euler and Maclaurin's formula, s > 0, s != 1. Source: DLMF 25.11.28.
template <class S>
S hurwitz_sum(const S& s, double q) {
  constexpr std::array kB{0.08333333333333333,    -0.001388888888888889,   3.306878306878307e-05,
                          -8.267195767195768e-07, 2.08767569878681e-08,    -5.284190138687493e-10,
                          1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15,
                          -2.174868698558062e-16, 5.5090028283602295e-18};  // B_2j / (2j)!
  const double far = 10 + 0.4 * constant_of(s);
  S sum = constant_like(s, 0);
  for (; q < far; q += 1) {
    const S term = negative_power(s, q);
    sum = sum + term;
    if (is_negligible(term, sum)) return sum;
  }
  const S power = negative_power(s, q);
  S rising = s / q, tail = constant_like(s, 0.5);  // s (s + 1) ... (s + 2j) / q^(2j + 1)
  for (std::size_t j = 0; j < kB.size(); ++j) {
    tail = tail + rising * kB[j];
    const double k = 2 * static_cast<double>(j) + 1;
    rising = rising * ((s + k) * (s + (k + 1))) / (q * q);
  }
  return sum + power * (tail + q / (s - 1.0));
}

/// zeta(s) = 2 (2 pi)^(s - 1) sin(pi s/2) Gamma(1 - s) zeta(1 - s) for s < 0.
template <class S>
S reflected_zeta(const S& s) {
  const double s0 = constant_of(s), half = 0.5 * std::numbers::pi;
  const double sine = sin_pi(0.5 * s0), cosine = cos_pi(0.5 * s0);
  const S sines = compose(s, sine, [&](int k) {
    const double cycle[] = {sine, cosine, -sine, -cosine};
    return cycle[k % 4] * std::pow(half, k) / kFactorials[static_cast<std::size_t>(k)];
  });
  const S log_gammas =
      compose(s, 0.0, [&](int k) { return (k % 2 == 1 ? -1 : 1) * log_gamma_taylor(k, 1 - s0); });
  const double size = s0 > -150
                          ? std::tgamma(1 - s0) * std::pow(2 * std::numbers::pi, s0 - 1)
                          : std::exp(log_gamma(1 - s0) + (s0 - 1) * std::log(2 * std::numbers::pi));
  const S factor = exp_of(s * std::log(2 * std::numbers::pi) + log_gammas, 2 * size);
  return sines * factor * hurwitz_sum(1.0 - s, 1);
}

/// The m-th derivative in s and the k-th one in q of zeta(s, q), (-1)^k (s)_k zeta(s + k, q).
inline double zeta_orders(int n, double s, double q) {
  const int m = order_of(n, 0), k = last_order_of(n, 1);
  if (std::isnan(s) || std::isnan(q)) return kNaN;
  const bool riemann = q == 1 && k == 0;
  if (s + k == 1) return k > 0 ? kNaN : m % 2 == 1 ? -kInf : kInf;
  if (s < 0 && !riemann) return kNaN;
  if (q <= 0) {
    if (q == std::rint(q)) return m + k == 0 ? kInf : kNaN;
    if (s != std::rint(s) || m > 0) return kNaN;
  }
  if (std::isinf(s) || std::isinf(q))
    return m == 0 && std::isinf(s) && riemann ? 1 : s > 1 && std::isinf(q) ? 0 : kNaN;
  if (m == 0 && k == 0) return s < 0 ? reflected_zeta(s) : hurwitz_sum(s, q);
  const Series t = Series::first(m, 0, s);
  if (s < 0) return reflected_zeta(t).last();
  Series factor(t, 1);
  for (int i = 0; i < k; ++i) factor = factor * -(t + double(i));
  return (factor * hurwitz_sum(t + double(k), q)).last();
}

}  // namespace detail

/// zeta : sum_{k >= 0} (q + k)^-s; for q = 1 Riemann's function, continued below 1. Derivatives by
/// their orders.
struct Zeta : detail::FunctionOfOrders<Zeta, 1> {
  static constexpr std::string_view name = "zeta";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 1.2, .hi = 12, .special = {1.01, 2, 3, 40}},
                                     {.lo = 0.4, .hi = 20, .special = {1, 0.05, 3, 100}}};
  static double evaluate(int n, double s, double q) { return detail::zeta_orders(n, s, q); }
};

}  // namespace dualtape::ops
