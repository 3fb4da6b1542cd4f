/// Decompositions and functions of one matrix, in float64 or complex128 (narrower operands are
/// converted: these are rare, and no slower for it than their memory traffic).
///
/// Matrices are contiguous, rows first. Part of the core, not of the kernel libraries, which run
/// their long loops. The real results of a complex matrix are complex, with zero imaginary parts.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/dense.hpp"

namespace dualtape::engine {

/// Operands and result of one matrix; m and n are the lengths of the last two axes of the first
/// operand, `columns` that of the last operand's last axis.
struct MatrixCall {
  void* out;
  const void* in[3];
  std::int64_t m, n, columns;
  std::span<const std::int64_t> attrs;

  template <class T>
  T* out_as() const {
    return static_cast<T*>(out);
  }
  template <class T>
  const T* in_as(std::size_t k) const {
    return static_cast<const T*>(in[k]);
  }
};
using MatrixKernel = void (*)(const MatrixCall&);

// T is double or std::complex<double>.
template <class T>
void decompose_eigh(const MatrixCall& call);
void decompose_eig(const MatrixCall& call);  // of a real matrix too: its numbers are complex
template <class T>
void decompose_svd(const MatrixCall& call);
template <class T>
void decompose_qr(const MatrixCall& call);
template <class T>
void make_pinv(const MatrixCall& call);
template <class T>
void sign_and_log_determinant(const MatrixCall& call);  // of the factors of `lu`
template <class T>
void solve_sylvester(const MatrixCall& call);
template <class T>
void apply_matrix_function(const MatrixCall& call);
template <class T>
void apply_frechet(const MatrixCall& call);

/// False: some entry is infinite or NaN, and the n entries at `out` are now NaN.
bool all_finite_or_nan(const double* x, std::int64_t count, double* out, std::int64_t n);
bool all_finite_or_nan(const std::complex<double>* x, std::int64_t count, std::complex<double>* out,
                       std::int64_t n);

/// A = U diag(s) V^H of finite A[m, n]: the rows of `left` are the columns of U, those of `right`
/// are those of V^H; values in descending order.
template <class T>
struct SingularFactors {
  dense::Matrix<T> left;
  std::vector<double> values;
  dense::Matrix<T> right;
  bool converged = true;
};
template <class T>
SingularFactors<T> singular_factors(const T* a, std::int64_t m, std::int64_t n);

}  // namespace dualtape::engine
