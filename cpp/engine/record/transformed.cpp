/// The Python type Transformed: what grad, vmap and their like return.
///
/// A call runs the transformation here (transforms.hpp); one that is declined goes to the Python
/// function `otherwise`, which tells all errors: with all arguments, or, if there are settings, as
/// otherwise(fun, args, kwargs, *settings).
#include <cstddef>

#include "record/leaf_checks.hpp"
#include "record/parse.hpp"
#include "record/transformed.hpp"
#include "record/transforms.hpp"

namespace dualtape::engine {
namespace {

struct TransformedObject {
  PyObject_HEAD vectorcallfunc vectorcall;
  const Transform* transform;  // nullptr: vmap
  PyObject* fun;
  PyObject* places;  // argnums, or the axes of vmap; nullptr: no call runs here
  PyObject* check;
  PyObject* otherwise;
  PyObject* settings;  // a tuple; nullptr: none
  PyObject* title;     // nullptr until it is needed
  bool has_aux;
  PyObject* dict;
};

TransformedObject* self_of(PyObject* o) { return reinterpret_cast<TransformedObject*>(o); }

const char* name_of(const TransformedObject* t) {
  return t->transform ? t->transform->name : "vmap";
}

Ref call_otherwise(const TransformedObject* t, const GivenCall& given) {
  const std::size_t n = given.args.size();
  PyObject* const* const args = given.args.data();
  if (!t->settings) return Ref::checked(PyObject_Vectorcall(t->otherwise, args, n, given.names));
  const Ref tuple = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(n)));
  for (std::size_t k = 0; k < n; ++k) {
    PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(k), Py_NewRef(args[k]));
  }
  const Ref named = Ref::checked(PyDict_New());
  const Py_ssize_t n_named = given.names ? PyTuple_GET_SIZE(given.names) : 0;
  for (Py_ssize_t k = 0; k < n_named; ++k) {
    PyObject* const value = args[n + static_cast<std::size_t>(k)];
    if (PyDict_SetItem(named.get(), PyTuple_GET_ITEM(given.names, k), value) < 0) {
      throw PythonError{};
    }
  }
  const Ref first = Ref::checked(PyTuple_Pack(3, t->fun, tuple.get(), named.get()));
  const Ref all = Ref::checked(PySequence_Concat(first.get(), t->settings));
  return Ref::checked(PyObject_CallObject(t->otherwise, all.get()));
}

PyObject* call(PyObject* self, PyObject* const* args, std::size_t flagged, PyObject* names) {
  TransformedObject* t = self_of(self);
  const GivenCall given{{args, static_cast<std::size_t>(PyVectorcall_NARGS(flagged))}, names};
  return guarded([&] {
    if (!t->places) return call_otherwise(t, given).release();
    if (!t->title) t->title = title_of(name_of(t), t->fun).release();
    const Ref title = Ref::borrow(t->title);
    Ref result = t->transform ? call_transform(*t->transform, t->fun, t->places, t->check, title,
                                               given, t->has_aux)
                              : call_mapped(t->fun, t->places, t->check, title, given);
    return (result ? std::move(result) : call_otherwise(t, given)).release();
  });
}

PyObject* create(PyObject* type, PyObject* const* args, std::size_t flagged, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{
        "Transformed", {"name", "fun", "places", "check", "otherwise", "has_aux", "settings"}, 5};
    const auto a = signature.parse(args, PyVectorcall_NARGS(flagged), names);
    const std::string name = text_of(a[0]);
    const Transform* transform = find_transform(name);
    if (!transform && name != "vmap") {
      raise(PyExc_ValueError, "Transformed: there is no transformation " + name);
    }
    const bool has_aux = is_true(a[5]);  // may raise
    auto* t = PyObject_GC_New(TransformedObject, reinterpret_cast<PyTypeObject*>(type));
    if (!t) throw PythonError{};
    t->vectorcall = call;
    t->transform = transform;
    t->fun = Py_NewRef(a[1]);
    t->places = a[2] == Py_None ? nullptr : Py_NewRef(a[2]);
    t->check = Py_NewRef(a[3]);
    t->otherwise = Py_NewRef(a[4]);
    t->settings = Py_XNewRef(a[6]);
    t->title = t->dict = nullptr;
    t->has_aux = has_aux;
    PyObject_GC_Track(t);
    return reinterpret_cast<PyObject*>(t);
  });
}

PyObject* create_slow(PyTypeObject* type, PyObject* args, PyObject* kwargs) {
  const Ref self = Ref::borrow(reinterpret_cast<PyObject*>(type));
  return PyVectorcall_Call(self.get(), args, kwargs);
}

PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
  if (!instance || instance == Py_None) return Py_NewRef(self);
  return PyMethod_New(self, instance);
}

PyObject* get_name(PyObject* self, void*) {
  return guarded(
      [&] { return transformed_name(name_of(self_of(self)), self_of(self)->fun).release(); });
}
PyObject* get_doc(PyObject* self, void*) {
  return PyObject_GetAttrString(self_of(self)->fun, "__doc__");
}
PyObject* get_wrapped(PyObject* self, void*) { return Py_NewRef(self_of(self)->fun); }
PyObject* represent(PyObject* self) {
  return guarded([&] {
    const Ref name = Ref::checked(get_name(self, nullptr));
    return PyUnicode_FromFormat("<function %U>", name.get());
  });
}

PyObject* reduce(PyObject* self, PyObject*) {
  return guarded([&] {
    const Ref module = Ref::checked(PyImport_ImportModule("dualtape._reduce"));
    return Ref::checked(PyObject_CallMethod(module.get(), "reduced", "O", self)).release();
  });
}
PyMethodDef methods[] = {{"__reduce__", reduce, METH_NOARGS, "As of a function."},
                         {nullptr, nullptr, 0, nullptr}};

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(self_of(self)->fun);
  Py_VISIT(self_of(self)->places);
  Py_VISIT(self_of(self)->check);
  Py_VISIT(self_of(self)->otherwise);
  Py_VISIT(self_of(self)->settings);
  Py_VISIT(self_of(self)->dict);
  return 0;
}

int clear(PyObject* self) {
  // A finaliser may still call.
  Py_CLEAR(self_of(self)->places);
  Py_CLEAR(self_of(self)->settings);
  Py_SETREF(self_of(self)->otherwise, Py_NewRef(Py_None));
  Py_SETREF(self_of(self)->fun, Py_NewRef(Py_None));
  Py_SETREF(self_of(self)->check, Py_NewRef(Py_None));
  Py_CLEAR(self_of(self)->dict);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  clear(self);
  Py_CLEAR(self_of(self)->title);
  Py_DECREF(self_of(self)->fun);
  Py_DECREF(self_of(self)->check);
  Py_DECREF(self_of(self)->otherwise);
  PyTypeObject* type = Py_TYPE(self);
  type->tp_free(self);
  Py_DECREF(type);
}

PyGetSetDef attributes[] = {
    {"__name__", get_name, nullptr, "As of a function.", nullptr},
    {"__doc__", get_doc, nullptr, "That of the function transformed.", nullptr},
    {"__wrapped__", get_wrapped, nullptr, "The function transformed.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

void add_transformed_type(PyObject* module) {
  PyType_Slot slots[] = {type_slot(Py_tp_new, create_slow),
                         type_slot(Py_tp_dealloc, dealloc),
                         type_slot(Py_tp_traverse, traverse),
                         type_slot(Py_tp_clear, clear),
                         type_slot(Py_tp_call, PyVectorcall_Call),
                         type_slot(Py_tp_repr, represent),
                         type_slot(Py_tp_descr_get, bind),
                         {Py_tp_getset, attributes},
                         {Py_tp_methods, methods},
                         {0, nullptr}};
  PyType_Spec spec{"dualtape._core.Transformed", sizeof(TransformedObject), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  const Ref made = Ref::checked(PyType_FromSpec(&spec));
  auto* type = reinterpret_cast<PyTypeObject*>(made.get());
  type->tp_vectorcall_offset = offsetof(TransformedObject, vectorcall);
  type->tp_dictoffset = offsetof(TransformedObject, dict);
  type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR;
  type->tp_vectorcall = create;
  PyType_Modified(type);
  if (PyModule_AddObjectRef(module, "Transformed", made.get()) < 0) throw PythonError{};
}

}  // namespace dualtape::engine
