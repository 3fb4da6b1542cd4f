/// cofactor : A[n, n] -> C[n, n],  C = det(U) conj(det V) conj(U) diag(prod_{j != i} s_j) V^T  from
/// A = U S V^H, so that det' = sum(C * A') for singular A as well.
///
/// Rare and slow to compile: part of the core, not of the kernel libraries.
#pragma once

#include <Eigen/LU>
#include <Eigen/SVD>
#include <cmath>
#include <complex>
#include <limits>

#include "kernels/moves.hpp"

namespace dualtape::engine {

template <class T>
void cofactor(void* out, const void* a, std::int64_t n) {
  using Real = typename Eigen::NumTraits<T>::Real;
  using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Matrix> c(static_cast<T*>(out), n, n);
  if (n == 1) {
    c(0, 0) = T(1);
    return;
  }
  const Eigen::Map<const Matrix> matrix(static_cast<const T*>(a), n, n);
  // Far from singular det(A) A^-T is as accurate, and 10 to 100 times as fast.
  const Eigen::PartialPivLU<Matrix> lu(matrix);
  const T det = lu.determinant();
  if (lu.rcond() > std::sqrt(std::sqrt(std::numeric_limits<Real>::epsilon())) &&
      std::isnormal(std::abs(det))) {
    c.noalias() = det * lu.inverse().transpose();
    return;
  }
  const Eigen::JacobiSVD<Matrix> svd(matrix, Eigen::ComputeFullU | Eigen::ComputeFullV);
  const auto& s = svd.singularValues();
  // Products of all other singular values, without a division: prefix times suffix.
  Eigen::Matrix<Real, Eigen::Dynamic, 1> others(n);
  Real product(1);
  for (std::int64_t i = 0; i < n; product *= s(i++)) others(i) = product;
  product = Real(1);
  for (std::int64_t i = n; i-- > 0; product *= s(i)) others(i) *= product;
  const T sign = svd.matrixU().determinant() * Eigen::numext::conj(svd.matrixV().determinant());
  c.noalias() = svd.matrixU().conjugate() * (sign * others.template cast<T>()).asDiagonal() *
                svd.matrixV().transpose();
}

}  // namespace dualtape::engine
