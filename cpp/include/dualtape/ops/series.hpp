/// Truncated power series in the parameters of a special function: its algorithm, run on them
/// instead of on numbers, gives the derivatives in the parameters along with the value.
///
/// Their orders are known at run time only, so that one instance of the code serves all.
#pragma once

#include <dualtape/ops/gamma.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace dualtape::ops::detail {

/// Derivatives in a parameter exist up to this order.
inline constexpr int kMaxParameterOrder = 7;

/// sum c(i, j) s^i t^j up to the degrees (m, n).
class Series {
 public:
  static constexpr int kSide = kMaxParameterOrder + 1;

  Series(int m, int n, double constant) : m_(m), n_(n) {
    std::fill_n(c_.begin(), size(), 0.0);
    c_[0] = constant;
  }
  /// A constant of the degrees of x.
  Series(const Series& x, double constant) : Series(x.m_, x.n_, constant) {}
  Series(const Series& x) { *this = x; }
  Series& operator=(const Series& x) {
    m_ = x.m_, n_ = x.n_;
    c_[0] = x.c_[0];  // so that the compiler sees it set
    for (int k = 1; k < size(); ++k) (*this)[k] = x[k];
    return *this;
  }
  /// value + s, value + t
  static Series first(int m, int n, double value) {
    Series x(m, n, value);
    if (m > 0) x.at(1, 0) = 1;
    return x;
  }
  static Series second(int m, int n, double value) {
    Series x(m, n, value);
    if (n > 0) x.at(0, 1) = 1;
    return x;
  }

  int size() const { return (m_ + 1) * (n_ + 1); }
  int degree() const { return m_ + n_; }
  double operator[](int k) const { return c_[static_cast<std::size_t>(k)]; }
  double& operator[](int k) { return c_[static_cast<std::size_t>(k)]; }
  double at(int i, int j) const { return (*this)[i * (n_ + 1) + j]; }
  double& at(int i, int j) { return (*this)[i * (n_ + 1) + j]; }
  /// The (m, n)-th derivative at 0.
  double last() const {
    return at(m_, n_) * kFactorials[static_cast<std::size_t>(m_)] *
           kFactorials[static_cast<std::size_t>(n_)];
  }

  Series& operator+=(const Series& x) {
    for (int k = 0; k < size(); ++k) (*this)[k] += x[k];
    return *this;
  }
  Series& operator*=(double factor) {
    for (int k = 0; k < size(); ++k) (*this)[k] *= factor;
    return *this;
  }
  friend Series operator+(Series a, const Series& b) { return a += b; }
  friend Series operator-(const Series& a) { return a * -1.0; }
  friend Series operator-(const Series& a, const Series& b) { return a + -b; }
  friend Series operator*(Series a, double b) { return a *= b; }
  friend Series operator*(double b, Series a) { return a *= b; }
  friend Series operator+(Series a, double b) {
    a[0] += b;
    return a;
  }
  friend Series operator+(double b, const Series& a) { return a + b; }
  friend Series operator-(const Series& a, double b) { return a + -b; }
  friend Series operator-(double b, const Series& a) { return -a + b; }
  friend Series operator/(const Series& a, double b) { return a * (1 / b); }
  friend Series operator/(double a, const Series& b) { return Series(b.m_, b.n_, a) / b; }

  friend Series operator*(const Series& a, const Series& b) {
    Series y(a.m_, a.n_, 0);
    for (int i = 0; i <= a.m_; ++i) {
      for (int j = 0; j <= a.n_; ++j) y.at(i, j) = a.convolution(b, i, j, 0);
    }
    return y;
  }
  friend Series operator/(const Series& a, const Series& b) {
    Series y(a.m_, a.n_, 0);
    for (int i = 0; i <= a.m_; ++i) {
      for (int j = 0; j <= a.n_; ++j) y.at(i, j) = (a.at(i, j) - y.convolution(b, i, j, 1)) / b[0];
    }
    return y;
  }

 private:
  /// Sum of at(p, q) b(i - p, j - q), without its last `skipped` terms.
  double convolution(const Series& b, int i, int j, int skipped) const {
    double sum = 0;
    for (int p = 0; p <= i; ++p) {
      const int end = p == i ? j - skipped : j;
      for (int q = 0; q <= end; ++q) sum += at(p, q) * b.at(i - p, j - q);
    }
    return sum;
  }

  int m_, n_;
  std::array<double, kSide * kSide> c_;  // beyond size() not set
};

// The same names for numbers, so that an algorithm is written once.

inline double constant_of(double x) { return x; }
inline double constant_of(const Series& x) { return x[0]; }
inline int degree_of(double) { return 0; }
inline int degree_of(const Series& x) { return x.degree(); }
inline double constant_like(double, double value) { return value; }
inline Series constant_like(const Series& x, double value) { return Series(x, value); }

/// Whether `term` adds nothing to `sum` any more.
inline bool is_negligible(double term, double sum) {
  return std::abs(term) <= 1e-17 * std::abs(sum);
}
inline bool is_negligible(const Series& term, const Series& sum) {
  for (int k = 0; k < term.size(); ++k) {
    if (!is_negligible(term[k], sum[k])) return false;
  }
  return true;
}

/// Whether c d, the next factor of a continued fraction h by Lentz's method, changes nothing but
/// the last bits, of the derivatives too: where a whole parameter ends the fraction, theirs goes
/// on.
inline bool is_unit_factor(double factor, double, double, double) {
  return std::abs(factor - 1) < 3e-16;
}
inline bool is_unit_factor(const Series& factor, const Series& c, const Series& d,
                           const Series& h) {
  for (int k = 1; k < factor.size(); ++k) {
    const double noise = std::abs(c[k] * d[0]) + std::abs(h[k] / h[0]);
    if (!(std::abs(factor[k]) <= 3e-16 * noise)) return false;
  }
  return std::abs(factor[0] - 1) < 3e-16;
}
inline constexpr int kMaxFractionSteps = 100000;

/// f(x), f given by its value at the constant term and taylor(k) = f^(k) / k! there.
template <class F>
double compose(double, double value, F&&) {
  return value;
}
template <class F>
Series compose(const Series& x, double value, F&& taylor) {
  const int degree = x.degree();
  if (degree == 0) return constant_like(x, value);
  const Series step = x - x[0];
  Series y = constant_like(x, taylor(degree));
  for (int k = degree - 1; k >= 1; --k) y = y * step + taylor(k);
  return y * step + value;
}

/// exp(x), the value given more exactly than by x.
template <class S>
S exp_of(const S& x, double value) {
  return compose(x, value, [&](int k) { return value / kFactorials[static_cast<std::size_t>(k)]; });
}
template <class S>
S log_of(const S& x, double value) {
  return compose(x, value, [r = -1 / constant_of(x)](int k) { return -std::pow(r, k) / k; });
}
template <class S>
S sqrt_of(const S& x) {
  const double root = std::sqrt(constant_of(x));
  return compose(x, root, [&](int k) {
    double c = root;
    for (int i = 0; i < k; ++i) c *= (0.5 - i) / ((i + 1) * constant_of(x));
    return c;
  });
}
/// psi^(k - 1)(x) / k!: the derivatives of log Gamma.
inline double log_gamma_taylor(int k, double x) {
  return polygamma(k - 1, x) / kFactorials[static_cast<std::size_t>(k)];
}

/// mu - log(1 + mu) for mu > -1, to a few eps: with w = mu / (2 + mu) = tanh(log(1 + mu) / 2)
///   w^2 (2 + mu - 2 w (1/3 + w^2/5 + w^4/7 + ...)).
inline double log1p_defect(double mu) {
  const double w = mu / (2 + mu);
  if (std::abs(w) > 0.4) return mu - std::log1p(mu);
  double sum = 0;
  for (int k = 20; k >= 0; --k) sum = sum * (w * w) + 1.0 / (2 * k + 3);
  return w * w * (2 + mu - 2 * w * sum);
}

/// Delta(a) = log Gamma(a) - (a - 1/2) log a + a - log(2 pi)/2: Stirling's series from 10 on.
inline double stirling_taylor(double a, int k) {
  constexpr std::array kC{1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                          1.0 / 1188, -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400};
  if (a >= 10) {
    double sum = 0;
    for (int j = 7; j >= 0; --j) {
      double c = kC[static_cast<std::size_t>(j)];  // c a^-(2j + 1) and its derivatives
      for (int i = 0; i < k; ++i) c *= -(2 * j + 1 + i) / (i + 1.0);
      sum = sum / (a * a) + c;
    }
    return sum * std::pow(a, -1 - k);
  }
  if (k == 0) return log_gamma(a) - ((a - 0.5) * (std::log(a) - 1) + 0.4189385332046727);
  if (k == 1) return digamma(a) - std::log(a) + 0.5 / a;
  // (a - 1/2) log a - a has the derivatives (-1)^k (k - 2)! a^(1 - k) (1 + (k - 1) / (2 a)).
  const double own = (1 + 0.5 * (k - 1) / a) / (k * (k - 1.0) * std::pow(-a, k - 1));
  return log_gamma_taylor(k, a) + own;
}
template <class S>
S stirling_correction(const S& a) {
  const double a0 = constant_of(a);
  return compose(a, stirling_taylor(a0, 0), [&](int k) { return stirling_taylor(a0, k); });
}

}  // namespace dualtape::ops::detail
