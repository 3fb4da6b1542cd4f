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

/// A plane rotation: (x, y) becomes (c x + s y, c y - s x).
struct Rotation {
  double c, s;
};
/// Rotations of neighbouring rows, one after the other: of `first` with `first` + step, then of
/// this one with the next; step is 1 or -1.
struct RotationSweep {
  std::int64_t first, step, count;
  const Rotation* rotations;
};

/// Matrices, or their factors.
struct Factorable {
  MatrixBatch x;
  bool factored;
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
  Status (*inverse)(void* y, const Factorable& a, std::int64_t n, void* scratch);
  Status (*determinant)(void* y, const Factorable& a, std::int64_t n, void* scratch);
  /// L with A = L L^H, zeros above the diagonal; A's lower triangle is read.
  Status (*cholesky)(void* l, const MatrixBatch& a, std::int64_t n);
  /// L_dot of the tangent x of A, or `transposed` the cotangent of A of L's; lower triangles.
  Status (*cholesky_tangent)(void* y, const MatrixBatch& l, const MatrixBatch& x, std::int64_t n,
                             bool transposed);
  /// x with T x = b; kSingular on a zero on the diagonal.
  Status (*triangular_solve)(void* x, const MatrixBatch& t, const MatrixBatch& b, std::int64_t n,
                             std::int64_t columns, const TriangleForm& form);
  // Of float64 and complex128 only.
  /// det(A) A^-T of one contiguous A from its factors; kSingular where A is too near to singular
  /// for it to be accurate, whatever is then in c. For n > 1.
  Status (*cofactor)(void* c, const void* a, const void* f, std::int64_t n, void* scratch);
  // Of float64 only.
  /// Sweeps in their order on z, whose rows of `columns` entries are `row` apart.
  void (*rotate)(double* z, std::int64_t row, std::int64_t columns, const RotationSweep* sweeps,
                 std::int64_t count);
};

constexpr std::int64_t factor_size(std::int64_t n) { return (n + 1) * n; }

}  // namespace dualtape::engine
