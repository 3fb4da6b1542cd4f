/// Two products of one matrix with vectors: the matrix is read once, and each entry has the bits
/// that times_vector or vector_times gives it.
///
/// The matrix passes in groups of rows through pieces of its columns. A register of a row serves
/// both products: a dot product with a vector as long as a row, or a term of a sum of the rows.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/product.hpp"
#include "kernels/product_direct.hpp"

namespace dualtape::engine::product {

/// The registers of one row, one after the other. A load across the border of a cache line is two:
/// with the widest registers each row is read along the lines and shifted into place.
template <class T>
class RowReader {
 public:
  using V = Vector<T, kWidth<T>>;

#if defined(__AVX512F__)
  explicit RowReader(const T* row) {
    const auto past =
        static_cast<int>(reinterpret_cast<std::uintptr_t>(row) % kVectorBytes / sizeof(T));
    // Lanes of two registers, counted from the first of the earlier one. On a border of lines the
    // later one is all.
    const int shift = past ? past : kWidth<T>;
    line_ = row - shift + kWidth<T>;
    before_ = past ? load_from(line_ - kWidth<T>, past) : V{};
    if constexpr (sizeof(T) == 8) {
      lanes_ = _mm512_add_epi64(_mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0), _mm512_set1_epi64(shift));
    } else {
      lanes_ =
          _mm512_add_epi32(_mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
                           _mm512_set1_epi32(shift));
    }
  }
  /// The register at element k, a multiple of its width, after the one before it. Reads less than a
  /// register past its end.
  V next(std::int64_t k) {
    const V after = load<V>(line_ + k);
    V joined;
    if constexpr (sizeof(T) == 8) {
      joined = V(_mm512_permutex2var_pd(__m512d(before_), lanes_, __m512d(after)));
    } else {
      joined = V(_mm512_permutex2var_ps(__m512(before_), lanes_, __m512(after)));
    }
    before_ = after;
    return joined;
  }

 private:
  /// Lanes from `first` on; those before may lie outside of the array.
  static V load_from(const T* p, int first) {
    if constexpr (sizeof(T) == 8) {
      return V(_mm512_maskz_load_pd(static_cast<__mmask8>(0xFFu << first), p));
    } else {
      return V(_mm512_maskz_load_ps(static_cast<__mmask16>(0xFFFFu << first), p));
    }
  }

  const T* line_;
  V before_;
  __m512i lanes_;
#else
  explicit RowReader(const T* row) : row_(row) {}
  V next(std::int64_t k) const { return load<V>(row_ + k); }

 private:
  const T* row_;
#endif
};

/// One group of rows and one piece of the columns, for kDots dot products and kSums sums of rows.
template <class T, int kDots, int kSums>
struct JointPiece {
  const T* matrix;
  std::int64_t row, columns;
  const T* along[std::max(kDots, 1)];    // vectors as long as a row
  T* dots[std::max(kDots, 1)];           // added to; one entry a row
  const T* factors[std::max(kSums, 1)];  // of the rows
  std::int64_t factor_step[std::max(kSums, 1)];
  T* sums[std::max(kSums, 1)];  // added to; as long as a row
};

template <class T, int kDots, int kSums, int kRows>
class JointRows {
 public:
  using V = Vector<T, kWidth<T>>;
  using Piece = JointPiece<T, kDots, kSums>;

  /// The rows from `first` on. Dot products in two chains, as dot_piece.
  static void run(const Piece& piece, std::int64_t first) {
    JointRows rows;
    const T* at[kRows];
    for (int r = 0; r < kRows; ++r) at[r] = piece.matrix + (first + r) * piece.row;
    for (int s = 0; s < kSums; ++s) {
      for (int r = 0; r < kRows; ++r) {
        rows.factor_[s][r] = piece.factors[s][(first + r) * piece.factor_step[s]] - V{};
      }
    }
    std::int64_t k = 0;
    if (piece.columns >= 3 * kLanes) {
      k = rows.along_lines(piece, at, std::make_integer_sequence<int, kRows>{});
    }
    rows.to_end(piece, at, k);
    for (int d = 0; d < kDots; ++d) {
      V total[kRows];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) total[r] = rows.dot_[d][r][0] + rows.dot_[d][r][1];
      sum_lanes<T, kRows, kWidth<T>>(piece.dots[d] + first, total);
    }
  }

 private:
  static constexpr int kLanes = kWidth<T>;

  /// One register of each row by read(row), added to the dots in this chain and to the sums.
  template <class Read, class Load, class Store>
  [[gnu::always_inline]] void add(const Piece& piece, int chain, std::int64_t k, const Read& read,
                                  const Load& load_at, const Store& store_at) {
    V along[std::max(kDots, 1)], sums[std::max(kSums, 1)];
#pragma GCC unroll 2
    for (int d = 0; d < kDots; ++d) along[d] = load_at(piece.along[d] + k);
#pragma GCC unroll 2
    for (int s = 0; s < kSums; ++s) sums[s] = load_at(piece.sums[s] + k);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const V x = read(r);
#pragma GCC unroll 2
      for (int d = 0; d < kDots; ++d) dot_[d][r][chain] += x * along[d];
#pragma GCC unroll 2
      for (int s = 0; s < kSums; ++s) sums[s] += factor_[s][r] * x;
    }
#pragma GCC unroll 2
    for (int s = 0; s < kSums; ++s) store_at(piece.sums[s] + k, sums[s]);
  }

  /// Pairs of registers while the lines they are taken from belong to the piece; returns the first
  /// element of the rest.
  template <int... r>
  [[gnu::always_inline]] std::int64_t along_lines(const Piece& piece, const T* const* at,
                                                  std::integer_sequence<int, r...>) {
    RowReader<T> row[kRows] = {RowReader<T>(at[r])...};
    std::int64_t k = 0;
    for (; k + 3 * kLanes <= piece.columns; k += 2 * kLanes) {
#pragma GCC unroll 2
      for (int c = 0; c < 2; ++c) {
        const std::int64_t j = k + c * kLanes;
        const auto read = [&](int i) {
          // The rows of the next group: each is too short for the machine to foresee.
          if constexpr (kVectorBytes == 64) __builtin_prefetch(at[i] + kRows * piece.row + j);
          return row[i].next(j);
        };
        add(piece, c, j, read, load<V, T>, store<V, T>);
      }
    }
    return k;
  }

  /// Elements from k on, fewer than three registers.
  [[gnu::always_inline]] void to_end(const Piece& piece, const T* const* at, std::int64_t k) {
    const auto read = [&](int i) { return load<V>(at[i] + k); };
    if (k + 2 * kLanes <= piece.columns) {
      add(piece, 0, k, read, load<V, T>, store<V, T>);
      k += kLanes;
      add(piece, 1, k, read, load<V, T>, store<V, T>);
      k += kLanes;
    } else if (k + kLanes <= piece.columns) {
      add(piece, 0, k, read, load<V, T>, store<V, T>);
      k += kLanes;
    }
    if (k == piece.columns) return;
    const std::int64_t n = piece.columns - k;
    const auto load_n = [n](const T* p) { return load_part<T>(p, n); };
    const auto store_n = [n](T* p, V v) { store_part<T>(p, v, n); };
    add(piece, 1, k, [&](int i) { return load_n(at[i] + k); }, load_n, store_n);
  }

  V dot_[std::max(kDots, 1)][kRows][2] = {};
  V factor_[std::max(kSums, 1)][kRows];
};

/// The dot products come first. A piece of a vector along the rows is copied to whole lines.
template <class T, int kDots, int kSums>
void joint(const JointShape& s, void* const* out, const void* matrix, const void* const* in,
           void* scratch) {
  constexpr int kRows = 4;  // as many as there are registers for
  JointPiece<T, kDots, kSums> piece;
  piece.row = s.row;
  T* const copies = static_cast<T*>(scratch);
  for (int d = 0; d < kDots; ++d) {
    piece.dots[d] = std::fill_n(static_cast<T*>(out[d]), s.rows, T(0)) - s.rows;
    piece.along[d] = copies + d * kPiece;
  }
  for (int q = 0; q < kSums; ++q) {
    piece.factors[q] = static_cast<const T*>(in[kDots + q]);
    piece.factor_step[q] = s.step[kDots + q];
  }
  for (std::int64_t k = 0; k < s.columns; k += kPiece) {
    piece.columns = std::min(kPiece, s.columns - k);
    piece.matrix = static_cast<const T*>(matrix) + k;
    for (int d = 0; d < kDots; ++d) {
      const T* from = static_cast<const T*>(in[d]) + k * s.step[d];
      for (std::int64_t j = 0; j < piece.columns; ++j) copies[d * kPiece + j] = from[j * s.step[d]];
    }
    for (int q = 0; q < kSums; ++q) {
      T* const sums = static_cast<T*>(out[kDots + q]) + k;
      piece.sums[q] = std::fill_n(sums, piece.columns, T(0)) - piece.columns;
    }
    std::int64_t i = 0;
    for (; i + kRows <= s.rows; i += kRows) JointRows<T, kDots, kSums, kRows>::run(piece, i);
    for (; i < s.rows; ++i) JointRows<T, kDots, kSums, 1>::run(piece, i);
  }
}

/// Not where the matrix is in the first-level cache anyway. Two products of one kind gain only by
/// the widest registers, dot products only of long rows.
template <class T>
JointProduct choose_joint(const JointShape& s) {
  constexpr std::int64_t kLeastBytes = 32768, kLeastRows = 16, kLongRow = 256;
  const auto item = static_cast<std::int64_t>(sizeof(T));
  if (s.rows < kLeastRows || s.columns < kNarrow) return {};
  if (s.rows * s.columns * item < kLeastBytes) return {};
  const int dots = s.along_rows[0] + s.along_rows[1];
  if (dots == 1) return {joint<T, 1, 1>, kPiece * item};
  if constexpr (kVectorBytes == 64) {
    if (dots == 0) return {joint<T, 0, 2>, 0};
    if (s.columns >= kLongRow) return {joint<T, 2, 0>, 2 * kPiece * item};
  }
  return {};
}

/// Rows added to the sums of kRegisters registers of columns and of `part` columns more, fewer than
/// a register. The sums stay in registers while the rows pass, in several chains where they are
/// few; the rows after these are brought to the cache meanwhile.
template <class T, int kRegisters, bool kPart>
inline void add_row_strip(T* sums, const T* factors, const T* matrix, const RowBlock& block,
                          std::int64_t part) {
  constexpr int kLanes = kWidth<T>, kLine = 64 / static_cast<int>(sizeof(T));
  constexpr int kSums = kRegisters + kPart, kChains = kSums <= 2 ? 4 : kSums <= 4 ? 2 : 1;
  using V = Vector<T, kLanes>;
  V sum[kChains][kSums] = {};
  const auto at = [](auto* p, int k) { return p + k * kLanes; };
  const auto add = [&](int chain, std::int64_t r) {
    const T* const row = matrix + r * block.row;
    const V factor = factors[r] - V{};
#pragma GCC unroll 8
    for (int k = 0; k < kRegisters; ++k) {
      if (k * kLanes % kLine == 0) __builtin_prefetch(at(row, k) + block.rows * block.row, 0, 2);
      sum[chain][k] += factor * load<V>(at(row, k));
    }
    if constexpr (kPart) {
      sum[chain][kRegisters] += factor * load_part<T>(at(row, kRegisters), part);
    }
  };
  std::int64_t r = 0;
  for (; r + kChains <= block.rows; r += kChains) {
#pragma GCC unroll 4
    for (int c = 0; c < kChains; ++c) add(c, r + c);
  }
  for (; r < block.rows; ++r) add(0, r);
#pragma GCC unroll 9
  for (int k = 0; k < kSums; ++k) {
    V total = sum[0][k];
#pragma GCC unroll 3
    for (int c = 1; c < kChains; ++c) total += sum[c][k];
    if (k < kRegisters) {
      store(at(sums, k), load<V>(at(sums, k)) + total);
    } else {
      store_part<T>(at(sums, k), load_part<T>(at(sums, k), part) + total, part);
    }
  }
}

/// Fewer columns than those of 8 registers.
template <class T, int kRegisters>
inline void add_last_strip(T* sums, const T* factors, const T* matrix, const RowBlock& block,
                           std::int64_t columns) {
  if (columns / kWidth<T> < kRegisters) {
    if constexpr (kRegisters > 0) {
      add_last_strip<T, kRegisters - 1>(sums, factors, matrix, block, columns);
    }
    return;
  }
  const std::int64_t part = columns - kRegisters * kWidth<T>;
  if (part == 0) return add_row_strip<T, kRegisters, false>(sums, factors, matrix, block, 0);
  add_row_strip<T, kRegisters, true>(sums, factors, matrix, block, part);
}

template <class T>
void add_row_block(void* sums, const void* factors, const RowBlock& block) {
  constexpr std::int64_t kStrip = 8 * kWidth<T>;
  T* const s = static_cast<T*>(sums);
  const T* const f = static_cast<const T*>(factors);
  const T* const matrix = static_cast<const T*>(block.matrix);
  std::int64_t j = 0;
  for (; j + kStrip <= block.columns; j += kStrip) {
    add_row_strip<T, 8, false>(s + j, f, matrix + j, block, 0);
  }
  if (j < block.columns) add_last_strip<T, 7>(s + j, f, matrix + j, block, block.columns - j);
}

}  // namespace dualtape::engine::product
