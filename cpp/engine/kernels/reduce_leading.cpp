/// Reductions over leading axes, row by row.
#include <bit>
#include <cstring>

#include "kernels/reduce.hpp"

namespace dualtape::engine {

std::int64_t leading_levels(std::int64_t rows) {
  if (rows <= kRowChunk) return 0;
  return 1 + std::bit_width(static_cast<std::uint64_t>(rows / kRowChunk));
}

/// Level 0 of the counter is the chain being added to; level 1 + k holds the sum of 2^k finished
/// chains.
void accumulate_row(const Reducer& reducer, char* out, char* scratch, std::size_t item,
                    std::int64_t rows, std::int64_t row, std::int64_t width, std::int64_t first,
                    const char* x, std::int64_t n) {
  const auto at = [&](std::int64_t level) {
    return scratch + static_cast<std::size_t>(level * width + first) * item;
  };
  out += static_cast<std::size_t>(first) * item;
  const auto bytes = static_cast<std::size_t>(n) * item;
  const auto add = [&](const char* a, const char* b, char* sum) {
    const void* in[] = {a, b};
    reducer.combine(sum, in, n, nullptr);
  };
  const bool single = rows <= kRowChunk;
  char* chain = single ? out : at(0);
  if (row % kRowChunk == 0) {
    std::memcpy(chain, x, bytes);
  } else {
    add(chain, x, chain);
  }
  const bool last = row == rows - 1;
  if (single || (!last && (row + 1) % kRowChunk != 0)) return;

  std::uint64_t finished = static_cast<std::uint64_t>(row / kRowChunk);  // before this chain
  if (last) {
    bool held = false;
    for (std::int64_t level = 1; finished; finished >>= 1, ++level) {
      if (!(finished & 1)) continue;
      add(at(level), held ? out : chain, out);
      held = true;
    }
    return;
  }
  std::int64_t level = 1;
  for (; finished & 1; finished >>= 1, ++level) add(at(level), chain, chain);
  std::memcpy(at(level), chain, bytes);
}

}  // namespace dualtape::engine
