/// Reductions over leading axes, row by row.
#include <algorithm>
#include <bit>
#include <cstring>

#include "kernels/reduce_leading.hpp"

namespace dualtape::engine {

std::int64_t leading_levels(std::int64_t rows) {
  if (rows <= kRowChunk) return 0;
  return 1 + std::bit_width(static_cast<std::uint64_t>(rows / kRowChunk));
}

namespace {

/// A binary counter of the chains of one range of columns: level 0 is the chain being added to,
/// level 1 + k holds the sum of 2^k finished chains.
class Columns {
 public:
  Columns(const Reducer& reducer, char* out, char* scratch, std::size_t row_bytes, std::int64_t n)
      : reducer_(reducer), out_(out), scratch_(scratch), row_bytes_(row_bytes), n_(n) {}

  /// After row `last`, the last of its chain; `bytes` of them.
  void carry(std::int64_t last, std::size_t bytes) {
    const auto finished = static_cast<std::uint64_t>(last / kRowChunk);  // before this chain
    std::int64_t level = 1;
    for (std::uint64_t rest = finished; rest & 1; rest >>= 1, ++level) add(at(level), at(0), at(0));
    std::memcpy(at(level), at(0), bytes);
  }
  void finish(std::int64_t last) {
    bool held = false;
    std::int64_t level = 1;
    for (auto rest = static_cast<std::uint64_t>(last / kRowChunk); rest; rest >>= 1, ++level) {
      if (!(rest & 1)) continue;
      add(at(level), held ? out_ : at(0), out_);
      held = true;
    }
  }
  char* at(std::int64_t level) const {
    return scratch_ + static_cast<std::size_t>(level) * row_bytes_;
  }

 private:
  void add(const char* a, const char* b, char* sum) const {
    const void* in[] = {a, b};
    reducer_.combine(sum, in, n_, nullptr);
  }

  const Reducer& reducer_;
  char* const out_;
  char* const scratch_;
  const std::size_t row_bytes_;
  const std::int64_t n_;
};

}  // namespace

void accumulate_rows(const Reducer& reducer, char* out, char* scratch, std::size_t item,
                     std::int64_t rows, std::int64_t width, RowPart part) {
  const std::size_t skip = static_cast<std::size_t>(part.column) * item;
  Columns columns(reducer, out + skip, scratch + skip, static_cast<std::size_t>(width) * item,
                  part.columns);
  const bool single = rows <= kRowChunk;
  char* const chain = single ? out + skip : columns.at(0);
  while (part.rows > 0) {
    const std::int64_t place = part.row % kRowChunk;
    const std::int64_t n = std::min(part.rows, kRowChunk - place);
    const RowAttributes attributes{n, part.step, place == 0};
    const void* in[] = {part.x};
    reducer.combine(chain, in, part.columns, &attributes.rows);
    part.x += static_cast<std::size_t>(n * part.step) * item;
    part.rows -= n;
    part.row += n;
    if (single) continue;
    if (part.row == rows) {
      columns.finish(rows - 1);
    } else if (place + n == kRowChunk) {
      columns.carry(part.row - 1, static_cast<std::size_t>(part.columns) * item);
    }
  }
}

void accumulate_row(const Reducer& reducer, char* out, char* scratch, std::size_t item,
                    std::int64_t rows, std::int64_t row, std::int64_t width, std::int64_t first,
                    const char* x, std::int64_t n) {
  accumulate_rows(reducer, out, scratch, item, rows, width, {x, width, row, 1, first, n});
}

}  // namespace dualtape::engine
