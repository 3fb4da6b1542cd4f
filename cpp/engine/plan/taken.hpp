/// Rows taken from a table as operands of a region.
///
/// x[index] is no step of its own if only regions read it, element by element or to reduce it:
/// block by block its rows are copied to a register of the region that reads it first. Nothing of
/// the table or the indices may be made in that region, nor written in their place.
#pragma once

#include <vector>

#include "kernels/rows.hpp"
#include "plan/views.hpp"
#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

/// Marks the values that are taken so; the others remain as they are. `marked` may be empty, for
/// none.
void mark_taken(const Program& program, const Views& views, const std::vector<bool>& live,
                std::vector<bool>& marked);

/// Of a value so marked.
RowTable table_of(const Program& program, const Views& views, ValueId v);

/// Computed element by element in a region, or taken row by row.
inline constexpr bool is_by_element(OpCode op) { return is_elementwise(op) || op == kTake; }

}  // namespace dualtape::engine
