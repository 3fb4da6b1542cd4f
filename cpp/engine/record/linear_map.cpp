/// The Python type LinearMap: a linear program and its residuals, which nobody else writes.
#include "program/errors.hpp"
#include "record/parse.hpp"
#include "record/recording.hpp"

namespace dualtape::engine {
namespace {

struct LinearMap {
  ExecutablePtr executable;
  std::string name;
  Bindings residuals;
  std::vector<ValueKind> kinds;  // of the results
};
struct LinearMapObject {
  PyObject_HEAD LinearMap* map;
};
PyTypeObject* linear_map_type = nullptr;

PyObject* apply(PyObject* self, PyObject* given) {
  return guarded([&] {
    const LinearMap& map = *reinterpret_cast<LinearMapObject*>(self)->map;
    const Ref operands =
        Ref::checked(PySequence_Fast(given, "a sequence of tangents or cotangents is wanted"));
    const Program& program = *map.executable->program();
    const std::size_t n = program.inputs.size() - map.residuals.size();
    if (static_cast<std::size_t>(PySequence_Fast_GET_SIZE(operands.get())) != n) {
      throw ShapeError(map.name + ": " + std::to_string(n) + " operands are wanted");
    }
    Bindings inputs = map.residuals;
    for (std::size_t k = 0; k < n; ++k) {
      const Type& type = program.type_of(program.inputs[map.residuals.size() + k]);
      PyObject* operand = PySequence_Fast_GET_ITEM(operands.get(), static_cast<Py_ssize_t>(k));
      inputs.push_back(bind_value(operand, type, map.name + ": tangent or cotangent"));
    }
    return run(*map.executable, inputs, map.kinds);
  });
}

PyObject* call(PyObject* self, PyObject* args, PyObject* kwargs) {
  return guarded([&] {
    if (PyTuple_GET_SIZE(args) != 1 || (kwargs && PyDict_GET_SIZE(kwargs))) {
      raise(PyExc_TypeError, "LinearMap takes one sequence of operands");
    }
    return apply(self, PyTuple_GET_ITEM(args, 0));
  });
}

void dealloc(PyObject* self) {
  delete reinterpret_cast<LinearMapObject*>(self)->map;
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

// The slot alone would show no signature.
PyMethodDef methods[] = {{"__call__", apply, METH_O | METH_COEXIST,
                          "__call__($self, operands, /)\n--\n\nThe map of these operands."},
                         {nullptr, nullptr, 0, nullptr}};

}  // namespace

PyObject* make_linear_map(ExecutablePtr executable, std::string name, Bindings residuals,
                          std::vector<ValueKind> kinds) {
  auto* o = PyObject_New(LinearMapObject, linear_map_type);
  if (!o) throw PythonError{};
  o->map =
      new LinearMap{std::move(executable), std::move(name), std::move(residuals), std::move(kinds)};
  return reinterpret_cast<PyObject*>(o);
}

void add_linear_map_type(PyObject* module) {
  linear_map_type = add_type(
      module, "dualtape._core.LinearMap", sizeof(LinearMapObject),
      {type_slot(Py_tp_dealloc, dealloc), type_slot(Py_tp_call, call), {Py_tp_methods, methods}});
}

}  // namespace dualtape::engine
