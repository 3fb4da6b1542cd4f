/// The Python type Recorder.
#include "record/dtypes.hpp"
#include "record/operand.hpp"
#include "record/parse.hpp"
#include "record/recording.hpp"

namespace dualtape::engine {
namespace {

struct RecorderObject {
  PyObject_HEAD Recorder* recorder;  // owned
};
PyTypeObject* recorder_type = nullptr;

Recorder& self_of(PyObject* o) { return *reinterpret_cast<RecorderObject*>(o)->recorder; }

/// The type's own vectorcall: a recording is made at every call of a derivative, and tp_new with
/// tuples takes longer.
PyObject* create(PyObject*, PyObject* const* args, std::size_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"Recorder", {"name", "guards", "owns"}, 1, 1};
    const auto a = signature.parse(args, PyVectorcall_NARGS(n), names);
    RecorderOptions options;
    options.guards = a[1] && PyObject_IsTrue(a[1]) == 1;
    options.owns = a[2] && PyObject_IsTrue(a[2]) == 1;
    if (!PyUnicode_Check(a[0])) raise(PyExc_TypeError, "Recorder: name must be a str");
    auto* self = PyObject_New(RecorderObject, recorder_type);
    if (!self) throw PythonError{};
    self->recorder = Recorder::make(Ref::borrow(a[0]), options);
    self->recorder->retain();
    return reinterpret_cast<PyObject*>(self);
  });
}

void dealloc(PyObject* self) {
  reinterpret_cast<RecorderObject*>(self)->recorder->release();
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyObject* enter(PyObject* self, PyObject*) {
  return guarded([&] {
    self_of(self).enter();
    return Py_NewRef(self);
  });
}

PyObject* exit(PyObject* self, PyObject* const*, Py_ssize_t, PyObject*) {
  self_of(self).exit();
  self_of(self).close();
  Py_RETURN_NONE;
}

PyObject* close(PyObject* self, PyObject*) {
  self_of(self).close();
  Py_RETURN_NONE;
}

PyObject* input(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"input", {"value", "batch_axis"}, 1, 1};
    const auto a = signature.parse(args, n, names);
    Recorder& recorder = self_of(self);
    recorder.require_open(kNoValue);
    const int batch_axis = a[1] && a[1] != Py_None ? static_cast<int>(integer_of(a[1])) : -1;
    if (batch_axis < -1) raise(PyExc_ValueError, "input: batch_axis must not be negative");
    return input_tracer(recorder, a[0], batch_axis);
  });
}

PyObject* abstract(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"abstract", {"shape", "dtype"}, 2};
    const auto a = signature.parse(args, n, names);
    Recorder& recorder = self_of(self);
    recorder.require_open(kNoValue);
    const Type type{dtype_of(a[1], "abstract"), dims_of(a[0], "abstract: shape")};
    const ValueKind kind = type.shape.empty() ? ValueKind::kScalar : ValueKind::kArray;
    return make_tracer(recorder, recorder.abstract_argument(type, kind), kind);
  });
}

std::span<PyObject* const> items_of(const Ref& fast) {
  return {PySequence_Fast_ITEMS(fast.get()),
          static_cast<std::size_t>(PySequence_Fast_GET_SIZE(fast.get()))};
}

PyObject* finish(PyObject* self, PyObject* outputs) {
  return guarded([&] {
    const Ref items = Ref::checked(PySequence_Fast(outputs, "finish: a sequence is wanted"));
    Recorder& recorder = self_of(self);
    recorder.require_open(kNoValue);
    return make_recording(finish_recording(recorder, items_of(items)));
  });
}

PyObject* snapshot(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"snapshot", {"outputs", "wrt"}, 2};
    const auto a = signature.parse(args, n, names);
    const Ref outputs = Ref::checked(PySequence_Fast(a[0], "snapshot: a sequence is wanted"));
    const Ref wrt = Ref::checked(PySequence_Fast(a[1], "snapshot: a sequence is wanted"));
    return make_recording(
        snapshot_recording(RecorderRef(&self_of(self)), items_of(outputs), items_of(wrt)));
  });
}

/// (tracer of the value, what was taken from it) for each, in order. The tracers are made here:
/// kept by the recorder they would keep it alive.
PyObject* get_guards(PyObject* self, void*) {
  return guarded([&] {
    Recorder& recorder = self_of(self);
    Ref list = Ref::checked(PyList_New(0));
    for (const Recorder::Guard& g : recorder.guards()) {
      const Ref tracer = Ref::steal(make_tracer(recorder, g.value, ValueKind::kPython));
      const Ref pair = Ref::checked(PyTuple_Pack(2, tracer.get(), g.outcome.get()));
      if (PyList_Append(list.get(), pair.get()) < 0) throw PythonError{};
    }
    return list.release();
  });
}
PyObject* get_name(PyObject* self, void*) { return Py_NewRef(self_of(self).title().get()); }
PyObject* get_closed(PyObject* self, void*) { return PyBool_FromLong(self_of(self).closed()); }
PyObject* get_size(PyObject* self, void*) {
  return PyLong_FromSize_t(self_of(self).program().size());
}

PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS, "__enter__($self, /)\n--\n\n"},
    fast_method<exit>("__exit__", "__exit__($self, /, *exception)\n--\n\n"),
    {"close", close, METH_NOARGS, "close($self, /)\n--\n\nNo operation is recorded any more."},
    fast_method<input>("input", "input($self, value, *, batch_axis=None)\n--\n\nAn argument."),
    fast_method<abstract>("abstract", "abstract($self, shape, dtype)\n--\n\nWithout a value."),
    {"finish", finish, METH_O, "finish($self, outputs, /)\n--\n\nEnds the recording."},
    fast_method<snapshot>("snapshot", "snapshot($self, outputs, wrt)\n--\n\nOutputs in `wrt`."),
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef attributes[] = {
    {"guards", get_guards, nullptr, "Values that bool, int or index were taken of.", nullptr},
    {"name", get_name, nullptr, "What errors call the recording.", nullptr},
    {"closed", get_closed, nullptr, "Whether the recording has ended.", nullptr},
    {"size", get_size, nullptr, "Number of instructions.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyObject* create_slow(PyTypeObject*, PyObject* args, PyObject* kwargs) {
  const Ref self = Ref::borrow(reinterpret_cast<PyObject*>(recorder_type));
  return PyVectorcall_Call(self.get(), args, kwargs);
}

}  // namespace

PyObject* input_tracer(Recorder& recorder, PyObject* value, int batch_axis) {
  if (is_tracer(value)) {
    TracerObject* t = as_tracer(value);
    const ValueId v = current_id(t);
    t->recorder->require_open(v);
    const bool is_row = batch_axis >= 0;
    const bool is_number = is_row && t->recorder->type_of(v).shape.size() == 1;
    const ValueKind kind = !is_row ? t->kind : (is_number ? ValueKind::kScalar : ValueKind::kArray);
    const ValueId in = recorder.outer_argument(*t->recorder, v, kind, batch_axis);
    return make_tracer(recorder, in, kind);
  }
  ValueKind kind;
  const ValueId v = recorder.argument(value, batch_axis, &kind);
  // One row of a mapped array is what indexing it would give: a scalar where it has no axes.
  if (batch_axis >= 0 && recorder.type_of(v).shape.empty()) kind = ValueKind::kScalar;
  PyObject* tracer = make_tracer(recorder, v, kind);
  as_tracer(tracer)->order_unknown =
      PyArray_Check(value) && recorder.type_of(v).shape.size() > 1 &&
      (batch_axis >= 0 || !PyArray_IS_C_CONTIGUOUS(reinterpret_cast<PyArrayObject*>(value)));
  return tracer;
}

void add_recorder_type(PyObject* module) {
  static const char doc[] = "Recorder(name, *, guards=False, owns=False)\n--\n\nA recording.";
  recorder_type = add_type(module, "dualtape._core.Recorder", sizeof(RecorderObject),
                           {{Py_tp_doc, const_cast<char*>(doc)},
                            type_slot(Py_tp_new, create_slow),
                            type_slot(Py_tp_dealloc, dealloc),
                            {Py_tp_methods, methods},
                            {Py_tp_getset, attributes}},
                           true);
  recorder_type->tp_vectorcall = create;
}

}  // namespace dualtape::engine
