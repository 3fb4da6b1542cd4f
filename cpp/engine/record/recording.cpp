/// The Python type Recording.
#include "record/recording.hpp"

#include <cstring>

#include "program/errors.hpp"
#include "record/dtypes.hpp"
#include "record/linear_map.hpp"
#include "record/parse.hpp"
#include "record/recording_matrices.hpp"
#include "record/rerun.hpp"
#include "record/sparse.hpp"
#include "record/tracer.hpp"

namespace dualtape::engine {
namespace {

struct RecordingObject {
  PyObject_HEAD Recording* recording;
};
PyTypeObject* recording_type = nullptr;

const Recording& self_of(PyObject* o) { return *reinterpret_cast<RecordingObject*>(o)->recording; }

PyObject* grad(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"grad", {"wrt", "keep"}, 1};
    const auto a = signature.parse(args, n, names);
    const Recording& r = self_of(self);
    const Derivation how = derivation(r, Derivation::Kind::kGrad, a[0], a[1]);
    Recording result{derive(r, how), r.bound, {}};
    for (auto w : how.wrt) result.kinds.push_back(r.bound->inputs[w].kind);
    for (auto k : how.keep) result.kinds.push_back(r.kinds[k]);
    return make_recording(std::move(result));
  });
}

PyObject* jvp(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
  return guarded([&] {
    static constexpr Signature signature{"jvp", {"wrt", "tangents"}, 2};
    const auto a = signature.parse(args, n, names);
    const Recording& r = self_of(self);
    const Derivation how = derivation(r, Derivation::Kind::kJvp, a[0], nullptr);
    const Ref tangents = Ref::checked(PySequence_Fast(a[1], "tangents must be a sequence"));
    if (static_cast<std::size_t>(PySequence_Fast_GET_SIZE(tangents.get())) != how.wrt.size()) {
      throw ShapeError(r.bound->name() + ": one tangent for each input is wanted");
    }
    auto bound = std::make_shared<Bound>(*r.bound);
    for (std::size_t k = 0; k < how.wrt.size(); ++k) {
      PyObject* tangent = PySequence_Fast_GET_ITEM(tangents.get(), static_cast<Py_ssize_t>(k));
      bound->inputs.push_back(
          bind_value(tangent, r.input_type(how.wrt[k]), r.bound->name() + ": tangent"));
    }
    Recording result{derive(r, how), std::move(bound), r.kinds};
    result.kinds.insert(result.kinds.end(), r.kinds.begin(), r.kinds.end());
    for (std::size_t k = r.kinds.size(); k < result.kinds.size(); ++k) {
      if (result.kinds[k] == ValueKind::kPython) result.kinds[k] = ValueKind::kScalar;
    }
    return make_recording(std::move(result));
  });
}

PyObject* batch(PyObject* self, PyObject* size) {
  return guarded([&] {
    const Recording& r = self_of(self);
    Derivation how;
    how.kind = Derivation::Kind::kBatch;
    how.batch_size = integer_of(size);
    auto bound = std::make_shared<Bound>();
    bound->title = r.bound->title;
    for (std::size_t k = 0; k < r.bound->inputs.size(); ++k) {
      const Binding& b = r.bound->inputs[k];
      how.batched.push_back(b.batch_axis >= 0);
      bound->inputs.push_back(batch_axis_first(b));
    }
    Recording result{derive(r, how), std::move(bound), r.kinds};
    result.kinds.assign(r.kinds.size(), ValueKind::kArray);
    return make_recording(std::move(result));
  });
}

/// (outputs, the map holding the residuals).
PyObject* split_and_map(PyObject* self, PyObject* wrt, Derivation::Kind kind) {
  return guarded([&] {
    const Recording& r = self_of(self);
    const Derivation how = derivation(r, kind, wrt, nullptr);
    SplitProgram parts = run_split(*derive(r, how), r.bound->inputs, r.kinds, r.bound->title);
    const Ref outputs = Ref::checked(parts.outputs.list(r.kinds.size()));
    ValueKinds results;
    if (kind == Derivation::Kind::kVjp) {
      for (auto w : how.wrt) results.push_back(r.bound->inputs[w].kind);
    } else {
      results = ValueKinds(r.kinds);
    }
    for (ValueKind& result : results) {
      if (result == ValueKind::kPython) result = ValueKind::kScalar;
    }
    LinearMap map;
    map.executable = std::move(parts.executable);
    map.title = r.bound->title;
    map.residuals = std::move(parts.residuals);
    map.kinds = std::move(results);
    const Ref made = Ref::checked(make_linear_map(std::move(map)));
    return PyTuple_Pack(2, outputs.get(), made.get());
  });
}
PyObject* linearize(PyObject* self, PyObject* wrt) {
  return split_and_map(self, wrt, Derivation::Kind::kLinearize);
}
PyObject* vjp(PyObject* self, PyObject* wrt) {
  return split_and_map(self, wrt, Derivation::Kind::kVjp);
}

/// The same inputs, some of the outputs: what only the others need is not computed.
PyObject* pick(PyObject* self, PyObject* outputs) {
  return guarded([&] {
    const Recording& r = self_of(self);
    const Program& all = r.program();
    std::vector<ValueId> values;
    Recording result{nullptr, r.bound, {}};
    for (const auto k : positions_of(outputs, all.outputs.size(), *r.bound)) {
      values.push_back(all.outputs[k]);
      result.kinds.push_back(r.kinds[k]);
    }
    result.executable = find_or_add(*extract(all, all.inputs, values));
    return make_recording(std::move(result));
  });
}

/// Whether the caller's array holds what was read of it.
bool is_unchanged(const Binding& b) {
  const Ref now = contiguous(b.original.get());
  const auto bytes = static_cast<std::size_t>(PyArray_NBYTES(b.owner.array()));
  return static_cast<std::size_t>(PyArray_NBYTES(now.array())) == bytes &&
         std::memcmp(PyArray_DATA(now.array()), PyArray_DATA(b.owner.array()), bytes) == 0;
}

/// A recording kept for other arguments (jit) must not keep these alive. Captured arrays are read
/// afresh from then on, except what the function itself overwrote while it was recorded: there the
/// copy is what it read.
PyObject* forget_arguments(PyObject* self, PyObject*) {
  return guarded([&] {
    Recording& r = *reinterpret_cast<RecordingObject*>(self)->recording;
    auto bound = std::make_shared<Bound>(*r.bound);
    for (Binding& b : bound->inputs) {
      if (b.is_argument) {
        b.source = Binding::Source::kAbstract;
        b.owner = b.original = Ref();
      } else if (b.source == Binding::Source::kArray && b.original && !is_unchanged(b)) {
        b.original = Ref();
      }
    }
    r.bound = std::move(bound);
    return Py_NewRef(Py_None);
  });
}

PyObject* run_method(PyObject* self, PyObject*) {
  return guarded([&] {
    const Recording& r = self_of(self);
    return run(*r.executable, r.bound->inputs, r.kinds).list();
  });
}

PyObject* rerun_method(PyObject* self, PyObject* given) {
  return guarded([&] {
    const Recording& r = self_of(self);
    const Ref inputs = Ref::checked(PySequence_Fast(given, "rerun: a sequence is wanted"));
    Results results(r.program(), r.kinds);
    rerun(r,
          {{PySequence_Fast_ITEMS(inputs.get()),
            static_cast<std::size_t>(PySequence_Fast_GET_SIZE(inputs.get()))}},
          results);
    return results.take_all().list();
  });
}

PyObject* type_tuple(const Type& type) {
  const Ref shape = tuple_of(type.shape);
  const Ref descr = descr_of(type.dtype);
  return PyTuple_Pack(2, shape.get(), descr.get());
}
PyObject* output_type(PyObject* self, PyObject* k) {
  return guarded([&] {
    return type_tuple(self_of(self).output_type(static_cast<std::size_t>(integer_of(k))));
  });
}
PyObject* input_type(PyObject* self, PyObject* k) {
  return guarded([&] {
    return type_tuple(self_of(self).input_type(static_cast<std::size_t>(integer_of(k))));
  });
}
PyObject* plan_text(PyObject* self, PyObject*) {
  return guarded(
      [&] { return PyUnicode_FromString(self_of(self).executable->plan().str().c_str()); });
}
PyObject* program_text(PyObject* self, PyObject*) {
  return guarded([&] { return PyUnicode_FromString(self_of(self).program().str().c_str()); });
}

PyObject* get_n_inputs(PyObject* self, void*) {
  return PyLong_FromSize_t(self_of(self).program().inputs.size());
}
PyObject* get_n_outputs(PyObject* self, void*) {
  return PyLong_FromSize_t(self_of(self).program().outputs.size());
}
PyObject* get_peak_bytes(PyObject* self, void*) {
  return guarded([&] { return PyLong_FromSize_t(self_of(self).executable->plan().peak_bytes()); });
}
PyObject* get_region_count(PyObject* self, void*) {
  return guarded(
      [&] { return PyLong_FromSize_t(self_of(self).executable->plan().region_count()); });
}

PyObject* get_has_custom_rules(PyObject* self, void*) {
  return PyBool_FromLong(has_custom_rules(self_of(self).program()));
}

void recording_dealloc(PyObject* self) {
  delete reinterpret_cast<RecordingObject*>(self)->recording;
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

PyMethodDef recording_methods[] = {
    fast_method<grad>("grad", "grad($self, wrt, keep=())\n--\n\nThe gradient of output 0."),
    fast_method<jvp>("jvp", "jvp($self, wrt, tangents)\n--\n\nOutputs and their tangents."),
    jacobian_method(),
    hessian_method(),
    laplacian_method(),
    sparse_method(),
    {"batch", batch, METH_O, "batch($self, size, /)\n--\n\nMapped over the batch axes."},
    {"linearize", linearize, METH_O, "linearize($self, wrt, /)\n--\n\nOutputs, tangent map."},
    {"vjp", vjp, METH_O, "vjp($self, wrt, /)\n--\n\nOutputs and the map of cotangents."},
    {"pick", pick, METH_O, "pick($self, outputs, /)\n--\n\nSome of the outputs."},
    {"forget_arguments", forget_arguments, METH_NOARGS,
     "forget_arguments($self, /)\n--\n\nOnly rerun works from now on."},
    {"run", run_method, METH_NOARGS, "run($self, /)\n--\n\nThe outputs."},
    {"rerun", rerun_method, METH_O, "rerun($self, inputs, /)\n--\n\nOutputs for other arguments."},
    {"output_type", output_type, METH_O, "output_type($self, k, /)\n--\n\nShape and dtype."},
    {"input_type", input_type, METH_O, "input_type($self, k, /)\n--\n\nShape and dtype."},
    {"plan", plan_text, METH_NOARGS, "plan($self, /)\n--\n\nWhat will run, as text."},
    {"program", program_text, METH_NOARGS, "program($self, /)\n--\n\nThe program as text."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef recording_attributes[] = {
    {"n_inputs", get_n_inputs, nullptr, "Number of inputs.", nullptr},
    {"n_outputs", get_n_outputs, nullptr, "Number of outputs.", nullptr},
    {"peak_bytes", get_peak_bytes, nullptr, "Temporary memory and outputs, bytes.", nullptr},
    {"region_count", get_region_count, nullptr, "Fused regions of the plan.", nullptr},
    {"has_custom_rules", get_has_custom_rules, nullptr, "custom_jvp or custom_vjp inside.",
     nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace

ExecutablePtr derive(const Executable& executable, const Ref& title, const Derivation& how) {
  try {
    return executable.derive(how);
  } catch (const DerivativeError& e) {
    throw DerivativeError(text_of(title.get()) + ": " + e.what());
  } catch (const ShapeError& e) {
    throw ShapeError(text_of(title.get()) + ": " + e.what());
  }
}

Binding batch_axis_first(const Binding& b) {
  if (b.batch_axis <= 0) {
    Binding same = b;
    same.batch_axis = -1;
    return same;
  }
  Binding moved = b;
  moved.batch_axis = -1;
  moved.by_reference = false;
  if (b.source == Binding::Source::kOuter) {
    b.outer.get()->require_open(b.value);
    moved.value = move_axis({*b.outer.get(), b.value}, b.batch_axis, 0).id();
    return moved;
  }
  const Ref axes = Ref::checked(PyObject_CallMethod(numpy_attribute("moveaxis").get(), "__call__",
                                                    "Oii", b.owner.get(), int{b.batch_axis}, 0));
  moved.owner = contiguous(axes.get());
  // A view, where the batch is the only axis that counts: who may write it is not asked again.
  if (moved.owner.get() == axes.get()) {
    moved.owner = Ref::checked(PyArray_NewCopy(axes.array(), NPY_CORDER));
  }
  moved.was_frozen = false;
  moved.original = Ref();
  return moved;
}

PyObject* make_recording(Recording recording) {
  auto* o = PyObject_New(RecordingObject, recording_type);
  if (!o) throw PythonError{};
  o->recording = new Recording(std::move(recording));
  return reinterpret_cast<PyObject*>(o);
}

const Recording& recording_of(PyObject* object) {
  if (Py_TYPE(object) != recording_type) {
    raise(PyExc_TypeError, "a Recording is wanted, got " + type_name(object));
  }
  return self_of(object);
}

void add_recording_type(PyObject* module) {
  recording_type = add_type(module, "dualtape._core.Recording", sizeof(RecordingObject),
                            {type_slot(Py_tp_dealloc, recording_dealloc),
                             {Py_tp_methods, recording_methods},
                             {Py_tp_getset, recording_attributes}});
}

}  // namespace dualtape::engine
