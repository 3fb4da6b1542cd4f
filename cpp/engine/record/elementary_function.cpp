/// The elementwise functions of dualtape.numpy and dualtape.scipy.special: callables that record,
/// and have the methods of NumPy's ufunc of their name (reduce, accumulate, outer, at).
#include <cstddef>
#include <string>

#include "record/elementwise.hpp"
#include "record/functions.hpp"

namespace dualtape::engine {
namespace {

struct ElementaryObject {
  PyObject_HEAD vectorcallfunc call;
  OpCode op;
};

ElementaryObject* elementary(PyObject* o) { return reinterpret_cast<ElementaryObject*>(o); }
std::string name_of(PyObject* self) {
  return std::string(ops::op_table[elementary(self)->op].name);
}

bool has_numpy(const std::string& name) {
  return PyObject_HasAttrString(numpy_attribute("").get(), name.c_str()) == 1;
}

/// NumPy's or SciPy's ufunc of the same name, borrowed; nullptr if there is none.
PyObject* ufunc_of(OpCode op) {
  static std::array<PyObject*, ops::op_count> found{};
  const std::string name(ops::op_table[op].name);
  if (!found[op]) {
    found[op] = has_numpy(name) ? numpy_attribute(name).release() : scipy_function(name);
  }
  return found[op];
}

/// Runs one elementwise function on arrays by our own kernel.
PyObject* evaluate_now(OpCode op, std::span<const Operand> operands) {
  RecorderRef recorder(Recorder::make(ops::op_table[op].name, {}));
  recorder.get()->enter();
  PyObject* result = guarded([&] {
    const Expr e = record_elementwise(op, operands);
    const Ref value = recorder.get()->value_of(e.id());
    return PyArray_Return(reinterpret_cast<PyArrayObject*>(Ref(value).release()));
  });
  recorder.get()->exit();
  if (!result) throw PythonError{};
  return result;
}

PyObject* call_untraced(OpCode op, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  if (PyObject* ufunc = ufunc_of(op)) {
    return PyObject_Vectorcall(ufunc, args, static_cast<std::size_t>(n), names);
  }
  std::vector<Operand> operands;
  for (Py_ssize_t i = 0; i < n; ++i) {
    operands.push_back(operand_of(args[i], ops::op_table[op].name));
  }
  return evaluate_now(op, operands);
}

PyObject* call(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  return guarded([&]() -> PyObject* {
    const Py_ssize_t n = PyVectorcall_NARGS(flagged);
    const OpCode op = elementary(self)->op;
    const ops::OpInfo& info = ops::op_table[op];
    if (!names && n == info.arity && n <= 2 && is_tracer(args[0])) {
      if (PyObject* r = elementwise_alike(op, args[0], n == 2 ? args[1] : nullptr, false)) return r;
    }
    const Py_ssize_t n_names = names ? PyTuple_GET_SIZE(names) : 0;
    if (!any_traced(args, n + n_names)) return call_untraced(op, args, n, names);
    // Options and lists are read as NumPy reads them, which calls back with arrays.
    PyObject* ufunc = n_names ? ufunc_of(op) : nullptr;
    if (ufunc) return PyObject_Vectorcall(ufunc, args, static_cast<std::size_t>(n), names);
    if (n != info.arity || n_names) {
      raise(PyExc_TypeError, std::string(info.name) + "() takes " + std::to_string(info.arity) +
                                 " arrays, got " + std::to_string(n + n_names));
    }
    Operand operands[3];
    for (Py_ssize_t i = 0; i < n; ++i) operands[i] = operand_of(args[i], info.name);
    return elementwise_result(op, {operands, static_cast<std::size_t>(n)});
  });
}

PyObject* get_attribute(PyObject* self, PyObject* name) {
  return guarded([&]() -> PyObject* {
    PyObject* own = PyObject_GenericGetAttr(self, name);
    if (own || !PyErr_ExceptionMatches(PyExc_AttributeError)) return own;
    // Names that protocols look for (__array_ufunc__, __wrapped__) are not the ufunc's to answer.
    if (text_of(name).rfind("__", 0) == 0) return nullptr;
    PyErr_Clear();
    PyObject* ufunc = ufunc_of(elementary(self)->op);
    if (!ufunc) raise(PyExc_AttributeError, name_of(self) + " has no " + text_of(name));
    return PyObject_GetAttr(ufunc, name);
  });
}

PyObject* get_name(PyObject* self, void*) {
  return guarded([&] { return PyUnicode_FromString(name_of(self).c_str()); });
}
PyObject* get_module(PyObject* self, void*) {
  return guarded([&] {
    return PyUnicode_FromString(has_numpy(name_of(self)) ? "dualtape.numpy"
                                                         : "dualtape.scipy.special");
  });
}
PyObject* get_doc(PyObject* self, void*) {
  return guarded([&] {
    const std::string name = name_of(self);
    const std::string module = has_numpy(name) ? "numpy." : "scipy.special.";
    return PyUnicode_FromString(("As " + module + name + ", for traced values too.").c_str());
  });
}
PyObject* show(PyObject* self) {
  return guarded([&] { return PyUnicode_FromFormat("<function %s>", name_of(self).c_str()); });
}

PyGetSetDef attributes[] = {{"__name__", get_name, nullptr, nullptr, nullptr},
                            {"__qualname__", get_name, nullptr, nullptr, nullptr},
                            {"__module__", get_module, nullptr, nullptr, nullptr},
                            {"__doc__", get_doc, nullptr, nullptr, nullptr},
                            {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

bool is_elementwise_name(std::string_view name) {
  return name != "where" && name != "clip" && name != "polygamma" && name != "integer_power" &&
         name != "sech2" && name != "exp_minus_square";
}

void add_elementary_functions(PyObject* module) {
  PyTypeObject* type =
      add_type(module, "dualtape._core.ElementaryFunction", sizeof(ElementaryObject),
               {type_slot(Py_tp_call, PyVectorcall_Call),
                type_slot(Py_tp_getattro, get_attribute),
                type_slot(Py_tp_repr, show),
                {Py_tp_getset, attributes}});
  type->tp_vectorcall_offset = offsetof(ElementaryObject, call);
  type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
  PyType_Modified(type);
  for (std::size_t i = 0; i < ops::op_table.size(); ++i) {
    const std::string name(ops::op_table[i].name);
    if (!is_elementwise_name(name)) continue;
    auto* function = PyObject_New(ElementaryObject, type);
    if (!function) throw PythonError{};
    function->call = call;
    function->op = static_cast<OpCode>(i);
    const Ref object = Ref::steal(reinterpret_cast<PyObject*>(function));
    if (PyModule_AddObjectRef(module, name.c_str(), object.get()) < 0) throw PythonError{};
  }
}

}  // namespace dualtape::engine
