/// Error functions and the gamma family.
#pragma once

#include <dualtape/ops/erfc.hpp>
#include <dualtape/ops/erfinv.hpp>
#include <dualtape/ops/exponential.hpp>
#include <dualtape/ops/gamma.hpp>

#include <cmath>
#include <numbers>

namespace dualtape::ops {

namespace detail {

/// x in [-30, 30], where exp(-x^2) of the ends is 0 in float64 and float32.
template <class T>
T inside_thirty(const T& x) {
  return select(x > T(30), T(30), select(x < T(-30), T(-30), x));
}

/// exp(-x^2) to a few eps in the tail too, where rounding x^2 alone costs x^2 eps: with h = x
/// rounded to 1/16, h^2 is exact and x^2 - h^2 = (x - h)(x + h) small.
template <class T>
T exp_of_minus_square(const T& x) {
  using std::exp;
  using std::rint;
  const T inside = inside_thirty(x);
  const T h = rint(inside * T(16)) * T(0.0625);
  return exp(-(h * h)) * exp((h - inside) * (h + inside));
}

}  // namespace detail

/// exp_minus_square : R -> (0, 1], exp(-x^2),  pushforward -2 x exp(-x^2) x_dot, 0 at infinity. No
/// name in Python: what stands in the derivatives of the error functions.
struct ExpMinusSquare {
  static constexpr std::string_view name = "exp_minus_square";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -5, .hi = 5, .special = {0, 1e-20, 15, -26}}};
  template <class T>
  static T value(const T& x) {
    using detail::exp_of_minus_square;
    return exp_of_minus_square(x);
  }
  template <class T>
  static T partial(const T& x, const T& y) {
    return T(-2) * detail::inside_thirty(x) * y;
  }
};

/// erf,  pushforward 2/sqrt(pi) exp(-x^2) x_dot.
struct Erf {
  static constexpr std::string_view name = "erf";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2.5;
  static constexpr Sampling sampling{{.lo = -6, .hi = 6, .special = {0, 1e-20, 15, -26}}};
  template <class T>
  static T value(const T& x) {
    using std::erf;
    return erf(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(2 * std::numbers::inv_sqrtpi) * exp_minus_square(x);
  }
};

/// erfc : 1 - erf(x),  pushforward -2/sqrt(pi) exp(-x^2) x_dot.
struct Erfc {
  static constexpr std::string_view name = "erfc";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -6, .hi = 6, .special = {0, 1e-20, 15, 26}}};
  template <class T>
  static T value(const T& x) {
    using detail::erfc;
    return erfc(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(-2 * std::numbers::inv_sqrtpi) * exp_minus_square(x);
  }
};

/// erfinv : (-1, 1) -> R,  pushforward sqrt(pi)/2 exp(y^2) x_dot.
struct ErfInv {
  static constexpr std::string_view name = "erfinv";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{
      {.lo = -0.99, .hi = 0.99, .special = {0, 1e-20, 0.9999, -0.5}}};
  template <class T>
  static T value(const T& x) {
    using detail::erfinv;
    return erfinv(x);
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return T(0.5 / std::numbers::inv_sqrtpi) / exp_minus_square(y);
  }
};

/// erfcinv : (0, 2) -> R,  pushforward -sqrt(pi)/2 exp(y^2) x_dot, to 2 y^2 eps: y is rounded.
struct ErfcInv {
  static constexpr std::string_view name = "erfcinv";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{
      {.lo = 0.01, .hi = 1.99, .special = {1e-10, 1e-70, 0.5, 1.5, 1.9999}}};
  template <class T>
  static T value(const T& x) {
    using detail::erfcinv;
    return erfcinv(x);
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return T(-0.5 / std::numbers::inv_sqrtpi) / exp_minus_square(y);
  }
};

/// gammaln : log |Gamma(x)|,  pushforward digamma(x) x_dot. Near its zeros below -2 exact to 4 ulp
/// of log Gamma(-x) only.
struct GammaLn {
  static constexpr std::string_view name = "gammaln";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{
      {.lo = 0.05, .hi = 20, .special = {1, 2, 1e-20, -0.5, -3.75, -20.25, 1e10}}};
  template <class T>
  static T value(const T& x) {
    using detail::log_gamma;
    return log_gamma(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return digamma(x);
  }
};

/// digamma : Gamma'(x) / Gamma(x),  pushforward polygamma(1, x) x_dot. Near its zeros below 0 exact
/// to 4 ulp of digamma(1 - x) only.
struct Digamma {
  static constexpr std::string_view name = "digamma";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{
      {.lo = 0.05, .hi = 20, .special = {1, 1.4616, 1e-10, -0.25, -3.75, -20.25, 1e10}}};
  template <class T>
  static T value(const T& x) {
    using detail::digamma;
    return static_cast<T>(digamma(x));
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return polygamma(1, x);
  }
};

/// polygamma : n-th derivative of digamma,  pushforward polygamma(n + 1, x) x_dot. Near its zeros
/// (even n, x < 0) exact to 4 ulp of polygamma(n, 1 - x) and of the terms about x only.
struct Polygamma {
  static constexpr std::string_view name = "polygamma";
  static constexpr int arity = 1;
  static constexpr bool parametric = true;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{
      {.lo = 0.05, .hi = 20, .special = {1, 1e-10, -0.25, -3.75, -20.25, 1e10}}};
  static constexpr std::array parameters{0, 1, 2, 3, 4, 7};
  template <class T>
  static T value(int n, const T& x) {
    using detail::polygamma;
    return static_cast<T>(polygamma(n, x));
  }
  template <class T>
  static T partial(int n, const T& x, const T& /*y*/) {
    return polygamma(n + 1, x);
  }
};

}  // namespace dualtape::ops
