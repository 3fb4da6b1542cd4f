/// Higher order in one variable: truncated power series.
#pragma once

#include <dualtape/forward.hpp>
#include <dualtape/ops/registry.hpp>

#include <array>
#include <ostream>

namespace dualtape {

/// c_0 + c_1 t + ... + c_K t^K, so that f(x_0 + t) has the derivatives k! c_k. Every function of
/// the registry has its series from its `partial` alone: y' = partial(x) x', integrated degree by
/// degree in series one shorter. T is a number or again an active type.
template <class T, int K>
class Taylor {
  static_assert(Scalar<T> && K >= 0, "Taylor: wanted a number or an active T, K >= 0");

 public:
  using value_type = T;
  static constexpr std::size_t size = K + 1;

  Taylor() { coefficients_.fill(T(0)); }
  /// A constant.
  template <class S>
    requires detail::is_inner<S, T>
  Taylor(const S& value) : Taylor() {
    coefficients_[0] = static_cast<T>(value);
  }
  /// x + t
  static Taylor variable(const T& x) {
    Taylor series(x);
    if constexpr (K > 0) series[1] = T(1);
    return series;
  }

  const T& value() const { return coefficients_[0]; }
  const T& operator[](std::size_t k) const { return coefficients_[k]; }
  T& operator[](std::size_t k) { return coefficients_[k]; }

  /// The k-th derivative in t at 0: k! c_k.
  T derivative(int k) const {
    T result = coefficients_[static_cast<std::size_t>(k)];
    for (int i = 2; i <= k; ++i) result = result * T(i);
    return result;
  }

 private:
  std::array<T, size> coefficients_;
};

template <class T, int K>
struct BaseOf<Taylor<T, K>> : BaseOf<T> {};

template <class T, int K>
bool is_exactly_zero(const Taylor<T, K>& x) {
  for (std::size_t k = 0; k <= K; ++k) {
    if (!is_exactly_zero(x[k])) return false;
  }
  return true;
}
template <class T, int K>
bool is_finite(const Taylor<T, K>& x) {
  for (std::size_t k = 0; k <= K; ++k) {
    if (!is_finite(x[k])) return false;
  }
  return true;
}

namespace detail {

/// Rules whose partial does not read y: their own series of one degree less need not be made, which
/// for a function and its derivatives in a circle (sin and cos) would double the work each degree.
template <class Op, int I>
inline constexpr bool partial_reads_result = !is_parametric<Op>;
template <>
inline constexpr bool partial_reads_result<ops::Sin, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::Cos, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::Sinh, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::Cosh, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::Log, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::GammaLn, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::Digamma, 0> = false;
template <>
inline constexpr bool partial_reads_result<ops::Power, 0> = false;

}  // namespace detail

template <class T, int K>
struct ActiveTraits<Taylor<T, K>> {
  static constexpr bool is_active = true;
  static constexpr bool accepts_constants = true;
  template <class S>
  static constexpr bool is_constant = detail::is_inner<S, T>;
  using mask_type = mask_t<T>;
  using Series = Taylor<T, K>;

  template <class Op, class... Xs>
  static auto apply(const Xs&... xs) {
    if constexpr (Op::kind == Kind::kSelect) {
      return pick(xs...);
    } else if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(detail::inner_value<Series>(xs)...);
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return Series(T(dualtape::apply<Op>(detail::inner_value<Series>(xs)...)));
    } else if constexpr (std::same_as<Op, ops::Multiply>) {
      return product(series(xs)...);
    } else if constexpr (std::same_as<Op, ops::Square>) {
      return product(xs..., xs...);
    } else if constexpr (std::same_as<Op, ops::Divide>) {
      return quotient(series(xs)...);
    } else if constexpr (is_linear<Op>) {
      Series y;
      for (std::size_t k = 0; k <= K; ++k) y[k] = dualtape::apply<Op>(series(xs)[k]...);
      return y;
    } else {
      Series y(T(dualtape::apply<Op>(detail::inner_value<Series>(xs)...)));
      if constexpr (K > 0) integrate<Op>(y, std::index_sequence_for<Xs...>{}, 0, xs...);
      return y;
    }
  }

  template <class Op, class... Xs>
    requires(Op::parametric)
  static Series apply(int n, const Xs&... xs) {
    Series y(T(dualtape::apply<Op>(n, detail::inner_value<Series>(xs)...)));
    if constexpr (K > 0) integrate<Op>(y, std::index_sequence_for<Xs...>{}, n, xs...);
    return y;
  }

 private:
  template <class Op>
  static constexpr bool is_linear = std::same_as<Op, ops::Add> || std::same_as<Op, ops::Subtract> ||
                                    std::same_as<Op, ops::Negative>;

  template <class X>
  static Series series(const X& x) {
    if constexpr (std::same_as<X, Series>) {
      return x;
    } else {
      return Series(detail::inner_operand<Series>(x));
    }
  }

  static Series product(const Series& a, const Series& b) {
    Series y;
    for (std::size_t k = 0; k <= K; ++k) {
      T sum = a[0] * b[k];
      for (std::size_t j = 1; j <= k; ++j) sum = sum + a[j] * b[k - j];
      y[k] = sum;
    }
    return y;
  }

  static Series quotient(const Series& a, const Series& b) {
    Series y;
    for (std::size_t k = 0; k <= K; ++k) {
      T rest = a[k];
      for (std::size_t j = 0; j < k; ++j) rest = rest - y[j] * b[k - j];
      y[k] = rest / b[0];
    }
    return y;
  }

  static auto shorter(const Series& x) {
    Taylor<T, K - 1> result;
    for (std::size_t k = 0; k < K; ++k) result[k] = x[k];
    return result;
  }

  /// The value of y with coefficients that show where they are read although they should not be.
  static auto unread(const Series& y) {
    Taylor<T, K - 1> result(y.value());
    for (std::size_t k = 1; k < K; ++k) result[k] = T(kNaN);
    return result;
  }

  /// A constant adds nothing, even where the partial in it is infinite or undefined.
  static bool has_slope(const Series& x) {
    for (std::size_t k = 1; k <= K; ++k) {
      if constexpr (std::same_as<mask_type, bool>) {
        if (!is_exactly_zero(x[k])) return true;
      }
    }
    return !std::same_as<mask_type, bool>;
  }

  template <class Op, std::size_t... I, class... Xs>
  static void integrate(Series& y, std::index_sequence<I...>, int n, const Xs&... xs) {
    (add_argument<Op, static_cast<int>(I)>(y, n, xs, series(xs)...), ...);
  }

  template <class Op, int I, class X, class... Xs>
  static void add_argument(Series& y, [[maybe_unused]] int n, const X& x, const Xs&... xs) {
    if constexpr (std::same_as<X, Series>) {
      if (!has_slope(x)) return;
      using Shorter = Taylor<T, K - 1>;
      Shorter z = unread(y);
      if constexpr (detail::partial_reads_result<Op, I>) z = dualtape::apply<Op>(shorter(xs)...);
      if constexpr (is_parametric<Op> && sizeof...(Xs) == 1) {
        add_integral(y, x, Op::template partial<Shorter>(n, shorter(xs)..., z));
      } else if constexpr (is_parametric<Op>) {
        add_integral(y, x, Op::template partial<I, Shorter>(n, shorter(xs)..., z));
      } else if constexpr (sizeof...(Xs) == 1) {
        add_integral(y, x, Op::template partial<Shorter>(shorter(xs)..., z));
      } else {
        add_integral(y, x, Op::template partial<I, Shorter>(shorter(xs)..., z));
      }
    }
  }

  /// y += integral of p x':  k y_k = sum_j j x_j p_{k-j}.
  static void add_integral(Series& y, const Series& x, const Taylor<T, K - 1>& p) {
    for (std::size_t k = 1; k <= K; ++k) {
      T sum = x[1] * p[k - 1];
      for (std::size_t j = 2; j <= k; ++j) sum = sum + T(static_cast<int>(j)) * x[j] * p[k - j];
      y[k] = y[k] + sum / T(static_cast<int>(k));
    }
  }

  template <class M>
  static Series pick(const M& mask, const Series& a, const Series& b) {
    Series y;
    for (std::size_t k = 0; k <= K; ++k) y[k] = select(mask, a[k], b[k]);
    return y;
  }
};

template <class T, int K>
std::ostream& operator<<(std::ostream& out, const Taylor<T, K>& x) {
  for (std::size_t k = 0; k <= K; ++k) out << (k ? " + " : "") << x[k] << " t^" << k;
  return out;
}

}  // namespace dualtape
