/// Linear algebra on batches of matrices; implemented by element type in linalg_*.cpp.
#pragma once

#include <cstdint>

#include "program/dtype.hpp"

namespace dualtape::engine {

/// How a kernel ended that can fail: no exception leaves a kernel library.
enum class Status : std::int32_t { kOk, kSingular, kNoMemory };

/// `count` matrices, `step` elements apart; strides in elements.
struct MatrixBatch {
  const void* data;
  std::int64_t count, step, row, column;
};

/// Factors of A[n, n] are F[n + 1, n], contiguous: P A = L U, see linalg_lu.hpp. Results are
/// contiguous. The scratch of `solve` holds n * columns elements, the others' factor_size(n).
struct LinearAlgebra {
  /// kSingular on a pivot that is exactly zero, as numpy.linalg; all factors are complete even so.
  Status (*factor)(void* f, const MatrixBatch& a, std::int64_t n);
  /// x = A^-1 b, or A^-T b if `transposed`; b and x are (n, columns).
  Status (*solve)(void* x, const MatrixBatch& f, const MatrixBatch& b, std::int64_t n,
                  std::int64_t columns, bool transposed, void* scratch);
  Status (*inverse)(void* y, const MatrixBatch& a, std::int64_t n, void* scratch);
  Status (*determinant)(void* y, const MatrixBatch& a, std::int64_t n, void* scratch);
};

constexpr std::int64_t factor_size(std::int64_t n) { return (n + 1) * n; }

}  // namespace dualtape::engine
