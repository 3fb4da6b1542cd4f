/// Small products and products with vectors: operands are read where they lie.
#pragma once

#include <algorithm>
#include <utility>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

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

/// Rows side by side in one register, kLength lanes each: those of x, then those of y, each with
/// its lower half added to its upper one.
template <int kLength, class T, int N, int... k>
inline Vector<T, N> add_halves(Vector<T, N> x, Vector<T, N> y, std::integer_sequence<int, k...>) {
  constexpr int kHalf = kLength / 2;
  return __builtin_shufflevector(x, y, (k / kHalf * kLength + k % kHalf)...) +
         __builtin_shufflevector(x, y, (k / kHalf * kLength + k % kHalf + kHalf)...);
}

/// The sums of kRows registers of which each has the lanes of N / kLength rows.
template <class T, int kRows, int kLength>
inline void sum_lanes(T* sums, Vector<T, kWidth<T>>* x) {
  constexpr int N = kWidth<T>, kRegisters = std::max(1, kRows * kLength / N);
  if constexpr (kLength == 1) {
    for (int r = 0; r < kRows; ++r) sums[r] += x[r / N][r % N];
  } else {
    for (int r = 0; r < std::max(1, kRegisters / 2); ++r) {
      const int second = kRegisters == 1 ? 0 : 2 * r + 1;
      x[r] = add_halves<kLength, T, N>(x[2 * r], x[second], std::make_integer_sequence<int, N>{});
    }
    sum_lanes<T, kRows, kLength / 2>(sums, x);
  }
}

#if defined(__AVX2__)
template <class T>
using Half = Vector<T, 32 / static_cast<int>(sizeof(T))>;  // of the widest registers

/// All bits set in the first n of 32 / item lanes.
inline __m256i first_lanes(std::int64_t n, std::int64_t item) {
  alignas(64) static constexpr std::int32_t kMask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
  return load<__m256i>(kMask + 8 - n * item / 4);
}
/// The first n lanes, up to all; the others are zero.
template <class T>
inline Half<T> load_half(const T* p, std::int64_t n) {
  if constexpr (sizeof(T) == 8) {
    return Half<T>(_mm256_maskload_pd(p, first_lanes(n, 8)));
  } else {
    return Half<T>(_mm256_maskload_ps(p, first_lanes(n, 4)));
  }
}
template <class T>
inline void store_half(T* p, Half<T> v, std::int64_t n) {
  if constexpr (sizeof(T) == 8) {
    _mm256_maskstore_pd(p, first_lanes(n, 8), __m256d(v));
  } else {
    _mm256_maskstore_ps(p, first_lanes(n, 4), __m256(v));
  }
}
#endif

/// The first n lanes, 0 < n < kWidth; the others are zero. Without a branch: the compiler contracts
/// a product and a sum only where none lies between them.
template <class T>
inline Vector<T, kWidth<T>> load_part(const T* p, std::int64_t n) {
#if defined(__AVX512F__)
  const auto mask = (1u << n) - 1;
  if constexpr (sizeof(T) == 8) {
    return Vector<T, 8>(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), p));
  } else {
    return Vector<T, 16>(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), p));
  }
#elif defined(__AVX2__)
  return load_half(p, n);
#else
  Vector<T, kWidth<T>> v = {};
  std::memcpy(&v, p, static_cast<std::size_t>(n) * sizeof(T));
  return v;
#endif
}

/// The first n lanes alone.
template <class T>
inline void store_part(T* p, Vector<T, kWidth<T>> v, std::int64_t n) {
#if defined(__AVX512F__)
  const auto mask = (1u << n) - 1;
  if constexpr (sizeof(T) == 8) {
    _mm512_mask_storeu_pd(p, static_cast<__mmask8>(mask), __m512d(v));
  } else {
    _mm512_mask_storeu_ps(p, static_cast<__mmask16>(mask), __m512(v));
  }
#elif defined(__AVX2__)
  store_half(p, v, n);
#else
  std::memcpy(p, &v, static_cast<std::size_t>(n) * sizeof(T));
#endif
}

/// sums[r] += rows r of x times y, all of unit stride; n <= kPiece. Two chains of registers; lanes
/// past the end add zeros.
template <class T, int kRows>
inline void dot_piece(T* sums, const T* x, std::int64_t row, const T* y, std::int64_t n) {
  constexpr int kLanes = kWidth<T>, kChains = 2;
  using V = Vector<T, kLanes>;
  V sum[kRows][kChains] = {};
  const auto add = [&](int chain, const auto& read) {
    const V v = read(y);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) sum[r][chain] += read(x + r * row) * v;
  };
  std::int64_t k = 0;
  for (; k + kChains * kLanes <= n; k += kChains * kLanes) {
#pragma GCC unroll 2
    for (int c = 0; c < kChains; ++c) {
      add(c, [&](const T* p) { return load<V>(p + k + c * kLanes); });
    }
  }
  if (k + kLanes <= n) {
    add(0, [&](const T* p) { return load<V>(p + k); });
    k += kLanes;
  }
  if (k < n) add(1, [&](const T* p) { return load_part<T>(p + k, n - k); });
  V total[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) total[r] = sum[r][0] + sum[r][1];
  sum_lanes<T, kRows, kLanes>(sums, total);
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
  // Of 32 registers, 16 hold sums; more rows of float32 were slower.
  constexpr int kTogether = kVectorBytes == 64 && sizeof(T) == 8 ? 8 : 4;
  std::int64_t i = 0;
  for (; i + kTogether <= s.rows; i += kTogether) {
    dot_rows<T, kTogether>(c + i, x + i * s.a_row, s.a_row, y, s.inner);
  }
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

/// Fewer entries than this, if few registers hold them, take several chains of sums: one would wait
/// for each of its additions.
inline constexpr std::int64_t kNarrow = 32;
template <class T>
constexpr bool is_narrow(std::int64_t columns) {
  return columns < kNarrow && columns * static_cast<std::int64_t>(sizeof(T)) <= 4 * 32;
}

#if defined(__AVX2__)
/// Row k goes to chain k modulo kChains; then the chains are added pairwise. Registers of 32 bytes:
/// wider ones read over more borders of cache lines.
template <class T, int kRegisters>
void add_narrow_rows(const ProductShape& s, T* c, const T* x, const T* y) {
  constexpr int kLast = kRegisters - 1, kChains = kRegisters == 1 ? 8 : kRegisters == 2 ? 4 : 2;
  constexpr int kLanes = 32 / static_cast<int>(sizeof(T));
  Half<T> sum[kChains][kRegisters] = {};
  const std::int64_t last = s.columns - kLast * kLanes;
  const auto add = [&](int chain, std::int64_t k) {
    const T factor = x[k * s.a_column];
    const T* row = y + k * s.b_row;
#pragma GCC unroll 4
    for (int v = 0; v < kLast; ++v) sum[chain][v] += factor * load<Half<T>>(row + v * kLanes);
    sum[chain][kLast] += factor * load_half(row + kLast * kLanes, last);
  };
  std::int64_t k = 0;
  for (; k + kChains <= s.inner; k += kChains) {
#pragma GCC unroll 8
    for (int chain = 0; chain < kChains; ++chain) add(chain, k + chain);
  }
#pragma GCC unroll 8
  for (int chain = 0; chain < kChains; ++chain) {
    if (k + chain < s.inner) add(chain, k + chain);
  }
#pragma GCC unroll 4
  for (int step = 1; step < kChains; step *= 2) {
#pragma GCC unroll 8
    for (int chain = 0; chain < kChains; chain += 2 * step) {
#pragma GCC unroll 4
      for (int v = 0; v < kRegisters; ++v) sum[chain][v] += sum[chain + step][v];
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kLast; ++v) store(c + v * kLanes, sum[0][v]);
  store_half(c + kLast * kLanes, sum[0][kLast], last);
}
#endif

/// vector_times for a narrow result.
template <class T>
void narrow_vector_times(const ProductShape& s, void* out, const void* a, const void* b,
                         void* scratch) {
#if defined(__AVX2__)
  static_cast<void>(scratch);
  T* c = static_cast<T*>(out);
  const T* x = static_cast<const T*>(a);
  const T* y = static_cast<const T*>(b);
  switch ((s.columns * static_cast<std::int64_t>(sizeof(T)) + 31) / 32) {
    case 1: return add_narrow_rows<T, 1>(s, c, x, y);
    case 2: return add_narrow_rows<T, 2>(s, c, x, y);
    case 3: return add_narrow_rows<T, 3>(s, c, x, y);
    default: return add_narrow_rows<T, 4>(s, c, x, y);
  }
#else
  vector_times<T>(s, out, a, b, scratch);
#endif
}

/// The same product as out^T = b^T a^T; of vectors only, whose transpose is themselves.
template <Product kRun>
void turned(const ProductShape& s, void* out, const void* a, const void* b, void* scratch) {
  kRun({s.columns, s.rows, s.inner, s.b_column, s.b_row, s.a_column, s.a_row, s.rows}, out, b, a,
       scratch);
}

}  // namespace dualtape::engine::product
