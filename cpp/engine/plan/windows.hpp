/// Windows: parts of an array that a region writes, or adds to, as it makes them.
///
/// pad, update_slice and add_slice of a region's own values are no steps of their own if the window
/// is one run of memory: block by block the region writes there. An element may be written by
/// several windows of a chain, so each must not begin after the one before it: then what it meets
/// in memory has been written by an earlier block, or by an earlier instruction of this block.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

inline constexpr bool is_window(OpCode op) {
  return op == kPad || op == kUpdateSlice || op == kAddSlice;
}

/// Offset of a window of shape `part` in an array, in elements, if its elements follow one another.
/// attrs: start, step of each axis.
std::optional<std::int64_t> window_offset(const Dims& whole, const Dims& part,
                                          std::span<const std::int64_t> attrs);

/// First element of the window of a pad, update_slice or add_slice, if it is one run of memory and
/// no single element.
std::optional<std::int64_t> run_offset(const Program& program, ValueId v);

}  // namespace dualtape::engine
