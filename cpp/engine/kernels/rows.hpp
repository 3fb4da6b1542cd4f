/// Rows of a table at integer indices, which count from the end where they are negative.
#pragma once

#include <algorithm>
#include <cstdint>

namespace dualtape::engine {

/// The rows of a table: how many, bytes of each, bytes from one to the next.
struct RowTable {
  std::int64_t rows, bytes, stride;
};

/// The row that an index means; throws IndexError.
std::int64_t checked_row(std::int64_t i, std::int64_t rows);

/// Entries that are looked at together: a comparison and a branch for each would take longer than
/// moving an element.
inline constexpr std::int64_t kIndexBlock = 64;

/// Whether each of `count` entries lies in [0, rows).
bool are_rows(const std::int64_t* entry, std::int64_t count, std::int64_t rows);

/// Calls f(k, row) for entries [first, last). f by value: what it holds stays in registers,
/// whatever it writes.
template <class F>
void visit_rows(const std::int64_t* entry, std::int64_t first, std::int64_t last, std::int64_t rows,
                F f) {
  while (first < last) {
    const std::int64_t n = std::min(last - first, kIndexBlock);
    if (!are_rows(entry + first, n, rows)) {
      for (std::int64_t k = first; k < first + n; ++k) f(k, checked_row(entry[k], rows));
    } else if (n == kIndexBlock) {
#pragma GCC unroll 4
      for (std::int64_t k = first; k < first + kIndexBlock; ++k) f(k, entry[k]);
    } else {
      for (std::int64_t k = first; k < first + n; ++k) f(k, entry[k]);
    }
    first += n;
  }
}

/// Copies bytes [first, first + n) of the rows at these entries, laid end to end.
void copy_rows(char* out, const char* table, const RowTable& t, const std::int64_t* entry,
               std::int64_t first, std::int64_t n);

}  // namespace dualtape::engine
