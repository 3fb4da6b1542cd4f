/// Large triangular solves and factorisations: halves, so that nearly all of the work is products,
/// which product_*.cpp run. For the linalg_*.cpp only.
/// Source: Toledo (1997), Locality of reference in LU decomposition with partial pivoting.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "kernels/level.hpp"
#include "kernels/linalg_lu.hpp"

namespace dualtape::engine::linalg {

/// Up to here loops beat blocks.
inline constexpr std::int64_t kSmall = 64;
/// Blocks that are not cut further.
inline constexpr std::int64_t kTriangle = 32, kPanel = 16;

template <class T>
inline constexpr DType kDTypeOf = std::is_same_v<T, double>                 ? DType::kFloat64
                                  : std::is_same_v<T, float>                ? DType::kFloat32
                                  : std::is_same_v<T, std::complex<double>> ? DType::kComplex128
                                                                            : DType::kComplex64;

/// Memory for one product after the other. Throws std::bad_alloc.
class ProductSpace {
 public:
  char* at_least(std::int64_t bytes) {
    if (bytes > bytes_) {
      memory_.reset(new (std::align_val_t(64)) char[static_cast<std::size_t>(bytes)]);
      bytes_ = bytes;
    }
    return memory_.get();
  }

 private:
  struct Free {
    void operator()(char* p) const { operator delete[](p, std::align_val_t(64)); }
  };
  std::unique_ptr<char[], Free> memory_;
  std::int64_t bytes_ = 0;
};

/// c[rows, columns] -= a[rows, inner] b[inner, columns]; entry (i, j) of c at c[i * c_row + j].
template <class T>
void subtract_product(T* c, std::int64_t c_row, std::int64_t rows, std::int64_t columns,
                      product::Source<T> a, product::Source<T> b, std::int64_t inner,
                      ProductSpace& space) {
  if (rows == 0 || columns == 0 || inner == 0) return;
  const ProductShape shape{rows, columns, inner, a.row, a.column, b.row, b.column, columns};
  ProductKernel kernel;
  if constexpr (kIsReal<T>) {
    kernel = choose_real_product(kDTypeOf<T>, shape);
  } else {
    kernel = choose_complex_product(kDTypeOf<T>, shape);
  }
  const std::int64_t scratch = (kernel.scratch_bytes + 63) / 64 * 64;
  char* const memory =
      space.at_least(scratch + rows * columns * static_cast<std::int64_t>(sizeof(T)));
  T* const found = reinterpret_cast<T*>(memory + scratch);
  kernel.run(shape, found, a.data, b.data, memory);
  for (std::int64_t i = 0; i < rows; ++i) {
    T* const to = c + i * c_row;
    const T* const from = found + i * columns;
    for (std::int64_t j = 0; j < columns; ++j) to[j] -= from[j];
  }
}

/// A triangle: entry (i, j) at data[i * row + j * column].
template <class T>
struct TriangleView {
  const T* data;
  std::int64_t row, column;
  bool unit;

  TriangleView from(std::int64_t k) const { return {data + k * (row + column), row, column, unit}; }
  product::Source<T> part(std::int64_t i, std::int64_t j) const {
    return {data + i * row + j * column, row, column};
  }
};

/// T x = x in place for kVectors * kLanes columns of x, whose rows are x_row apart.
template <class T, bool kLower, int kVectors, int kLanes>
void solve_strip(T* x, std::int64_t x_row, const TriangleView<T>& t, std::int64_t n) {
  using V = product::Vector<T, kLanes>;
  for (std::int64_t k = 0; k < n; ++k) {
    const std::int64_t i = kLower ? k : n - 1 - k;
    V rest[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) rest[v] = product::load<V>(x + i * x_row + v * kLanes);
    const std::int64_t first = kLower ? 0 : i + 1, last = kLower ? i : n;
    for (std::int64_t j = first; j < last; ++j) {
      const T factor = t.data[i * t.row + j * t.column];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        const V known = product::load<V>(x + j * x_row + v * kLanes);
        if constexpr (kIsReal<T>) {
          rest[v] -= factor * known;
        } else {
          rest[v] -= multiply(factor, known);
        }
      }
    }
    const T diagonal = t.unit ? T(1) : t.data[i * (t.row + t.column)];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      if (!t.unit) rest[v] /= diagonal;
      product::store(x + i * x_row + v * kLanes, rest[v]);
    }
  }
}

template <class T, bool kLower, int kVectors = 4, int kLanes = kIsReal<T> ? product::kWidth<T> : 1>
void solve_strips(T* x, std::int64_t x_row, std::int64_t columns, const TriangleView<T>& t,
                  std::int64_t n) {
  constexpr std::int64_t kStrip = kVectors * kLanes;
  for (; columns >= kStrip; columns -= kStrip, x += kStrip) {
    solve_strip<T, kLower, kVectors, kLanes>(x, x_row, t, n);
  }
  if constexpr (kVectors > 1) {
    if (columns > 0) solve_strips<T, kLower, 1, kLanes>(x, x_row, columns, t, n);
  } else if constexpr (kLanes > 1) {
    if (columns > 0) solve_strips<T, kLower, 1, kLanes / 2>(x, x_row, columns, t, n);
  }
}

/// The same for all columns and any n.
template <class T, bool kLower>
void solve_triangle(T* x, std::int64_t x_row, std::int64_t columns, const TriangleView<T>& t,
                    std::int64_t n, ProductSpace& space) {
  // A single column is a chain of sums: the shorter, the more of it are products.
  const std::int64_t block = columns == 1 ? 8 : kTriangle;
  if (n <= block) return solve_strips<T, kLower>(x, x_row, columns, t, n);
  const std::int64_t half = (n / 2 + block - 1) / block * block, rest = n - half;
  T* const below = x + half * x_row;
  if constexpr (kLower) {
    solve_triangle<T, true>(x, x_row, columns, t, half, space);
    subtract_product<T>(below, x_row, rest, columns, t.part(half, 0), {x, x_row, 1}, half, space);
    solve_triangle<T, true>(below, x_row, columns, t.from(half), rest, space);
  } else {
    solve_triangle<T, false>(below, x_row, columns, t.from(half), rest, space);
    subtract_product<T>(x, x_row, half, columns, t.part(0, half), {below, x_row, 1}, rest, space);
    solve_triangle<T, false>(x, x_row, columns, t, half, space);
  }
}

/// The inverse of a lower triangle; x is zero before. Half of the work of solving for all columns.
template <class T>
void invert_lower(T* x, std::int64_t x_row, const TriangleView<T>& t, std::int64_t n,
                  ProductSpace& space) {
  if (n <= kTriangle) {
    for (std::int64_t i = 0; i < n; ++i) x[i * (x_row + 1)] = T(1);
    return solve_strips<T, true>(x, x_row, n, t, n);
  }
  const std::int64_t half = (n / 2 + kTriangle - 1) / kTriangle * kTriangle, rest = n - half;
  T* const below = x + half * x_row;
  invert_lower(x, x_row, t, half, space);
  subtract_product<T>(below, x_row, rest, half, t.part(half, 0), {x, x_row, 1}, half, space);
  solve_triangle<T, true>(below, x_row, half, t.from(half), rest, space);
  invert_lower(below + half, x_row, t.from(half), rest, space);
}

/// Few columns of P A = L U: their rows from `first` on, copied so that columns are contiguous and
/// the loops long.
template <class T>
void factor_panel(T* f, std::int64_t n, std::int64_t first, std::int64_t width,
                  ProductSpace& space) {
  T* const order = f + n * n;
  const std::int64_t rows = n - first;
  T* const panel = f + first * n + first;
  const auto bytes = rows * width * static_cast<std::int64_t>(sizeof(T));
  T* const c = reinterpret_cast<T*>(space.at_least(bytes));
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) c[j * rows + i] = panel[i * n + j];
  }
  for (std::int64_t k = 0; k < width; ++k) {
    T* const x = c + k * rows;
    const std::int64_t pivot = find_pivot(x, k, rows);
    if (pivot != k) {
      T* const row = f + (first + k) * n;
      std::swap_ranges(row, row + n, f + (first + pivot) * n);
      std::swap(order[first + k], order[first + pivot]);
      for (std::int64_t j = 0; j < width; ++j) std::swap(c[j * rows + k], c[j * rows + pivot]);
    }
    const T diagonal = x[k];
    if (diagonal == T(0)) continue;  // and all below it
    for (std::int64_t i = k + 1; i < rows; ++i) x[i] /= diagonal;
    for (std::int64_t j = k + 1; j < width; ++j) {
      T* const y = c + j * rows;
      subtract_row(y + k + 1, y[k], x + k + 1, rows - k - 1);
    }
  }
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < width; ++j) panel[i * n + j] = c[j * rows + i];
  }
}

/// P A = L U for rows from `first` on and some columns from there; whole rows change places.
template <class T>
void factor_columns(T* f, std::int64_t n, std::int64_t first, std::int64_t width,
                    ProductSpace& space) {
  if (width <= kPanel) return factor_panel(f, n, first, width, space);
  const std::int64_t half = (width / 2 + kPanel - 1) / kPanel * kPanel, middle = first + half;
  factor_columns(f, n, first, half, space);
  T* const right = f + first * n + middle;
  const TriangleView<T> lower{f + first * n + first, n, 1, true};
  solve_triangle<T, true>(right, n, width - half, lower, half, space);
  subtract_product<T>(f + middle * n + middle, n, n - middle, width - half,
                      {f + middle * n + first, n, 1}, {right, n, 1}, half, space);
  factor_columns(f, n, middle, width - half, space);
}

}  // namespace dualtape::engine::linalg
