/// ndarray's attributes on tracers, and the value.
#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/functions.hpp"
#include "record/shaping.hpp"

namespace dualtape::engine {
namespace {

TracerObject* self_of(PyObject* o) { return as_tracer(o); }

PyObject* get_shape(PyObject* self, void*) {
  return guarded([&] { return tuple_of(type_of(self_of(self)).shape).release(); });
}
PyObject* get_dtype(PyObject* self, void*) {
  return guarded([&] { return descr_of(type_of(self_of(self)).dtype).release(); });
}
PyObject* get_ndim(PyObject* self, void*) {
  return PyLong_FromSize_t(type_of(self_of(self)).shape.size());
}
PyObject* get_size(PyObject* self, void*) {
  return PyLong_FromLongLong(element_count(type_of(self_of(self)).shape));
}
PyObject* get_itemsize(PyObject* self, void*) {
  return PyLong_FromSize_t(item_size(type_of(self_of(self)).dtype));
}
PyObject* get_nbytes(PyObject* self, void*) {
  const Type& type = type_of(self_of(self));
  return PyLong_FromLongLong(element_count(type.shape) *
                             static_cast<long long>(item_size(type.dtype)));
}
PyObject* get_transposed(PyObject* self, void*) {
  return guarded([&] { return reverse_axes(self_of(self)); });
}
PyObject* get_matrix_transposed(PyObject* self, void*) {
  return guarded([&] { return swap_axes(self_of(self), -2, -1, "mT"); });
}
/// A view in C order whatever the memory order, as NumPy's flatiter: read, written and iterated.
PyObject* get_flat(PyObject* self, void*) {
  return guarded([&] {
    const std::int64_t n = element_count(type_of(self_of(self)).shape);
    return make_view(self_of(self), {kReshape, {n}, {}, {}}, true);
  });
}
int set_flat(PyObject* self, PyObject* value, void*) {
  return guarded_status([&] {
    if (!value) raise(PyExc_TypeError, "flat cannot be deleted");
    const Ref flat = Ref::checked(get_flat(self, nullptr));
    // As often as it takes, and no more of it than fits.
    const Ref repeated = Ref::checked(
        PyObject_CallFunction(numpy_attribute("resize").get(), "OL", value,
                              static_cast<long long>(element_count(type_of(self_of(self)).shape))));
    assign_all(as_tracer(flat.get()), operand_of(repeated.get(), "flat"));
  });
}

PyObject* no_memory(PyObject*, void*) {
  return guarded([&]() -> PyObject* {
    raise(
        PyExc_AttributeError,
        "a traced value has no memory of its own (strides, flags, data): a function that reads an "
        "array's memory needs its form in dualtape.numpy or dualtape.scipy");
  });
}

/// The real part of real values is these themselves; their imaginary part is zero, and no memory
/// that could be written.
PyObject* get_real(PyObject* self, void*) {
  return guarded([&] { return part_of(self_of(self), kReal); });
}
PyObject* get_imag(PyObject* self, void*) {
  return guarded([&] { return part_of(self_of(self), kImag); });
}
/// t.real = value writes into t.
int set_part(PyObject* self, PyObject* value, OpCode part) {
  return guarded_status([&] {
    TracerObject* t = self_of(self);
    if (!value) raise(PyExc_AttributeError, "real and imag cannot be deleted");
    if (part == kImag && !is_complex(type_of(t).dtype)) {
      raise(PyExc_TypeError, "array does not have imaginary part to set");
    }
    const Operand operand = operand_of(value, t->recorder->name() + ": assignment");
    refuse_complex_value(operand, real_dtype(type_of(t).dtype));
    const Ref view = Ref::checked(part_of(t, part));
    assign_all(as_tracer(view.get()), operand);
  });
}
int set_real(PyObject* self, PyObject* value, void*) { return set_part(self, value, kReal); }
int set_imag(PyObject* self, PyObject* value, void*) { return set_part(self, value, kImag); }

PyObject* get_batched(PyObject* self, void*) {
  TracerObject* t = self_of(self);
  return PyBool_FromLong(t->recorder->is_abstract(current_id(t)));
}

PyObject* get_value(PyObject* self, void*) {
  return guarded([&]() -> PyObject* {
    TracerObject* t = self_of(self);
    Recorder& r = *t->recorder;
    if (Recorder::is_guarded()) {
      raise(error_types.concrete_value,
            r.name() +
                ": t.value is not available under jit, which runs the recording again for "
                "other values");
    }
    const Ref value = r.value_of(current_id(t));
    Ref copy =
        Ref::checked(reinterpret_cast<PyObject*>(PyArray_NewCopy(value.array(), NPY_CORDER)));
    if (t->kind == ValueKind::kArray) return copy.release();
    return PyArray_Return(reinterpret_cast<PyArrayObject*>(copy.release()));
  });
}

}  // namespace

PyGetSetDef tracer_attributes[] = {
    {"shape", get_shape, nullptr, nullptr, nullptr},
    {"batched", get_batched, nullptr, "Whether it differs along a mapped axis.", nullptr},
    {"dtype", get_dtype, nullptr, nullptr, nullptr},
    {"ndim", get_ndim, nullptr, nullptr, nullptr},
    {"size", get_size, nullptr, nullptr, nullptr},
    {"itemsize", get_itemsize, nullptr, nullptr, nullptr},
    {"nbytes", get_nbytes, nullptr, nullptr, nullptr},
    {"T", get_transposed, nullptr, nullptr, nullptr},
    {"mT", get_matrix_transposed, nullptr, nullptr, nullptr},
    {"real", get_real, set_real, nullptr, nullptr},
    {"imag", get_imag, set_imag, nullptr, nullptr},
    {"flat", get_flat, set_flat, nullptr, nullptr},
    {"strides", no_memory, nullptr, nullptr, nullptr},
    {"flags", no_memory, nullptr, nullptr, nullptr},
    {"data", no_memory, nullptr, nullptr, nullptr},
    {"value", get_value, nullptr, "The number, or the array of numbers.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

}  // namespace dualtape::engine
