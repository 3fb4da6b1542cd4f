/// __array_function__: NumPy's other functions called on tracers.
#include <unordered_map>
#include <vector>

#include "record/functions.hpp"

namespace dualtape::engine {

void add_ufuncs();

namespace {

struct Implementation {
  const Function* function = nullptr;
  PyObject* python = nullptr;  // registered from Python
};

std::unordered_map<PyObject*, Implementation>& implementations() {
  static std::unordered_map<PyObject*, Implementation> table;
  return table;
}

[[noreturn]] void raise_unsupported(PyObject* function) {
  const std::string name = text_of(attribute(function, "__name__").get());
  const std::string module = text_of(attribute(function, "__module__").get());
  raise(
      error_types.unsupported_function,
      module + "." + name +
          " cannot be recorded; write it with recorded functions (see dualtape.numpy), or give it "
          "a rule with dualtape.custom_jvp");
}

PyObject* call_recorded(const Function& f, PyObject* args, PyObject* kwargs) {
  std::vector<PyObject*> values;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i)
    values.push_back(PyTuple_GET_ITEM(args, i));
  const Py_ssize_t n_names = kwargs == Py_None ? 0 : PyDict_GET_SIZE(kwargs);
  if (n_names == 0) return record_function(f, values.data(), PyTuple_GET_SIZE(args), nullptr);
  const Ref names = Ref::checked(PyTuple_New(n_names));
  Py_ssize_t position = 0, k = 0;
  PyObject *name = nullptr, *value = nullptr;
  while (PyDict_Next(kwargs, &position, &name, &value)) {
    PyTuple_SET_ITEM(names.get(), k++, Py_NewRef(name));
    values.push_back(value);
  }
  return record_function(f, values.data(), PyTuple_GET_SIZE(args), names.get());
}

/// Names under which NumPy has a function a second time.
constexpr std::pair<const char*, const char*> kAliases[] = {
    {"amax", "max"},
    {"amin", "min"},
    {"around", "round"},
    {"linalg.matmul", "matmul"},
    {"linalg.outer", "outer"},
    {"linalg.diagonal", "diagonal"},
    {"linalg.matrix_transpose", "matrix_transpose"}};

}  // namespace

PyObject* registered_function(PyObject* numpy_function) {
  const auto found = implementations().find(numpy_function);
  return found == implementations().end() ? nullptr : found->second.python;
}

PyObject* array_function(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&]() -> PyObject* {
    if (n != 4) raise(PyExc_TypeError, "__array_function__ takes 4 arguments");
    const auto found = implementations().find(args[0]);
    if (found == implementations().end()) raise_unsupported(args[0]);
    const Implementation& implementation = found->second;
    if (implementation.function) return call_recorded(*implementation.function, args[2], args[3]);
    return PyObject_Call(implementation.python, args[2], args[3] == Py_None ? nullptr : args[3]);
  });
}

PyObject* register_function(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 2 || !PyCallable_Check(args[1])) {
      raise(PyExc_TypeError, "register_function: a NumPy function and a callable are wanted");
    }
    Implementation& implementation = implementations()[Py_NewRef(args[0])];
    implementation = {nullptr, Py_NewRef(args[1])};
    return Py_NewRef(Py_None);
  });
}

void add_dispatch(PyObject*) {
  for (const auto table : {reduction_functions(), shape_functions(), join_functions(),
                           product_functions(), maker_functions(), selection_functions(),
                           order_functions(), complex_functions(), linalg_functions()}) {
    for (const Function& f : table) {
      if (f.numpy_name) implementations()[numpy_attribute(f.numpy_name).release()] = {&f, nullptr};
    }
  }
  for (const auto& [alias, name] : kAliases) {
    implementations()[numpy_attribute(alias).release()] = {find_function(name), nullptr};
  }
  add_ufuncs();
}

}  // namespace dualtape::engine
