/// A workload of dense linear algebra: the solution of a positive definite system.
#pragma once

#include <Eigen/Cholesky>
#include <cstddef>

#include "models.hpp"

namespace workloads {

/// |A^-1 b|^2 by Eigen's Cholesky factorisation, A symmetric of 40 rows, in the entries of its
/// lower triangle by rows and those of b.
struct Cholesky {
  static constexpr const char* name = "Cholesky solve through Eigen, n = 40";
  static constexpr Eigen::Index kRows = 40;
  template <class T>
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
  template <class T>
  using Column = Eigen::Matrix<T, Eigen::Dynamic, 1>;

  static std::size_t place(Eigen::Index i, Eigen::Index j) {
    return static_cast<std::size_t>(i * (i + 1) / 2 + j);
  }
  static Vector point() {
    Vector x = spread(place(kRows + 1, 0), -1, 1);
    for (Eigen::Index i = 0; i < kRows; ++i) x[place(i, i)] += kRows;
    return x;
  }

  template <class T>
  struct System {
    Matrix<T> a{kRows, kRows};
    Column<T> b{kRows};
  };
  template <class T>
  static System<T> system(const std::vector<T>& x) {
    System<T> s;
    for (Eigen::Index i = 0; i < kRows; ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) s.a(i, j) = s.a(j, i) = x[place(i, j)];
      s.b[i] = x[place(kRows, i)];
    }
    return s;
  }

  template <class T>
  static T value(const std::vector<T>& x) {
    const System<T> s = system(x);
    const Column<T> y = s.a.llt().solve(s.b);
    T sum(0);
    for (Eigen::Index i = 0; i < kRows; ++i) sum += y[i] * y[i];
    return sum;
  }

  /// b_bar = A^-1 y_bar,  A_bar = -b_bar y^T.
  static void gradient(const Vector& x, Vector& g) {
    const System<double> s = system(x);
    const Eigen::LLT<Matrix<double>> factors(s.a);
    const Column<double> y = factors.solve(s.b), b_bar = factors.solve(2 * y);
    for (Eigen::Index i = 0; i < kRows; ++i) {
      for (Eigen::Index j = 0; j < i; ++j) g[place(i, j)] = -b_bar[i] * y[j] - b_bar[j] * y[i];
      g[place(i, i)] = -b_bar[i] * y[i];
      g[place(kRows, i)] = b_bar[i];
    }
  }
};

}  // namespace workloads
