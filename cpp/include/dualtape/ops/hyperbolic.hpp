/// Hyperbolic functions and their inverses.
#pragma once

#include <dualtape/ops/exponential.hpp>
#include <dualtape/ops/trigonometric.hpp>

#include <cmath>

namespace dualtape::ops {

/// sinh
struct Sinh {
  static constexpr std::string_view name = "sinh";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 3;
  static constexpr Sampling sampling{{.lo = -10, .hi = 10, .special = {0, 1e-20, 700, -700}}};
  template <class T>
  static T value(const T& x) {
    using std::sinh;
    return sinh(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return cosh(x);
  }
};

/// cosh
struct Cosh {
  static constexpr std::string_view name = "cosh";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = -10, .hi = 10, .special = {0, 1e-20, 700, -700}}};
  template <class T>
  static T value(const T& x) {
    using std::cosh;
    return cosh(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return sinh(x);
  }
};

/// sech2 : R -> (0, 1], 1 / cosh(x)^2,  pushforward -2 tanh(x) sech2(x) x_dot.
///
/// As 4e / (1 + e)^2, e = exp(-2|x|): 1 / cosh^2 overflows in the tails and 1 - tanh^2 cancels (4 %
/// wrong at x = 18, 0 from 19.1 on). The square is 1 + e (2 + e), which rounds half as much where e
/// is small, but for complex numbers, where it cancels at the pole. A function of its own for what
/// stands in its pushforward: the derivative of the formula cancels near 0. No name in Python:
/// tanh's derivative.
struct Sech2 {
  static constexpr std::string_view name = "sech2";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{
      {.lo = -20, .hi = 20, .special = {0, 1e-20, -46, 46, -350, 350}}};
  template <class T>
  static T value(const T& x) {
    const T e = Exp::value(T(-2) * select(x < T(0), -x, x));
    if constexpr (is_complex<T>) {
      return T(4) * e / Square::value(T(1) + e);
    } else {
      return T(4) * e / (T(1) + e * (T(2) + e));
    }
  }
  template <class T>
  static T partial(const T& x, const T& y) {
    return T(-2) * tanh(x) * y;
  }
};

/// tanh : R -> (-1, 1),  pushforward sech2(x) x_dot.
struct Tanh {
  static constexpr std::string_view name = "tanh";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2.5;
  static constexpr Sampling sampling{
      {.lo = -20, .hi = 20, .special = {0, 1e-20, -46, 46, -356, 356}}};
  template <class T>
  static T value(const T& x) {
    using std::tanh;
    return tanh(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return sech2(x);
  }
};

/// arcsinh,  pushforward x_dot / sqrt(1 + x^2); for |x| > 1 as |r| / sqrt(1 + r^2), r = 1/x, which
/// cannot overflow.
struct ArcSinh {
  static constexpr std::string_view name = "arcsinh";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2.5;
  static constexpr Sampling sampling{{.lo = -10, .hi = 10, .special = {0, 1e-20, -1e10, 1e60}}};
  template <class T>
  static T value(const T& x) {
    using std::asinh;
    return asinh(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    const T a = select(x < T(0), -x, x);
    const auto large = a > T(1);
    const T r = select(large, T(1) / select(large, a, T(1)), a);
    return select(large, r, T(1)) / sqrt(T(1) + square(r));
  }
};

/// arccosh : [1, inf) -> [0, inf),  pushforward x_dot / (sqrt(x - 1) sqrt(x + 1)): neither cancels
/// near 1 nor overflows; +inf at 1.
struct ArcCosh {
  static constexpr std::string_view name = "arccosh";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 3;
  static constexpr Sampling sampling{{.lo = 1.01, .hi = 10, .special = {1.0000001, 1e10, 1e60}}};
  template <class T>
  static T value(const T& x) {
    using std::acosh;
    return acosh(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1) / (sqrt(x - T(1)) * sqrt(x + T(1)));
  }
};

/// arctanh : (-1, 1) -> R,  pushforward x_dot / (1 - x^2); +inf at the ends.
struct ArcTanh {
  static constexpr std::string_view name = "arctanh";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2.5;
  static constexpr Sampling sampling{
      {.lo = -0.99, .hi = 0.99, .special = {0, 1e-20, -0.9999999, 0.999999999}}};
  template <class T>
  static T value(const T& x) {
    using std::atanh;
    return atanh(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1) / detail::one_minus_square(x);
  }
};

}  // namespace dualtape::ops
