/// cofactor : A[n, n] -> C[n, n],  C = det(U) conj(det V) conj(U) diag(prod_{j != i} s_j) V^T  from
/// A = U S V^H, so that det' = sum(C * A') for singular A as well.
///
/// Rare and slow to compile: part of the core, not of the kernel libraries, and for double alone:
/// narrower matrices are widened.
#pragma once

#include <Eigen/LU>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include "kernels/moves.hpp"

namespace dualtape::engine {

template <class T>
using Square = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Singular vectors and values of one matrix: A = u diag(s) vh.
template <class T>
struct SingularValues {
  Square<T> u, vh;
  Eigen::VectorXd s;
};

template <class T>
SingularValues<T> singular_values(const Eigen::Map<const Square<T>>& matrix);

template <class T>
void cofactor(void* out, const void* a, std::int64_t n) {
  Eigen::Map<Square<T>> c(static_cast<T*>(out), n, n);
  if (n == 1) {
    c(0, 0) = T(1);
    return;
  }
  const Eigen::Map<const Square<T>> matrix(static_cast<const T*>(a), n, n);
  // Far from singular det(A) A^-T is as accurate, and 10 to 100 times as fast.
  const Eigen::PartialPivLU<Square<T>> lu(matrix);
  const T det = lu.determinant();
  if (lu.rcond() > std::sqrt(std::sqrt(std::numeric_limits<double>::epsilon())) &&
      std::isnormal(std::abs(det))) {
    c.noalias() = det * lu.inverse().transpose();
    return;
  }
  const auto [u, vh, s] = singular_values<T>(matrix);
  // Products of all other singular values, without a division: prefix times suffix.
  Eigen::VectorXd others(n);
  double product = 1;
  for (std::int64_t i = 0; i < n; product *= s(i++)) others(i) = product;
  product = 1;
  for (std::int64_t i = n; i-- > 0; product *= s(i)) others(i) *= product;
  const T sign = u.determinant() * vh.determinant();
  c.noalias() = u.conjugate() * (sign * others.template cast<T>()).asDiagonal() * vh.conjugate();
}

/// The same for a narrower type.
template <class Narrow, class Wide>
void cofactor_widened(void* out, const void* a, std::int64_t n) {
  const auto count = static_cast<std::size_t>(n * n);
  const Narrow* x = static_cast<const Narrow*>(a);
  std::vector<Wide> wide(x, x + count), result(count);
  cofactor<Wide>(result.data(), wide.data(), n);
  for (std::size_t i = 0; i < count; ++i) static_cast<Narrow*>(out)[i] = Narrow(result[i]);
}

}  // namespace dualtape::engine
