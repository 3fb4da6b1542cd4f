/// Bessel functions of any order and argument, and their derivatives in the argument, as SciPy's at
/// the edges.
#pragma once

#include <dualtape/ops/bessel_orders.hpp>

namespace dualtape::ops::detail {

inline bool is_whole(double v) { return v == std::rint(v); }
inline bool is_odd(double v) { return std::fmod(v, 2) != 0; }

/// J_v(x): x < 0 for whole orders alone.
inline double bessel_j(double v, double x) {
  if (!(std::abs(v) <= kMaxBesselOrder) || std::isnan(x)) return kNaN;
  const bool whole = is_whole(v), flip = whole && is_odd(v) && (x < 0) != (v < 0);
  if (x < 0 && !whole) return kNaN;
  const double size = std::abs(x), order = std::abs(v);
  if (size == 0) return order == 0 ? 1 : v > 0 || whole ? 0 : sin_pi(order) * kInf;
  double y = bessel_j_positive(order, size);
  if (v < 0 && !whole) y = cos_pi(order) * y - sin_pi(order) * bessel_y_positive(order, size);
  return flip ? -y : y;
}

/// Y_v(x), x >= 0.
inline double bessel_y(double v, double x) {
  if (!(std::abs(v) <= kMaxBesselOrder && x >= 0)) return kNaN;
  const double order = std::abs(v);
  const double sine = sin_pi(order), cosine = cos_pi(order);
  if (x == 0) return v >= 0 ? -kInf : cosine == 0 ? 0 : -cosine * kInf;
  double y = bessel_y_positive(order, x);
  if (v < 0) y = cosine * y + (sine == 0 ? 0 : sine * bessel_j_positive(order, x));
  return y;
}

/// exp(-|x|) I_v(x): x < 0 for whole orders alone.
inline double bessel_ie(double v, double x);

/// exp(x) K_v(x), x >= 0.
inline double bessel_ke(double v, double x) {
  if (!(std::abs(v) <= kMaxBesselOrder && x >= 0)) return kNaN;
  if (x == 0 || std::isinf(x)) return x == 0 ? kInf : 0;
  const double order = std::abs(v);
  return order == 1 ? bessel_k1e(x) : bessel_k_pair(order, x).at;
}

/// The k-th derivative of x^(-1/2) sum (sign/x)^j a_j: K and I for large x, scaled, without the
/// factors sqrt(pi/2) and 1/sqrt(2 pi).
inline double scaled_asymptote(double v, double x, int k, double sign) {
  double term = 1 / std::sqrt(x), sum = 0;
  for (int j = 0; j < 100 && std::abs(term) > 1e-17 * std::abs(sum); ++j) {
    double slope = term;
    for (int i = 0; i < k; ++i) slope *= -(j + 0.5 + i) / x;
    sum += slope;
    term *= sign * hankel_step(v, j + 1) / x;
  }
  return sum;
}

inline double bessel_ie(double v, double x) {
  if (!(std::abs(v) <= kMaxBesselOrder) || std::isnan(x)) return kNaN;
  const bool whole = is_whole(v);
  if (x < 0 && !whole) return kNaN;
  const double size = std::abs(x), order = std::abs(v);
  if (std::isinf(x)) return 0;
  if (size == 0) return order == 0 ? 1 : v > 0 || whole ? 0 : sin_pi(order) * kInf;
  double y = is_far(order, size) && order > 1
                 ? scaled_asymptote(order, size, 0, -1) / std::sqrt(2 * std::numbers::pi)
                 : bessel_i_positive(order, size);
  if (v < 0 && !whole) {
    const double k = bessel_ke(order, size) * std::exp(-2 * size);
    y += 2 * std::numbers::inv_pi * sin_pi(order) * k;
  }
  return x < 0 && is_odd(v) ? -y : y;
}

/// 2^-k sum_i C(k, i) sign^i f(v - k + 2i): the k-th derivative of J, Y (sign = -1), I and, but for
/// (-1)^k, K.
template <class F>
double bessel_derivative(int k, double v, double sign, F&& f) {
  double sum = 0, binomial = 1;
  for (int i = 0; i <= k; ++i) {
    // -J_1 or I_1 for the two equal terms of order 0's first derivative
    if (k == 1 && v == 0) return sign * f(1.0);
    sum += binomial * f(v - k + 2 * i);
    binomial *= sign * (k - i) / (i + 1.0);
  }
  return std::ldexp(sum, -k);
}

inline double bessel_j_order(int k, double v, double x) {
  return bessel_derivative(k, v, -1, [x](double order) { return bessel_j(order, x); });
}
inline double bessel_y_order(int k, double v, double x) {
  return bessel_derivative(k, v, -1, [x](double order) { return bessel_y(order, x); });
}

/// exp(-|x|) times the k-th derivative of I_v.
inline double scaled_i_order(int k, double v, double x) {
  return bessel_derivative(k, v, 1, [x](double order) { return bessel_ie(order, x); });
}
inline double bessel_i_order(int k, double v, double x) {
  const double y = scaled_i_order(k, v, x), half = std::exp(0.5 * std::abs(x));
  if (std::isinf(x)) return std::isnan(v) ? kNaN : (x < 0 && is_odd(v + k) ? -kInf : kInf);
  return half * y * half;  // exp(|x|) alone overflows too early
}
/// exp(x) times (-1)^k times the k-th derivative of K_v.
inline double scaled_k_order(int k, double v, double x) {
  return bessel_derivative(k, v, 1, [x](double order) { return bessel_ke(order, x); });
}
inline double bessel_k_order(int k, double v, double x) {
  const double sign = k % 2 == 1 ? -1 : 1;
  return sign * scaled_k_order(k, v, x) * std::exp(-x);
}

/// k-th derivative of exp(-|x|) I_v(x). At 0, between the slopes of the two sides: their mean.
inline double bessel_ie_order(int k, double v, double x) {
  const double order = std::abs(v), size = std::abs(x);
  if (k == 0 || std::isnan(v) || std::isnan(x)) return bessel_ie(v, x);
  if (is_far(order, size) && (x > 0 || is_whole(v))) {
    const double y = scaled_asymptote(order, size, k, -1) / std::sqrt(2 * std::numbers::pi);
    return x < 0 && is_odd(v + k) ? -y : y;
  }
  const double sign = x > 0 ? -1 : x < 0 ? 1 : 0;
  double sum = 0, binomial = 1;
  for (int i = 0; i <= k; ++i) {
    const bool odd = (k - i) % 2 == 1;
    if (!odd || sign != 0) sum += (odd ? sign : 1) * binomial * scaled_i_order(i, v, x);
    binomial *= (k - i) / (i + 1.0);
  }
  return sum;
}
/// k-th derivative of exp(x) K_v(x).
inline double bessel_ke_order(int k, double v, double x) {
  if (k == 0 || !(x > 0)) return k % 2 == 1 ? -bessel_ke(v, x) : bessel_ke(v, x);
  if (is_far(v, x)) return scaled_asymptote(v, x, k, 1) * std::sqrt(0.5 * std::numbers::pi);
  double sum = 0, binomial = 1;
  for (int i = 0; i <= k; ++i) {
    sum += (i % 2 == 1 ? -1 : 1) * binomial * scaled_k_order(i, v, x);
    binomial *= (k - i) / (i + 1.0);
  }
  return sum;
}

}  // namespace dualtape::ops::detail
