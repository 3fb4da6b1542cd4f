/// Batched linear algebra, one body for all inexact types; instantiated by linalg_*.cpp.
///
///   solve     x = A^-1 b or A^-T b, from an LU decomposition with row pivoting
///   cofactor  C = det(U) conj(det V) conj(U) diag(prod_{j != i} s_j) V^T  from A = U S V^H,
///             so that det' = sum(C * A') for singular A as well
#pragma once

#include <Eigen/LU>
#include <Eigen/SVD>
#include <string>
#include <vector>

#include "kernels/moves.hpp"
#include "kernels/strided.hpp"
#include "program/errors.hpp"

namespace dualtape::engine::linalg {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Map = Eigen::Map<Matrix<T>>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>>;

/// Leading axes of an operand as one batch of contiguous matrices of its last two axes.
template <class T>
class Batch {
 public:
  explicit Batch(const Array& x) {
    const std::size_t rank = x.shape().size();
    rows_ = x.shape()[rank - 2];
    columns_ = x.shape()[rank - 1];
    data_ = x.as<const T>();
    if (x.layout->contiguous) return;
    copy_.resize(static_cast<std::size_t>(x.count()));
    copy_to_contiguous(reinterpret_cast<char*>(copy_.data()), x);
    data_ = copy_.data();
  }
  ConstMap<T> operator[](std::int64_t k) const {
    return ConstMap<T>(data_ + k * rows_ * columns_, rows_, columns_);
  }
  std::int64_t rows() const { return rows_; }

 private:
  const T* data_;
  std::vector<T> copy_;
  std::int64_t rows_, columns_;
};

inline std::int64_t batch_count(const Array& x, std::size_t matrix_axes) {
  return element_count(x.shape()) == 0
             ? 0
             : element_count(std::span(x.shape().begin(), x.shape().size() - matrix_axes));
}

/// LU with the check numpy.linalg makes: an exactly zero pivot is an error.
template <class T>
Eigen::PartialPivLU<Matrix<T>> decompose(const ConstMap<T>& a, const char* operation) {
  Eigen::PartialPivLU<Matrix<T>> lu(a);
  if ((lu.matrixLU().diagonal().array() == T(0)).any()) {
    throw SingularMatrixError(std::string(operation) + ": singular matrix");
  }
  return lu;
}

template <class T>
void solve(const Array& out, Arrays in, Attrs attrs) {
  const bool transposed = !attrs.empty() && attrs[0] != 0;
  const Batch<T> a(in[0]), b(in[1]);
  const std::int64_t columns = out.shape().back();
  for (std::int64_t k = 0; k < batch_count(out, 2); ++k) {
    const auto lu = decompose<T>(a[k], "solve");
    Map<T> x(out.as<T>() + k * a.rows() * columns, a.rows(), columns);
    if (transposed) {
      x = lu.transpose().solve(b[k]);
    } else {
      x = lu.solve(b[k]);
    }
  }
}

template <class T>
void inv(const Array& out, Arrays in, Attrs) {
  const Batch<T> a(in[0]);
  const std::int64_t n = a.rows();
  for (std::int64_t k = 0; k < batch_count(out, 2); ++k) {
    Map<T>(out.as<T>() + k * n * n, n, n) = decompose<T>(a[k], "inv").inverse();
  }
}

template <class T>
void det(const Array& out, Arrays in, Attrs) {
  const Batch<T> a(in[0]);
  for (std::int64_t k = 0; k < out.count(); ++k) {
    out.as<T>()[k] = a.rows() ? Eigen::PartialPivLU<Matrix<T>>(a[k]).determinant() : T(1);
  }
}

template <class T>
void cofactor(const Array& out, Arrays in, Attrs) {
  using Real = typename Eigen::NumTraits<T>::Real;
  const Batch<T> a(in[0]);
  const std::int64_t n = a.rows();
  for (std::int64_t k = 0; k < batch_count(out, 2); ++k) {
    Map<T> c(out.as<T>() + k * n * n, n, n);
    if (n == 1) {
      c(0, 0) = T(1);
      continue;
    }
    const Eigen::JacobiSVD<Matrix<T>> svd(a[k], Eigen::ComputeFullU | Eigen::ComputeFullV);
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
}

template <class T>
ArrayKernel lookup(OpCode op) {
  switch (op) {
    case kSolve: return solve<T>;
    case kInv: return inv<T>;
    case kDet: return det<T>;
    case kCofactor: return cofactor<T>;
    default: return nullptr;
  }
}

}  // namespace dualtape::engine::linalg
