/// Index expressions of NumPy, taken apart.
#pragma once

#include <vector>

#include "record/tracer.hpp"

namespace dualtape::engine {

struct IndexItem {
  enum class Kind : std::uint8_t { kInteger, kSlice, kNewAxis, kArray, kGap };
  Kind kind = Kind::kSlice;
  std::int64_t start = 0, count = 0, step = 1;  // slice, of the axis; integer: start
  Ref array;                                    // kArray: int64 array, or an integer tracer
  // kGap: an ellipsis that stands for no axis still parts the arrays on its sides.
};

/// An index with one item for each axis of the array, new axes beside.
struct Index {
  std::vector<IndexItem> items;
  bool has_arrays = false;
  bool has_zero_d = false;  // an integer array of shape (): NumPy's result is a copy, not a view
  bool has_ellipsis = false;
};

/// IndexError as NumPy's. `t` gives the shape; its recorder the values of traced masks.
Index parse_index(PyObject* key, TracerObject* t);

/// x[index] with at least one index array. Of traced integers that NumPy has as scalars, and
/// slices, it is a view.
PyObject* take_advanced(TracerObject* t, const Index& index);
/// What such a view reads.
Expr read_advanced(const Expr& x, const Index& index);
/// take_set or take_add: what becomes of entries that an index names several times.
using EntryWrite = Expr (*)(const Expr& x, const Expr& index, const Expr& v);
/// x with v written at an index that has arrays; v has x's element type.
Expr write_advanced(const Expr& x, const Index& index, const Expr& v, EntryWrite write);
/// v as the shape of an assignment's destination; ShapeError as NumPy's.
Expr broadcast_into(const Expr& v, Dims shape);
/// Shape of x[index] for an index without arrays.
Dims basic_shape(const Index& index);

}  // namespace dualtape::engine
