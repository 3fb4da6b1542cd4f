/// Cholesky factors and triangular solves on batches of matrices: small ones by loops, large ones
/// by blocks. For the linalg_*.cpp only.
///
///   cholesky  A = L L^H. Worked on U = L^T by rows, u_i -= conj(u_ki) u_k: rows without gaps.
#pragma once

#include "kernels/linalg_batch.hpp"

namespace dualtape::engine::linalg {

template <class T>
T conjugate(const T& x) {
  if constexpr (kIsReal<T>) {
    return x;
  } else {
    return std::conj(x);
  }
}

/// U^H U = A in place on the upper triangle of n rows of u, `step` apart.
template <class T>
Status cholesky_by_rows(T* u, std::int64_t n, std::int64_t step) {
  for (std::int64_t k = 0; k < n; ++k) {
    T* const row = u + k * step;
    // NaN is not positive either.
    if (!(std::real(row[k]) > 0)) return Status::kNotPositive;
    const auto diagonal = std::sqrt(std::real(row[k]));
    row[k] = diagonal;
    for (std::int64_t j = k + 1; j < n; ++j) row[j] /= diagonal;
    for (std::int64_t i = k + 1; i < n; ++i) {
      subtract_row(u + i * step + i, conjugate(row[i]), row + i, n - i);
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
void conjugate_rows(T* x, std::int64_t rows, std::int64_t columns, std::int64_t step) {
  if constexpr (!kIsReal<T>) {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) x[i * step + j] = std::conj(x[i * step + j]);
    }
  } else {
    static_cast<void>(x), static_cast<void>(rows), static_cast<void>(columns);
    static_cast<void>(step);
  }
}

/// U^H U = A for rows and columns [first, first + size).
template <class T>
Status cholesky_blocks(T* u, std::int64_t n, std::int64_t first, std::int64_t size,
                       ProductSpace& space) {
  T* const corner = u + first * (n + 1);
  if (size <= kSmall) return cholesky_by_rows(corner, size, n);
  const std::int64_t half = (size / 2 + kTriangle - 1) / kTriangle * kTriangle, rest = size - half;
  const Status status = cholesky_blocks(u, n, first, half, space);
  if (status != Status::kOk) return status;
  T* const right = corner + half;
  conjugate_rows(right, half, rest, n);
  solve_triangle<T, true>(right, n, rest, {corner, 1, n, false}, half, space);
  product::Source<T> adjoint{right, 1, n};
  std::unique_ptr<T[]> copy;
  if constexpr (!kIsReal<T>) {
    copy.reset(new T[static_cast<std::size_t>(half * rest)]);
    for (std::int64_t i = 0; i < half; ++i) std::copy_n(right + i * n, rest, copy.get() + i * rest);
    adjoint = {copy.get(), 1, rest};
    conjugate_rows(right, half, rest, n);
  }
  // The upper triangle of the rest, in strips of rows.
  constexpr std::int64_t kRows = 96;
  for (std::int64_t i = 0; i < rest; i += kRows) {
    subtract_product<T>(right + half * n + i * (n + 1), n, std::min(kRows, rest - i), rest - i,
                        {adjoint.data + i, 1, adjoint.column}, {right + i, n, 1}, half, space);
  }
  return cholesky_blocks(u, n, first + half, rest, space);
}

template <class T>
Status cholesky_large(T* u, std::int64_t n) {
  ProductSpace space;
  return cholesky_blocks(u, n, 0, n, space);
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
                                         [&] { return cholesky_by_rows(u, n, n); });
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

/// Strides of the matrix that the equations have: transposed here, if they are.
template <class T>
void triangular_solve_matrix(T* x, const T* t, std::int64_t row, std::int64_t column,
                             std::int64_t n, std::int64_t columns, bool lower, bool unit) {
  const TriangleView<T> view{t, row, column, unit};
  if (n > kSmall) {
    ProductSpace space;
    lower ? solve_triangle<T, true>(x, columns, columns, view, n, space)
          : solve_triangle<T, false>(x, columns, columns, view, n, space);
  } else {
    lower ? solve_strips<T, true>(x, columns, columns, view, n)
          : solve_strips<T, false>(x, columns, columns, view, n);
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
