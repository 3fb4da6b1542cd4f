/// Results of Eigen's algorithms on tape variables against those on numbers and their differences.
#pragma once

#include <dualtape/drivers.hpp>

#include "matrices.hpp"

namespace matrices {

/// Entries of matrices one after the other, and which product they come from.
template <class T>
struct Results {
  std::vector<T> entries;
  std::vector<const char*> names;

  template <class M>
  void add(const char* name, const M& m) {
    const Matrix<T> plain = m;
    for (const T& entry : plain.reshaped()) entries.push_back(entry), names.push_back(name);
  }
};

/// n numbers in [-1, 1].
inline Eigen::VectorXd numbers(Eigen::Index n, double seed) {
  return Eigen::VectorXd::NullaryExpr(
      n, [=](Eigen::Index i) { return std::sin(seed + 2.3 * static_cast<double>(i)); });
}

/// f'(0) by the central differences that are exact for polynomials of degree 8 or less.
template <class F>
Eigen::VectorXd slope(double step, F f) {
  constexpr std::array kWeights{4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  Eigen::VectorXd sum;
  for (std::size_t k = 0; k < kWeights.size(); ++k) {
    const double t = step * static_cast<double>(k + 1);
    const Eigen::VectorXd term = kWeights[k] / step * (f(t) - f(-t));
    sum = k == 0 ? term : Eigen::VectorXd(sum + term);
  }
  return sum;
}

inline void near(double got, double wanted, double tolerance, const std::string& what) {
  check::is_true(std::abs(got - wanted) <= tolerance * (1 + std::abs(wanted)),
                 what + ": wanted " + check::text(wanted) + ", got " + check::text(got));
}

template <class S>
auto span(S& x) {
  return std::span(x.data(), static_cast<std::size_t>(x.size()));
}
inline Vector<Var<double>> variables(Tape<double>& tape, const Eigen::VectorXd& x) {
  Vector<Var<double>> result(x.size());
  tape.variables(span(x), span(result));
  return result;
}

/// f(x) is Results: their values, tangents and, each by itself, cotangents, several lanes at once.
template <class F>
void check_derivatives(F f, const Eigen::VectorXd& x, double step, double tolerance) {
  const Eigen::VectorXd x_dot = numbers(x.size(), 1.9);
  const auto value = [&](double t) {
    const std::vector<double> y = f(Vector<double>(x + t * x_dot)).entries;
    return Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(y.data(), std::ssize(y)));
  };
  const Eigen::VectorXd wanted = value(0), y_dot = slope(step, value);
  Tape<double> tape;
  const auto recording = tape.record();
  const Vector<Var<double>> inputs = variables(tape, x);
  const Results<Var<double>> y = f(inputs);
  check::is_true(std::ssize(y.entries) == wanted.size(), "as many results");

  tape.start_sweep(3);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    tape.set_tangent(inputs[i], x_dot[i], 0), tape.set_tangent(inputs[i], -2 * x_dot[i], 2);
  }
  tape.pushforward();
  for (std::size_t k = 0; k < y.entries.size(); ++k) {
    const auto i = static_cast<Eigen::Index>(k);
    near(y.entries[k].value(), wanted[i], tolerance, y.names[k]);
    near(tape.tangent(y.entries[k], 0), y_dot[i], tolerance, y.names[k]);
    near(tape.tangent(y.entries[k], 2), -2 * y_dot[i], tolerance, y.names[k]);
    check::is_true(tape.tangent(y.entries[k], 1) == 0, y.names[k]);
  }

  for (const std::size_t lanes : {std::size_t{1}, std::size_t{11}}) {
    for (std::size_t begin = 0; begin < y.entries.size(); begin += lanes) {
      const std::size_t end = std::min(begin + lanes, y.entries.size());
      tape.start_sweep(static_cast<int>(lanes));
      for (std::size_t k = begin; k < end; ++k) {
        tape.set_cotangent(y.entries[k], 1, static_cast<int>(k - begin));
      }
      tape.pullback();
      for (std::size_t k = begin; k < end; ++k) {
        Eigen::VectorXd x_bar(x.size());
        tape.cotangents(span(inputs), span(x_bar), static_cast<int>(k - begin));
        near(x_bar.dot(x_dot), y_dot[static_cast<Eigen::Index>(k)], tolerance, y.names[k]);
      }
    }
  }
}

inline constexpr std::array kProductSizes{3, 7};  // statements, nodes

/// add(a, b, y) puts products of two square matrices into Results: all are polynomials.
template <class Add>
void check_products(Add add) {
  for (const int n : kProductSizes) {
    const auto f = [&](const auto& x) {
      using T = std::decay_t<decltype(x[0])>;
      const Matrix<T> a = x.head(n * n).reshaped(n, n), b = x.tail(n * n).reshaped(n, n);
      Results<T> y;
      add(a, b, y);
      return y;
    };
    check_derivatives(f, numbers(2 * n * n, 0.3), 0.1, kTolerance);
  }
}

/// f is a scalar: u H v in both ways of nesting.
template <class F>
void check_second_order(F f, const Eigen::VectorXd& x, double step, double rtol) {
  const Eigen::VectorXd v = numbers(x.size(), 1.9), u = numbers(x.size(), 0.8);
  const auto gradient_of = [f](const auto& z) { return gradient(f, z); };
  const double wanted =
      u.dot(slope(step, [&](double t) { return gradient_of(Eigen::VectorXd(x + t * v)); }));
  check::close(u.dot(hvp(f, x, v)), wanted, rtol, "forward over reverse");
  check::close(v.dot(vjp(gradient_of, x, u).derivative), wanted, rtol, "reverse over reverse");
}

inline constexpr std::array kSolveSizes{3, 17};  // statements, nodes

/// A of n x n, far from singular, whose rows must be exchanged, and B of n x 2.
template <class T>
struct SolveArguments {
  Eigen::Index n;
  Matrix<T> a, b, positive;

  explicit SolveArguments(const Vector<T>& x)
      : n(x.size() == kSolveSizes[0] * (kSolveSizes[0] + 2) ? kSolveSizes[0] : kSolveSizes[1]),
        a(x.head(n * n).reshaped(n, n)),
        b(x.tail(2 * n).reshaped(n, 2)) {
    for (Eigen::Index i = 0; i < n; ++i) a(i, (i + 2) % n) += T(4);
    positive = a * a.transpose();
  }
};

}  // namespace matrices
