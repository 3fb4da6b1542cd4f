/// + - * / and negation.
#pragma once

#include <dualtape/ops/functions.hpp>

namespace dualtape::ops {

namespace detail {

/// f on integers. NumPy's wrap around, signed overflow in C++ is undefined: so run on the unsigned
/// type.
template <class T, class F>
constexpr T wrapped(T a, T b, F f) {
  if constexpr (std::same_as<T, bool>) {
    return f(unsigned{a}, unsigned{b}) != 0;
  } else {
    using U = std::common_type_t<std::make_unsigned_t<T>, unsigned>;
    return static_cast<T>(f(static_cast<U>(a), static_cast<U>(b)));
  }
}

}  // namespace detail

/// add : a + b
struct Add {
  static constexpr std::string_view name = "add";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.special = {0, 1e300, -1e-300}}, {.special = {0, 1e300}}};
  template <class T>
  static T value(const T& a, const T& b) {
    if constexpr (std::is_integral_v<T>) {
      return detail::wrapped(a, b, [](auto x, auto y) { return x + y; });
    } else {
      return a + b;
    }
  }
  template <int I, class T>
  static T partial(const T& /*a*/, const T& /*b*/, const T& /*y*/) {
    return T(1);
  }
};

/// subtract : a - b
struct Subtract {
  static constexpr std::string_view name = "subtract";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.special = {0, 1e300, -1e-300}}, {.special = {0, 1e300}}};
  template <class T>
  static T value(const T& a, const T& b) {
    if constexpr (std::is_integral_v<T>) {
      return detail::wrapped(a, b, [](auto x, auto y) { return x - y; });
    } else {
      return a - b;
    }
  }
  template <int I, class T>
  static T partial(const T& /*a*/, const T& /*b*/, const T& /*y*/) {
    return T(I == 0 ? 1 : -1);
  }
};

/// multiply : a b
struct Multiply {
  static constexpr std::string_view name = "multiply";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.special = {0, 1e150, -1e-150}}, {.special = {0, 1e150}}};
  template <class T>
  static T value(const T& a, const T& b) {
    if constexpr (std::is_integral_v<T>) {
      return detail::wrapped(a, b, [](auto x, auto y) { return x * y; });
    } else {
      return a * b;
    }
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    return I == 0 ? b : a;
  }
};

/// divide : a / b,  pushforward (a_dot - y b_dot) / b. The quotient y / b, unlike a / b^2, does not
/// overflow before the answer does.
struct Divide {
  static constexpr std::string_view name = "divide";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 0.5;
  static constexpr Sampling sampling{{.special = {0, 1e40, -1e-40}},
                                     {.lo = 0.25, .hi = 4, .special = {-3, 1e40, -1e-40}}};
  template <class T>
  static T value(const T& a, const T& b) {
    return a / b;
  }
  template <int I, class T>
  static T partial(const T& /*a*/, const T& b, const T& y) {
    if constexpr (I == 0) {
      return T(1) / b;
    } else {
      return -y / b;
    }
  }
};

/// negative : -x
struct Negative {
  static constexpr std::string_view name = "negative";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300, -1e-300}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (std::is_integral_v<T>) {
      return Subtract::value(T(0), x);
    } else {
      return -x;
    }
  }
  template <class T>
  static T partial(const T& /*x*/, const T& /*y*/) {
    return T(-1);
  }
};

}  // namespace dualtape::ops
