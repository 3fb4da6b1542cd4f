/// Small products and products with vectors: operands are read where they lie.
#pragma once

#include <algorithm>

#include "kernels/product.hpp"
#include "kernels/product_tile.hpp"

namespace dualtape::engine::product {

/// Some of the inner length: as `product_packed.hpp` cuts it, so that both add in the same order.
template <class T>
struct InnerPart {
  const T *a, *b;
  std::int64_t length;
  bool add;
};

/// All rows of a strip of kVectors * kLanes columns, kRows at a time, the rest by fewer.
template <class T, int kRows, int kVectors, int kLanes>
inline void strip(const ProductShape& s, T* c, const InnerPart<T>& part, std::int64_t column,
                  std::int64_t row) {
  for (; row + kRows <= s.rows; row += kRows) {
    tile<T, kRows, kVectors, kLanes>(c + row * s.out_row + column, s.out_row,
                                     {part.a + row * s.a_row, s.a_row, s.a_column}, part.b + column,
                                     s.b_row, part.length, part.add);
  }
  if constexpr (kRows > 4) strip<T, 4, kVectors, kLanes>(s, c, part, column, row);
  if constexpr (kRows > 1 && kRows <= 4) {
    strip<T, kRows / 2, kVectors, kLanes>(s, c, part, column, row);
  }
}

/// Columns from `column` on: strips of full registers, then of halves down to single lanes.
template <class T, int kVectors, int kLanes>
inline void strips(const ProductShape& s, T* c, const InnerPart<T>& part, std::int64_t column) {
  constexpr int kStrip = kVectors * kLanes;
  for (; column + kStrip <= s.columns; column += kStrip) {
    strip<T, kTileRows, kVectors, kLanes>(s, c, part, column, 0);
  }
  if constexpr (kVectors > 1) {
    strips<T, 1, kLanes>(s, c, part, column);
  } else if constexpr (kLanes > 1) {
    if (column < s.columns) strips<T, 1, kLanes / 2>(s, c, part, column);
  }
}

/// b's rows have unit stride, or one column.
template <class T>
void direct(const ProductShape& s, void* out, const void* a, const void* b, void*) {
  for (std::int64_t k = 0; k < s.inner; k += kInnerBlock) {
    const InnerPart<T> part{static_cast<const T*>(a) + k * s.a_column,
                            static_cast<const T*>(b) + k * s.b_row,
                            std::min(kInnerBlock, s.inner - k), k > 0};
    strips<T, 2, kWidth<T>>(s, static_cast<T*>(out), part, 0);
  }
}

/// Entries added in one go by a scalar product; the sums of such pieces are then added up.
inline constexpr std::int64_t kPiece = 2048;

template <class T, int kLanes>
inline T sum_lanes(Vector<T, kLanes> v) {
  if constexpr (kLanes == 1) {
    return v;
  } else {
    using Half = Vector<T, kLanes / 2>;
    Half lower, upper;
    std::memcpy(&lower, &v, sizeof lower);
    std::memcpy(&upper, reinterpret_cast<const char*>(&v) + sizeof lower, sizeof upper);
    return sum_lanes<T, kLanes / 2>(lower + upper);
  }
}

/// What a full register leaves: n < 2 * kLanes entries.
template <class T, int kRows, int kLanes>
inline void dot_rest(T* sums, const T* x, std::int64_t row, const T* y, std::int64_t n) {
  if (n >= kLanes) {
    using V = Vector<T, kLanes>;
    const V v = load<V>(y);
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      sums[r] += sum_lanes<T, kLanes>(load<V>(x + r * row) * v);
    }
    x += kLanes;
    y += kLanes;
    n -= kLanes;
  }
  if constexpr (kLanes > 1) {
    if (n) dot_rest<T, kRows, kLanes / 2>(sums, x, row, y, n);
  }
}

/// sums[r] += rows r of x times y, all of unit stride; n <= kPiece.
template <class T, int kRows>
inline void dot_piece(T* sums, const T* x, std::int64_t row, const T* y, std::int64_t n) {
  constexpr int kLanes = kWidth<T>, kChains = 2;
  using V = Vector<T, kLanes>;
  std::int64_t k = 0;
  if (n >= kChains * kLanes) {
    V sum[kRows][kChains] = {};
    for (; k + kChains * kLanes <= n; k += kChains * kLanes) {
#pragma GCC unroll 2
      for (int c = 0; c < kChains; ++c) {
        const V v = load<V>(y + k + c * kLanes);
#pragma GCC unroll 4
        for (int r = 0; r < kRows; ++r) sum[r][c] += load<V>(x + r * row + k + c * kLanes) * v;
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) sums[r] += sum_lanes<T, kLanes>(sum[r][0] + sum[r][1]);
  }
  if (k < n) dot_rest<T, kRows, kLanes>(sums, x + k, row, y + k, n - k);
}

template <class T, int kRows>
inline void dot_rows(T* out, const T* x, std::int64_t row, const T* y, std::int64_t n) {
  T sums[kRows] = {};
  for (std::int64_t k = 0; k < n; k += kPiece) {
    dot_piece<T, kRows>(sums, x + k, row, y + k, std::min(kPiece, n - k));
  }
  std::copy_n(sums, kRows, out);
}

/// Matrix times vector, the rows of the matrix of unit stride; the vector is copied if it has not.
template <class T>
void times_vector(const ProductShape& s, void* out, const void* a, const void* b, void* scratch) {
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* c = static_cast<T*>(out);
  if (s.b_row != 1) {
    T* copy = static_cast<T*>(scratch);
    for (std::int64_t k = 0; k < s.inner; ++k) copy[k] = y[k * s.b_row];
    y = copy;
  }
  std::int64_t i = 0;
  for (; i + 4 <= s.rows; i += 4) dot_rows<T, 4>(c + i, x + i * s.a_row, s.a_row, y, s.inner);
  for (; i < s.rows; ++i) dot_rows<T, 1>(c + i, x + i * s.a_row, s.a_row, y, s.inner);
}

/// c[n] += the sum of kRows rows of b, each times its factor.
template <class T, int kRows, int kLanes>
inline void add_rows(T* c, const T* factors, const T* b, std::int64_t b_row, std::int64_t n) {
  using V = Vector<T, kLanes>;
  std::int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) {
    V sum = load<V>(c + j);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) sum += factors[r] * load<V>(b + r * b_row + j);
    store(c + j, sum);
  }
  if constexpr (kLanes > 1) {
    if (j < n) add_rows<T, kRows, kLanes / 2>(c + j, factors, b + j, b_row, n - j);
  }
}

/// Row vector times matrix, the rows of the matrix of unit stride: read once, several rows at a
/// time.
template <class T>
void vector_times(const ProductShape& s, void* out, const void* a, const void* b, void*) {
  constexpr int kTogether = 8;
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  T* c = static_cast<T*>(out);
  // Columns that stay in the L1 cache while all rows pass by.
  constexpr std::int64_t kColumns = 16384 / sizeof(T);
  std::fill_n(c, s.columns, T(0));
  for (std::int64_t j = 0; j < s.columns; j += kColumns) {
    const std::int64_t n = std::min(kColumns, s.columns - j);
    std::int64_t k = 0;
    for (; k + kTogether <= s.inner; k += kTogether) {
      T factors[kTogether];
      for (int r = 0; r < kTogether; ++r) factors[r] = x[(k + r) * s.a_column];
      add_rows<T, kTogether, kWidth<T>>(c + j, factors, y + k * s.b_row + j, s.b_row, n);
    }
    for (; k < s.inner; ++k) {
      add_rows<T, 1, kWidth<T>>(c + j, x + k * s.a_column, y + k * s.b_row + j, s.b_row, n);
    }
  }
}

/// The same product as out^T = b^T a^T; of vectors only, whose transpose is themselves.
template <Product kRun>
void turned(const ProductShape& s, void* out, const void* a, const void* b, void* scratch) {
  kRun({s.columns, s.rows, s.inner, s.b_column, s.b_row, s.a_column, s.a_row, s.rows}, out, b, a,
       scratch);
}

}  // namespace dualtape::engine::product
