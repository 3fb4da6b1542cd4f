/// Methods of the Python type Recording that give matrices of derivatives, and what all its methods
/// share.
#pragma once

#include "record/python.hpp"
#include "record/recording.hpp"

namespace dualtape::engine {

PyMethodDef jacobian_method();
PyMethodDef hessian_method();
PyMethodDef laplacian_method();

Positions positions_of(PyObject* ints, std::size_t limit, const Bound& bound);
ExecutablePtr derive(const Recording& r, const Derivation& how);
/// `keep`: may be absent.
Derivation derivation(const Recording& r, Derivation::Kind kind, PyObject* wrt, PyObject* keep);

}  // namespace dualtape::engine
