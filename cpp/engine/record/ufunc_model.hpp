/// Loops of other libraries' ufuncs as models: SciPy's special functions, value by value.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// ufunc_model(ufunc, is_complex, constants, name) of the module: its loop of float64 or
/// complex128, as the engine's capsule. The last arguments are constants, integers or floats. It
/// takes the inputs of a point on the last axis, complex ones as pairs, and has no derivative of
/// its own. Loops run without Python's lock, as SciPy's may.
PyObject* ufunc_model(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
