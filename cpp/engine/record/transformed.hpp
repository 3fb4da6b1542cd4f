/// The Python type of transformed functions.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

void add_transformed_type(PyObject* module);

}  // namespace dualtape::engine
