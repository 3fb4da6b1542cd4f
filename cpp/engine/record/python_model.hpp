/// Python functions of plain numbers as models: solvers and simulators that cannot be recorded.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// python_model(evaluate, inputs, outputs, max_order, name) of the module, as the engine's capsule.
/// evaluate(word, x, rows) gives the numbers of the word: "value" F(x), rows None; "jvp" F'(x) v
/// for each row v of rows; "vjp" F'(x)^T y_bar. All are float64, copies; max_order is 0 or 1.
/// What evaluate raises is raised where the program was run.
PyObject* python_model(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
