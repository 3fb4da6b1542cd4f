#include "record/parse.hpp"

#include <cstring>

namespace dualtape::engine {

Arguments Signature::parse(PyObject* const* args, Py_ssize_t n, PyObject* names) const {
  Arguments found{};
  const int n_parameters = count();
  if (n > std::min(positional, n_parameters)) {
    raise(PyExc_TypeError, std::string(function) + "() takes at most " +
                               std::to_string(std::min(positional, n_parameters)) +
                               " positional arguments, got " + std::to_string(n));
  }
  for (Py_ssize_t i = 0; i < n; ++i) found[static_cast<std::size_t>(i)] = args[i];
  const Py_ssize_t n_names = names ? PyTuple_GET_SIZE(names) : 0;
  for (Py_ssize_t k = 0; k < n_names; ++k) {
    PyObject* name = PyTuple_GET_ITEM(names, k);
    int i = 0;
    while (i < n_parameters &&
           PyUnicode_CompareWithASCIIString(name, parameters[static_cast<std::size_t>(i)]) != 0) {
      ++i;
    }
    if (i == n_parameters) {
      raise(PyExc_TypeError, std::string(function) + "() got an unexpected keyword argument '" +
                                 text_of(name) + "'");
    }
    if (found[static_cast<std::size_t>(i)]) {
      raise(PyExc_TypeError,
            std::string(function) + "() got multiple values for argument '" + text_of(name) + "'");
    }
    found[static_cast<std::size_t>(i)] = args[n + k];
  }
  for (int i = 0; i < required; ++i) {
    if (found[static_cast<std::size_t>(i)]) continue;
    raise(PyExc_TypeError, std::string(function) + "() missing required argument '" +
                               parameters[static_cast<std::size_t>(i)] + "'");
  }
  return found;
}

PyTypeObject* add_type(PyObject* module, const char* full_name, std::size_t size,
                       std::vector<PyType_Slot> slots, bool can_instantiate) {
  slots.push_back({0, nullptr});
  unsigned int flags = Py_TPFLAGS_DEFAULT;
  if (!can_instantiate) flags |= Py_TPFLAGS_DISALLOW_INSTANTIATION;
  PyType_Spec spec{full_name, static_cast<int>(size), 0, flags, slots.data()};
  PyObject* type = Ref::checked(PyType_FromSpec(&spec)).release();
  if (PyModule_AddObjectRef(module, std::strrchr(full_name, '.') + 1, type) < 0) {
    throw PythonError{};
  }
  return reinterpret_cast<PyTypeObject*>(type);
}

}  // namespace dualtape::engine
