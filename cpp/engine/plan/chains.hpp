/// Chains in a region: runs of arithmetic whose values pass from one operation to the next in
/// registers.
#pragma once

#include "plan/code.hpp"

namespace dualtape::engine {

/// Instructions of rows shorter than this are not chained: a chain has a price for what is left of
/// a row after the last tile.
inline constexpr std::int64_t kChainedRow = 64;

/// An operation on this type can be a link.
bool can_chain(OpCode op, DType dtype);

/// Puts a chain in the place of each run of instructions that has a use for one. Registers have
/// their numbers, and no two values share a block yet; a block that nobody reads or writes any more
/// is no longer mentioned.
void form_chains(Region& region);

}  // namespace dualtape::engine
