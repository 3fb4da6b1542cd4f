/// The order of the operations of a region.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/views.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

/// Of the members of one region, ascending; `of_rows` as in Schedule. Functions and reductions come
/// as early as they can, those of one depth together; arithmetic comes just before it is needed,
/// the operand that takes more accumulators first: so that it makes long chains.
void order_region(const Program& program, const Views& views, const std::vector<bool>& of_rows,
                  std::span<ValueId> members);

}  // namespace dualtape::engine
