/// Exponentials, logarithms, and the functions of probability made of them.
#pragma once

#include <dualtape/ops/powers.hpp>

#include <cmath>
#include <numbers>

namespace dualtape::ops {

/// exp
struct Exp {
  static constexpr std::string_view name = "exp";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 3;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20, .special = {0, -700, 700, 1e-20}}};
  template <class T>
  static T value(const T& x) {
    using std::exp;
    return exp(x);
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return y;
  }
};

/// exp2 : 2^x
struct Exp2 {
  static constexpr std::string_view name = "exp2";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20, .special = {0, 1, -1000, 1000}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (is_complex<T>) {
      return std::exp(x * T(std::numbers::ln2));
    } else {
      using std::exp2;
      return exp2(x);
    }
  }
  template <class T>
  static T partial(const T& /*x*/, const T& y) {
    return T(std::numbers::ln2) * y;
  }
};

/// expm1 : exp(x) - 1. The derivative is exp(x), not y + 1, which cancels for x << 0.
struct Expm1 {
  static constexpr std::string_view name = "expm1";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 3;
  static constexpr Sampling sampling{{.lo = -5, .hi = 5, .special = {0, 1e-20, -700, 700}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (is_complex<T>) {
      // expm1(a + ib) = expm1(a) cos b - 2 sin^2(b/2) + i exp(a) sin b
      const auto half = std::sin(x.imag() / 2);
      return {std::expm1(x.real()) * std::cos(x.imag()) - 2 * half * half,
              std::exp(x.real()) * std::sin(x.imag())};
    } else {
      using std::expm1;
      return expm1(x);
    }
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return exp(x);
  }
};

/// log. Beyond the range (x < 0) the value is NaN and the derivative stays 1/x, as everywhere here.
struct Log {
  static constexpr std::string_view name = "log";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = 0.01, .hi = 100, .special = {1, 1e-60, 1e60}}};
  template <class T>
  static T value(const T& x) {
    using std::log;
    return log(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1) / x;
  }
};

/// log2
struct Log2 {
  static constexpr std::string_view name = "log2";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = 0.01, .hi = 100, .special = {1, 2, 1e-60, 1e60}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (is_complex<T>) {
      return std::log(x) / T(std::numbers::ln2);
    } else {
      using std::log2;
      return log2(x);
    }
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1 / std::numbers::ln2) / x;
  }
};

/// log10
struct Log10 {
  static constexpr std::string_view name = "log10";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = 0.01, .hi = 100, .special = {1, 10, 1e-60, 1e60}}};
  template <class T>
  static T value(const T& x) {
    using std::log10;
    return log10(x);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1 / std::numbers::ln10) / x;
  }
};

/// log1p : log(1 + x)
struct Log1p {
  static constexpr std::string_view name = "log1p";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = -0.9, .hi = 20, .special = {0, 1e-20, -0.9999, 1e60}}};
  template <class T>
  static T value(const T& x) {
    if constexpr (is_complex<T>) {
      // |1 + x|^2 - 1 = a (2 + a) + b^2
      const auto a = x.real();
      const auto b = x.imag();
      return {std::log1p(a * (2 + a) + b * b) / 2, std::atan2(b, 1 + a)};
    } else {
      using std::log1p;
      return log1p(x);
    }
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return T(1) / (T(1) + x);
  }
};

/// expit : 1 / (1 + exp(-x)),  pushforward e / (1 + e)^2 x_dot with e = exp(-|x|), where y (1 - y)
/// would cancel for x >> 0.
struct Expit {
  static constexpr std::string_view name = "expit";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20, .special = {0, 46, -46, 700, -700}}};
  template <class T>
  static T value(const T& x) {
    const T e = Exp::value(select(x < T(0), x, -x));
    return select(x < T(0), e, T(1)) / (T(1) + e);
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    const T e = exp(select(x < T(0), x, -x));
    return e / square(T(1) + e);
  }
};

/// log_expit : log(expit(x)) = min(x, 0) - log1p(exp(-|x|)),  pushforward expit(-x) x_dot.
struct LogExpit {
  static constexpr std::string_view name = "log_expit";
  static constexpr int arity = 1;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 4;
  static constexpr Sampling sampling{{.lo = -20, .hi = 20, .special = {0, 46, -46, 700, -700}}};
  template <class T>
  static T value(const T& x) {
    const T below = select(x < T(0), x, T(0));
    return below - Log1p::value(Exp::value(select(x < T(0), x, -x)));
  }
  template <class T>
  static T partial(const T& x, const T& /*y*/) {
    return expit(-x);
  }
};

namespace detail {

/// a - b, and 0 where both are the same infinity; there only, for a constant where a = b would lose
/// the next order.
template <class T>
T difference(const T& a, const T& b) {
  return select(mask_and(a == b, isinf(a)), T(0), a - b);
}

}  // namespace detail

/// logaddexp : log(exp(a) + exp(b)) = max(a, b) + log1p(exp(-|a - b|)),
/// pushforward expit(a - b) a_dot + expit(b - a) b_dot (half each at two equal infinities); not
/// exp(a - y), which loses what y rounds off. Relative accuracy ends where the value crosses 0.
struct LogAddExp {
  static constexpr std::string_view name = "logaddexp";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = 0, .hi = 20, .special = {0, 700, -700}},
                                     {.lo = 0, .hi = 20, .special = {0, 700}}};
  template <class T>
  static T value(const T& a, const T& b) {
    const T d = detail::difference(a, b);
    const T larger = select(d > T(0), a, b);
    return larger + Log1p::value(Exp::value(select(d > T(0), -d, d)));
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    const T d = detail::difference(a, b);
    return expit(I == 0 ? d : -d);
  }
};

/// logaddexp2 : log2(2^a + 2^b); see logaddexp.
struct LogAddExp2 {
  static constexpr std::string_view name = "logaddexp2";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 2;
  static constexpr Sampling sampling{{.lo = 0, .hi = 20, .special = {0, 1000, -1000}},
                                     {.lo = 0, .hi = 20, .special = {0, 1000}}};
  template <class T>
  static T value(const T& a, const T& b) {
    const T d = detail::difference(a, b);
    const T larger = select(d > T(0), a, b);
    return larger + Log1p::value(Exp2::value(select(d > T(0), -d, d))) * T(1 / std::numbers::ln2);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    const T d = T(std::numbers::ln2) * detail::difference(a, b);
    return expit(I == 0 ? d : -d);
  }
};

}  // namespace dualtape::ops
