/// Threads and memory, as Python sees them.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// Adds the functions, and reads the environment.
void add_resources(PyObject* module);

}  // namespace dualtape::engine
