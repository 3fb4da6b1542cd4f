/// Bessel functions of a real order, with derivatives in their argument.
///
/// The structural integer is the order of the derivative. In the order of the function there is
/// none: who asks for it gets an error.
#pragma once

#include <dualtape/ops/bessel_kernels.hpp>
#include <dualtape/ops/incomplete.hpp>

namespace dualtape::ops {

namespace detail {

/// What the functions have in common; `Rule::evaluate(k, v, x)` is the k-th derivative.
template <class Rule>
struct BesselFunction {
  static constexpr int arity = 2;
  static constexpr bool parametric = true;
  static constexpr bool constant_first = true;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr std::array parameters{0};
  template <class T>
  static T value(int n, const T& v, const T& x) {
    return static_cast<T>(Rule::evaluate(n, static_cast<double>(v), static_cast<double>(x)));
  }
  template <int I, class T>
  static T partial(int n, const T& v, const T& x, const T& /*y*/) {
    if constexpr (I == 0) {
      dualtape::detail::fail<DerivativeError>(
          std::string(Rule::name) +
          ": no derivative in the order v, its first argument; pass it as a constant");
    }
    return apply<Rule>(n + 1, v, x);
  }
};

}  // namespace detail

/// jv : J_v(x)
struct BesselJ : detail::BesselFunction<BesselJ> {
  static constexpr std::string_view name = "jv";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 0, .hi = 6, .special = {0, 1, 2, 12.5}},
                                     {.lo = 2, .hi = 4, .special = {0.5, 3.25, 1e-3}}};
  static double evaluate(int k, double v, double x) { return detail::bessel_j_order(k, v, x); }
};

/// yv : Y_v(x), x >= 0
struct BesselY : detail::BesselFunction<BesselY> {
  static constexpr std::string_view name = "yv";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 0, .hi = 6, .special = {0, 1, 2, 12.5}},
                                     {.lo = 0.5, .hi = 2, .special = {0.25, 1.5, 1e-3}}};
  static double evaluate(int k, double v, double x) { return detail::bessel_y_order(k, v, x); }
};

/// iv : I_v(x)
struct BesselI : detail::BesselFunction<BesselI> {
  static constexpr std::string_view name = "iv";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 0, .hi = 6, .special = {0, 1, 2, 12.5}},
                                     {.lo = 0.5, .hi = 20, .special = {0.25, 9, 1e-3, 100}}};
  static double evaluate(int k, double v, double x) { return detail::bessel_i_order(k, v, x); }
};

/// ive : exp(-|x|) I_v(x)
struct BesselIe : detail::BesselFunction<BesselIe> {
  static constexpr std::string_view name = "ive";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 0, .hi = 1, .special = {0, 1}},
                                     {.lo = 2, .hi = 8, .special = {0.25, 100}}};
  static double evaluate(int k, double v, double x) { return detail::bessel_ie_order(k, v, x); }
};

/// kv : K_v(x), x >= 0
struct BesselK : detail::BesselFunction<BesselK> {
  static constexpr std::string_view name = "kv";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 0, .hi = 6, .special = {0, 1, 2, 12.5}},
                                     {.lo = 0.5, .hi = 20, .special = {0.25, 9, 1e-3, 100}}};
  static double evaluate(int k, double v, double x) { return detail::bessel_k_order(k, v, x); }
};

/// kve : exp(x) K_v(x), x >= 0
struct BesselKe : detail::BesselFunction<BesselKe> {
  static constexpr std::string_view name = "kve";
  static constexpr double max_ulp = 40;
  static constexpr Sampling sampling{{.lo = 0, .hi = 6, .special = {0, 1, 2}},
                                     {.lo = 0.5, .hi = 3, .special = {0.25, 100}}};
  static double evaluate(int k, double v, double x) { return detail::bessel_ke_order(k, v, x); }
};

}  // namespace dualtape::ops
