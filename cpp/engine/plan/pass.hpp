/// Passes over the rows of a matrix: products A v, elementwise operations on what belongs to the
/// rows, and A^T r of the result run block of rows by block of rows, so that a block is read again
/// while it is in the cache. So run the gradients of generalised linear models.
#pragma once

#include "plan/schedule.hpp"

namespace dualtape::engine {

/// Marks the steps of each pass and puts them side by side: what they need moves before, what needs
/// them behind. Linear in the number of instructions.
void find_passes(const Program& program, const Views& views, Schedule& schedule);

/// The steps before and after which all buffers of a step's pass are alive; itself, if it has none.
struct StepRange {
  std::uint32_t first, last;
};
StepRange pass_of(const Schedule& schedule, std::uint32_t step);

}  // namespace dualtape::engine
