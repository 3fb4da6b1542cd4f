/// A plan in words.
#pragma once

#include <string>

#include "plan/code.hpp"

namespace dualtape::engine {

std::string print_plan(const Program& program, const Analysis& analysis, const Code& code);

}  // namespace dualtape::engine
