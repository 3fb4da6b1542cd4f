/// Storage: which memory each stored value gets.
///
/// Scalars live in slots at the start of the arena; constants and scalar inputs are copied there
/// first. Arrays live in buffers: in the caller's output, or in the arena, where buffers whose
/// lives do not overlap share memory.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "plan/schedule.hpp"
#include "plan/views.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

inline constexpr std::uint32_t kNone = ~std::uint32_t{0};
inline constexpr std::int64_t kAlignment = 64;  // bytes; a cache line

inline constexpr std::int64_t align(std::int64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

struct Buffer {
  std::int64_t bytes;
  std::uint32_t first, last;     // steps; last is kNever for a result
  std::uint32_t output = kNone;  // lives in this output of the caller
  std::uint32_t whole = kNone;   // is a part of this buffer
  std::int64_t offset = 0;       // in the arena otherwise, or in the whole; bytes
};

/// One constant, its bits as in memory.
using ConstantBits = std::array<std::uint64_t, 2>;

struct Storage {
  Storage(const Program& program, const Views& views, const OrderedSchedule& schedule);

  /// Of a root: its slot if the value is a scalar, else its buffer; kNone if it has none.
  std::vector<std::uint32_t> home;
  std::vector<Buffer> buffers;
  std::vector<ConstantBits> constants;     // of slots 0, 1, ...
  std::vector<std::uint32_t> input_slots;  // of each input; kNone for arrays
  std::uint32_t slot_count = 0;
  std::int64_t slot_bytes = 8;  // 16 if there is a complex128 scalar
  std::int64_t arena_bytes = 0;
};

}  // namespace dualtape::engine
