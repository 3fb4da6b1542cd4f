/// Extrema, clip and where: each picks one of its arguments.
#pragma once

#include <dualtape/ops/functions.hpp>

namespace dualtape::ops {

namespace detail {

/// 1 where the argument is picked, 1/2 at a tie, else 0.
template <class T, class M>
T share(const M& picked, const M& tie) {
  return select(picked, T(1), select(tie, T(0.5), T(0)));
}

}  // namespace detail

/// maximum : NaN if either is. The derivative is shared at a tie, half each.
struct Maximum {
  static constexpr std::string_view name = "maximum";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300}}, {.special = {0, -1e300}}};
  template <class T>
  static T value(const T& a, const T& b) {
    return select(mask_or(a >= b, a != a), a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    return detail::share<T>(I == 0 ? a > b : b > a, a == b);
  }
};

/// minimum : NaN if either is. The derivative is shared at a tie, half each.
struct Minimum {
  static constexpr std::string_view name = "minimum";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300}}, {.special = {0, -1e300}}};
  template <class T>
  static T value(const T& a, const T& b) {
    return select(mask_or(a <= b, a != a), a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    return detail::share<T>(I == 0 ? a < b : b < a, a == b);
  }
};

/// fmax : the larger, ignoring a NaN beside a number. Shared at a tie.
struct Fmax {
  static constexpr std::string_view name = "fmax";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300}}, {.special = {0, -1e300}}};
  template <class T>
  static T value(const T& a, const T& b) {
    return select(mask_or(a >= b, b != b), a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    if constexpr (I == 0) {
      return detail::share<T>(mask_or(a > b, b != b), a == b);
    } else {
      return detail::share<T>(mask_or(b > a, mask_and(a != a, b == b)), a == b);
    }
  }
};

/// fmin : the smaller, ignoring a NaN beside a number. Shared at a tie.
struct Fmin {
  static constexpr std::string_view name = "fmin";
  static constexpr int arity = 2;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {0, 1e300}}, {.special = {0, -1e300}}};
  template <class T>
  static T value(const T& a, const T& b) {
    return select(mask_or(a <= b, b != b), a, b);
  }
  template <int I, class T>
  static T partial(const T& a, const T& b, const T& /*y*/) {
    if constexpr (I == 0) {
      return detail::share<T>(mask_or(a < b, b != b), a == b);
    } else {
      return detail::share<T>(mask_or(b < a, mask_and(a != a, b == b)), a == b);
    }
  }
};

/// clip : minimum(maximum(x, lo), hi). The derivative in x is 1 on the whole of [lo, hi], borders
/// included (a fit that sits on its bound still feels the slope); with lo > hi the result is hi.
struct Clip {
  static constexpr std::string_view name = "clip";
  static constexpr int arity = 3;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.special = {-1, 2}},
                                     {.lo = -1, .hi = 0, .special = {-1}},
                                     {.lo = 1, .hi = 2, .special = {2}}};
  template <class T>
  static T value(const T& x, const T& lo, const T& hi) {
    const T raised = select(mask_or(x >= lo, x != x), x, lo);
    return select(mask_or(raised <= hi, raised != raised), raised, hi);
  }
  template <int I, class T>
  static T partial(const T& x, const T& lo, const T& hi, const T& /*y*/) {
    if constexpr (I == 0) {
      return select(mask_and(x >= lo, x <= hi), T(1), T(0));
    } else if constexpr (I == 1) {
      return select(mask_and(x < lo, lo <= hi), T(1), T(0));
    } else {
      return select(mask_or(x > hi, lo > hi), T(1), T(0));
    }
  }
};

/// where : mask ? a : b
struct Where {
  static constexpr std::string_view name = "where";
  static constexpr int arity = 3;
  static constexpr Kind kind = Kind::kSelect;
  static constexpr bool holomorphic = true;
  static constexpr bool integral = true;
  static constexpr double max_ulp = 0;
  static constexpr Sampling sampling{{.lo = 0, .hi = 1}, {}, {}};
  template <class M, class T>
  static T value(const M& mask, const T& a, const T& b) {
    return select(mask, a, b);
  }
};

}  // namespace dualtape::ops
