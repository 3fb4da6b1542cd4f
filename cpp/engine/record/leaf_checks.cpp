#include "record/leaf_checks.hpp"

#include "record/dtypes.hpp"
#include "record/tracer.hpp"

namespace dualtape::engine {
namespace {

bool has_derivative(int number) {
  return number == NPY_DOUBLE || number == NPY_FLOAT || number == NPY_CDOUBLE ||
         number == NPY_CFLOAT;
}

/// The type of a scalar of NumPy's or Python's; false if it has no derivative.
bool find_scalar_type(PyObject* leaf, Type& type) {
  type.shape = {};
  if (PyFloat_CheckExact(leaf) || PyArray_IsScalar(leaf, Double)) {
    type.dtype = DType::kFloat64;
  } else if (PyComplex_CheckExact(leaf) || PyArray_IsScalar(leaf, CDouble)) {
    type.dtype = DType::kComplex128;
  } else if (PyArray_IsScalar(leaf, Float)) {
    type.dtype = DType::kFloat32;
  } else if (PyArray_IsScalar(leaf, CFloat)) {
    type.dtype = DType::kComplex64;
  } else {
    return false;
  }
  return true;
}

/// False for what is no floating or complex value of NumPy's or ours.
bool find_type(PyObject* leaf, Type& type) {
  if (is_tracer(leaf)) {
    type = type_of(as_tracer(leaf));
    return is_inexact(type.dtype);
  }
  if (PyArray_CheckExact(leaf)) {
    auto* array = reinterpret_cast<PyArrayObject*>(leaf);
    const int number = PyArray_TYPE(array);
    if (!has_derivative(number) || !PyArray_ISNOTSWAPPED(array)) return false;
    type = {dtype_of(PyArray_DESCR(array), "argument"), shape_of(array)};
    return true;
  }
  return find_scalar_type(leaf, type);
}

bool alike(PyObject* leaf, PyObject* other) {
  // A Python number is no tangent yet: it takes the type of its primal.
  if (PyFloat_CheckExact(leaf) || PyComplex_CheckExact(leaf)) return false;
  Type a, b;
  return find_type(leaf, a) && find_type(other, b) && a == b;
}

}  // namespace

bool is_differentiable(PyObject* leaf) {
  if (PyFloat_CheckExact(leaf)) return true;
  if (is_tracer(leaf)) return is_inexact(type_of(as_tracer(leaf)).dtype);
  if (PyArray_CheckExact(leaf)) {
    return has_derivative(PyArray_TYPE(reinterpret_cast<PyArrayObject*>(leaf)));
  }
  Type type;
  return find_scalar_type(leaf, type);
}

void refuse_subclasses(PyObject* array) {
  if (PyArray_CheckExact(array)) return;
  const std::string type = type_name(array);
  if (type.find("matrix") != std::string::npos || type.find("Masked") != std::string::npos) {
    raise(PyExc_TypeError, type +
                               " has its own arithmetic and cannot be recorded; "
                               "use a plain numpy.ndarray");
  }
}

bool is_true(PyObject* argument) {
  const int truth = argument ? PyObject_IsTrue(argument) : 0;
  if (truth < 0) throw PythonError{};
  return truth == 1;
}

bool is_real_differentiable(PyObject* leaf) {
  Type type;
  return PyFloat_CheckExact(leaf) || (find_type(leaf, type) && is_floating(type.dtype));
}

bool is_tangent(PyObject* leaf, PyObject* primal) {
  if (!PyFloat_CheckExact(leaf)) return alike(leaf, primal);
  Type type;
  return find_type(primal, type) && type == Type{DType::kFloat64, {}};
}

PyObject* all_differentiable(PyObject*, PyObject* leaves) {
  return guarded([&] {
    const Ref items = Ref::checked(PySequence_Fast(leaves, "a sequence is wanted"));
    bool all = true;
    for (Py_ssize_t k = 0; all && k < PySequence_Fast_GET_SIZE(items.get()); ++k) {
      all = is_differentiable(PySequence_Fast_GET_ITEM(items.get(), k));
    }
    return PyBool_FromLong(all);
  });
}

PyObject* all_alike(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2) raise(PyExc_TypeError, "all_alike takes 2 arguments");
    const Ref leaves = Ref::checked(PySequence_Fast(args[0], "a sequence is wanted"));
    const Ref others = Ref::checked(PySequence_Fast(args[1], "a sequence is wanted"));
    const Py_ssize_t count = PySequence_Fast_GET_SIZE(leaves.get());
    bool all = count == PySequence_Fast_GET_SIZE(others.get());
    for (Py_ssize_t k = 0; all && k < count; ++k) {
      all = alike(PySequence_Fast_GET_ITEM(leaves.get(), k),
                  PySequence_Fast_GET_ITEM(others.get(), k));
    }
    return PyBool_FromLong(all);
  });
}

}  // namespace dualtape::engine
