/// The derivative of L with A = L L^H, forward and backward, by halves: nearly all of the work is
/// products, about n^3 operations in all. For the linalg_*.cpp only.
///
///   L_21 = A_21 L_11^-H,  L_22 the factor of A_22 - L_21 L_21^H.   With dots and bars, X = dL_21:
///   forward    X L_11^H = A_21_dot - L_21 L_11_dot^H,   A_22_dot -= X L_21^H + L_21 X^H
///   backward   W_22 the whole Hermitian matrix that A_22_bar's lower triangle stands for, doubled
///              on its diagonal:  A_21_bar = (L_21_bar - W_22 L_21) L_11^-1,
///              L_11_bar -= A_21_bar^H L_21
/// Source: Murray (2016), Differentiation of the Cholesky decomposition.
#pragma once

#include "kernels/linalg_triangular.hpp"

namespace dualtape::engine::linalg {

/// Rows [first, first + size) of n; `l` with zeros above its diagonal.
template <class T>
struct CholeskyTangent {
  static constexpr std::int64_t kRows = 32;

  const T* l;
  T* x;  // the tangent or the cotangent, in place
  std::int64_t n;
  ProductSpace& space;

  T* at(std::int64_t i, std::int64_t j) const { return x + i * n + j; }
  const T* factor(std::int64_t i, std::int64_t j) const { return l + i * n + j; }
  static std::int64_t half_of(std::int64_t size) { return (size / 2 + kRows - 1) / kRows * kRows; }
  /// Rows and columns change places, conjugated.
  void adjoint_to(T* to, const T* from, std::int64_t rows, std::int64_t columns) const {
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t j = 0; j < columns; ++j) to[j * n + i] = conjugate(from[i * n + j]);
    }
  }

  /// x's lower triangle becomes the Hermitian matrix W.
  void pull_rows(std::int64_t first, std::int64_t size) const {
    T column[kRows], bar[kRows];
    for (std::int64_t k = first + size - 1; k >= first; --k) {
      const std::int64_t rest = first + size - k - 1;
      for (std::int64_t i = 0; i < rest; ++i) {
        column[i] = *factor(k + 1 + i, k);
        bar[i] = *at(k + 1 + i, k);
      }
      // Rows of W are its columns, conjugated.
      for (std::int64_t j = 0; j < rest; ++j) {
        const T* const row = at(k + 1 + j, k + 1);
        for (std::int64_t i = 0; i < rest; ++i) bar[i] -= conjugate(row[i]) * column[j];
      }
      const auto diagonal = std::real(*factor(k, k));
      auto along = std::real(*at(k, k));
      for (std::int64_t i = 0; i < rest; ++i) {
        bar[i] /= diagonal;
        along -= std::real(conjugate(bar[i]) * column[i]);
      }
      *at(k, k) = along / diagonal;
      for (std::int64_t i = 0; i < rest; ++i) {
        *at(k + 1 + i, k) = bar[i];
        *at(k, k + 1 + i) = conjugate(bar[i]);
      }
    }
  }
  void pull(std::int64_t first, std::int64_t size) const {
    if (size <= kRows) return pull_rows(first, size);
    const std::int64_t half = half_of(size), rest = size - half, second = first + half;
    pull(second, rest);
    // The block on the right becomes the transpose of A_21_bar: its rows are solved for.
    T* const right = at(first, second);
    for (std::int64_t i = 0; i < half; ++i) {
      for (std::int64_t j = 0; j < rest; ++j) right[i * n + j] = *at(second + j, first + i);
    }
    subtract_product<T>(right, n, half, rest, {factor(second, first), 1, n},
                        {at(second, second), 1, n}, rest, space);
    solve_triangle<T, false>(right, n, rest, {factor(first, first), 1, n, false}, half, space);
    conjugate_rows(right, half, rest, n);
    adjoint_to(at(second, first), right, half, rest);
    subtract_lower(at(first, first), half, {right, n, 1}, {factor(second, first), n, 1}, rest);
    pull(first, half);
  }

  /// The lower triangle of c -= a b, in strips of rows.
  void subtract_lower(T* c, std::int64_t size, product::Source<T> a, product::Source<T> b,
                      std::int64_t inner) const {
    constexpr std::int64_t kStrip = 96;
    for (std::int64_t i = 0; i < size; i += kStrip) {
      const std::int64_t rows = std::min(kStrip, size - i);
      subtract_product<T>(c + i * n, n, rows, i + rows, {a.data + i * a.row, a.row, a.column}, b,
                          inner, space);
    }
  }

  /// x's lower triangle, of A's tangent, becomes that of L's.
  void push_rows(std::int64_t first, std::int64_t size) const {
    for (std::int64_t k = first; k < first + size; ++k) {
      const auto diagonal = std::real(*factor(k, k));
      const auto moved = std::real(*at(k, k)) / (2 * diagonal);
      *at(k, k) = moved;
      for (std::int64_t i = k + 1; i < first + size; ++i) {
        T& entry = *at(i, k);
        entry = (entry - *factor(i, k) * moved) / diagonal;
        const T l_dot = entry, l_ik = *factor(i, k);
        for (std::int64_t j = k + 1; j <= i; ++j) {
          *at(i, j) -= l_dot * conjugate(*factor(j, k)) + l_ik * conjugate(*at(j, k));
        }
      }
    }
  }
  void push(std::int64_t first, std::int64_t size, T* l_conjugate) const {
    if (size <= kRows) return push_rows(first, size);
    const std::int64_t half = half_of(size), rest = size - half, second = first + half;
    push(first, half, l_conjugate);
    // The block on the right becomes the adjoint of X; L_11_dot has garbage above its diagonal.
    T* const right = at(first, second);
    adjoint_to(right, at(second, first), rest, half);
    for (std::int64_t i = 0; i < half; ++i)
      std::fill_n(at(first + i, first) + i + 1, half - i - 1, T(0));
    const T* const below = (l_conjugate ? l_conjugate : l) + second * n + first;
    subtract_product<T>(right, n, half, rest, {at(first, first), n, 1}, {below, 1, n}, half, space);
    solve_triangle<T, true>(right, n, rest, {factor(first, first), n, 1, false}, half, space);
    adjoint_to(at(second, first), right, half, rest);
    // X L_21^H, then its adjoint L_21 X^H.
    subtract_lower(at(second, second), rest, {at(second, first), n, 1}, {below, 1, n}, half);
    subtract_lower(at(second, second), rest, {factor(second, first), n, 1}, {right, n, 1}, half);
    push(second, rest, l_conjugate);
  }
};

/// Zeros above the diagonal; `halved`: the entries on it.
template <class T>
void keep_lower(T* x, std::int64_t n, bool halved) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (halved) x[i * (n + 1)] /= T(2);
    std::fill_n(x + i * (n + 1) + 1, n - i - 1, T(0));
  }
}

/// The cotangents pair without conjugation: those of the formulas are their conjugates.
template <class T>
Status cholesky_tangent(void* out, const MatrixBatch& l, const MatrixBatch& x, std::int64_t n,
                        bool transposed) {
  return guarded([&] {
    T* y = static_cast<T*>(out);
    ProductSpace space;
    std::unique_ptr<T[]> factor(new T[static_cast<std::size_t>(n * n)]), other;
    if (!kIsReal<T> && !transposed) other.reset(new T[static_cast<std::size_t>(n * n)]);
    for (std::int64_t k = 0; k < x.count; ++k, y += n * n) {
      const T* const from = matrix_of<T>(x, k);
      const T* const triangle = matrix_of<T>(l, k);
      for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < n; ++j) {
          const T entry = from[i * x.row + j * x.column];
          y[i * n + j] = transposed ? conjugate(entry) : entry;
          factor[static_cast<std::size_t>(i * n + j)] = triangle[i * l.row + j * l.column];
        }
      }
      const CholeskyTangent<T> tangent{factor.get(), y, n, space};
      if (transposed) {
        tangent.pull(0, n);
        conjugate_rows(y, n, n, n);
      } else {
        if (other) {
          std::copy_n(factor.get(), n * n, other.get());
          conjugate_rows(other.get(), n, n, n);
        }
        tangent.push(0, n, other.get());
      }
      keep_lower(y, n, transposed);
    }
    return Status::kOk;
  });
}

}  // namespace dualtape::engine::linalg
