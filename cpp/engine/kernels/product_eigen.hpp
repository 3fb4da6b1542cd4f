/// Products by Eigen, for the product_*.cpp of inexact types only.
#pragma once

#include <Eigen/Core>

#include "kernels/product.hpp"

namespace dualtape::engine {

template <class T, int Order>
auto eigen_map(const MatrixRef& m) {
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order>;
  const std::int64_t outer = Order == Eigen::RowMajor ? m.row_stride : m.column_stride;
  return Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>(static_cast<const T*>(m.data), m.rows,
                                                           m.columns, Eigen::OuterStride<>(outer));
}

/// Calls f with a map of the matrix in the order that has unit inner stride.
template <class T, class F>
void with_map(const MatrixRef& m, F&& f) {
  if (m.column_stride == 1) {
    f(eigen_map<T, Eigen::RowMajor>(m));
  } else {
    f(eigen_map<T, Eigen::ColMajor>(m));
  }
}

inline MatrixRef transposed(const MatrixRef& m) {
  return {m.data, m.columns, m.rows, m.column_stride, m.row_stride};
}

template <class T>
void eigen_product(void* out, const MatrixRef& a, const MatrixRef& b) {
  using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
  using Result = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::int64_t inner = a.columns;
  T* y = static_cast<T*>(out);
  if (a.rows == 1 && b.columns == 1) {
    // Not Eigen's dot, which conjugates.
    const Eigen::Map<const Vector> u(static_cast<const T*>(a.data), inner);
    const Eigen::Map<const Vector> v(static_cast<const T*>(b.data), inner);
    *y = u.cwiseProduct(v).sum();
  } else if (a.rows * b.columns * inner <= kSmallProduct || inner <= 1) {
    product_by_loops(y, a, b, [](T sum, T left, T right) { return sum + left * right; });
  } else if (a.rows == 1 || b.columns == 1) {
    const bool row = a.rows == 1;
    const Eigen::Map<const Vector> v(static_cast<const T*>(row ? a.data : b.data), inner);
    with_map<T>(row ? transposed(b) : a, [&](const auto& matrix) {
      Eigen::Map<Vector>(y, matrix.rows()).noalias() = matrix * v;
    });
  } else {
    Eigen::Map<Result> result(y, a.rows, b.columns);
    with_map<T>(a, [&](const auto& left) {
      with_map<T>(b, [&](const auto& right) { result.noalias() = left * right; });
    });
  }
}

}  // namespace dualtape::engine
