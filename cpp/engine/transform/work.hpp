/// How much work a program is: what the direction of a Jacobian is chosen by.
#pragma once

#include "program/program.hpp"

namespace dualtape::engine {

/// Elements written by all instructions; a product of matrices counts its multiplications at what
/// they cost beside an element moved.
double work_of(const Program& program);

}  // namespace dualtape::engine
