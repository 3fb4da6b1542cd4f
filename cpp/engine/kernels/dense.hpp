/// Dense matrices, rows side by side, for decompositions that are compiled once: part of the core.
/// Their long loops are products, which the kernel library runs.
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "kernels/library.hpp"
#include "memory/workspace.hpp"

namespace dualtape::engine::dense {

using Complex = std::complex<double>;

template <class T>
inline constexpr bool kIsComplex = std::is_same_v<std::remove_const_t<T>, Complex>;
template <class T>
inline constexpr DType kDType = kIsComplex<T> ? DType::kComplex128 : DType::kFloat64;

inline double conj(double x) { return x; }
inline Complex conj(const Complex& x) { return std::conj(x); }
inline double real(double x) { return x; }
inline double real(const Complex& x) { return x.real(); }
inline double squared(double x) { return x * x; }
inline double squared(const Complex& x) { return x.real() * x.real() + x.imag() * x.imag(); }

/// Entries (i, j) at data[i * row + j * column].
template <class T>
struct Window {
  T* data;
  std::int64_t rows, columns, row, column = 1;

  T& operator()(std::int64_t i, std::int64_t j) const { return data[i * row + j * column]; }
  Window part(std::int64_t i, std::int64_t j, std::int64_t m, std::int64_t n) const {
    return {data + i * row + j * column, m, n, row, column};
  }
  Window transposed() const { return {data, columns, rows, column, row}; }
  operator Window<const T>() const
    requires(!std::is_const_v<T>)
  {
    return {data, rows, columns, row, column};
  }
};

/// Zeros to begin with.
template <class T>
class Matrix {
 public:
  Matrix() = default;
  Matrix(std::int64_t rows, std::int64_t columns)
      : rows_(rows), columns_(columns), data_(static_cast<std::size_t>(rows * columns)) {}
  /// A copy, of another element type or in other strides.
  template <class S>
  explicit Matrix(Window<S> x) : Matrix(x.rows, x.columns) {
    for (std::int64_t i = 0; i < rows_; ++i) {
      for (std::int64_t j = 0; j < columns_; ++j) (*this)(i, j) = x(i, j);
    }
  }
  static Matrix identity(std::int64_t rows, std::int64_t columns) {
    Matrix x(rows, columns);
    for (std::int64_t i = 0; i < std::min(rows, columns); ++i) x(i, i) = T(1);
    return x;
  }

  std::int64_t rows() const { return rows_; }
  std::int64_t columns() const { return columns_; }
  T* data() { return data_.data(); }
  const T* data() const { return data_.data(); }
  T* row(std::int64_t i) { return data() + i * columns_; }
  const T* row(std::int64_t i) const { return data() + i * columns_; }
  T& operator()(std::int64_t i, std::int64_t j) { return row(i)[j]; }
  const T& operator()(std::int64_t i, std::int64_t j) const { return row(i)[j]; }
  Window<T> all() { return {data(), rows_, columns_, columns_}; }
  Window<const T> all() const { return {data(), rows_, columns_, columns_}; }

 private:
  std::int64_t rows_ = 0, columns_ = 0;
  std::vector<T> data_;
};

/// out = a b. The columns of `out` have stride 1.
template <class T>
void multiply(Window<T> out, std::type_identity_t<Window<const T>> a,
              std::type_identity_t<Window<const T>> b) {
  if (out.rows * out.columns == 0) return;
  const ProductShape shape{a.rows, b.columns, a.columns, a.row, a.column, b.row, b.column, out.row};
  const ProductKernel kernel = kernels().product(kDType<T>, shape);
  const Workspace scratch(static_cast<std::size_t>(kernel.scratch_bytes));
  kernel.run(shape, out.data, a.data, b.data, scratch.data());
}

template <class T>
Matrix<T> operator*(const Matrix<T>& a, const Matrix<T>& b) {
  Matrix<T> out(a.rows(), b.columns());
  multiply(out.all(), a.all(), b.all());
  return out;
}

/// y += f x, n entries.
template <class T>
void add_scaled(T* y, const T& f, const T* x, std::int64_t n) {
#pragma GCC ivdep
  for (std::int64_t j = 0; j < n; ++j) y[j] += f * x[j];
}

template <class T>
Matrix<T> adjoint(const Matrix<T>& a) {
  Matrix<T> out(a.all().transposed());
  if constexpr (kIsComplex<T>) {
    std::transform(out.data(), out.data() + out.rows() * out.columns(), out.data(),
                   [](const T& x) { return conj(x); });
  }
  return out;
}

template <class T>
Matrix<T>& operator+=(Matrix<T>& a, const Matrix<T>& b) {
  add_scaled(a.data(), T(1), b.data(), a.rows() * a.columns());
  return a;
}
template <class T>
Matrix<T> operator-(Matrix<T> a, const Matrix<T>& b) {
  add_scaled(a.data(), T(-1), b.data(), a.rows() * a.columns());
  return a;
}
template <class T>
Matrix<T> operator*(double factor, Matrix<T> a) {
  for (std::int64_t k = 0; k < a.rows() * a.columns(); ++k) a.data()[k] *= factor;
  return a;
}

/// A^-1 B by LU; SingularMatrixError.
template <class T>
Matrix<T> solve(const Matrix<T>& a, const Matrix<T>& b);

/// A power of two near the largest part of an entry, so that sums of squares of the scaled matrix
/// neither overflow nor vanish; 1 for a matrix of zeros or with an infinite entry. Its inverse is
/// finite.
template <class T>
double scale_of(const T* x, std::int64_t count) {
  const double* parts = reinterpret_cast<const double*>(x);
  double largest = 0;
  for (std::int64_t k = 0; k < count * static_cast<std::int64_t>(sizeof(T) / 8); ++k) {
    largest = std::max(largest, std::abs(parts[k]));
  }
  if (largest == 0 || std::isinf(largest)) return 1;
  return std::ldexp(1.0, std::max(std::ilogb(largest), -1000));
}

}  // namespace dualtape::engine::dense
