/// zeros, full, array and their kind: inside a recording they make arrays that tracers can be
/// written into.
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

Recorder& active_recorder(const char* function) {
  Recorder* r = Recorder::active();
  if (!r) raise(PyExc_RuntimeError, std::string(function) + ": no recording is active");
  r->require_open(kNoValue);
  return *r;
}

DType dtype_or(PyObject* dtype, DType otherwise, const char* function) {
  return is_given(dtype) ? dtype_of(dtype, function) : otherwise;
}

PyObject* filled(const char* function, PyObject* shape, PyObject* dtype, double value) {
  Recorder& r = active_recorder(function);
  const Type type{dtype_or(dtype, DType::kFloat64, function), dims_of(shape, function)};
  return make_array(full(r, value, type));
}

PyObject* record_zeros(const Arguments& a) { return filled("zeros", a[0], a[1], 0); }
PyObject* record_ones(const Arguments& a) { return filled("ones", a[0], a[1], 1); }
/// NumPy leaves the entries open; zeros are one of the possible contents.
PyObject* record_empty(const Arguments& a) { return filled("empty", a[0], a[1], 0); }

Expr repeated(const Expr& value, const Dims& shape) {
  return value.shape() == shape ? value : broadcast_to(value, shape);
}

PyObject* record_full(const Arguments& a) {
  const Operand value[] = {operand_of(a[1], "full")};
  Recorder& r = *recorder_of(value);
  r.require_open(kNoValue);
  const DType d = dtype_or(a[2], strong_dtype(value[0].code), "full");
  return make_array(repeated(lower(value[0], r, d), dims_of(a[0], "full: shape")));
}

/// Shape and element type of the array a *_like function follows.
Type like_type(const Arguments& a, std::size_t dtype, std::size_t shape, const char* function) {
  const Operand like = operand_of(a[0], function);
  Type type;
  type.dtype = dtype_or(a[dtype], strong_dtype(like.code), function);
  if (is_given(a[shape])) {
    type.shape = dims_of(a[shape], function);
  } else if (like.is_traced()) {
    type.shape = type_of(like.tracer()).shape;
  } else {
    const Ref array = Ref::checked(PyArray_FROM_O(like.object));
    type.shape = shape_of(array.array());
  }
  return type;
}

/// The recorder a *_like function makes its array in: the innermost one, where it can be written.
Recorder& like_recorder(PyObject* like, const char* function) {
  if (Recorder* active = Recorder::active()) {
    active->require_open(kNoValue);
    return *active;
  }
  const Operand operand[] = {operand_of(like, function)};
  return *recorder_of(operand);
}

PyObject* filled_like(const Arguments& a, double value, const char* function) {
  return make_array(full(like_recorder(a[0], function), value, like_type(a, 1, 4, function)));
}
PyObject* record_zeros_like(const Arguments& a) { return filled_like(a, 0, "zeros_like"); }
PyObject* record_ones_like(const Arguments& a) { return filled_like(a, 1, "ones_like"); }
PyObject* record_empty_like(const Arguments& a) { return filled_like(a, 0, "empty_like"); }

PyObject* record_full_like(const Arguments& a) {
  const Type type = like_type(a, 2, 5, "full_like");
  const Operand value = operand_of(a[1], "full_like");
  Recorder& r = like_recorder(a[0], "full_like");
  return make_array(repeated(lower(value, r, type.dtype), type.shape));
}

PyObject* record_eye(const Arguments& a) {
  const std::int64_t n = integer_of(a[0]), m = is_given(a[1]) ? integer_of(a[1]) : n;
  const std::int64_t k = a[2] ? integer_of(a[2]) : 0;
  const DType d = dtype_or(a[3], DType::kFloat64, "eye");
  Recorder& r = active_recorder("eye");
  if (k == 0) return make_array(eye(r, n, m, d));
  // The k-th diagonal is a shifted window of a larger identity.
  const std::int64_t shift = std::abs(k), size = std::max(n, m) + shift;
  const Expr all = eye(r, size, size, d);
  return make_array(k > 0 ? slice(all, {k, 0}, {n, m}, {1, 1})
                          : slice(all, {0, -k}, {n, m}, {1, 1}));
}

PyObject* record_identity(const Arguments& a) {
  const std::int64_t n = integer_of(a[0]);
  return make_array(
      eye(active_recorder("identity"), n, n, dtype_or(a[1], DType::kFloat64, "identity")));
}

/// NumPy's own numbers, as an array of the recording.
PyObject* record_arange(const Arguments& a) {
  static PyObject* const arange = numpy_attribute("arange").release();
  PyObject* none = Py_None;
  PyObject* start = a[0];
  PyObject* stop = is_given(a[1]) ? a[1] : nullptr;
  for (PyObject* bound : {a[0], a[1], a[2]}) {
    if (bound && is_tracer(bound)) {
      raise(error_types.concrete_value,
            "arange: its bounds decide the shape and cannot be traced; scale np.arange(n) instead");
    }
  }
  const Ref dtype = Ref::borrow(is_given(a[3]) ? a[3] : none);
  const Ref zero = Ref::checked(PyLong_FromLong(0));
  const Ref step = is_given(a[2]) ? Ref::borrow(a[2]) : Ref::checked(PyLong_FromLong(1));
  const Ref values = stop ? Ref::checked(PyObject_CallFunctionObjArgs(
                                arange, start, stop, step.get(), dtype.get(), nullptr))
                          : Ref::checked(PyObject_CallFunctionObjArgs(
                                arange, zero.get(), start, step.get(), dtype.get(), nullptr));
  Recorder& r = active_recorder("arange");
  return make_array({r, r.capture(values.get())});
}

PyObject* record_array(const Arguments& a, bool copies) {
  const bool is_nest = PyList_Check(a[0]) || PyTuple_Check(a[0]);
  const Ref object = is_nest ? array_of(a[0]) : Ref::borrow(a[0]);
  const bool same_dtype =
      is_tracer(object.get()) &&
      (!is_given(a[1]) || dtype_of(a[1], "array") == type_of(as_tracer(object.get())).dtype);
  // asarray of an array is the array: writes into one are seen by the other.
  const bool is_array =
      is_tracer(object.get()) && as_tracer(object.get())->kind == ValueKind::kArray;
  if (!copies && same_dtype && is_array) return Ref(object).release();
  Expr x = array_argument(object.get(), "array");
  if (copies) x = innermost(x);
  return make_array(is_given(a[1]) ? as_dtype(x, dtype_of(a[1], "array")) : x);
}
PyObject* record_array_copy(const Arguments& a) {
  Ref x = Ref::steal(record_array(a, flag(a[2], true)));
  const std::int64_t least = a[5] ? integer_of(a[5]) : 0;
  const Dims shape = type_of(as_tracer(x.get())).shape;
  if (static_cast<std::int64_t>(shape.size()) >= least) return x.release();
  // New axes in front, as a view.
  static PyObject* const expand_dims = numpy_attribute("expand_dims").release();
  const Ref axes = Ref::checked(PyTuple_New(least - static_cast<std::int64_t>(shape.size())));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(axes.get()); ++i) {
    PyTuple_SET_ITEM(axes.get(), i, PyLong_FromSsize_t(i));
  }
  return Ref::checked(PyObject_CallFunctionObjArgs(expand_dims, x.get(), axes.get(), nullptr))
      .release();
}
PyObject* record_asarray(const Arguments& a) { return record_array(a, flag(a[3], false)); }

constexpr Function kFunctions[] = {
    {"zeros",
     {"zeros", {"shape", "dtype", "order", "device", "like"}, 1, 3},
     record_zeros,
     {},
     true},
    {"ones", {"ones", {"shape", "dtype", "order", "device", "like"}, 1, 3}, record_ones, {}, true},
    {"empty",
     {"empty", {"shape", "dtype", "order", "device", "like"}, 1, 3},
     record_empty,
     {},
     true},
    {"full",
     {"full", {"shape", "fill_value", "dtype", "order", "device", "like"}, 2, 4},
     record_full,
     {},
     true},
    {"zeros_like",
     {"zeros_like", {"a", "dtype", "order", "subok", "shape"}, 1},
     record_zeros_like,
     {},
     true},
    {"ones_like",
     {"ones_like", {"a", "dtype", "order", "subok", "shape"}, 1},
     record_ones_like,
     {},
     true},
    {"empty_like",
     {"empty_like", {"prototype", "dtype", "order", "subok", "shape"}, 1},
     record_empty_like,
     {},
     true},
    {"full_like",
     {"full_like", {"a", "fill_value", "dtype", "order", "subok", "shape"}, 2},
     record_full_like,
     {},
     true},
    {"eye",
     {"eye", {"N", "M", "k", "dtype", "order", "device", "like"}, 1, 5},
     record_eye,
     {},
     true},
    {"identity", {"identity", {"n", "dtype", "like"}, 1, 2}, record_identity, {}, true},
    {"arange",
     {"arange", {"start", "stop", "step", "dtype", "device", "like"}, 1, 4},
     record_arange,
     {},
     true},
    {"array",
     {"array", {"object", "dtype", "copy", "order", "subok", "ndmin", "like"}, 1, 2},
     record_array_copy,
     {},
     true},
    {"asarray",
     {"asarray", {"a", "dtype", "order", "copy", "device", "like"}, 1, 3},
     record_asarray,
     {},
     true},
};

}  // namespace

std::span<const Function> maker_functions() { return kFunctions; }

}  // namespace dualtape::engine
