/// Loops over a batch of matrices: small ones by linalg_lu.hpp, large ones by linalg_blocks.hpp.
/// One body for all inexact types; for the linalg_*.cpp only.
#pragma once

#include <new>

#include "kernels/linalg_blocks.hpp"

namespace dualtape::engine::linalg {

/// Large matrices take work space: the only exception there can be.
template <class F>
Status guarded(F&& f) {
  try {
    return f();
  } catch (const std::bad_alloc&) {
    return Status::kNoMemory;
  }
}

template <class T>
const T* matrix_of(const MatrixBatch& batch, std::int64_t k) {
  return static_cast<const T*>(batch.data) + k * batch.step;
}

template <class T>
bool has_zero_pivot(const T* f, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (f[i * (n + 1)] == T(0)) return true;
  }
  return false;
}

template <class T>
Status factor_large(T* f, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) f[n * n + i] = static_cast<T>(static_cast<double>(i));
  ProductSpace space;
  factor_columns(f, n, 0, n, space);
  return has_zero_pivot(f, n) ? Status::kSingular : Status::kOk;
}

/// Calls `fixed` with n as a constant if it is one of few and T is real, `any` otherwise.
template <class T, class Fixed, class Any>
auto with_size(std::int64_t n, Fixed&& fixed, Any&& any) {
  if constexpr (kIsReal<T>) {
    switch (n) {
      case 2: return fixed(std::integral_constant<int, 2>());
      case 3: return fixed(std::integral_constant<int, 3>());
      case 4: return fixed(std::integral_constant<int, 4>());
      case 5: return fixed(std::integral_constant<int, 5>());
      case 6: return fixed(std::integral_constant<int, 6>());
      case 7: return fixed(std::integral_constant<int, 7>());
      case 8: return fixed(std::integral_constant<int, 8>());
      default: break;
    }
  }
  return any();
}

/// The factors of the matrix at `a`; f may hold anything.
template <class T>
Status factor_matrix(T* f, const T* a, const MatrixBatch& strides, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    const T* row = a + i * strides.row;
    if (strides.column == 1) {
      std::copy_n(row, n, f + i * n);
    } else {
      for (std::int64_t j = 0; j < n; ++j) f[i * n + j] = row[j * strides.column];
    }
  }
  if (n > kSmall) return factor_large(f, n);
  return with_size<T>(
      n, [&](auto size) { return factor_fixed<T, size()>(f); },
      [&] { return factor_by_rows(f, n); });
}

template <class T>
Status factor(void* out, const MatrixBatch& a, std::int64_t n) {
  return guarded([&] {
    T* f = static_cast<T*>(out);
    for (std::int64_t k = 0; k < a.count; ++k, f += factor_size(n)) {
      factor_matrix(f, matrix_of<T>(a, k), a, n);
    }
    return Status::kOk;
  });
}

/// L U x = x, or its transpose, in place.
template <class T>
void substitute_large(T* x, const T* f, std::int64_t n, std::int64_t columns, bool transposed) {
  ProductSpace space;
  if (transposed) {
    solve_triangle<T, true>(x, columns, columns, {f, 1, n, false}, n, space);
    solve_triangle<T, false>(x, columns, columns, {f, 1, n, true}, n, space);
  } else {
    solve_triangle<T, true>(x, columns, columns, {f, n, 1, true}, n, space);
    solve_triangle<T, false>(x, columns, columns, {f, n, 1, false}, n, space);
  }
}

template <class T, bool kTransposed>
void substitute_small(T* x, const T* f, std::int64_t n, std::int64_t columns) {
  if (columns > 1) return substitute<T, kTransposed>(x, columns, f, n);
  with_size<T>(
      n, [&](auto size) { substitute_fixed<T, size(), kTransposed>(x, f); },
      [&] {
        if constexpr (kTransposed) {
          substitute_vector_transposed(x, f, n);
        } else {
          substitute<T, false, 1>(x, 1, f, n);
        }
      });
}

template <class T>
void substitute_any(T* x, const T* f, std::int64_t n, std::int64_t columns, bool transposed) {
  if (n > kSmall) {
    substitute_large(x, f, n, columns, transposed);
  } else if (transposed) {
    substitute_small<T, true>(x, f, n, columns);
  } else {
    substitute_small<T, false>(x, f, n, columns);
  }
}

template <class T>
std::int64_t position(const T& entry) {
  return static_cast<std::int64_t>(std::real(entry));
}

/// For A^T x = b: U^T L^T P x = b, so P is undone last.
template <class T>
void solve_matrix(T* x, const T* f, const T* b, const MatrixBatch& strides, std::int64_t n,
                  std::int64_t columns, bool transposed, T* scratch) {
  const T* order = f + n * n;
  T* y = transposed ? scratch : x;
  for (std::int64_t i = 0; i < n; ++i) {
    const T* from = b + (transposed ? i : position(order[i])) * strides.row;
    for (std::int64_t j = 0; j < columns; ++j) y[i * columns + j] = from[j * strides.column];
  }
  substitute_any(y, f, n, columns, transposed);
  if (!transposed) return;
  for (std::int64_t i = 0; i < n; ++i) {
    std::copy_n(y + i * columns, columns, x + position(order[i]) * columns);
  }
}

template <class T>
Status solve(void* out, const MatrixBatch& f, const MatrixBatch& b, std::int64_t n,
             std::int64_t columns, bool transposed, void* scratch) {
  return guarded([&] {
    T* x = static_cast<T*>(out);
    for (std::int64_t k = 0; k < b.count; ++k, x += n * columns) {
      if (has_zero_pivot(matrix_of<T>(f, k), n)) return Status::kSingular;
      if (columns == 0) continue;
      solve_matrix(x, matrix_of<T>(f, k), matrix_of<T>(b, k), b, n, columns, transposed,
                   static_cast<T*>(scratch));
    }
    return Status::kOk;
  });
}

/// The factors of the k-th matrix, made in the scratch if they are not there.
template <class T>
const T* factors_of(const Factorable& a, std::int64_t k, std::int64_t n, void* scratch) {
  const T* x = matrix_of<T>(a.x, k);
  if (a.factored) return x;
  T* f = static_cast<T*>(scratch);
  factor_matrix(f, x, a.x, n);
  return f;
}

/// U^-1 L^-1 P = A^-1.
template <class T>
void invert_large(T* y, const T* f, std::int64_t n) {
  const T* order = f + n * n;
  ProductSpace space;
  std::fill_n(y, n * n, T(0));
  invert_lower(y, n, {f, n, 1, true}, n, space);
  solve_triangle<T, false>(y, n, n, {f, n, 1, false}, n, space);
  T* const row = reinterpret_cast<T*>(space.at_least(n * static_cast<std::int64_t>(sizeof(T))));
  for (std::int64_t i = 0; i < n; ++i, y += n) {
    for (std::int64_t j = 0; j < n; ++j) row[position(order[j])] = y[j];
    std::copy_n(row, n, y);
  }
}

template <class T>
Status inverse(void* out, const Factorable& a, std::int64_t n, void* scratch) {
  return guarded([&] {
    T* y = static_cast<T*>(out);
    for (std::int64_t k = 0; k < a.x.count; ++k, y += n * n) {
      const T* f = factors_of<T>(a, k, n, scratch);
      if (has_zero_pivot(f, n)) return Status::kSingular;
      if (n > kSmall) {
        invert_large(y, f, n);
        continue;
      }
      const T* order = f + n * n;
      std::fill_n(y, n * n, T(0));
      for (std::int64_t i = 0; i < n; ++i) y[i * n + position(order[i])] = T(1);
      substitute_small<T, false>(y, f, n, n);
    }
    return Status::kOk;
  });
}

/// A cycle of m rows is m - 1 swaps; marks the rows it has seen.
template <class T>
bool is_odd(T* order, std::int64_t n) {
  bool odd = false;
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t at = position(order[i]); at != i; at = position(order[i])) {
      std::swap(order[i], order[at]);
      odd = !odd;
    }
  }
  return odd;
}

/// `order`: what the factors say, or a copy of it, which is lost.
template <class T>
T determinant_of(const T* f, std::int64_t n, T* order) {
  T product(1);
  for (std::int64_t i = 0; i < n; ++i) product = multiply(product, f[i * n + i]);
  return is_odd(order, n) ? -product : product;
}

template <class T>
Status determinant(void* out, const Factorable& a, std::int64_t n, void* scratch) {
  return guarded([&] {
    T* y = static_cast<T*>(out);
    for (std::int64_t k = 0; k < a.x.count; ++k) {
      const T* f = factors_of<T>(a, k, n, scratch);
      T* const order = static_cast<T*>(scratch) + n * n;
      if (a.factored) std::copy_n(f + n * n, n, order);
      y[k] = determinant_of(f, n, order);
    }
    return Status::kOk;
  });
}

/// As doubles side by side: a complex number is two.
template <class T>
double sum_of_squares(const T* x, std::int64_t n) {
  using V = product::Vector<double, product::kWidth<double>>;
  constexpr std::int64_t kLanes = product::kWidth<double>;
  const auto* at = reinterpret_cast<const double*>(x);
  std::int64_t left = n * static_cast<std::int64_t>(sizeof(T) / sizeof(double));
  V sums[4] = {};
  for (; left >= 4 * kLanes; left -= 4 * kLanes, at += 4 * kLanes) {
    for (int k = 0; k < 4; ++k) {
      const V v = product::load<V>(at + k * kLanes);
      sums[k] += v * v;
    }
  }
  const V all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = 0;
  for (std::int64_t k = 0; k < kLanes; ++k) sum += all[k];
  for (std::int64_t k = 0; k < left; ++k) sum += at[k] * at[k];
  return sum;
}

/// P A^-T = L^-T U^-T.
template <class T>
void invert_transposed(T* y, const T* f, std::int64_t n) {
  std::fill_n(y, n * n, T(0));
  if (n > kSmall) {
    ProductSpace space;
    invert_lower(y, n, {f, 1, n, false}, n, space);
    return solve_triangle<T, false>(y, n, n, {f, 1, n, true}, n, space);
  }
  for (std::int64_t i = 0; i < n; ++i) y[i * (n + 1)] = T(1);
  substitute_small<T, true>(y, f, n, n);
}

template <class T>
Status cofactor(void* out, const void* a, const void* factors, std::int64_t n, void* scratch) {
  return guarded([&] {
    const T* f = static_cast<const T*>(factors);
    T* const y = static_cast<T*>(scratch);
    const T det = determinant_of(f, n, std::copy_n(f + n * n, n, y) - n);
    if (!std::isnormal(std::abs(det))) return Status::kSingular;
    invert_transposed(y, f, n);
    // The condition, and more, to be below eps^(-1/4); NaN is not.
    constexpr double kMost = 1 / 1.4901161193847656e-08;  // eps^(1/2)
    const double size = sum_of_squares(static_cast<const T*>(a), n * n);
    if (!(size * sum_of_squares(y, n * n) < kMost)) return Status::kSingular;
    for (std::int64_t i = 0; i < n; ++i) {
      T* const row = static_cast<T*>(out) + position(f[n * n + i]) * n;
      for (std::int64_t j = 0; j < n; ++j) row[j] = multiply(det, y[i * n + j]);
    }
    return Status::kOk;
  });
}

}  // namespace dualtape::engine::linalg
