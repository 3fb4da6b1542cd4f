/// C++ models of other modules, called from Python.
#pragma once

#include "dualtape/model_abi.hpp"
#include "record/python.hpp"

namespace dualtape::engine {

/// external_model(capsule) of the module: the model in it, as a capsule of the engine's.
PyObject* external_model(PyObject* module, PyObject* capsule);

/// The engine's capsule of a model, which it then holds.
PyObject* capsule_of_model(const ModelAbi* model);

/// external_call(model, x) of the module: its flat result for the flat arguments x, float64[n];
/// recorded if x is traced, else evaluated. A traced x may have axes of points in front.
PyObject* external_call(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
