/// Absolute value, sign, rounding and division with remainder: piecewise smooth or constant.
#pragma once

#include <dualtape/ops/arithmetic.hpp>

#include <cmath>

namespace dualtape::ops {

/// absolute : |x|,  pushforward sign(x) x_dot; 0 at the kink.
struct Absolute {
  static constexpr std::string_view name = "absolute";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300, -1e-300}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (std::is_unsigned_v<T>) {
      return x;
    } else if constexpr (std::is_integral_v<T>) {
      return x < 0 ? Negative::value(x) : x;
    } else {
      using std::abs;
      return abs(x);
    }
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return sign(x);
  }
};

/// sign : -1, 0 or 1; NaN of NaN.
struct Sign {
  static constexpr std::string_view name = "sign";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kLocallyConstant;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300, -1e-300}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (std::is_unsigned_v<T>) {
      return static_cast<T>(x > T(0) ? 1 : 0);
    } else if constexpr (std::is_integral_v<T>) {
      return static_cast<T>((x > T(0) ? 1 : 0) - (x < T(0) ? 1 : 0));
    } else {
      // x + 0 keeps NaN and turns -0 into NumPy's +0.
      return select(x > T(0), T(1), select(x < T(0), T(-1), x + T(0)));
    }
  }
};

/// floor
struct Floor {
  static constexpr std::string_view name = "floor";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kLocallyConstant;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, -2, 0.5, -0.5, 1e300}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      using std::floor;
      return floor(x);
    }
  }
};

/// ceil
struct Ceil {
  static constexpr std::string_view name = "ceil";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kLocallyConstant;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, -2, 0.5, -0.5, 1e300}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      using std::ceil;
      return ceil(x);
    }
  }
};

/// trunc : rounds towards zero.
struct Trunc {
  static constexpr std::string_view name = "trunc";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kLocallyConstant;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, -2, 0.5, -0.5, 1e300}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (std::is_integral_v<T>) {
      return x;
    } else {
      using std::trunc;
      return trunc(x);
    }
  }
};

/// rint : rounds to the nearest integer, halves to even.
struct Rint {
  static constexpr std::string_view name = "rint";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kLocallyConstant;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, -2, 0.5, 1.5, -0.5, 1e300}}};
  template <class T>
  static T value(const T& x) {
    using std::rint;
    return rint(x);
  }
};

/// heaviside : 0, h or 1 for x < 0, x = 0, x > 0; linear in h at x = 0.
struct Heaviside {
  static constexpr std::string_view name = "heaviside";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, -1}}, {.special = {0.5}}};
  template <class T>
  static T value(const T& x, const T& h) {
    return select(x < T(0), T(0), select(x > T(0), T(1), select(x == T(0), h, x)));
  }
  template <int I, class T>
  static T partial(const T& x, const T& /*h*/, const T& /*y*/) {
    if constexpr (I == 0) {
      return T(0);
    } else {
      return select(x == T(0), T(1), T(0));
    }
  }
};

/// copysign : |a| with the sign of b,  pushforward sign(a) sign(b) a_dot, -0 counting as negative
/// in b; 0 at a = 0.
struct CopySign {
  static constexpr std::string_view name = "copysign";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, -1}}, {.special = {1, -1}}};
  template <class T>
  static T value(const T& a, const T& b) {
    using std::copysign;
    return copysign(a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    if constexpr (I == 0) {
      return sign(a) * copysign(T(1), b);
    } else {
      return T(0);
    }
  }
};

/// fmod : a - b trunc(a / b), the sign of a. The quotient is taken back from the result: a / b
/// alone may round across an integer.
struct Fmod {
  static constexpr std::string_view name = "fmod";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20}, {.lo = 0.5, .hi = 4, .special = {-3}}};
  template <class T>
  static T value(const T& a, const T& b) {
    if constexpr (std::is_unsigned_v<T>) {
      return b == T(0) ? T(0) : static_cast<T>(a % b);
    } else if constexpr (std::is_integral_v<T>) {
      // INT_MIN % -1 overflows
      return b == T(0) || b == T(-1) ? T(0) : static_cast<T>(a % b);
    } else {
      using std::fmod;
      return fmod(a, b);
    }
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& y) {
    if constexpr (I == 0) {
      return T(1);
    } else {
      return -rint((a - y) / b);
    }
  }
};

/// remainder : a - b floor(a / b), the sign of b, as Python's and NumPy's %.
struct Remainder {
  static constexpr std::string_view name = "remainder";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 1;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20}, {.lo = 0.5, .hi = 4, .special = {-3}}};
  template <class T>
  static T value(const T& a, const T& b) {
    const T r = Fmod::value(a, b);
    if constexpr (std::is_unsigned_v<T>) {
      return r;
    } else {
      const auto other_side = mask_and((r < T(0)) != (b < T(0)), r != T(0));
      if constexpr (std::is_integral_v<T>) {
        return other_side ? Add::value(r, b) : r;
      } else {
        using std::copysign;
        return select(other_side, r + b, select(r == T(0), copysign(T(0), b), r));
      }
    }
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& y) {
    if constexpr (I == 0) {
      return T(1);
    } else {
      return -rint((a - y) / b);
    }
  }
};

/// floor_divide : floor(a / b) as NumPy computes it, consistent with remainder; integers by zero
/// give 0.
struct FloorDivide {
  static constexpr std::string_view name = "floor_divide";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kLocallyConstant;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20}, {.lo = 0.5, .hi = 4, .special = {-3}}};
  template <class T>
  static T value(const T& a, const T& b) {
    if constexpr (std::is_unsigned_v<T>) {
      return b == T(0) ? T(0) : static_cast<T>(a / b);
    } else if constexpr (std::is_integral_v<T>) {
      if (b == T(0)) return T(0);
      if (b == T(-1)) return Negative::value(a);
      const T quotient = static_cast<T>(a / b);
      const bool inexact = static_cast<T>(quotient * b) != a;
      return static_cast<T>(quotient - (inexact && (a < T(0)) != (b < T(0)) ? 1 : 0));
    } else {
      using std::copysign;
      using std::floor;
      // Not from the remainder: that is infinite where b is and the signs differ.
      const T r = Fmod::value(a, b);
      const auto other_side = mask_and(r != T(0), (r < T(0)) != (b < T(0)));
      const T quotient = (a - r) / b - select(other_side, T(1), T(0));
      const T floored = floor(quotient);
      const T rounded = select(quotient - floored > T(0.5), floored + T(1), floored);
      const T nonzero = select(quotient == T(0), copysign(T(0), a / b), rounded);
      return select(b == T(0), a / b, nonzero);
    }
  }
};

}  // namespace dualtape::ops
