/// What the planner needs of the transformations.
#pragma once

#include "program/program.hpp"

namespace dualtape::engine {

/// `program` without calls and custom rules; itself if there are none.
ProgramPtr inline_calls(ProgramPtr program);

}  // namespace dualtape::engine
