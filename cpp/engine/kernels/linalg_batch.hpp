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

template <class T>
Status inverse(void* out, const MatrixBatch& a, std::int64_t n, void* scratch) {
  return guarded([&] {
    T* f = static_cast<T*>(scratch);
    const T* order = f + n * n;
    T* y = static_cast<T*>(out);
    for (std::int64_t k = 0; k < a.count; ++k, y += n * n) {
      const Status status = factor_matrix(f, matrix_of<T>(a, k), a, n);
      if (status != Status::kOk) return status;
      std::fill_n(y, n * n, T(0));
      for (std::int64_t i = 0; i < n; ++i) y[i * n + position(order[i])] = T(1);
      substitute_any(y, f, n, n, false);
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

template <class T>
Status determinant(void* out, const MatrixBatch& a, std::int64_t n, void* scratch) {
  return guarded([&] {
    T* f = static_cast<T*>(scratch);
    T* y = static_cast<T*>(out);
    for (std::int64_t k = 0; k < a.count; ++k) {
      factor_matrix(f, matrix_of<T>(a, k), a, n);
      T product(1);
      for (std::int64_t i = 0; i < n; ++i) product = multiply(product, f[i * n + i]);
      y[k] = is_odd(f + n * n, n) ? -product : product;
    }
    return Status::kOk;
  });
}

}  // namespace dualtape::engine::linalg
