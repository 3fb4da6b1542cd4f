#include <algorithm>

#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/indexing.hpp"

namespace dualtape::engine {
namespace {

using Kind = IndexItem::Kind;

/// One part of the key before it is known which axes it takes.
struct Part {
  PyObject* object = nullptr;  // borrowed
  Ref array;                   // index array or mask
  bool is_mask = false;
  bool is_zero_d = false;  // an array of shape (), used as the integer it is
  std::size_t axes = 1;    // it takes
};

[[noreturn]] void raise_invalid(PyObject*) {
  raise(PyExc_IndexError,
        "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or "
        "boolean arrays are valid indices");
}

/// The mask's numbers: which entries there are decides the result's shape.
Ref mask_value(PyObject* mask) {
  TracerObject* t = as_tracer(mask);
  Recorder& r = *t->recorder;
  const ValueId v = current_id(t);
  if (Recorder::is_guarded() || r.is_abstract(v)) {
    raise(error_types.concrete_value,
          r.name() +
              ": x[mask] with a traced mask has a data-dependent shape; use "
              "np.where(mask, x, other), or x[mask] = number");
  }
  return r.value_of(v);
}

void classify_array(Part& part, PyObject* array) {
  if (is_tracer(array)) {
    const Type& type = type_of(as_tracer(array));
    if (type.dtype == DType::kBool) {
      part.is_mask = true;
      part.axes = type.shape.size();
      part.array = mask_value(array);
    } else if (is_integer(type.dtype)) {
      part.array = Ref::borrow(array);
    } else {
      raise(PyExc_IndexError, "arrays used as indices must be of integer (or boolean) type");
    }
    return;
  }
  auto* a = reinterpret_cast<PyArrayObject*>(array);
  if (PyArray_ISBOOL(a)) {
    part.is_mask = true;
    part.axes = static_cast<std::size_t>(PyArray_NDIM(a));
    part.array = Ref::borrow(array);
  } else if (PyArray_ISINTEGER(a) || PyArray_SIZE(a) == 0) {
    part.is_zero_d = PyArray_NDIM(a) == 0;
    if (part.is_zero_d) return;
    part.array = Ref::checked(PyArray_FROM_OTF(array, NPY_INT64, NPY_ARRAY_FORCECAST));
  } else {
    raise(PyExc_IndexError, "arrays used as indices must be of integer (or boolean) type");
  }
}

Part part_of(PyObject* object) {
  Part part;
  part.object = object;
  if (object == Py_None || object == Py_Ellipsis) {
    part.axes = 0;
  } else if (PyBool_Check(object) || PyArray_IsScalar(object, Bool)) {
    raise(PyExc_IndexError, "a single bool as an index cannot be recorded; use np.where");
  } else if (PySlice_Check(object) || PyLong_Check(object) || PyArray_IsScalar(object, Integer)) {
  } else if (is_tracer(object) || PyArray_Check(object)) {
    classify_array(part, object);
  } else if (PyList_Check(object) || PyTuple_Check(object)) {
    const Ref array = array_of(object);
    classify_array(part, array.get());
  } else if (!PyIndex_Check(object)) {
    raise_invalid(object);
  }
  if (part.is_mask && part.axes == 0) {
    raise(PyExc_IndexError, "a mask of shape () cannot be recorded as an index; use np.where");
  }
  return part;
}

void check_mask_shape(PyArrayObject* mask, const Dims& shape, std::size_t axis) {
  for (int i = 0; i < PyArray_NDIM(mask); ++i) {
    const auto at = axis + static_cast<std::size_t>(i);
    if (PyArray_DIM(mask, i) == shape[at]) continue;
    raise(PyExc_IndexError,
          "boolean index did not match indexed array along axis " + std::to_string(at) +
              "; size of axis is " + std::to_string(shape[at]) +
              " but size of corresponding boolean axis is " + std::to_string(PyArray_DIM(mask, i)));
  }
}

/// A mask is the index arrays of its nonzero entries.
void append_mask(Index& index, const Part& part, const Dims& shape, std::size_t axis) {
  check_mask_shape(part.array.array(), shape, axis);
  const Ref arrays = Ref::checked(PyArray_Nonzero(part.array.array()));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arrays.get()); ++i) {
    IndexItem item;
    item.kind = Kind::kArray;
    item.array = Ref::borrow(PyTuple_GET_ITEM(arrays.get(), i));
    index.items.push_back(std::move(item));
  }
  index.has_arrays = true;
}

IndexItem slice_item(PyObject* object, std::int64_t n) {
  IndexItem item;
  Py_ssize_t start = 0, stop = 0, step = 0;
  if (PySlice_Unpack(object, &start, &stop, &step) < 0) throw PythonError{};
  item.count = PySlice_AdjustIndices(n, &start, &stop, step);
  item.start = item.count ? start : 0;
  item.step = step;
  return item;
}

IndexItem full_slice(std::int64_t n) {
  IndexItem item;
  item.count = n;
  return item;
}

IndexItem integer_item(PyObject* object, std::int64_t n, std::size_t axis) {
  IndexItem item;
  item.kind = Kind::kInteger;
  item.start = integer_of(object);
  item.count = 1;
  if (item.start < -n || item.start >= n) {
    raise(PyExc_IndexError, "index " + std::to_string(item.start) + " is out of bounds for axis " +
                                std::to_string(axis) + " with size " + std::to_string(n));
  }
  if (item.start < 0) item.start += n;
  return item;
}

void append_part(Index& index, const Part& part, const Dims& shape, std::size_t& axis) {
  if (part.object == Py_None) {
    IndexItem item;
    item.kind = Kind::kNewAxis;
    index.items.push_back(std::move(item));
  } else if (part.is_mask) {
    append_mask(index, part, shape, axis);
  } else if (part.array) {
    IndexItem item;
    item.kind = Kind::kArray;
    item.array = part.array;
    index.items.push_back(std::move(item));
    index.has_arrays = true;
  } else if (PySlice_Check(part.object)) {
    index.items.push_back(slice_item(part.object, shape[axis]));
  } else {
    index.items.push_back(integer_item(part.object, shape[axis], axis));
  }
  axis += part.axes;
}

std::vector<Part> parts_of(PyObject* key) {
  std::vector<Part> parts;
  if (!PyTuple_Check(key)) {
    parts.push_back(part_of(key));
    return parts;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i) {
    parts.push_back(part_of(PyTuple_GET_ITEM(key, i)));
  }
  return parts;
}

}  // namespace

Index parse_index(PyObject* key, TracerObject* t) {
  const std::vector<Part> parts = parts_of(key);
  const Dims shape = type_of(t).shape;
  std::size_t taken = 0;
  Index index;
  for (const Part& part : parts) {
    taken += part.axes;
    index.has_zero_d = index.has_zero_d || part.is_zero_d;
    if (part.object != Py_Ellipsis) continue;
    if (index.has_ellipsis) {
      raise(PyExc_IndexError, "an index can only have a single ellipsis ('...')");
    }
    index.has_ellipsis = true;
  }
  if (taken > shape.size()) {
    raise(PyExc_IndexError, "too many indices for array: array is " + std::to_string(shape.size()) +
                                "-dimensional, but " + std::to_string(taken) + " were indexed");
  }
  std::size_t rest = shape.size() - taken, axis = 0;
  const auto fill = [&] {
    for (; rest > 0; --rest) index.items.push_back(full_slice(shape[axis++]));
  };
  for (const Part& part : parts) {
    if (part.object != Py_Ellipsis) {
      append_part(index, part, shape, axis);
      continue;
    }
    if (rest == 0) {
      IndexItem gap;
      gap.kind = Kind::kGap;
      index.items.push_back(std::move(gap));
    }
    fill();
  }
  fill();
  return index;
}

}  // namespace dualtape::engine
