/// Decompositions and functions of one real matrix, in float64 (float32 operands are converted:
/// these are rare, slow to compile, and no slower for it than their memory traffic).
///
/// Matrices are contiguous, rows first. Part of the core, not of the kernel libraries.
#pragma once

#include <cstdint>
#include <span>

namespace dualtape::engine {

/// Operands and result of one matrix; m and n are the lengths of the last two axes of the first
/// operand, `columns` that of the last operand's last axis.
struct MatrixCall {
  double* out;
  const double* in[3];
  std::int64_t m, n, columns;
  std::span<const std::int64_t> attrs;
};
using MatrixKernel = void (*)(const MatrixCall&);

void decompose_eigh(const MatrixCall& call);
void decompose_svd(const MatrixCall& call);
void decompose_qr(const MatrixCall& call);
void make_pinv(const MatrixCall& call);
void sign_and_log_determinant(const MatrixCall& call);  // of the factors of `lu`
void solve_sylvester(const MatrixCall& call);
void apply_matrix_function(const MatrixCall& call);
void apply_frechet(const MatrixCall& call);

/// False: some entry is infinite or NaN, and the n entries at `out` are now NaN.
bool all_finite_or_nan(const double* x, std::int64_t count, double* out, std::int64_t n);

}  // namespace dualtape::engine
