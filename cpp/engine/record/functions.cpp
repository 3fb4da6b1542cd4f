#include "record/functions.hpp"

#include <string>
#include <unordered_map>
#include <vector>

#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

std::array<std::span<const Function>, 9> all_tables() {
  return {reduction_functions(), shape_functions(),   join_functions(),
          product_functions(),   maker_functions(),   selection_functions(),
          order_functions(),     complex_functions(), linalg_functions()};
}

const char* last_name(const char* dotted) {
  const char* dot = std::strrchr(dotted, '.');
  return dot ? dot + 1 : dotted;
}

/// NumPy's own function, found once.
PyObject* numpy_function(const char* name) {
  static std::unordered_map<const char*, PyObject*> found;
  PyObject*& f = found[name];
  if (!f) f = numpy_attribute(name).release();
  return f;
}

/// The function object's `self` is a capsule of its row.
PyObject* table_function(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    const auto* f = static_cast<const Function*>(PyCapsule_GetPointer(self, nullptr));
    return call_function(*f, args, n, names);
  });
}

void add_function(PyObject* module, std::string name, const std::string& doc, FastMethod function,
                  PyObject* self) {
  // Lives as long as the function object: for ever.
  auto* definition = new PyMethodDef{};
  auto* kept_name = new std::string(std::move(name));
  definition->ml_name = kept_name->c_str();
  definition->ml_doc = (new std::string(doc))->c_str();
  definition->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
  definition->ml_flags = METH_FASTCALL | METH_KEYWORDS;
  const Ref owner = Ref::checked(self);
  const Ref object = Ref::checked(PyCFunction_NewEx(definition, owner.get(), nullptr));
  if (PyModule_AddObjectRef(module, definition->ml_name, object.get()) < 0) throw PythonError{};
}

std::string doc_of(const std::string& numpy) { return "As " + numpy + ", for traced values too."; }

}  // namespace

PyObject* scipy_function(std::string_view name) {
  static std::unordered_map<std::string, PyObject*> found;
  const auto [entry, is_new] = found.try_emplace(std::string(name), nullptr);
  if (!is_new) return entry->second;
  PyObject* module = PyImport_ImportModule("scipy.special");
  if (module) {
    entry->second = PyObject_GetAttrString(module, entry->first.c_str());
    Py_DECREF(module);
  }
  PyErr_Clear();
  return entry->second;
}

bool any_traced(PyObject* const* args, Py_ssize_t n) {
  for (Py_ssize_t i = 0; i < n; ++i) {
    if (is_tracer(args[i])) return true;
  }
  for (Py_ssize_t i = 0; i < n; ++i) {
    if ((PyList_Check(args[i]) || PyTuple_Check(args[i])) && holds_tracer(args[i])) return true;
  }
  return false;
}

PyObject* record_function(const Function& f, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  const Arguments found = f.signature.parse(args, n, names);
  for (std::size_t i = 0; i < kMaxParameters && f.signature.parameters[i]; ++i) {
    if (!is_given(found[i])) continue;
    for (const char* name : f.refused) {
      if (!name) break;
      if (std::strcmp(f.signature.parameters[i], name) != 0) continue;
      raise(error_types.unsupported_function,
            std::string(f.signature.function) + ": " + name +
                "= cannot be recorded; leave it out and combine the results with np.where or "
                "assignment");
    }
  }
  return f.record(found);
}

PyObject* call_function(const Function& f, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  const Py_ssize_t total = n + (names ? PyTuple_GET_SIZE(names) : 0);
  if (any_traced(args, total) || (f.is_maker && Recorder::active())) {
    return record_function(f, args, n, names);
  }
  if (!f.numpy_name) {
    PyObject* special = scipy_function(f.signature.function);
    if (special) return PyObject_Vectorcall(special, args, static_cast<std::size_t>(n), names);
    raise(PyExc_ImportError, std::string(f.signature.function) + " of numbers needs scipy");
  }
  return PyObject_Vectorcall(numpy_function(f.numpy_name), args, static_cast<std::size_t>(n),
                             names);
}

const Function* find_function(std::string_view numpy_name) {
  for (const auto table : all_tables()) {
    for (const Function& f : table) {
      if (f.numpy_name && f.numpy_name == numpy_name) return &f;
    }
  }
  return nullptr;
}

bool is_given(PyObject* argument) { return argument && argument != Py_None; }

bool flag(PyObject* argument, bool otherwise) {
  if (!is_given(argument)) return otherwise;
  const int truth = PyObject_IsTrue(argument);
  if (truth < 0) throw PythonError{};
  return truth == 1;
}

Expr array_argument(PyObject* argument, const char* function) {
  const Operand operands[] = {operand_of(argument, function)};
  Recorder* recorder = recorder_of(operands);
  if (!recorder) raise(PyExc_RuntimeError, std::string(function) + ": no recording is active");
  return lower(operands[0], *recorder);
}

Expr innermost(const Expr& x) {
  Recorder* active = Recorder::active();
  if (!active || active->serial() <= x.builder().serial()) return x;
  active->require_open(kNoValue);
  return {*active, active->lift(x.builder(), x.id())};
}

Ref tracer_argument(PyObject* argument, const char* function) {
  if (is_tracer(argument)) return Ref::borrow(argument);
  return Ref::steal(make_array(array_argument(argument, function)));
}

void add_functions(PyObject* module) {
  for (const auto table : all_tables()) {
    for (const Function& f : table) {
      PyObject* row = PyCapsule_New(const_cast<Function*>(&f), nullptr, nullptr);
      const std::string numpy = f.numpy_name ? "numpy." + std::string(f.numpy_name)
                                             : "scipy.special." + std::string(f.signature.function);
      add_function(module, last_name(f.signature.function), doc_of(numpy), table_function, row);
    }
  }
  add_elementary_functions(module);
}

}  // namespace dualtape::engine
