/// Functions with derivative rules of their own.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// custom_call(kind, function, rules, operands) of the module: one instruction that holds the
/// recorded function and its rules. kind "jvp": rules (jvp,), X + X_dot -> Y + Y_dot. kind "vjp":
/// rules (forward, pullback), X -> Y + residuals and residuals + Y_bar -> X_bar.
PyObject* custom_call(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
