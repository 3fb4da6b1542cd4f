/// Reductions of contiguous rows, whole or piece by piece.
#pragma once

#include <cstdint>

#include "kernels/kernels.hpp"

namespace dualtape::engine {

/// Elements added in one chain; the chunks' sums are combined pairwise, as in NumPy, so that the
/// rounding error grows with log(n). Pieces hold a multiple of it, or else chunks are shorter.
inline constexpr std::int64_t kChunk = 128;

/// A row being reduced: a binary counter of partial results, one for each bit of `chunks`.
struct RowState {
  std::uint64_t chunks = 0;
  alignas(16) char partial[48][16];
};

struct Reducer {
  /// Complete rows of one length, one after the other; length 0 gives the neutral element.
  void (*rows)(void* out, const void* x, std::int64_t rows, std::int64_t length);
  /// One row in pieces: `push` any number of times on a state with chunks = 0, then `finish`.
  void (*push)(RowState& state, const void* x, std::int64_t n);
  void (*finish)(RowState& state, void* out);
  /// Combines two partial results elementwise; with attributes, rows: see reduce_leading.hpp.
  Kernel combine;
};

/// Null if the reduction does not exist for the type.
const Reducer* lookup_reducer(OpCode op, DType dtype);

/// Rows added in one chain by a reduction over leading axes; above, pairwise again.
inline constexpr std::int64_t kRowChunk = 16;

/// Levels of partial rows that a reduction of `rows` rows needs as scratch, besides its result.
std::int64_t leading_levels(std::int64_t rows);

/// Adds columns [first, first + n) of row `row` of `rows`. `scratch` holds leading_levels(rows)
/// rows of `width` elements. The rows of a column must come in order; the result is complete after
/// the last one.
void accumulate_row(const Reducer& reducer, char* out, char* scratch, std::size_t item,
                    std::int64_t rows, std::int64_t row, std::int64_t width, std::int64_t first,
                    const char* x, std::int64_t n);

}  // namespace dualtape::engine
