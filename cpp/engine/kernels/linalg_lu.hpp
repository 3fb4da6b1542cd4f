/// LU decomposition with row pivoting, and what follows from it, for one matrix.
///
///   P A = L U,  packed as F[n + 1, n]: U on and above the diagonal, L below (its ones are not
///   stored), and in the last row the row of A that stands in each row of L U.
///   solve      x = U^-1 L^-1 P b, or P^T L^-T U^-T b for A^T
///   inverse    solve with b = 1
///   determinant  the product of U's diagonal, with the sign of P
#pragma once

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/linalg.hpp"
#include "kernels/product_tile.hpp"

namespace dualtape::engine::linalg {

template <class T>
inline constexpr bool kIsReal = std::is_floating_point_v<T>;

/// As LAPACK: the larger of two complex numbers by |re| + |im|.
template <class T>
auto magnitude(const T& x) {
  if constexpr (kIsReal<T>) {
    return std::abs(x);
  } else {
    return std::abs(x.real()) + std::abs(x.imag());
  }
}

/// a b by the textbook: the standard operator looks for infinities.
template <class T>
T multiply(const T& a, const T& b) {
  if constexpr (kIsReal<T>) {
    return a * b;
  } else {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
  }
}

/// y -= l x, n entries.
template <class T>
void subtract_row(T* y, const T& l, const T* x, std::int64_t n) {
#pragma GCC ivdep
  for (std::int64_t j = 0; j < n; ++j) y[j] -= multiply(l, x[j]);
}

/// The largest from the k-th of n contiguous entries on; of equal ones the first.
template <class T>
std::int64_t find_pivot(const T* x, std::int64_t k, std::int64_t n) {
  using Size = decltype(magnitude(x[0]));
  const Size first = magnitude(x[k]);
  if (first != first) return k;  // nothing is larger than NaN
  constexpr int kLanes = 8;
  Size best[kLanes];
  std::fill_n(best, kLanes, first);
  std::int64_t i = k + 1;
  for (; i + kLanes <= n; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const Size size = magnitude(x[i + lane]);
      best[lane] = size > best[lane] ? size : best[lane];
    }
  }
  for (; i < n; ++i) best[0] = std::max(best[0], magnitude(x[i]));
  const Size largest = *std::max_element(best, best + kLanes);
  for (i = k; magnitude(x[i]) != largest;) ++i;
  return i;
}

template <class T>
std::int64_t find_pivot(const T* f, std::int64_t n, std::int64_t k, std::int64_t row) {
  std::int64_t pivot = k;
  auto best = magnitude(f[k * row + k]);
  for (std::int64_t i = k + 1; i < n; ++i) {
    const auto size = magnitude(f[i * row + k]);
    if (size > best) {
      best = size;
      pivot = i;
    }
  }
  return pivot;
}

/// A column of zeros is left as it is: U then has a zero on its diagonal. NaN are no zeros.
template <class T>
Status factor_by_rows(T* f, std::int64_t n) {
  T* order = f + n * n;
  for (std::int64_t i = 0; i < n; ++i) order[i] = static_cast<T>(static_cast<double>(i));
  Status status = Status::kOk;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t pivot = find_pivot(f, n, k, n);
    if (pivot != k) {
      std::swap_ranges(f + k * n, f + (k + 1) * n, f + pivot * n);
      std::swap(order[k], order[pivot]);
    }
    const T diagonal = f[k * n + k];
    if (diagonal == T(0)) {
      status = Status::kSingular;
      continue;
    }
    for (std::int64_t i = k + 1; i < n; ++i) {
      const T l = f[i * n + k] / diagonal;
      f[i * n + k] = l;
      subtract_row(f + i * n + k + 1, l, f + k * n + k + 1, n - k - 1);
    }
  }
  return status;
}

/// The same for a constant n: loops unroll, and the compiler sees where entries lie.
template <class T, int kSize>
Status factor_fixed(T* f) {
  T* order = f + kSize * kSize;
  for (int i = 0; i < kSize; ++i) order[i] = static_cast<T>(i);
  Status status = Status::kOk;
#pragma GCC unroll 8
  for (int k = 0; k < kSize; ++k) {
    const auto pivot = find_pivot(f, kSize, k, kSize);
    if (pivot != k) {
      std::swap_ranges(f + k * kSize, f + (k + 1) * kSize, f + pivot * kSize);
      std::swap(order[k], order[pivot]);
    }
    const T diagonal = f[k * kSize + k];
    if (diagonal == T(0)) {
      status = Status::kSingular;
      continue;
    }
#pragma GCC unroll 8
    for (int i = k + 1; i < kSize; ++i) {
      const T l = f[i * kSize + k] / diagonal;
      f[i * kSize + k] = l;
#pragma GCC unroll 8
      for (int j = k + 1; j < kSize; ++j) f[i * kSize + j] -= l * f[k * kSize + j];
    }
  }
  return status;
}

/// kLanes columns of x, `columns` of them a row, in place: L x = x, then U x = x, or U^T x = x,
/// then L^T x = x.
template <class T, bool kTransposed, int kLanes>
void substitute_strip(T* x, std::int64_t columns, const T* f, std::int64_t n) {
  using V = product::Vector<T, kLanes>;
  const std::int64_t row = kTransposed ? 1 : n, column = kTransposed ? n : 1;
  const auto eliminate = [&](std::int64_t i, std::int64_t first, std::int64_t last) {
    V rest = product::load<V>(x + i * columns);
    for (std::int64_t j = first; j < last; ++j) {
      const V known = product::load<V>(x + j * columns);
      if constexpr (kIsReal<T>) {
        rest -= f[i * row + j * column] * known;
      } else {
        rest -= multiply(f[i * row + j * column], known);
      }
    }
    return rest;
  };
  for (std::int64_t i = 0; i < n; ++i) {
    V rest = eliminate(i, 0, i);
    if (kTransposed) rest /= f[i * n + i];
    product::store(x + i * columns, rest);
  }
  for (std::int64_t i = n; i-- > 0;) {
    V rest = eliminate(i, i + 1, n);
    if (!kTransposed) rest /= f[i * n + i];
    product::store(x + i * columns, rest);
  }
}

/// All columns: strips of full registers, the rest by fewer lanes.
template <class T, bool kTransposed, int kLanes = kIsReal<T> ? product::kWidth<T> : 1>
void substitute(T* x, std::int64_t columns, const T* f, std::int64_t n, std::int64_t first = 0) {
  for (; first + kLanes <= columns; first += kLanes) {
    substitute_strip<T, kTransposed, kLanes>(x + first, columns, f, n);
  }
  if constexpr (kLanes > 1) {
    if (first < columns) substitute<T, kTransposed, kLanes / 2>(x, columns, f, n, first);
  }
}

/// One right-hand side of the transposed equations: f by rows.
template <class T>
void substitute_vector_transposed(T* x, const T* f, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    x[i] /= f[i * n + i];
    subtract_row(x + i + 1, x[i], f + i * n + i + 1, n - i - 1);
  }
  for (std::int64_t i = n; i-- > 1;) subtract_row(x, x[i], f + i * n, i);
}

/// The same for constant n, in registers; element (i, j) of the triangles is f[i kRow + j kColumn],
/// the ones are on the lower one's diagonal unless `kTransposed`.
template <class T, int kSize, bool kTransposed>
void substitute_fixed(T* out, const T* f) {
  constexpr int kRow = kTransposed ? 1 : kSize, kColumn = kTransposed ? kSize : 1;
  T x[kSize];
  std::copy_n(out, kSize, x);
#pragma GCC unroll 8
  for (int j = 0; j < kSize; ++j) {
    if (kTransposed) x[j] /= f[j * kSize + j];
#pragma GCC unroll 8
    for (int i = j + 1; i < kSize; ++i) x[i] -= f[i * kRow + j * kColumn] * x[j];
  }
#pragma GCC unroll 8
  for (int j = kSize - 1; j >= 0; --j) {
    if (!kTransposed) x[j] /= f[j * kSize + j];
#pragma GCC unroll 8
    for (int i = 0; i < j; ++i) x[i] -= f[i * kRow + j * kColumn] * x[j];
  }
  std::copy_n(x, kSize, out);
}

}  // namespace dualtape::engine::linalg
