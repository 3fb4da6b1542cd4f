#include "record/tracer.hpp"

#include <vector>

#include "record/dtypes.hpp"

namespace dualtape::engine {

PyTypeObject* tracer_type = nullptr;

namespace {

constexpr int kFreeListSize = 256;
TracerObject* free_list[kFreeListSize];
int free_count = 0;

TracerObject* allocate() {
  if (free_count > 0) {
    TracerObject* t = free_list[--free_count];
    PyObject_Init(reinterpret_cast<PyObject*>(t), tracer_type);
    return t;
  }
  auto* t = PyObject_New(TracerObject, tracer_type);
  if (!t) throw PythonError{};
  return t;
}

/// A chain of views may be as long as a program: the parents are dropped in a loop, not in each
/// other's dealloc.
void recycle(TracerObject* t) {
  t->recorder->release();
  PyTypeObject* type = Py_TYPE(reinterpret_cast<PyObject*>(t));
  if (free_count < kFreeListSize) {
    free_list[free_count++] = t;
  } else {
    PyObject_Free(t);
  }
  Py_DECREF(type);
}

void dealloc(PyObject* self) {
  if (TracerObject* t = as_tracer(self); !t->link) {
    t->recorder->drop_live(t->id);
    return recycle(t);
  }
  static std::vector<PyObject*> pending;
  static bool is_running = false;
  pending.push_back(self);
  if (is_running) return;
  is_running = true;
  while (!pending.empty()) {
    TracerObject* t = as_tracer(pending.back());
    pending.pop_back();
    t->recorder->drop_live(t->id);
    if (t->link) drop_link(t);
    recycle(t);
  }
  is_running = false;
}

std::string summary(TracerObject* t) {
  std::string s = "Tracer(" + to_string(type_of(t));
  if (t->kind == ValueKind::kPython) s += ", Python number";
  return s;
}

PyObject* repr(PyObject* self) {
  return guarded([&] {
    TracerObject* t = as_tracer(self);
    std::string text = summary(t);
    // The value is shown where it costs nothing: no instruction is run for a repr.
    const bool is_small = element_count(type_of(t).shape) <= 8;
    if (is_small && !t->recorder->is_abstract(t->id)) {
      if (const Ref value = t->recorder->known_value(t->id)) {
        const Ref shown = Ref::checked(PyObject_Str(value.get()));
        text += ", value=" + text_of(shown.get());
      }
    }
    if (t->recorder->closed()) text += ", recording ended";
    return PyUnicode_FromString((text + ")").c_str());
  });
}

Py_ssize_t length(PyObject* self) {
  const Dims& shape = type_of(as_tracer(self)).shape;
  if (shape.empty()) {
    PyErr_SetString(PyExc_TypeError, "len() of unsized object");
    return -1;
  }
  return static_cast<Py_ssize_t>(shape[0]);
}

Py_hash_t hash(PyObject* self) {
  return static_cast<Py_hash_t>(reinterpret_cast<std::uintptr_t>(self) >> 4);
}

/// A generator would cost a Python frame; an index and the tracer are enough.
struct IteratorObject {
  PyObject_HEAD PyObject* tracer;
  Py_ssize_t next;
};
PyTypeObject* iterator_type = nullptr;

PyObject* iterate(PyObject* self) {
  if (type_of(as_tracer(self)).shape.empty()) {
    PyErr_SetString(PyExc_TypeError, "iteration over a 0-d array");
    return nullptr;
  }
  auto* it = PyObject_New(IteratorObject, iterator_type);
  if (!it) return nullptr;
  it->tracer = Py_NewRef(self);
  it->next = 0;
  return reinterpret_cast<PyObject*>(it);
}

PyObject* iterator_next(PyObject* self) {
  auto* it = reinterpret_cast<IteratorObject*>(self);
  if (it->next >= length(it->tracer)) return nullptr;
  PyObject* key = PyLong_FromSsize_t(it->next++);
  if (!key) return nullptr;
  PyObject* item = tracer_subscript(it->tracer, key);
  Py_DECREF(key);
  return item;
}

void iterator_dealloc(PyObject* self) {
  Py_DECREF(reinterpret_cast<IteratorObject*>(self)->tracer);
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

template <class F>
void* slot(F* f) {
  return reinterpret_cast<void*>(f);
}

PyTypeObject* make_type(const char* name, std::size_t size, std::vector<PyType_Slot> slots) {
  slots.push_back({0, nullptr});
  PyType_Spec spec{name, static_cast<int>(size), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots.data()};
  return reinterpret_cast<PyTypeObject*>(Ref::checked(PyType_FromSpec(&spec)).release());
}

}  // namespace

PyObject* make_tracer(Recorder& recorder, ValueId id, ValueKind kind) {
  TracerObject* t = allocate();
  recorder.retain();
  recorder.note_position();
  recorder.add_live(id);
  t->recorder = &recorder;
  t->link = nullptr;
  t->id = id;
  t->writes = 0;
  t->kind = kind;
  t->order_unknown = false;
  t->read_only = false;
  return reinterpret_cast<PyObject*>(t);
}

PyObject* make_result(const Expr& e) {
  const bool is_scalar = e.shape().empty();
  return make_tracer(*Recorder::of(e.builder()), e.id(),
                     is_scalar ? ValueKind::kScalar : ValueKind::kArray);
}

PyObject* make_array(const Expr& e) {
  return make_tracer(*Recorder::of(e.builder()), e.id(), ValueKind::kArray);
}

PyObject* make_elementwise(const Expr& e, bool order_unknown) {
  PyObject* t = make_result(e);
  as_tracer(t)->order_unknown = order_unknown && e.rank() > 1;
  return t;
}

void add_tracer_type(PyObject* module) {
  iterator_type = make_type("dualtape._core.TracerIterator", sizeof(IteratorObject),
                            {{Py_tp_dealloc, slot(iterator_dealloc)},
                             {Py_tp_iter, slot(PyObject_SelfIter)},
                             {Py_tp_iternext, slot(iterator_next)}});
  static const char doc[] = "An array-like stand-in for a value of a recording.";
  std::vector<PyType_Slot> slots{{Py_tp_doc, const_cast<char*>(doc)},
                                 {Py_tp_dealloc, slot(dealloc)},
                                 {Py_tp_repr, slot(repr)},
                                 {Py_tp_hash, slot(hash)},
                                 {Py_tp_iter, slot(iterate)},
                                 {Py_tp_richcompare, slot(tracer_compare)},
                                 {Py_tp_methods, tracer_methods},
                                 {Py_tp_getset, tracer_attributes},
                                 {Py_mp_length, slot(length)},
                                 {Py_mp_subscript, slot(tracer_subscript)},
                                 {Py_mp_ass_subscript, slot(tracer_assign_subscript)}};
  add_number_slots(slots);
  tracer_type = make_type("dualtape._core.Tracer", sizeof(TracerObject), std::move(slots));
  // NumPy asks for it before it tries to convert: our operators come first.
  const Ref priority = Ref::checked(PyFloat_FromDouble(1000.0));
  if (PyObject_SetAttrString(reinterpret_cast<PyObject*>(tracer_type), "__array_priority__",
                             priority.get()) < 0 ||
      PyModule_AddObjectRef(module, "Tracer", reinterpret_cast<PyObject*>(tracer_type)) < 0) {
    throw PythonError{};
  }
}

}  // namespace dualtape::engine
