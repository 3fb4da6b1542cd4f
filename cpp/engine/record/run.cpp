/// Running programs on what their inputs are bound to.
#include <cstring>

#include "program/errors.hpp"
#include "record/dtypes.hpp"
#include "record/leaf_checks.hpp"
#include "record/rerun.hpp"
#include "record/tracer.hpp"

namespace dualtape::engine {
namespace {

/// The newest of the recorders whose values are bound here; nullptr: all inputs have numbers.
Recorder* outer_recorder(const Bindings& inputs) {
  Recorder* newest = nullptr;
  for (const Binding& b : inputs) {
    if (b.source != Binding::Source::kOuter) continue;
    b.outer.get()->require_open(b.value);
    if (!newest || b.outer.get()->serial() > newest->serial()) newest = b.outer.get();
  }
  return newest;
}

Objects record_call(const Executable& executable, const Bindings& inputs,
                    std::span<const ValueKind> kinds, Recorder& recorder) {
  const Program& program = *executable.program();
  ShortList<Expr, 8> args;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Binding& b = inputs[k];
    if (b.source == Binding::Source::kOuter) {
      args.push_back({*b.outer.get(), b.value});
    } else if (b.is_unguarded) {
      args.push_back({recorder, recorder.capture(b.owner.get())});
    } else {
      args.push_back({recorder, recorder.adopt(b, program.type_of(program.inputs[k]))});
    }
  }
  const std::vector<Expr> results = call(executable.program(), args, recorder);
  Objects tracers;
  for (std::size_t k = 0; k < results.size(); ++k) {
    Recorder& owner = *Recorder::of(results[k].builder());
    tracers.add(Ref::steal(make_tracer(owner, results[k].id(), kinds[k])));
  }
  return tracers;
}

}  // namespace

PyObject* Objects::list(std::size_t n) const {
  Ref list = Ref::checked(PyList_New(static_cast<Py_ssize_t>(n)));
  for (std::size_t k = 0; k < n; ++k) {
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), Py_NewRef(items_[k]));
  }
  return list.release();
}

Objects run(const Executable& executable, const Bindings& inputs,
            std::span<const ValueKind> kinds) {
  if (Recorder* recorder = outer_recorder(inputs)) {
    return record_call(executable, inputs, kinds, *recorder);
  }
  ShortList<const void*, 16> data(inputs.size());
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    const Binding& b = inputs[k];
    if (b.source == Binding::Source::kAbstract || b.batch_axis >= 0) {
      raise(error_types.concrete_value,
            "this recording has arguments without values: map it first (batch), or give them "
            "(rerun)");
    }
    data[k] = data_of(b);
  }
  Results results(*executable.program(), kinds);
  run_plan(executable, data, results.buffers());
  return results.take_all();
}

bool bind_as_is(PyObject* value, const Type& type, Binding& b) {
  if (PyFloat_CheckExact(value) && type.dtype == DType::kFloat64 && type.shape.empty()) {
    const double number = PyFloat_AS_DOUBLE(value);
    b.source = Binding::Source::kNumber;
    b.kind = ValueKind::kScalar;
    std::memcpy(&b.bits, &number, sizeof number);
    return true;
  }
  if (is_tracer(value)) {
    TracerObject* t = as_tracer(value);
    if (!(type_of(t) == type)) return false;
    t->recorder->require_open(t->id);
    b.source = Binding::Source::kOuter;
    b.outer = RecorderRef(t->recorder);
    b.value = t->id;
    b.kind = t->kind;
    return true;
  }
  if (!can_be_read(value, type)) return false;
  b.source = Binding::Source::kArray;
  b.owner = Ref::borrow(value);
  b.is_unguarded = true;
  return true;
}

Binding bind_value(PyObject* value, const Type& type, const std::string& what) {
  Binding b;
  if (is_tracer(value)) {
    TracerObject* t = as_tracer(value);
    Expr x = expr_of(t);
    t->recorder->require_open(t->id);
    if (x.shape() != type.shape) {
      throw ShapeError(what + ": shape " + to_string(type.shape) + " wanted, got " +
                       to_string(x.shape()));
    }
    if (x.dtype() != type.dtype) x = convert(x, type.dtype);
    b.source = Binding::Source::kOuter;
    b.outer = RecorderRef(t->recorder);
    b.value = x.id();
    b.kind = t->kind;
    return b;
  }
  Ref descr = descr_of(type.dtype);
  const bool is_array = PyArray_Check(value);
  b.kind = is_array ? ValueKind::kArray : ValueKind::kScalar;
  if (is_array) refuse_subclasses(value);
  Ref given = is_array ? Ref::borrow(value) : Ref::checked(PyArray_FROM_O(value));
  if (PyArray_TYPE(given.array()) == type_number(type.dtype)) given = contiguous(given.get());
  if (!PyArray_CanCastTypeTo(PyArray_DESCR(given.array()),
                             reinterpret_cast<PyArray_Descr*>(descr.get()),
                             NPY_SAME_KIND_CASTING) &&
      PyArray_SIZE(given.array()) > 0) {
    const Ref name =
        Ref::checked(PyObject_Str(reinterpret_cast<PyObject*>(PyArray_DESCR(given.array()))));
    throw DTypeError(what + ": " + std::string(dtype_name(type.dtype)) + " wanted, got " +
                     text_of(name.get()));
  }
  b.owner = Ref::checked(PyArray_FromArray(
      given.array(), reinterpret_cast<PyArray_Descr*>(descr.release()),
      NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST));
  b.source = Binding::Source::kArray;
  b.is_unguarded = true;
  const Dims shape = shape_of(b.owner.array());
  if (shape != type.shape) {
    throw ShapeError(what + ": shape " + to_string(type.shape) + " wanted, got " +
                     to_string(shape));
  }
  return b;
}

}  // namespace dualtape::engine
