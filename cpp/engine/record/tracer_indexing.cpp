/// t[index] and t[index] = v.
#include <algorithm>

#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/indexing.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

using Kind = IndexItem::Kind;

struct Basic {
  Dims start, count, step;
  bool is_whole = true;
  bool all_integers = true;
};

Basic basic_of(const Index& index, const Dims& shape) {
  Basic b;
  std::size_t axis = 0;
  for (const IndexItem& item : index.items) {
    if (item.kind == Kind::kGap) continue;
    if (item.kind == Kind::kNewAxis) {
      b.all_integers = false;
      continue;
    }
    b.start.push_back(item.start);
    b.count.push_back(item.count);
    b.step.push_back(item.step);
    b.is_whole = b.is_whole && item.count == shape[axis] && item.step == 1;
    b.all_integers = b.all_integers && item.kind == Kind::kInteger;
    ++axis;
  }
  return b;
}

PyObject* read_basic(TracerObject* t, const Index& index) {
  t->recorder->require_open(t->id);
  const Expr x = expr_of(t);
  const Dims shape = x.shape();
  const Basic b = basic_of(index, shape);
  if (b.all_integers && !index.has_ellipsis) {
    const Expr entry = b.is_whole ? x : slice(x, b.start, b.count, b.step);
    const Expr number = entry.rank() ? reshape(entry, {}) : entry;
    return make_tracer(*t->recorder, number.id(), ValueKind::kScalar);
  }
  const Dims result = basic_shape(index);
  if (t->kind != ValueKind::kArray) return make_array(reshape(x, result));
  if (index.has_zero_d) return make_array(reshape(slice(x, b.start, b.count, b.step), result));
  Ref part = b.is_whole ? Ref::borrow(reinterpret_cast<PyObject*>(t))
                        : Ref::steal(view_slice(t, b.start, b.count, b.step));
  // x[:] and x[...] are views of their own: the same object would be rebound by y = x[:]; y += 1
  // all the same.
  if (!b.is_whole && type_of(as_tracer(part.get())).shape == result) return part.release();
  return view_reshape(as_tracer(part.get()), result);
}

/// x[i] of a vector, by far the commonest.
PyObject* read_entry(TracerObject* t, Py_ssize_t i) {
  const Expr x = expr_of(t);
  t->recorder->require_open(t->id);
  const std::int64_t n = x.shape()[0];
  if (i < -n || i >= n) {
    raise(PyExc_IndexError, "index " + std::to_string(i) +
                                " is out of bounds for axis 0 with size " + std::to_string(n));
  }
  const Expr entry = reshape(slice_axis(x, 0, i < 0 ? i + n : i, 1), {});
  return make_tracer(*t->recorder, entry.id(), ValueKind::kScalar);
}

/// x[a:b:c].
PyObject* read_slice(TracerObject* t, PyObject* key) {
  t->recorder->require_open(t->id);
  Dims count = type_of(t).shape;
  Py_ssize_t start = 0, stop = 0, step = 0;
  if (PySlice_Unpack(key, &start, &stop, &step) < 0) throw PythonError{};
  count[0] = PySlice_AdjustIndices(count[0], &start, &stop, step);
  Dims first(count.size()), steps(count.size(), 1);
  first[0] = count[0] ? start : 0;
  steps[0] = step;
  return view_slice(t, std::move(first), std::move(count), std::move(steps));
}

/// A mask as the whole index, if the key is one: x[mask] = v may then be a `where`.
std::optional<Operand> mask_key(PyObject* key) {
  if (!is_tracer(key) && !PyArray_Check(key)) return std::nullopt;
  Operand mask;
  parse_operand(key, mask);
  if (mask.code != static_cast<TypeCode>(DType::kBool)) return std::nullopt;
  return mask;
}

/// x[mask] = v where v does not depend on which entries are chosen.
std::optional<Expr> masked(const Expr& x, const Operand& key, const Expr& v) {
  Recorder& r = *Recorder::of(x.builder());
  const Expr mask = lower(key, r);
  const Dims shape = x.shape();  // a copy: writing instructions moves the types
  if (mask.rank() == 0 || mask.rank() > shape.size() ||
      !std::ranges::equal(mask.shape(), std::span(shape.begin(), mask.rank()))) {
    return std::nullopt;  // parse_index has NumPy's error for it
  }
  const std::size_t trailing = shape.size() - mask.rank();
  const bool is_uniform = v.rank() <= trailing || (v.rank() == trailing + 1 && v.shape()[0] == 1);
  if (!is_uniform) return std::nullopt;
  Dims aligned = mask.shape();
  aligned.resize(shape.size(), 1);
  Expr value = v;
  if (v.rank() == trailing + 1) {
    value = reshape(v, Dims(v.shape().begin() + 1, v.shape().end()));
  }
  const Expr args[] = {reshape(mask, aligned), value, x};
  const Expr result = emit_elementwise(known_ops.where, args);
  if (result.shape() != shape) {
    throw ShapeError("could not broadcast input array from shape " + to_string(v.shape()) +
                     " into shape " + to_string(shape));
  }
  return result;
}

Expr written_basic(const Expr& x, const Index& index, const Expr& v) {
  const Basic b = basic_of(index, x.shape());
  if (b.all_integers && !index.has_ellipsis && v.rank() > 0) {
    raise(PyExc_ValueError, "setting an array element with a sequence.");
  }
  const Expr fitted = broadcast_into(v, basic_shape(index));
  const Expr part = fitted.shape() == b.count ? fitted : reshape(fitted, b.count);
  return b.is_whole ? part : update_slice(x, part, b.start, b.step);
}

void assign(TracerObject* t, PyObject* key, PyObject* value) {
  require_writable(t);
  const Operand operand = operand_of(value, t->recorder->name() + ": assignment");
  const Expr x = expr_of(t);
  refuse_complex_value(operand, x.dtype());
  const Expr v = lower(operand, *t->recorder, x.dtype());
  if (PyLong_CheckExact(key) && x.rank() == 1 && v.rank() == 0) {
    const std::int64_t n = x.shape()[0];
    std::int64_t i = PyLong_AsLongLong(key);
    if (i >= -n && i < n) {
      if (i < 0) i += n;
      rebind(t, update_slice(x, reshape(v, {1}), {i}, {1}));
      return;
    }
    PyErr_Clear();
  }
  if (const auto mask = mask_key(key)) {
    if (const auto result = masked(x, *mask, v)) {
      rebind(t, *result);
      return;
    }
  }
  const Index index = parse_index(key, t);
  rebind(t, index.has_arrays ? write_advanced(x, index, v, take_set) : written_basic(x, index, v));
}

}  // namespace

void refuse_complex_value(const Operand& value, DType into) {
  if (!is_complex(strong_dtype(value.code)) || is_complex(into)) return;
  raise(PyExc_TypeError, "assignment: a complex value cannot be written into an array of " +
                             std::string(dtype_name(into)) + "; take its .real");
}

Dims basic_shape(const Index& index) {
  Dims shape;
  for (const IndexItem& item : index.items) {
    if (item.kind == Kind::kSlice) shape.push_back(item.count);
    if (item.kind == Kind::kNewAxis) shape.push_back(1);
  }
  return shape;
}

Expr broadcast_into(const Expr& v, Dims shape) {
  if (v.shape() == shape) return v;
  Dims given = v.shape();
  while (given.size() > shape.size() && given[0] == 1) given.erase(0);
  bool fits = given.size() <= shape.size();
  for (std::size_t i = 0; fits && i < given.size(); ++i) {
    const std::int64_t n = given[given.size() - 1 - i];
    fits = n == 1 || n == shape[shape.size() - 1 - i];
  }
  if (!fits) {
    throw ShapeError("could not broadcast input array from shape " + to_string(v.shape()) +
                     " into shape " + to_string(shape));
  }
  const Expr aligned = given == v.shape() ? v : reshape(v, given);
  return given == shape ? aligned : broadcast_to(aligned, shape);
}

PyObject* tracer_subscript(PyObject* self, PyObject* key) {
  return guarded([&] {
    TracerObject* t = as_tracer(self);
    if (PyLong_CheckExact(key) && type_of(t).shape.size() == 1) {
      const Py_ssize_t i = PyLong_AsSsize_t(key);
      if (i == -1 && PyErr_Occurred()) throw PythonError{};
      return read_entry(t, i);
    }
    if (PySlice_Check(key) && t->kind == ValueKind::kArray && !type_of(t).shape.empty()) {
      return read_slice(t, key);
    }
    const Index index = parse_index(key, t);
    return index.has_arrays ? take_advanced(t, index) : read_basic(t, index);
  });
}

int tracer_assign_subscript(PyObject* self, PyObject* key, PyObject* value) {
  return guarded_status([&] {
    if (!value) raise(PyExc_ValueError, "cannot delete array elements");
    assign(as_tracer(self), key, value);
  });
}

PyObject* add_at(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 3 || !is_tracer(args[0])) raise(PyExc_TypeError, "add_at: a tracer is wanted");
    TracerObject* t = as_tracer(args[0]);
    require_writable(t);
    const Operand value = operand_of(args[2], "add.at");
    const Expr x = expr_of(t), v = lower(value, *t->recorder, x.dtype());
    const Index index = parse_index(args[1], t);
    if (index.has_arrays) {
      rebind(t, write_advanced(x, index, v, take_add));
    } else {  // No entry twice.
      const Ref old = Ref::checked(tracer_subscript(args[0], args[1]));
      const Expr sum[] = {expr_of(old.get()), v};
      rebind(t, written_basic(x, index, emit_elementwise(known_ops.add, sum)));
    }
    return Py_NewRef(Py_None);
  });
}

void assign_all(TracerObject* t, const Operand& value) {
  require_writable(t);
  const Expr x = expr_of(t);
  refuse_complex_value(value, x.dtype());
  rebind(t, broadcast_into(lower(value, *t->recorder, x.dtype()), x.shape()));
}

void assign_result(TracerObject* t, const Expr& result) {
  require_writable(t);
  const Type type = type_of(t);
  if (result.shape() != type.shape) {
    throw ShapeError("non-broadcastable output operand with shape " + to_string(type.shape) +
                     " doesn't match the broadcast shape " + to_string(result.shape()));
  }
  const Ref from = descr_of(result.dtype()), to = descr_of(type.dtype);
  if (!PyArray_CanCastTypeTo(reinterpret_cast<PyArray_Descr*>(from.get()),
                             reinterpret_cast<PyArray_Descr*>(to.get()), NPY_SAME_KIND_CASTING)) {
    raise(PyExc_TypeError, "Cannot cast in-place result from dtype('" +
                               std::string(dtype_name(result.dtype())) + "') to dtype('" +
                               std::string(dtype_name(type.dtype)) +
                               "') with casting rule 'same_kind'");
  }
  rebind(t, as_dtype(result, type.dtype));
}

}  // namespace dualtape::engine
