/// grad and value_and_grad from arguments to results in one call.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// scalar_gradient(fun, what, argnums, args, kwargs, with_value, check) of the module: (value,
/// gradient), value None if it is not wanted. None before anything was called if the arguments are
/// not all floats and arrays of floats, or argnums do not fit: then there is an error to tell, or a
/// rare type to look at. check(what, result) raises for a result without a gradient.
PyObject* scalar_gradient(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
