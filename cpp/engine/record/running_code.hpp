/// The place in Python code that called us.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

struct RunningCode {
  PyCodeObject* code = nullptr;  // borrowed, until Python code runs; nullptr: none is running
  int offset = -1;               // of the instruction, bytes
};
RunningCode running_code();

}  // namespace dualtape::engine
