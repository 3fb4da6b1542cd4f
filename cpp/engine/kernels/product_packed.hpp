/// Large products: blocks of both operands are packed in the order in which tiles read them.
///
/// A block of b (kInner rows) is packed for all rows of the result, a block of a stays in the L2
/// cache while panels of b pass through L1. Source: Goto and van de Geijn (2008), Anatomy of
/// high-performance matrix multiplication.
#pragma once

#include <algorithm>

#include "kernels/product.hpp"
#include "kernels/product_tile.hpp"

namespace dualtape::engine::product {

inline constexpr std::int64_t kRowBlock = 96, kColumnBlock = 512;

/// Rows of a panel of a: kTileRows, at the end of the matrix fewer.
constexpr std::int64_t panel_rows(std::int64_t left) {
  return left > kTileRows * 2 / 3 ? kTileRows
         : left > kTileRows / 3   ? kTileRows * 2 / 3
                                  : kTileRows / 3;
}
/// Columns of a panel of b: two registers, at the end maybe one.
template <class T>
constexpr std::int64_t panel_columns(std::int64_t left) {
  return left > kWidth<T> ? 2 * kWidth<T> : kWidth<T>;
}

/// dst[k * step + i] = src[i * row + k] for i, k < 4.
template <class T>
inline void transpose_4x4(T* dst, std::int64_t step, const T* src, std::int64_t row) {
  using V = Vector<T, 4>;
  const V a = load<V>(src), b = load<V>(src + row);
  const V c = load<V>(src + 2 * row), d = load<V>(src + 3 * row);
  const V ab_02 = __builtin_shufflevector(a, b, 0, 4, 2, 6);
  const V ab_13 = __builtin_shufflevector(a, b, 1, 5, 3, 7);
  const V cd_02 = __builtin_shufflevector(c, d, 0, 4, 2, 6);
  const V cd_13 = __builtin_shufflevector(c, d, 1, 5, 3, 7);
  store(dst, V(__builtin_shufflevector(ab_02, cd_02, 0, 1, 4, 5)));
  store(dst + step, V(__builtin_shufflevector(ab_13, cd_13, 0, 1, 4, 5)));
  store(dst + 2 * step, V(__builtin_shufflevector(ab_02, cd_02, 2, 3, 6, 7)));
  store(dst + 3 * step, V(__builtin_shufflevector(ab_13, cd_13, 2, 3, 6, 7)));
}

/// dst[k, i] = src[i, k] for i in [first, last) and all k in [k_first, k_last).
template <class T>
void copy_panel(T* dst, std::int64_t step, Source<T> src, std::int64_t first, std::int64_t last,
                std::int64_t k_first, std::int64_t k_last) {
  for (std::int64_t k = k_first; k < k_last; ++k) {
    for (std::int64_t i = first; i < last; ++i) {
      dst[k * step + i] = src.data[i * src.row + k * src.column];
    }
  }
}

/// dst[k, i] = src[i, k], i < n <= step; dst[k, n ...] = 0.
template <class T>
void pack_panel(T* dst, std::int64_t step, Source<T> src, std::int64_t n, std::int64_t inner) {
  std::int64_t rows = 0, columns = 0;  // already copied
  if constexpr (4 * sizeof(T) <= kVectorBytes) {
    if (src.column == 1) {
      rows = n / 4 * 4;
      columns = inner / 4 * 4;
    }
    for (std::int64_t k = 0; k < columns; k += 4) {
      for (std::int64_t i = 0; i < rows; i += 4) {
        transpose_4x4(dst + k * step + i, step, src.data + i * src.row + k, src.row);
      }
    }
  }
  if (src.row == 1 && src.column != 1) {
    for (std::int64_t k = 0; k < inner; ++k) {
      std::memcpy(dst + k * step, src.data + k * src.column,
                  static_cast<std::size_t>(n) * sizeof(T));
    }
  } else {
    copy_panel(dst, step, src, rows, n, 0, columns);
    copy_panel(dst, step, src, 0, n, columns, inner);
  }
  if (n == step) return;
  for (std::int64_t k = 0; k < inner; ++k) {
    std::fill(dst + k * step + n, dst + (k + 1) * step, T(0));
  }
}

template <class T>
void pack_rows(T* dst, Source<T> a, std::int64_t rows, std::int64_t inner) {
  for (std::int64_t i = 0; i < rows;) {
    const std::int64_t step = panel_rows(rows - i);
    pack_panel(dst, step, {a.data + i * a.row, a.row, a.column}, std::min(step, rows - i), inner);
    dst += step * inner;
    i += step;
  }
}

template <class T>
void pack_columns(T* dst, Source<T> b, std::int64_t columns, std::int64_t inner) {
  for (std::int64_t j = 0; j < columns;) {
    const std::int64_t step = panel_columns<T>(columns - j);
    pack_panel(dst, step, {b.data + j * b.column, b.column, b.row}, std::min(step, columns - j),
               inner);
    dst += step * inner;
    j += step;
  }
}

/// Where a tile goes, and how much of it.
template <class T>
struct Place {
  T* data;
  std::int64_t row, rows, columns;
  bool add;
};

template <class T, int kRows, int kVectors>
void packed_tile(const Place<T>& c, Source<T> a, const T* b, std::int64_t inner) {
  constexpr int kColumns = kVectors * kWidth<T>;
  if (c.rows == kRows && c.columns == kColumns) {
    return tile<T, kRows, kVectors, kWidth<T>>(c.data, c.row, a, b, kColumns, inner, c.add);
  }
  alignas(64) T whole[kRows * kColumns];
  tile<T, kRows, kVectors, kWidth<T>>(whole, kColumns, a, b, kColumns, inner, false);
  for (std::int64_t i = 0; i < c.rows; ++i) {
    T* to = c.data + i * c.row;
    const T* from = whole + i * kColumns;
    for (std::int64_t j = 0; j < c.columns; ++j) to[j] = c.add ? to[j] + from[j] : from[j];
  }
}

template <class T, int kVectors>
void packed_tile(const Place<T>& c, std::int64_t panel, Source<T> a, const T* b,
                 std::int64_t inner) {
  switch (panel) {
    case kTileRows: return packed_tile<T, kTileRows, kVectors>(c, a, b, inner);
    case kTileRows * 2 / 3: return packed_tile<T, kTileRows * 2 / 3, kVectors>(c, a, b, inner);
    default: return packed_tile<T, kTileRows / 3, kVectors>(c, a, b, inner);
  }
}

/// A block of a: as it lies up to row `first`, from there on packed in panels.
template <class T>
struct RowPanels {
  Source<T> source;
  const T* packed;
  std::int64_t first;

  /// The panel at row i; of `height` rows, as all before it but for the last.
  Source<T> at(std::int64_t i, std::int64_t height, std::int64_t inner) const {
    if (i >= first) return {packed + (i - first) * inner, 1, height};
    return {source.data + i * source.row, source.row, source.column};
  }
};

/// Rows before the last panel if that is not full: a tile reads all rows of its panel, of which
/// memory behind a has none.
constexpr std::int64_t rows_in_place(std::int64_t rows) {
  const std::int64_t rest = rows % kTileRows;
  return rest % (kTileRows / 3) == 0 ? rows : rows - rest;
}

/// c = or += the product of a block of a and a packed one of b.
template <class T>
void packed_block(const Place<T>& c, const RowPanels<T>& a, const T* b, std::int64_t inner) {
  for (std::int64_t j = 0; j < c.columns;) {
    const std::int64_t width = panel_columns<T>(c.columns - j);
    for (std::int64_t i = 0; i < c.rows;) {
      const std::int64_t height = panel_rows(c.rows - i);
      const Place<T> at{c.data + i * c.row + j, c.row, std::min(height, c.rows - i),
                        std::min(width, c.columns - j), c.add};
      const Source<T> panel = a.at(i, height, inner);
      if (width == kWidth<T>) {
        packed_tile<T, 1>(at, height, panel, b, inner);
      } else {
        packed_tile<T, 2>(at, height, panel, b, inner);
      }
      i += height;
    }
    b += width * inner;
    j += width;
  }
}

/// Elements of a packed block, on whole cache lines.
constexpr std::int64_t packed_size(std::int64_t length, std::int64_t panel, std::int64_t inner) {
  return ((length + panel - 1) / panel * panel * inner + 15) / 16 * 16;
}
template <class T>
constexpr std::int64_t packed_rows(const ProductShape& s) {
  return packed_size(std::min(s.rows, kRowBlock), kTileRows, std::min(s.inner, kInnerBlock));
}

template <class T>
std::int64_t packed_scratch(const ProductShape& s) {
  const std::int64_t columns =
      packed_size(std::min(s.columns, kColumnBlock), 2 * kWidth<T>, std::min(s.inner, kInnerBlock));
  return (packed_rows<T>(s) + columns) * static_cast<std::int64_t>(sizeof(T));
}

template <class T, bool kPackRows>
void packed(const ProductShape& s, void* out, const void* left, const void* right, void* scratch) {
  const Source<T> a{static_cast<const T*>(left), s.a_row, s.a_column};
  const Source<T> b{static_cast<const T*>(right), s.b_row, s.b_column};
  T* a_block = static_cast<T*>(scratch);
  T* b_block = a_block + packed_rows<T>(s);
  for (std::int64_t j = 0; j < s.columns; j += kColumnBlock) {
    const std::int64_t columns = std::min(kColumnBlock, s.columns - j);
    for (std::int64_t k = 0; k < s.inner; k += kInnerBlock) {
      const std::int64_t inner = std::min(kInnerBlock, s.inner - k);
      pack_columns<T>(b_block, {b.data + k * b.row + j * b.column, b.row, b.column}, columns,
                      inner);
      for (std::int64_t i = 0; i < s.rows; i += kRowBlock) {
        const std::int64_t rows = std::min(kRowBlock, s.rows - i);
        const Source<T> block{a.data + i * a.row + k * a.column, a.row, a.column};
        const std::int64_t first = kPackRows ? 0 : rows_in_place(rows);
        pack_rows<T>(a_block, {block.data + first * a.row, a.row, a.column}, rows - first, inner);
        const RowPanels<T> panels{block, a_block, first};
        T* to = static_cast<T*>(out) + i * s.out_row + j;
        packed_block<T>({to, s.out_row, rows, columns, k > 0}, panels, b_block, inner);
      }
    }
  }
}

}  // namespace dualtape::engine::product
