/// Comparisons, tests of numbers, and logic: the results are masks, without derivative.
#pragma once

#include <dualtape/ops/functions.hpp>

#include <cmath>

namespace dualtape::ops {

namespace detail {

/// What all predicates share.
template <int Arity>
struct Predicate {
  static constexpr int arity = Arity;
  static constexpr Kind kind = Kind::kPredicate;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
};

inline constexpr Sampling kPairs{{.special = {0, 1, -1e300}}, {.special = {0, 1, 1e300}}};
inline constexpr Sampling kNumbers{{.special = {0, 1, -1e300, kInf, kNaN}}};

}  // namespace detail

struct Equal : detail::Predicate<2> {
  static constexpr std::string_view name = "equal";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return a == b;
  }
};

struct NotEqual : detail::Predicate<2> {
  static constexpr std::string_view name = "not_equal";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return a != b;
  }
};

struct Less : detail::Predicate<2> {
  static constexpr std::string_view name = "less";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return a < b;
  }
};

struct LessEqual : detail::Predicate<2> {
  static constexpr std::string_view name = "less_equal";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return a <= b;
  }
};

struct Greater : detail::Predicate<2> {
  static constexpr std::string_view name = "greater";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return a > b;
  }
};

struct GreaterEqual : detail::Predicate<2> {
  static constexpr std::string_view name = "greater_equal";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return a >= b;
  }
};

struct IsNan : detail::Predicate<1> {
  static constexpr std::string_view name = "isnan";
  static constexpr Sampling sampling = detail::kNumbers;
  template <class T>
  static mask_t<T> value(const T& x) {
    return x != x;
  }
};

struct IsFinite : detail::Predicate<1> {
  static constexpr std::string_view name = "isfinite";
  static constexpr Sampling sampling = detail::kNumbers;
  template <class T>
  static mask_t<T> value(const T& x) {
    if constexpr (is_complex<T>) {
      return std::isfinite(x.real()) && std::isfinite(x.imag());
    } else if constexpr (std::is_integral_v<T>) {
      return true;
    } else {
      return x - x == T(0);
    }
  }
};

struct IsInf : detail::Predicate<1> {
  static constexpr std::string_view name = "isinf";
  static constexpr Sampling sampling = detail::kNumbers;
  template <class T>
  static mask_t<T> value(const T& x) {
    if constexpr (is_complex<T>) {
      return std::isinf(x.real()) || std::isinf(x.imag());
    } else if constexpr (std::is_integral_v<T>) {
      return false;
    } else {
      return mask_or(x == T(kInf), x == T(-kInf));
    }
  }
};

// Logic on numbers takes nonzero (NaN too) as true; on masks it is the logic of masks.

struct LogicalAnd : detail::Predicate<2> {
  static constexpr std::string_view name = "logical_and";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return mask_and(a != T(0), b != T(0));
  }
};

struct LogicalOr : detail::Predicate<2> {
  static constexpr std::string_view name = "logical_or";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return mask_or(a != T(0), b != T(0));
  }
};

struct LogicalXor : detail::Predicate<2> {
  static constexpr std::string_view name = "logical_xor";
  static constexpr Sampling sampling = detail::kPairs;
  template <class T>
  static mask_t<T> value(const T& a, const T& b) {
    return (a != T(0)) != (b != T(0));
  }
};

struct LogicalNot : detail::Predicate<1> {
  static constexpr std::string_view name = "logical_not";
  static constexpr Sampling sampling = detail::kNumbers;
  template <class T>
  static mask_t<T> value(const T& x) {
    return x == T(0);
  }
};

}  // namespace dualtape::ops
