/// Rows of a table at integer indices, which count from the end where they are negative: read, or
/// added to.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/kernels.hpp"

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

/// Adds to the rows of a table, entry after entry.
class RowAdder {
 public:
  RowAdder() = default;
  /// Rows of elements one after the other.
  RowAdder(DType dtype, const RowTable& table);
  /// Adds `count` rows of values laid end to end, a row for each entry.
  void run(char* x, const std::int64_t* entry, const char* v, std::int64_t count) const {
    add_rows_(*this, x, entry, v, count);
  }

 private:
  using AddRows = void (*)(const RowAdder& adder, char* x, const std::int64_t* entry, const char* v,
                           std::int64_t count);
  template <class T>
  static AddRows choose(std::int64_t bytes);
  template <class T, int kWidth>
  static void add_short(const RowAdder& adder, char* x, const std::int64_t* entry, const char* v,
                        std::int64_t count);
  template <class T>
  static void add_any(const RowAdder& adder, char* x, const std::int64_t* entry, const char* v,
                      std::int64_t count);
  static void add_by_kernel(const RowAdder& adder, char* x, const std::int64_t* entry,
                            const char* v, std::int64_t count);

  RowTable table_{};
  std::int64_t item_ = 0;
  Kernel add_ = nullptr;
  AddRows add_rows_ = nullptr;
};

}  // namespace dualtape::engine
