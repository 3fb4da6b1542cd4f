/// Checks of leaves that nearly always hold; where one does not, Python looks closer and tells why.
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// A Python float or complex number, or a NumPy or traced value of floats or complex numbers.
bool is_differentiable(PyObject* leaf);
/// The same of floats alone.
bool is_real_differentiable(PyObject* leaf);
/// A value of the shape and dtype of the primal; a Python float beside a number of float64.
bool is_tangent(PyObject* leaf, PyObject* primal);

/// TypeError for arrays that calculate otherwise than plain ones: matrices, masked arrays.
void refuse_subclasses(PyObject* array);
/// The truth of an argument, as `if` asks for it; false if it is not given.
bool is_true(PyObject* argument);

/// all_differentiable(leaves) of the module.
PyObject* all_differentiable(PyObject* module, PyObject* leaves);
/// all_alike(leaves, others) of the module: NumPy and traced values, floating, each with the shape
/// and dtype of the other.
PyObject* all_alike(PyObject* module, PyObject* const* args, Py_ssize_t n);

}  // namespace dualtape::engine
