/// Linear algebra by Eigen, one body for all inexact types; for the linalg_*.cpp only.
#pragma once

#include <Eigen/LU>
#include <new>

#include "kernels/linalg.hpp"

namespace dualtape::engine::linalg {

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using Map = Eigen::Map<Matrix<T>>;
template <class T>
using ConstMap = Eigen::Map<const Matrix<T>>;

template <class T>
ConstMap<T> matrix(const void* data, std::int64_t rows, std::int64_t columns) {
  return ConstMap<T>(static_cast<const T*>(data), rows, columns);
}

/// Eigen allocates its work space: the only exception there can be.
template <class F>
Status guarded(F&& f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return Status::kNoMemory;
  }
}

/// The check numpy.linalg makes: an exactly zero pivot is an error.
template <class T>
bool is_singular(const Eigen::PartialPivLU<Matrix<T>>& lu) {
  return (lu.matrixLU().diagonal().array() == T(0)).any();
}

/// From an LU decomposition with row pivoting.
template <class T>
Status solve(void* out, const void* a, const void* rhs, std::int64_t n, std::int64_t columns,
             bool transposed) {
  return guarded([&] {
    const Eigen::PartialPivLU<Matrix<T>> lu(matrix<T>(a, n, n));
    if (is_singular<T>(lu)) return Status::kSingular;
    const ConstMap<T> b = matrix<T>(rhs, n, columns);
    Map<T> x(static_cast<T*>(out), n, columns);
    if (transposed) {
      x = lu.transpose().solve(b);
    } else {
      x = lu.solve(b);
    }
    return Status::kOk;
  });
}

template <class T>
Status inverse(void* out, const void* a, std::int64_t n) {
  return guarded([&] {
    const Eigen::PartialPivLU<Matrix<T>> lu(matrix<T>(a, n, n));
    if (is_singular<T>(lu)) return Status::kSingular;
    Map<T>(static_cast<T*>(out), n, n) = lu.inverse();
    return Status::kOk;
  });
}

template <class T>
Status determinant(void* out, const void* a, std::int64_t n) {
  return guarded([&] {
    T& y = *static_cast<T*>(out);
    y = n ? Eigen::PartialPivLU<Matrix<T>>(matrix<T>(a, n, n)).determinant() : T(1);
    return Status::kOk;
  });
}

template <class T>
const LinearAlgebra* functions() {
  static constexpr LinearAlgebra kFunctions{solve<T>, inverse<T>, determinant<T>};
  return &kFunctions;
}

}  // namespace dualtape::engine::linalg
