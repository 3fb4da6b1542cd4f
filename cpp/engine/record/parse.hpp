/// Arguments of functions called from Python, and making types.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include "record/python.hpp"

namespace dualtape::engine {

inline constexpr std::size_t kMaxParameters = 12;
using Arguments = std::array<PyObject*, kMaxParameters>;  // borrowed; nullptr: not given

/// Names of a function's parameters, in order, as Python would match them.
struct Signature {
  const char* function;
  std::array<const char*, kMaxParameters> parameters;
  int required;
  int positional = kMaxParameters;  // parameters after these are keyword-only

  int count() const {
    int n = 0;
    while (n < static_cast<int>(kMaxParameters) && parameters[static_cast<std::size_t>(n)]) ++n;
    return n;
  }
  /// TypeError as Python's. `args` has n positional values, then one for each name.
  Arguments parse(PyObject* const* args, Py_ssize_t n, PyObject* names) const;
};

using FastMethod = PyObject* (*)(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);

template <FastMethod F>
PyMethodDef fast_method(const char* name, const char* doc) {
  return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(F)),
          METH_FASTCALL | METH_KEYWORDS, doc};
}

template <class F>
PyType_Slot type_slot(int number, F* f) {
  return {number, reinterpret_cast<void*>(f)};
}

/// A new final type, added to the module under the last part of its name.
PyTypeObject* add_type(PyObject* module, const char* full_name, std::size_t size,
                       std::vector<PyType_Slot> slots, bool can_instantiate = false);

}  // namespace dualtape::engine
