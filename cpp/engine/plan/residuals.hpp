/// Residuals that are cheap to compute: computed again where they are read, not kept in memory.
#pragma once

#include <memory>

#include "plan/code.hpp"
#include "plan/plan.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

/// A program without calls, and what is decided about it.
struct Analysed {
  ProgramPtr program;
  std::unique_ptr<const Analysis> analysis;
  bool is_final = true;  // no search was put off
};

/// Results of regions that later regions read element by element are computed there again if they
/// follow by few cheap operations from what is in memory then anyway, or from less than their own
/// bytes; if the arena does not grow by it. They keep their bits. Linear in the program. With
/// Effort::kOneRun they are searched for only where one run gains by it.
Analysed analyse(ProgramPtr program, Effort effort = Effort::kManyRuns);

}  // namespace dualtape::engine
