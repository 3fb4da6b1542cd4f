/// Incomplete gamma and beta functions, with derivatives in all their arguments.
///
/// The structural integer of such a function tells the orders of a derivative of it: a number of
/// three bits for each parameter, then that of the last argument. So a partial is the function
/// itself with one order raised, and the kernels alone know formulas.
#pragma once

#include <dualtape/error.hpp>
#include <dualtape/ops/incomplete_beta.hpp>

namespace dualtape::ops {

namespace detail {

inline constexpr int kOrderBits = 3;
static_assert(kMaxParameterOrder == (1 << kOrderBits) - 1);

/// Order in the k-th parameter; behind the last one, that in the last argument.
inline int order_of(int n, int k) { return n >> kOrderBits * k & kMaxParameterOrder; }
inline int last_order_of(int n, int k) { return n >> kOrderBits * k; }

/// One order more in the k-th of `parameters`, or in the last argument.
inline int raised_order(std::string_view name, int n, int k, int parameters) {
  if (k < parameters && order_of(n, k) == kMaxParameterOrder) {
    dualtape::detail::fail<DerivativeError>(
        std::string(name) + ": derivatives in argument " + std::to_string(k) +
        " exist up to order " + std::to_string(kMaxParameterOrder) + ", wanted one more");
  }
  return n + (1 << kOrderBits * k);
}

/// What the functions have in common, k parameters and a last argument:
/// `Rule::evaluate(n, ...)` is the derivative of the orders in n.
template <class Rule, int Parameters>
struct FunctionOfOrders {
  static constexpr int arity = Parameters + 1;
  static constexpr bool parametric = true;
  static constexpr Kind kind = Kind::kSmooth;
  static constexpr bool holomorphic = false;
  static constexpr bool integral = false;
  static constexpr double max_ulp = 100;
  static constexpr std::array parameters{0};
  template <class T>
  static T value(int n, const T& a, const T& x) {
    return static_cast<T>(Rule::evaluate(n, static_cast<double>(a), static_cast<double>(x)));
  }
  template <class T>
  static T value(int n, const T& a, const T& b, const T& x) {
    return static_cast<T>(
        Rule::evaluate(n, static_cast<double>(a), static_cast<double>(b), static_cast<double>(x)));
  }
  template <int I, class T>
  static T partial(int n, const T& a, const T& x, const T& /*y*/) {
    return apply<Rule>(raised_order(Rule::name, n, I, Parameters), a, x);
  }
  template <int I, class T>
  static T partial(int n, const T& a, const T& b, const T& x, const T& /*y*/) {
    return apply<Rule>(raised_order(Rule::name, n, I, Parameters), a, b, x);
  }
};

}  // namespace detail

/// gammainc : P(a, x) = integral from 0 to x of t^(a-1) e^-t / Gamma(a); derivatives by their
/// orders.
struct GammaInc : detail::FunctionOfOrders<GammaInc, 1> {
  static constexpr std::string_view name = "gammainc";
  static constexpr Sampling sampling{{.lo = 0.5, .hi = 20, .special = {1, 3.5, 40, 600}},
                                     {.lo = 1, .hi = 15, .special = {0.25, 21, 45, 590}}};
  static double evaluate(int n, double a, double x) {
    return detail::incomplete_gamma(detail::order_of(n, 0), detail::last_order_of(n, 1), a, x,
                                    false);
  }
};

/// gammaincc : 1 - P(a, x), small values included.
struct GammaIncC : detail::FunctionOfOrders<GammaIncC, 1> {
  static constexpr std::string_view name = "gammaincc";
  static constexpr Sampling sampling = GammaInc::sampling;
  static double evaluate(int n, double a, double x) {
    return detail::incomplete_gamma(detail::order_of(n, 0), detail::last_order_of(n, 1), a, x,
                                    true);
  }
};

/// betainc : I_x(a, b) = integral from 0 to x of t^(a-1) (1 - t)^(b-1) / B(a, b); derivatives by
/// their orders.
struct BetaInc : detail::FunctionOfOrders<BetaInc, 2> {
  static constexpr std::string_view name = "betainc";
  static constexpr Sampling sampling{{.lo = 0.5, .hi = 10, .special = {1, 3.5, 40}},
                                     {.lo = 0.5, .hi = 10, .special = {2.5, 1, 30}},
                                     {.lo = 0.1, .hi = 0.9, .special = {0.3, 0.75, 0.6}}};
  static double evaluate(int n, double a, double b, double x) {
    return detail::incomplete_beta(detail::order_of(n, 0), detail::order_of(n, 1),
                                   detail::last_order_of(n, 2), a, b, x);
  }
};

}  // namespace dualtape::ops
