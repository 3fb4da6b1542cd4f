#include "kernels/rows.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <type_traits>

#include "kernels/reduce.hpp"
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

namespace {

/// x += v for an element or for two floats.
template <class V>
inline void add_part(char* x, const char* v) {
  V sum, more;
  std::memcpy(&sum, x, sizeof sum);
  std::memcpy(&more, v, sizeof more);
  sum += more;
  std::memcpy(x, &sum, sizeof sum);
}

/// x += v for kWidth elements, in registers of 16 bytes, which every machine has. These are all
/// read before any is written: the compiler does not know that x and v lie apart.
template <class T, int kWidth>
inline void add_row(char* x, const char* v) {
  using V [[gnu::vector_size(16)]] = T;
  constexpr int kBytes = kWidth * static_cast<int>(sizeof(T)), kVectors = kBytes / 16;
  V sum[kVectors + 1], more[kVectors + 1];
#pragma GCC unroll 8
  for (int k = 0; k < kVectors; ++k) {
    std::memcpy(&sum[k], x + 16 * k, 16);
    std::memcpy(&more[k], v + 16 * k, 16);
  }
#pragma GCC unroll 8
  for (int k = 0; k < kVectors; ++k) {
    sum[k] += more[k];
    std::memcpy(x + 16 * k, &sum[k], 16);
  }
  using Two [[gnu::vector_size(8)]] = float;
  constexpr int kRest = kBytes % 16, kHalf = kRest >= 8 ? 8 : 0, kAt = kBytes - kRest;
  if constexpr (kHalf != 0) {
    add_part<std::conditional_t<sizeof(T) == 8, T, Two>>(x + kAt, v + kAt);
  }
  if constexpr (kRest != kHalf) add_part<T>(x + kAt + kHalf, v + kAt + kHalf);
}

/// Bytes added at once, and of rows from which on a kernel is worth its call.
constexpr std::int64_t kAtOnce = 64, kLongSum = 256;

}  // namespace

template <class T, int kWidth>
void RowAdder::add_short(const RowAdder& adder, char* x, const std::int64_t* entry, const char* v,
                         std::int64_t count) {
  constexpr std::int64_t kBytes = kWidth * static_cast<std::int64_t>(sizeof(T));
  visit_rows(entry, 0, count, adder.table_.rows, [x, v](std::int64_t k, std::int64_t row) {
    add_row<T, kWidth>(x + kBytes * row, v + kBytes * k);
  });
}

template <class T>
void RowAdder::add_any(const RowAdder& adder, char* x, const std::int64_t* entry, const char* v,
                       std::int64_t count) {
  constexpr auto item = static_cast<std::int64_t>(sizeof(T));
  const std::int64_t bytes = adder.table_.bytes;
  visit_rows(entry, 0, count, adder.table_.rows, [x, v, bytes](std::int64_t k, std::int64_t row) {
    char* const to = x + bytes * row;
    const char* const from = v + bytes * k;
    std::int64_t at = 0;
    for (; at + kAtOnce <= bytes; at += kAtOnce) add_row<T, kAtOnce / item>(to + at, from + at);
    for (; at + 16 <= bytes; at += 16) add_row<T, 16 / item>(to + at, from + at);
    switch ((bytes - at) / item) {  // not a loop, which compilers would prepare for many elements
      case 3: return add_row<T, 3>(to + at, from + at);
      case 2: return add_row<T, 2>(to + at, from + at);
      case 1: return add_row<T, 1>(to + at, from + at);
      default: return;
    }
  });
}

void RowAdder::add_by_kernel(const RowAdder& adder, char* x, const std::int64_t* entry,
                             const char* v, std::int64_t count) {
  const std::int64_t bytes = adder.table_.bytes, width = bytes / adder.item_;
  visit_rows(entry, 0, count, adder.table_.rows,
             [=, add = adder.add_](std::int64_t k, std::int64_t row) {
               const void* operands[] = {x + bytes * row, v + bytes * k};
               add(x + bytes * row, operands, width, nullptr);
             });
}

template <class T>
RowAdder::AddRows RowAdder::choose(std::int64_t bytes) {
  if (bytes >= kLongSum) return add_by_kernel;
  switch (bytes / static_cast<std::int64_t>(sizeof(T))) {
    case 1: return add_short<T, 1>;
    case 2: return add_short<T, 2>;
    case 3: return add_short<T, 3>;
    case 4: return add_short<T, 4>;
    case 5: return add_short<T, 5>;
    case 6: return add_short<T, 6>;
    case 7: return add_short<T, 7>;
    case 8: return add_short<T, 8>;
    case 16: return add_short<T, 16>;
    default: return add_any<T>;
  }
}

RowAdder::RowAdder(DType dtype, const RowTable& table)
    : table_(table),
      item_(static_cast<std::int64_t>(item_size(dtype))),
      add_(lookup_reducer(kSum, dtype)->combine),
      add_rows_(add_by_kernel) {
  if (dtype == DType::kFloat64) add_rows_ = choose<double>(table.bytes);
  if (dtype == DType::kFloat32) add_rows_ = choose<float>(table.bytes);
}

}  // namespace dualtape::engine
