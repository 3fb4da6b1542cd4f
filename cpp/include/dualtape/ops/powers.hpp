/// Powers and roots.
#pragma once

#include <dualtape/ops/arithmetic.hpp>

#include <cmath>

namespace dualtape::ops {

namespace detail {

/// x^n, two roundings at most; further on products lose more than pow does.
template <std::floating_point T>
T power_of_integer(int n, T x) {
  if (n == 0) return T(1);
  if (n == 1) return x;
  if (n == 2) return x * x;
  if (n == 3) return x * x * x;
  if (n == 4) return (x * x) * (x * x);
  return std::pow(x, static_cast<T>(n));
}

}  // namespace detail

/// square : x^2
struct Square {
  static constexpr std::string_view name = "square";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.special = {0, 1e150, -1e-150}}};
  template <class T>
  static T value(const T& x) {
    return Multiply::value(x, x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(2) * x;
  }
};

/// power : a^b with C's pow: every zero, sign and infinity case as NumPy's.
///   d/da = b a^(b-1).  0 where a = b = 0 (0 * inf otherwise); exact at a = 0 for b = 1, 2, ...;
///          a negative a with an integer b needs no logarithm.
///   d/db = y log(a).   0 where y = 0 (a = 0 < b, or a = inf, b < 0) and at a = b = 0; NaN for a <
///   0,
///          where the function of b exists at integers only.
struct Power {
  static constexpr std::string_view name = "power";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 1;
  static constexpr Sampling sampling{{.lo = 0.125, .hi = 8, .special = {1, 1e10, 1e-10}},
                                     {.lo = -5, .hi = 5, .special = {0, 1, 2, 3, -1, 0.5}}};
  template <class T>
  static T value(const T& a, const T& b) {
    if constexpr (is_complex<T>) {  // The logarithm of zero would make all of these NaN.
      if (b == T(0)) return T(1);
      if (a == T(0) && b.real() > 0) return T(0);
    }
    using std::pow;
    return pow(a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& y) {
    if constexpr (I == 0) {
      const auto zero_to_zero = mask_and(a == T(0), b == T(0));
      const T safe = select(zero_to_zero, T(1), a);
      return select(zero_to_zero, T(0), b * power(safe, b - T(1)));
    } else {
      const auto vanishes = mask_or(y == T(0), mask_and(a == T(0), b == T(0)));
      return select(vanishes, T(0), y * log(select(vanishes, T(1), a)));
    }
  }
};

/// integer_power : x^n for a structural integer n,  pushforward n x^(n-1) x_dot.
struct IntegerPower {
  static constexpr std::string_view name = "integer_power";
  static constexpr int arity = 1;
  static constexpr bool parametric = true;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;  // n >= 0
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.special = {1, -1, 1e25, -1e-25}}};
  static constexpr std::array parameters{0, 1, 2, 3, 4, 5, 10, -1, -2, -3};
  template <class T>
  static T value(int n, const T& x) {
    if constexpr (std::is_integral_v<T> || is_complex<T>) {
      return by_squaring(n, x);
    } else {
      using detail::power_of_integer;
      return power_of_integer(n, x);
    }
  }
  template <class T>
  static T partial(int n, const T& x, const T& /*y*/) {
    return n == 0 ? T(0) : T(n) * integer_power(x, n - 1);
  }

 private:
  template <class T>
  static T by_squaring(int n, const T& x) {
    if constexpr (!std::is_integral_v<T>) {
      if (n < 0) return T(1) / by_squaring(-n, x);
    }
    T result = T(1);
    T base = x;
    for (; n > 0; n >>= 1) {
      if (n & 1) result = Multiply::value(result, base);
      if (n > 1) base = Multiply::value(base, base);
    }
    return result;
  }
};

/// sqrt : [0, inf),  pushforward x_dot / (2 y); +inf at 0.
struct Sqrt {
  static constexpr std::string_view name = "sqrt";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.lo = 0.01, .hi = 100, .special = {1e-60, 1e60}}};
  template <class T>
  static T value(const T& x) {
    using std::sqrt;
    return sqrt(x);
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return T(0.5) / y;
  }
};

/// cbrt : R -> R,  pushforward x_dot / (3 y^2); +inf at 0. Two quotients, not 1/(3 y^2), so that
/// the next orders at 0 are infinite and not 0 * inf. glibc's scalar cbrt errs by up to 3.7 ulp.
struct Cbrt {
  static constexpr std::string_view name = "cbrt";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = 0.01, .hi = 100, .special = {-8, -1e-60, 1e60}}};
  template <class T>
  static T value(const T& x) {
    using std::cbrt;
    return cbrt(x);
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return T(1.0 / 3.0) / y / y;
  }
};

/// reciprocal : 1 / x,  pushforward -y^2 x_dot.
struct Reciprocal {
  static constexpr std::string_view name = "reciprocal";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.lo = 0.1, .hi = 10, .special = {-3, 1e60, -1e-60}}};
  template <class T>
  static T value(const T& x) {
    return T(1) / x;
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return -square(y);
  }
};

}  // namespace dualtape::ops
