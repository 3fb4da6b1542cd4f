/// Cholesky factors and triangular solves on batches of matrices: small ones by loops, large ones
/// by Eigen. For the linalg_*.cpp only.
///
///   cholesky  A = L L^T. Worked on U = L^T by rows, u_i -= u_ki u_k: rows without gaps. In Eigen's
///             eyes, columns first, the same memory is L.
#pragma once

#include <Eigen/Cholesky>

#include "kernels/linalg_batch.hpp"

namespace dualtape::engine::linalg {

/// U^T U = A in place on the upper triangle of the rows of u.
template <class T>
Status cholesky_by_rows(T* u, std::int64_t n) {
  for (std::int64_t k = 0; k < n; ++k) {
    T* const row = u + k * n;
    // NaN is not positive either.
    if (!(row[k] > T(0))) return Status::kNotPositive;
    const T diagonal = std::sqrt(row[k]);
    row[k] = diagonal;
    for (std::int64_t j = k + 1; j < n; ++j) row[j] /= diagonal;
    for (std::int64_t i = k + 1; i < n; ++i) {
      subtract_row(u + i * n + i, row[i], row + i, n - i);
    }
  }
  return Status::kOk;
}

/// The same for a constant n.
template <class T, int kSize>
Status cholesky_fixed(T* u) {
#pragma GCC unroll 8
  for (int k = 0; k < kSize; ++k) {
    if (!(u[k * kSize + k] > T(0))) return Status::kNotPositive;
    const T diagonal = std::sqrt(u[k * kSize + k]);
    u[k * kSize + k] = diagonal;
#pragma GCC unroll 8
    for (int j = k + 1; j < kSize; ++j) u[k * kSize + j] /= diagonal;
#pragma GCC unroll 8
    for (int i = k + 1; i < kSize; ++i) {
#pragma GCC unroll 8
      for (int j = i; j < kSize; ++j) u[i * kSize + j] -= u[k * kSize + i] * u[k * kSize + j];
    }
  }
  return Status::kOk;
}

template <class T>
Status cholesky_large(T* u, std::int64_t n) {
  using Columns = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;
  Eigen::Map<Columns> map(u, n, n);
  const Eigen::LLT<Eigen::Ref<Columns>, Eigen::Lower> llt(map);
  return llt.info() == Eigen::Success ? Status::kOk : Status::kNotPositive;
}

/// The transpose of the upper triangle to the lower one, zeros above, in blocks of rows.
template <class T>
void turn_to_lower(T* u, std::int64_t n) {
  constexpr std::int64_t kBlock = 16;
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t last = std::min(first + kBlock, n);
    for (std::int64_t j = first; j < n; ++j) {
      for (std::int64_t i = first; i < std::min(j, last); ++i) {
        u[j * n + i] = u[i * n + j];
        u[i * n + j] = T(0);
      }
    }
  }
}

template <class T>
Status cholesky_matrix(T* u, const T* a, const MatrixBatch& strides, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = i; j < n; ++j) u[i * n + j] = a[j * strides.row + i * strides.column];
  }
  const Status status = n > kSmall ? cholesky_large(u, n)
                                   : with_size<T>(
                                         n, [&](auto size) { return cholesky_fixed<T, size()>(u); },
                                         [&] { return cholesky_by_rows(u, n); });
  turn_to_lower(u, n);
  return status;
}

template <class T>
Status cholesky(void* out, const MatrixBatch& a, std::int64_t n) {
  return guarded([&] {
    T* u = static_cast<T*>(out);
    for (std::int64_t k = 0; k < a.count; ++k, u += n * n) {
      const Status status = cholesky_matrix(u, matrix_of<T>(a, k), a, n);
      if (status != Status::kOk) return status;
    }
    return Status::kOk;
  });
}

/// T x = x in place for one triangle; entry (i, j) of it is t[i * row + j * column], below the
/// diagonal if `kLower`.
template <class T, bool kLower, int kLanes>
void solve_strip(T* x, std::int64_t columns, const T* t, std::int64_t row, std::int64_t column,
                 std::int64_t n, bool unit) {
  using V = product::Vector<T, kLanes>;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t i = kLower ? k : n - 1 - k;
    V rest = product::load<V>(x + i * columns);
    const std::int64_t first = kLower ? 0 : i + 1, last = kLower ? i : n;
    for (std::int64_t j = first; j < last; ++j) {
      rest -= t[i * row + j * column] * product::load<V>(x + j * columns);
    }
    if (!unit) rest /= t[i * row + i * column];
    product::store(x + i * columns, rest);
  }
}

template <class T, bool kLower, int kLanes = product::kWidth<T>>
void solve_strips(T* x, std::int64_t columns, const T* t, std::int64_t row, std::int64_t column,
                  std::int64_t n, bool unit, std::int64_t first = 0) {
  for (; first + kLanes <= columns; first += kLanes) {
    solve_strip<T, kLower, kLanes>(x + first, columns, t, row, column, n, unit);
  }
  if constexpr (kLanes > 1) {
    if (first < columns) {
      solve_strips<T, kLower, kLanes / 2>(x, columns, t, row, column, n, unit, first);
    }
  }
}

/// By Eigen's view of the triangle, for one column or for several.
template <class T, int kMode, class Matrix, class X>
void solve_in_place(const Matrix& t, X& x) {
  t.template triangularView<kMode>().solveInPlace(x);
}

template <class T, class Matrix, class X>
void solve_view(const Matrix& t, X& x, bool lower, bool unit) {
  if (lower) {
    unit ? solve_in_place<T, Eigen::UnitLower>(t, x) : solve_in_place<T, Eigen::Lower>(t, x);
  } else {
    unit ? solve_in_place<T, Eigen::UnitUpper>(t, x) : solve_in_place<T, Eigen::Upper>(t, x);
  }
}

/// `by_rows`: the entries of a row of t lie side by side, else those of a column.
template <class T, int kOrder>
void solve_large(T* x, const T* t, std::int64_t stride, std::int64_t n, std::int64_t columns,
                 bool lower, bool unit) {
  using View = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, kOrder>;
  const Eigen::Map<const View, 0, Eigen::OuterStride<>> view(t, n, n, Eigen::OuterStride<>(stride));
  if (columns == 1) {
    Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, 1>> y(x, n);
    solve_view<T>(view, y, lower, unit);
  } else {
    Eigen::Map<Matrix<T>> y(x, n, columns);
    solve_view<T>(view, y, lower, unit);
  }
}

/// Strides of the matrix that the equations have: transposed here, if they are.
template <class T>
void triangular_solve_matrix(T* x, const T* t, std::int64_t row, std::int64_t column,
                             std::int64_t n, std::int64_t columns, bool lower, bool unit) {
  if (n > kSmall && (row == 1 || column == 1)) {
    if (column == 1) return solve_large<T, Eigen::RowMajor>(x, t, row, n, columns, lower, unit);
    return solve_large<T, Eigen::ColMajor>(x, t, column, n, columns, lower, unit);
  }
  if (lower) {
    solve_strips<T, true>(x, columns, t, row, column, n, unit);
  } else {
    solve_strips<T, false>(x, columns, t, row, column, n, unit);
  }
}

template <class T>
Status triangular_solve(void* out, const MatrixBatch& t, const MatrixBatch& b, std::int64_t n,
                        std::int64_t columns, const TriangleForm& form) {
  return guarded([&] {
    T* x = static_cast<T*>(out);
    std::int64_t row = t.row, column = t.column;
    if (form.transposed) std::swap(row, column);
    const bool lower = form.lower != form.transposed;
    for (std::int64_t k = 0; k < b.count; ++k, x += n * columns) {
      const T* const triangle = matrix_of<T>(t, k);
      for (std::int64_t i = 0; !form.unit && i < n; ++i) {
        if (triangle[i * (row + column)] == T(0)) return Status::kSingular;
      }
      const T* const from = matrix_of<T>(b, k);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < columns; ++j) {
          x[i * columns + j] = from[i * b.row + j * b.column];
        }
      }
      triangular_solve_matrix(x, triangle, row, column, n, columns, lower, form.unit);
    }
    return Status::kOk;
  });
}

}  // namespace dualtape::engine::linalg
