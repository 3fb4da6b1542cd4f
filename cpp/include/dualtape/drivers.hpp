/// Derivatives of functions of a vector: an Eigen vector or matrix, or a std::array.
///
/// f is generic: it takes the vector with any scalar type, f([](const auto& x) { ... }). Entries of
/// a matrix count in storage order. The scalar of x may itself be a Dual or a Var, so drivers nest.
#pragma once

#include <dualtape/dual.hpp>
#include <dualtape/tape.hpp>

#include <algorithm>

namespace dualtape {

namespace detail {

/// Plain container, scalar and static size (or Eigen::Dynamic) of an argument or result.
template <class X>
struct Container {
  static_assert(Active<X> || std::is_arithmetic_v<X>,
                "wanted a scalar, an Eigen matrix or a std::array");
  using Scalar = X;
  template <class S>
  using Rebind = S;
  static constexpr int kSize = 1;
  static int size(const X&) { return 1; }
  template <class S>
  static S make(const X&) {
    return S(0);
  }
  template <class C>
  static auto& at(C& x, int) {
    return x;
  }
};

template <class T, std::size_t N>
struct Container<std::array<T, N>> {
  using Scalar = T;
  template <class S>
  using Rebind = std::array<S, N>;
  static constexpr int kSize = static_cast<int>(N);
  static int size(const std::array<T, N>&) { return kSize; }
  template <class S>
  static Rebind<S> make(const std::array<T, N>&) {
    return {};
  }
  template <class C>
  static auto& at(C& x, int i) {
    return x[static_cast<std::size_t>(i)];
  }
};

template <class X>
  requires std::derived_from<X, Eigen::DenseBase<X>>
struct Container<X> {
  using Scalar = typename X::Scalar;
  template <class S>
  using Rebind = std::conditional_t<std::derived_from<X, Eigen::ArrayBase<X>>,
                                    Eigen::Array<S, X::RowsAtCompileTime, X::ColsAtCompileTime>,
                                    Eigen::Matrix<S, X::RowsAtCompileTime, X::ColsAtCompileTime>>;
  static constexpr int kSize = X::SizeAtCompileTime;
  static int size(const X& x) { return static_cast<int>(x.size()); }
  template <class S>
  static Rebind<S> make(const X& x) {
    return Rebind<S>::Constant(x.rows(), x.cols(), S(0));
  }
  template <class C>
  static auto& at(C& x, int i) {
    return *(x.data() + i);
  }
};

template <class X>
using Of = Container<std::remove_cvref_t<X>>;
/// X with scalar S, evaluated if it was an expression.
template <class X, class S>
using Rebound = typename Of<X>::template Rebind<S>;
template <class X>
using Plain = Rebound<X, typename Of<X>::Scalar>;

/// Like x, entry i being make(x_i, i).
template <class S, class X, class F>
DUALTAPE_INLINE Rebound<X, S> transformed(const X& x, F make) {
  using C = Of<Plain<X>>;
  const Plain<X>& plain = x;
  Rebound<X, S> result = C::template make<S>(plain);
  for (int i = 0; i < C::size(plain); ++i) C::at(result, i) = make(C::at(plain, i), i);
  return result;
}

template <class A, class B>
void check_sizes(const char* driver, const char* what, const A& wanted, const B& given) {
  if (Of<A>::size(wanted) != Of<B>::size(given)) {
    detail::fail<std::invalid_argument>(std::string(driver) + ": " + what + " must have " +
                                        std::to_string(Of<A>::size(wanted)) + " entries, got " +
                                        std::to_string(Of<B>::size(given)));
  }
}

template <class T, class X>
Rebound<X, Var<T>> variables(Tape<T>& tape, const X& x) {
  return transformed<Var<T>>(x, [&](const T& value, int) { return tape.variable(value); });
}

/// Jacobians in few numbers take one pass of duals.
template <class X>
inline constexpr bool is_one_pass =
    BaseNumber<typename Of<X>::Scalar> && Of<X>::kSize > 0 && Of<X>::kSize <= 16;

/// m x n, rows in a row of memory where Eigen has it so: a row is the tangents of a dual.
template <class T, int M, int N>
using Rows = Eigen::Matrix<T, M, N, N == 1 && M != 1 ? Eigen::ColMajor : Eigen::RowMajor>;

/// Tangent lanes of a Hessian's sweep: all at once up to 8.
template <class X>
inline constexpr int kLanes = Of<X>::kSize == Eigen::Dynamic ? 8 : std::clamp(Of<X>::kSize, 1, 8);

}  // namespace detail

template <class Value, class Derivative>
struct WithValue {
  Value value;
  Derivative derivative;
};

/// f(x) and its gradient, by one sweep backward. The tape is reset and its memory used again.
template <class F, class X, class T = typename detail::Of<X>::Scalar>
WithValue<T, detail::Plain<X>> value_and_gradient(F&& f, const X& x, Tape<T>& tape) {
  tape.reset();
  const auto recording = tape.record();
  const auto inputs = detail::variables(tape, x);
  const Var<T> y = f(inputs);
  tape.start_sweep();
  tape.set_cotangent(y, T(1));
  tape.pullback();
  return {y.value(),
          detail::transformed<T>(inputs, [&](const Var<T>& v, int) { return tape.cotangent(v); })};
}

template <class F, class X, class T = typename detail::Of<X>::Scalar>
WithValue<T, detail::Plain<X>> value_and_gradient(F&& f, const X& x) {
  Tape<T> tape;
  return value_and_gradient(f, x, tape);
}

/// Gradient of a scalar function, shaped like x.
template <class F, class X>
detail::Plain<X> gradient(F&& f, const X& x) {
  return value_and_gradient(f, x).derivative;
}

/// f(x) and J x_dot, by duals. f may return a scalar, an Eigen matrix or a std::array.
template <class F, class X, class V>
auto jvp(F&& f, const X& x, const V& x_dot) {
  using T = typename detail::Of<X>::Scalar;
  using D = Dual<T, 1>;
  detail::check_sizes("jvp", "x_dot", x, x_dot);
  const detail::Plain<V> direction = x_dot;
  const auto inputs = detail::transformed<D>(x, [&](const T& value, int i) {
    D input(value);
    input.tangent(0) = detail::Of<detail::Plain<V>>::at(direction, i);
    return input;
  });
  const detail::Rebound<decltype(f(inputs)), D> y = f(inputs);
  auto value = detail::transformed<T>(y, [](const D& d, int) { return d.value(); });
  auto tangent = detail::transformed<T>(y, [](const D& d, int) { return d.tangent(0); });
  return WithValue<decltype(value), decltype(tangent)>{value, tangent};
}

/// f(x) and J^T y_bar, by one sweep backward.
template <class F, class X, class W>
auto vjp(F&& f, const X& x, const W& y_bar) {
  using T = typename detail::Of<X>::Scalar;
  Tape<T> tape;
  const auto recording = tape.record();
  const auto inputs = detail::variables(tape, x);
  const detail::Rebound<decltype(f(inputs)), Var<T>> y = f(inputs);
  detail::check_sizes("vjp", "y_bar", y, y_bar);
  const detail::Plain<W> cotangent = y_bar;
  tape.start_sweep();
  // Entries of y may be one and the same variable: their cotangents add up.
  const auto value = detail::transformed<T>(y, [&](const Var<T>& v, int i) {
    tape.set_cotangent(v, tape.cotangent(v) + T(detail::Of<detail::Plain<W>>::at(cotangent, i)));
    return v.value();
  });
  tape.pullback();
  auto x_bar =
      detail::transformed<T>(inputs, [&](const Var<T>& v, int) { return tape.cotangent(v); });
  return WithValue<std::remove_const_t<decltype(value)>, decltype(x_bar)>{value, x_bar};
}

/// Jacobian, rows by entries of f(x), columns by entries of x: one recording, played in the
/// direction with fewer lanes; backward where a partial is infinite, since a cotangent of 0
/// annihilates it.
template <class F, class X>
auto jacobian(F&& f, const X& x) {
  using T = typename detail::Of<X>::Scalar;
  Tape<T> tape;
  const auto recording = tape.record();
  const auto inputs = detail::variables(tape, x);
  using Inputs = detail::Of<decltype(inputs)>;
  const detail::Rebound<decltype(f(inputs)), Var<T>> y = f(inputs);
  using Outputs = detail::Of<decltype(y)>;
  const int n = Inputs::size(inputs);
  const int m = Outputs::size(y);
  Eigen::Matrix<T, Outputs::kSize, Inputs::kSize> result(m, n);
  if (m == 0 || n == 0) return result;
  const bool forward = n < m && tape.all_partials_finite();
  tape.start_sweep(forward ? n : m);
  if (forward) {
    for (int j = 0; j < n; ++j) tape.set_tangent(Inputs::at(inputs, j), T(1), j);
    tape.pushforward();
  } else {
    for (int i = 0; i < m; ++i) tape.set_cotangent(Outputs::at(y, i), T(1), i);
    tape.pullback();
  }
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      result(i, j) =
          forward ? tape.tangent(Outputs::at(y, i), j) : tape.cotangent(Inputs::at(inputs, j), i);
    }
  }
  return result;
}

namespace detail {

/// f and its Jacobian at x by duals of as many lanes.
template <int Lanes, class F, class X>
class ForwardJacobian {
  using T = typename Of<X>::Scalar;
  using D = Dual<T, Lanes>;
  using Inputs = Rebound<X, D>;
  using Outputs = Rebound<decltype(std::declval<F&>()(std::declval<const Inputs&>())), D>;
  using Matrix = Rows<T, Of<Outputs>::kSize, Of<X>::kSize>;
  using Result = WithValue<Rebound<Outputs, T>, Matrix>;

 public:
  /// f is inlined with all that it calls: no seed is written to memory and read back, which for a
  /// residual of bundle adjustment takes half as long as all the rest. The call of f must stand
  /// here: GCC inlines nothing into what is a copy, made for a constant argument, of a function.
  [[gnu::flatten, gnu::noinline]] static Result in_one_pass(F& f, const X& x) {
    const Inputs inputs = seeded(x, 0);
    const Outputs y = f(inputs);
    Result result = values(y, x);
    put_columns(y, 0, result.derivative);
    return result;
  }

  static Result in_chunks(F& f, const X& x) {
    Outputs y = f(seeded(x, 0));
    Result result = values(y, x);
    put_columns(y, 0, result.derivative);
    for (int begin = Lanes; begin < Of<X>::size(x); begin += Lanes) {
      y = f(seeded(x, begin));
      put_columns(y, begin, result.derivative);
    }
    return result;
  }

 private:
  /// x with tangents of 1 in the entries from `begin` on.
  DUALTAPE_INLINE static Inputs seeded(const X& x, int begin) {
    return transformed<D>(x, [&](const T& value, int i) {
      return i >= begin && i < begin + Lanes ? D::variable(value, i - begin) : D(value);
    });
  }
  DUALTAPE_INLINE static Result values(const Outputs& y, const X& x) {
    return {transformed<T>(y, [](const D& d, int) { return d.value(); }),
            Matrix(Of<Outputs>::size(y), Of<X>::size(x))};
  }
  DUALTAPE_INLINE static void put_columns(const Outputs& y, int begin, Matrix& result) {
    const int columns = std::min(Lanes, static_cast<int>(result.cols()) - begin);
    for (int i = 0; i < Of<Outputs>::size(y); ++i) {
      for (int j = 0; j < columns; ++j) result(i, begin + j) = Of<Outputs>::at(y, i).tangent(j);
    }
  }
};

}  // namespace detail

/// f(x) and its Jacobian by duals, without a tape: one pass for up to 16 inputs of fixed number,
/// into which f is inlined as a whole, else a pass for 8 inputs. The fastest way for few inputs, as
/// in least squares. As everywhere in forward mode an infinite slope beside a tangent of 0 is NaN;
/// `jacobian` tells them apart.
template <class F, class X>
auto value_and_jacobian(F&& f, const X& x) {
  using P = detail::Plain<X>;
  using G = std::remove_reference_t<F>;
  const P& plain = x;
  if constexpr (detail::is_one_pass<P>) {
    return detail::ForwardJacobian<detail::Of<P>::kSize, G, P>::in_one_pass(f, plain);
  } else {
    return detail::ForwardJacobian<detail::kLanes<P>, G, P>::in_chunks(f, plain);
  }
}

/// Hessian of a scalar function, forward over reverse, up to 8 columns to a sweep.
template <class F, class X>
auto hessian(F&& f, const X& x) {
  using T = typename detail::Of<X>::Scalar;
  constexpr int kLanes = detail::kLanes<X>;
  using D = Dual<T, kLanes>;
  constexpr int kSize = detail::Of<X>::kSize;
  const detail::Plain<X> plain = x;
  const int n = detail::Of<detail::Plain<X>>::size(plain);
  Eigen::Matrix<T, kSize, kSize> result(n, n);
  Tape<D> tape;
  for (int begin = 0; begin < n; begin += kLanes) {
    const auto inputs = detail::transformed<D>(plain, [&](const T& value, int i) {
      const bool active = i >= begin && i < begin + kLanes;
      return active ? D::variable(value, i - begin) : D(value);
    });
    const auto rows = value_and_gradient(f, inputs, tape).derivative;
    for (int j = begin; j < std::min(begin + kLanes, n); ++j) {
      for (int i = 0; i < n; ++i) {
        result(i, j) = detail::Of<decltype(rows)>::at(rows, i).tangent(j - begin);
      }
    }
  }
  return result;
}

/// H x_dot of a scalar function, forward over reverse; the Hessian is not formed.
/// Source: Pearlmutter (1994), Fast exact multiplication by the Hessian.
template <class F, class X, class V>
detail::Plain<X> hvp(F&& f, const X& x, const V& x_dot) {
  detail::check_sizes("hvp", "x_dot", x, x_dot);
  return jvp([&](const auto& inputs) { return gradient(f, inputs); }, x, x_dot).derivative;
}

}  // namespace dualtape
