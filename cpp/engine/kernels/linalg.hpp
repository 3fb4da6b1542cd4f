/// Linear algebra on batches of matrices; implemented by element type in linalg_*.cpp.
#pragma once

#include <cstdint>

#include "program/dtype.hpp"

namespace dualtape::engine {

/// How a kernel ended that can fail: no exception leaves a kernel library.
enum class Status : std::int32_t { kOk, kSingular, kNotPositive, kNoMemory };

/// `count` matrices, `step` elements apart; strides in elements.
struct MatrixBatch {
  const void* data;
  std::int64_t count, step, row, column;
};

/// Which triangle of a matrix counts, whether its transpose is meant, and whether its diagonal is
/// taken as ones.
struct TriangleForm {
  bool lower, transposed, unit;
};

/// Factors of A[n, n] are F[n + 1, n], contiguous: P A = L U, see linalg_lu.hpp. Results are
/// contiguous. The scratch of `solve` holds n * columns elements, the others' factor_size(n).
struct LinearAlgebra {
  /// All factors are complete also where a pivot is exactly zero.
  Status (*factor)(void* f, const MatrixBatch& a, std::int64_t n);
  /// kSingular on a pivot that is exactly zero, as numpy.linalg. x = A^-1 b, or A^-T b if
  /// `transposed`; b and x are (n, columns).
  Status (*solve)(void* x, const MatrixBatch& f, const MatrixBatch& b, std::int64_t n,
                  std::int64_t columns, bool transposed, void* scratch);
  Status (*inverse)(void* y, const MatrixBatch& a, std::int64_t n, void* scratch);
  Status (*determinant)(void* y, const MatrixBatch& a, std::int64_t n, void* scratch);
  // Of real matrices only; null for the others.
  /// L with A = L L^T, zeros above the diagonal; A's lower triangle is read.
  Status (*cholesky)(void* l, const MatrixBatch& a, std::int64_t n);
  /// x with T x = b; kSingular on a zero on the diagonal.
  Status (*triangular_solve)(void* x, const MatrixBatch& t, const MatrixBatch& b, std::int64_t n,
                             std::int64_t columns, const TriangleForm& form);
};

constexpr std::int64_t factor_size(std::int64_t n) { return (n + 1) * n; }

}  // namespace dualtape::engine
