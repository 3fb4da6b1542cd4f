#include "record/leaf_checks.hpp"

#include "record/dtypes.hpp"
#include "record/tracer.hpp"

namespace dualtape::engine {
namespace {

/// False for what is no floating value of NumPy's or ours.
bool find_type(PyObject* leaf, Type& type) {
  if (is_tracer(leaf)) {
    type = type_of(as_tracer(leaf));
    return is_floating(type.dtype);
  }
  if (PyArray_CheckExact(leaf)) {
    auto* array = reinterpret_cast<PyArrayObject*>(leaf);
    const int number = PyArray_TYPE(array);
    if ((number != NPY_DOUBLE && number != NPY_FLOAT) || !PyArray_ISNOTSWAPPED(array)) return false;
    type = {number == NPY_DOUBLE ? DType::kFloat64 : DType::kFloat32, shape_of(array)};
    return true;
  }
  type = {PyArray_IsScalar(leaf, Float) ? DType::kFloat32 : DType::kFloat64, {}};
  return PyArray_IsScalar(leaf, Float) || PyArray_IsScalar(leaf, Double);
}

bool alike(PyObject* leaf, PyObject* other) {
  Type a, b;
  if (PyFloat_CheckExact(other)) {
    return find_type(leaf, a) && a == Type{DType::kFloat64, {}};
  }
  return find_type(leaf, a) && find_type(other, b) && a == b;
}

}  // namespace

bool is_differentiable(PyObject* leaf) {
  if (PyFloat_CheckExact(leaf)) return true;
  if (is_tracer(leaf)) return is_floating(type_of(as_tracer(leaf)).dtype);
  if (PyArray_CheckExact(leaf)) {
    const int type = PyArray_TYPE(reinterpret_cast<PyArrayObject*>(leaf));
    return type == NPY_DOUBLE || type == NPY_FLOAT;
  }
  return PyArray_IsScalar(leaf, Double) || PyArray_IsScalar(leaf, Float);
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
