#include "kernels/rows.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include "program/errors.hpp"

namespace dualtape::engine {

std::int64_t checked_row(std::int64_t i, std::int64_t rows) {
  if (i < -rows || i >= rows) {
    throw IndexError("take: index " + std::to_string(i) +
                     " is out of bounds for axis 0 with size " + std::to_string(rows));
  }
  return i < 0 ? i + rows : i;
}

/// Then neither an entry nor rows - 1 - it has a sign.
bool are_rows(const std::int64_t* entry, std::int64_t count, std::int64_t rows) {
  using Pair [[gnu::vector_size(16)]] = std::uint64_t;
  const auto last = static_cast<std::uint64_t>(rows) - 1;
  Pair signs[2] = {};
  std::int64_t k = 0;
  for (; k + 4 <= count; k += 4) {
    for (std::int64_t i = 0; i < 2; ++i) {
      Pair v;
      std::memcpy(&v, entry + k + 2 * i, sizeof v);
      signs[i] |= v | (last - v);
    }
  }
  const Pair both = signs[0] | signs[1];
  std::uint64_t all = both[0] | both[1];
  for (; k < count; ++k) {
    const auto v = static_cast<std::uint64_t>(entry[k]);
    all |= v | (last - v);
  }
  return all >> 63 == 0;
}

namespace {

/// Bytes of a move, and of rows from which on the library's copy is worth its call.
constexpr std::int64_t kMove = 16, kLongCopy = 512;

/// At least one move; the last one overlaps the one before it.
inline void copy_row(char* out, const char* x, std::int64_t bytes) {
  for (std::int64_t at = 0; at + kMove <= bytes; at += kMove) std::memcpy(out + at, x + at, kMove);
  std::memcpy(out + bytes - kMove, x + bytes - kMove, kMove);
}

/// Rows of so many bytes, each a few moves. Where they lie end to end an index is scaled at once.
template <std::int64_t kBytes>
void copy_short(char* out, const char* table, const RowTable& t, const std::int64_t* entry,
                std::int64_t count) {
  if (t.stride == kBytes) {
    return visit_rows(entry, 0, count, t.rows, [out, table](std::int64_t k, std::int64_t row) {
      std::memcpy(out + kBytes * k, table + kBytes * row, kBytes);
    });
  }
  visit_rows(entry, 0, count, t.rows, [out, table, s = t.stride](std::int64_t k, std::int64_t row) {
    std::memcpy(out + kBytes * k, table + row * s, kBytes);
  });
}

void copy_any(char* out, const char* table, const RowTable& t, const std::int64_t* entry,
              std::int64_t count) {
  const std::int64_t bytes = t.bytes;
  const bool moves = bytes >= kMove && bytes < kLongCopy;
  visit_rows(entry, 0, count, t.rows, [=, s = t.stride](std::int64_t k, std::int64_t row) {
    if (moves) return copy_row(out + bytes * k, table + row * s, bytes);
    std::memcpy(out + bytes * k, table + row * s, static_cast<std::size_t>(bytes));
  });
}

void copy_whole(char* out, const char* table, const RowTable& t, const std::int64_t* entry,
                std::int64_t count) {
  switch (t.bytes) {
    case 4: return copy_short<4>(out, table, t, entry, count);
    case 8: return copy_short<8>(out, table, t, entry, count);
    case 12: return copy_short<12>(out, table, t, entry, count);
    case 16: return copy_short<16>(out, table, t, entry, count);
    case 24: return copy_short<24>(out, table, t, entry, count);
    case 32: return copy_short<32>(out, table, t, entry, count);
    case 48: return copy_short<48>(out, table, t, entry, count);
    case 64: return copy_short<64>(out, table, t, entry, count);
    case 128: return copy_short<128>(out, table, t, entry, count);
    default: return copy_any(out, table, t, entry, count);
  }
}

}  // namespace

void copy_rows(char* out, const char* table, const RowTable& t, const std::int64_t* entry,
               std::int64_t first, std::int64_t n) {
  if (n == 0) return;
  entry += first / t.bytes;
  const auto part = [&](std::int64_t begin, std::int64_t bytes) {
    const char* const row = table + checked_row(*entry, t.rows) * t.stride;
    std::memcpy(out, row + begin, static_cast<std::size_t>(bytes));
    out += bytes;
    n -= bytes;
    ++entry;
  };
  const std::int64_t begin = first % t.bytes;
  if (begin != 0) part(begin, std::min(n, t.bytes - begin));
  const std::int64_t whole = n / t.bytes;
  copy_whole(out, table, t, entry, whole);
  out += whole * t.bytes;
  n -= whole * t.bytes;
  entry += whole;
  if (n != 0) part(0, n);
}

}  // namespace dualtape::engine
