/// reshape, transpose and their kind: views of their argument.
#include <algorithm>

#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/functions.hpp"
#include "record/shaping.hpp"

namespace dualtape::engine {
namespace {

/// Whether to go through the entries with the first axis fastest. NumPy's 'A' and 'K' follow the
/// order in memory, which a traced value does not have: only vectors are the same in all.
bool is_fortran(PyObject* order, TracerObject* t, const std::string& function) {
  if (!is_given(order)) return false;
  const std::string given = text_of(order);
  if (given == "C" || given == "F") return given == "F";
  const auto& shape = type_of(t).shape;
  const auto is_long = [](std::int64_t n) { return n > 1; };
  const bool is_vector = std::ranges::count_if(shape, is_long) < 2;
  if ((given == "A" || given == "K") && is_vector) return false;
  throw ValueError(function +
                   ": order must be 'C' or 'F' for traced values of two axes and more, "
                   "which have no order in memory, got '" +
                   given + "'");
}

PyObject* record_reshape(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "reshape");
  const bool in_columns = is_fortran(a[2], as_tracer(t.get()), "reshape");
  return reshape_tracer(as_tracer(t.get()), dims_of(a[1], "reshape: shape"), in_columns);
}

PyObject* record_transpose(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "transpose");
  const std::size_t rank = type_of(as_tracer(t.get())).shape.size();
  if (!is_given(a[1])) return reverse_axes(as_tracer(t.get()));
  return permute_tracer(as_tracer(t.get()), dims_of(a[1], "transpose: axes"), rank);
}

PyObject* record_matrix_transpose(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "matrix_transpose");
  return swap_axes(as_tracer(t.get()), -2, -1, "matrix_transpose");
}

PyObject* record_swapaxes(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "swapaxes");
  return swap_axes(as_tracer(t.get()), integer_of(a[1]), integer_of(a[2]), "swapaxes");
}

PyObject* record_moveaxis(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "moveaxis");
  const std::size_t rank = type_of(as_tracer(t.get())).shape.size();
  Dims from = dims_of(a[1], "moveaxis: source"), to = dims_of(a[2], "moveaxis: destination");
  if (from.size() != to.size()) {
    throw ShapeError("moveaxis: source and destination must have the same number of elements");
  }
  Dims permutation(rank, -1);
  std::vector<bool> used(rank);
  for (std::size_t k = 0; k < from.size(); ++k) {
    const std::int64_t f = axis_of(from[k], rank, "moveaxis");
    permutation[static_cast<std::size_t>(axis_of(to[k], rank, "moveaxis"))] = f;
    used[static_cast<std::size_t>(f)] = true;
  }
  std::size_t next = 0;
  for (std::int64_t& p : permutation) {
    if (p >= 0) continue;
    while (next < rank && used[next]) ++next;
    p = static_cast<std::int64_t>(next++);
  }
  return permute_tracer(as_tracer(t.get()), permutation, rank);
}

PyObject* record_expand_dims(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "expand_dims");
  Dims shape = type_of(as_tracer(t.get())).shape;
  Dims axes = dims_of(a[1], "expand_dims");
  const std::size_t rank = shape.size() + axes.size();
  for (std::int64_t& axis : axes) axis = axis_of(axis, rank, "expand_dims");
  std::ranges::sort(axes);
  if (std::ranges::adjacent_find(axes) != axes.end()) raise(PyExc_ValueError, "repeated axis");
  for (std::int64_t axis : axes) shape.insert(static_cast<std::size_t>(axis), 1);
  return view_reshape(as_tracer(t.get()), shape);
}

PyObject* record_squeeze(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "squeeze");
  return squeeze_tracer(as_tracer(t.get()), a[1]);
}

PyObject* record_broadcast_to(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "broadcast_to");
  return view_broadcast(as_tracer(t.get()), dims_of(a[1], "broadcast_to: shape"));
}

PyObject* record_ravel(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "ravel");
  const bool in_columns = is_fortran(a[1], as_tracer(t.get()), "ravel");
  return reshape_tracer(as_tracer(t.get()), {-1}, in_columns);
}

PyObject* record_copy(const Arguments& a) {
  return make_array(innermost(array_argument(a[0], "copy")));
}

PyObject* record_diagonal(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "diagonal");
  return diagonal_tracer(as_tracer(t.get()), a[1] ? integer_of(a[1]) : 0,
                         a[2] ? integer_of(a[2]) : 0, a[3] ? integer_of(a[3]) : 1);
}

PyObject* record_diag(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "diag");
  const std::int64_t k = a[1] ? integer_of(a[1]) : 0;
  const std::size_t rank = type_of(as_tracer(t.get())).shape.size();
  if (rank == 2) return diagonal_tracer(as_tracer(t.get()), k, 0, 1);
  if (rank != 1)
    throw ShapeError("diag: input must be 1- or 2-d, got " + std::to_string(rank) + "-d");
  const Expr v = expr_of(t.get());
  const std::int64_t n = v.shape()[0], size = n + std::abs(k);
  if (n == 0) return make_array(pad(reshape(v, {0, 0}), {size, size}, {0, 0}, {1, 1}));
  // As rows of length size + 1 the diagonal is the first column.
  const std::int64_t first = k >= 0 ? k : -k * size;
  const Expr column = reshape(v, {n});
  return make_array(reshape(pad(column, {size * size}, {first}, {size + 1}), {size, size}));
}

PyObject* record_trace(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "trace");
  const Ref diagonal =
      Ref::checked(diagonal_tracer(as_tracer(t.get()), a[1] ? integer_of(a[1]) : 0,
                                   a[2] ? integer_of(a[2]) : 0, a[3] ? integer_of(a[3]) : 1));
  const Expr d = expr_of(diagonal.get());
  const DType as = is_given(a[4]) ? dtype_of(a[4], "trace") : sum_dtype(d.dtype());
  return make_result(sum(as_dtype(d, as), {static_cast<std::int64_t>(d.rank()) - 1}));
}

PyObject* record_flip(const Arguments& a) {
  const Ref t = tracer_argument(a[0], "flip");
  if (type_of(as_tracer(t.get())).shape.empty()) {
    if (is_given(a[1])) {
      for (const std::int64_t axis : dims_of(a[1], "flip")) axis_of(axis, 0, "flip");
    }
    return make_result(expr_of(t.get()));
  }
  return flip_tracer(as_tracer(t.get()), a[1]);
}

PyObject* record_shape(const Arguments& a) {
  return tuple_of(array_argument(a[0], "shape").shape()).release();
}
PyObject* record_ndim(const Arguments& a) {
  return PyLong_FromSize_t(array_argument(a[0], "ndim").rank());
}
PyObject* record_size(const Arguments& a) {
  const Dims shape = array_argument(a[0], "size").shape();
  if (!is_given(a[1])) return PyLong_FromLongLong(element_count(shape));
  return PyLong_FromLongLong(
      shape[static_cast<std::size_t>(axis_of(integer_of(a[1]), shape.size(), "size"))]);
}

constexpr Function kFunctions[] = {
    {"reshape", {"reshape", {"a", "shape", "order", "copy"}, 2}, record_reshape, {"copy"}},
    {"transpose", {"transpose", {"a", "axes"}, 1}, record_transpose},
    {"matrix_transpose", {"matrix_transpose", {"x"}, 1}, record_matrix_transpose},
    {"swapaxes", {"swapaxes", {"a", "axis1", "axis2"}, 3}, record_swapaxes},
    {"moveaxis", {"moveaxis", {"a", "source", "destination"}, 3}, record_moveaxis},
    {"expand_dims", {"expand_dims", {"a", "axis"}, 2}, record_expand_dims},
    {"squeeze", {"squeeze", {"a", "axis"}, 1}, record_squeeze},
    {"broadcast_to", {"broadcast_to", {"array", "shape", "subok"}, 2}, record_broadcast_to},
    {"ravel", {"ravel", {"a", "order"}, 1}, record_ravel},
    {"copy", {"copy", {"a", "order", "subok"}, 1}, record_copy},
    {"diagonal", {"diagonal", {"a", "offset", "axis1", "axis2"}, 1}, record_diagonal},
    {"diag", {"diag", {"v", "k"}, 1}, record_diag},
    {"trace",
     {"trace", {"a", "offset", "axis1", "axis2", "dtype", "out"}, 1},
     record_trace,
     {"out"}},
    {"flip", {"flip", {"m", "axis"}, 1}, record_flip},
    {"shape", {"shape", {"a"}, 1}, record_shape},
    {"ndim", {"ndim", {"a"}, 1}, record_ndim},
    {"size", {"size", {"a", "axis"}, 1}, record_size},
};

}  // namespace

std::span<const Function> shape_functions() { return kFunctions; }

}  // namespace dualtape::engine
