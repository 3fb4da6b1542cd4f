/// Trigonometric functions, their inverses, arctan2 and hypot.
#pragma once

#include <dualtape/ops/powers.hpp>

#include <cmath>
#include <numbers>

namespace dualtape::ops {

namespace detail {

/// 1 - x^2, relatively exact with its derivatives on [-1, 1]: the product cancels nothing near
/// |x| = 1, but its derivative does near 0, and 1 - x*x the other way round.
template <class T>
T one_minus_square(const T& x) {
  return select(square(x) < T(0.25), T(1) - square(x), (T(1) - x) * (T(1) + x));
}

}  // namespace detail

/// sin
struct Sin {
  static constexpr std::string_view name = "sin";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -7, .hi = 7, .special = {0, 1e-20, 1e6, -100}}};
  template <class T>
  static T value(const T& x) {
    using std::sin;
    return sin(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return cos(x);
  }
};

/// cos
struct Cos {
  static constexpr std::string_view name = "cos";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -7, .hi = 7, .special = {0, 1e-20, 1e6, -100}}};
  template <class T>
  static T value(const T& x) {
    using std::cos;
    return cos(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return -sin(x);
  }
};

/// tan,  pushforward (1 + y^2) x_dot.
struct Tan {
  static constexpr std::string_view name = "tan";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -7, .hi = 7, .special = {0, 1e-20, 1.5707963, 1e6}}};
  template <class T>
  static T value(const T& x) {
    using std::tan;
    return tan(x);
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return T(1) + square(y);
  }
};

/// arcsin : [-1, 1] -> [-pi/2, pi/2],  pushforward x_dot / sqrt(1 - x^2); +inf at the ends.
struct ArcSin {
  static constexpr std::string_view name = "arcsin";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 3;
  static constexpr Sampling sampling{
      {.lo = -0.99, .hi = 0.99, .special = {0, 1e-20, -0.9999999, 0.999999999}}};
  template <class T>
  static T value(const T& x) {
    using std::asin;
    return asin(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1) / sqrt(detail::one_minus_square(x));
  }
};

/// arccos : [-1, 1] -> [0, pi],  pushforward -x_dot / sqrt(1 - x^2); -inf at the ends.
struct ArcCos {
  static constexpr std::string_view name = "arccos";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2.5;
  static constexpr Sampling sampling{
      {.lo = -0.99, .hi = 0.99, .special = {0, 1e-20, -0.9999999, 0.999999999}}};
  template <class T>
  static T value(const T& x) {
    using std::acos;
    return acos(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(-1) / sqrt(detail::one_minus_square(x));
  }
};

/// arctan : R -> (-pi/2, pi/2),  pushforward x_dot / (1 + x^2).
struct ArcTan {
  static constexpr std::string_view name = "arctan";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2.5;
  static constexpr Sampling sampling{{.special = {0, 1e-20, -1e6, 1e20}}};
  template <class T>
  static T value(const T& x) {
    using std::atan;
    return atan(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1) / (T(1) + square(x));
  }
};

/// arctan2 : (y, x) -> angle of (x, y) in [-pi, pi],
///   pushforward (x y_dot - y x_dot) / (x^2 + y^2), with r = smaller / larger so that no square
///   over- or underflows: with |x| >= |y|, x^2 + y^2 = x^2 (1 + r^2). NaN at the origin, where none
///   exists.
struct ArcTan2 {
  static constexpr std::string_view name = "arctan2";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 3;
  static constexpr Sampling sampling{{.special = {0, 1e-50, -1e50}}, {.special = {1, -3, 1e50}}};
  template <class T>
  static T value(const T& y, const T& x) {
    using std::atan2;
    return atan2(y, x);
  }
  template <int I, class T>
  static T partial(const T& y, const T& x, const T& /*angle*/) {
    const auto x_is_larger = absolute(x) >= absolute(y);
    const T larger = select(x_is_larger, x, y);
    const T r = select(x_is_larger, y, x) / larger;
    const T scale = T(1) / (larger * (T(1) + square(r)));
    if constexpr (I == 0) {
      return scale * select(x_is_larger, T(1), r);
    } else {
      return -scale * select(x_is_larger, r, T(1));
    }
  }
};

/// hypot : sqrt(a^2 + b^2),  pushforward (a a_dot + b b_dot) / y; 0 at the origin, as absolute's.
/// Written in r = smaller / larger: a / y differentiated once more is 1/y - a^2/y^3, which cancels
/// for |a| >> |b|; here the larger argument's derivative is sign / sqrt(1 + r^2).
struct Hypot {
  static constexpr std::string_view name = "hypot";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.special = {1, 1e-50, -1e50}}, {.special = {1, -3, 1e50}}};
  template <class T>
  static T value(const T& a, const T& b) {
    using std::hypot;
    return hypot(a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    const auto a_is_larger = absolute(a) >= absolute(b);
    const T larger = select(a_is_larger, a, b);
    const T r = select(a_is_larger, b, a) / select(larger == T(0), T(1), larger);
    const T cosine = sign(larger) / sqrt(T(1) + square(r));
    if constexpr (I == 0) {
      return cosine * select(a_is_larger, T(1), r);
    } else {
      return cosine * select(a_is_larger, r, T(1));
    }
  }
};

}  // namespace dualtape::ops
