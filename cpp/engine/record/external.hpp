/// C++ models of other modules, called from Python.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// external_model(capsule) of the module: the model in it, as a capsule of the engine's.
PyObject* external_model(PyObject* module, PyObject* capsule);

/// external_call(model, x) of the module: its flat result for the flat arguments x, float64[n];
/// recorded if x is traced, else evaluated.
PyObject* external_call(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
