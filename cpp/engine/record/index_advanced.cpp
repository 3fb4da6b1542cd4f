/// Indexing with arrays: the indexed axes are moved to the front and flattened, and one linear
/// index takes from them.
#include <algorithm>
#include <cstring>

#include "program/errors.hpp"
#include "record/dtypes.hpp"
#include "record/indexing.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

using Kind = IndexItem::Kind;

/// Where NumPy puts the axes of x[index].
struct Layout {
  Dims slice_start, slice_count, slice_step;  // of every axis of x; indexed axes whole
  bool has_slices = false;
  Dims order;         // axes of x: indexed ones, then the others
  Dims indexed;       // lengths of the indexed axes
  Dims rest;          // lengths of the others, sliced
  std::size_t front;  // how many of the others come before the index's axes in the result
  std::vector<const IndexItem*> arrays;  // one for each indexed axis
};

bool is_indexed(const IndexItem& item) {
  return item.kind == Kind::kArray || item.kind == Kind::kInteger;
}

/// The index's axes stay in place if its arrays and integers are side by side; else they come
/// first.
bool are_adjacent(const Index& index) {
  const auto& items = index.items;
  const auto first = std::ranges::find_if(items, is_indexed);
  const auto last = std::ranges::find_if(items.rbegin(), items.rend(), is_indexed).base();
  return std::all_of(first, last, is_indexed);
}

Layout layout_of(const Index& index, const Dims& shape) {
  Layout l;
  Dims others;
  std::size_t axis = 0, before = 0;
  bool seen = false;
  for (const IndexItem& item : index.items) {
    if (item.kind == Kind::kNewAxis || item.kind == Kind::kGap) continue;
    const std::int64_t n = shape[axis];
    if (is_indexed(item)) {
      l.order.push_back(static_cast<std::int64_t>(axis));
      l.indexed.push_back(n);
      l.arrays.push_back(&item);
      seen = true;
    } else {
      others.push_back(static_cast<std::int64_t>(axis));
      l.rest.push_back(item.count);
      if (!seen) ++before;
    }
    const bool is_whole = is_indexed(item) || (item.count == n && item.step == 1);
    l.slice_start.push_back(is_whole ? 0 : item.start);
    l.slice_count.push_back(is_whole ? n : item.count);
    l.slice_step.push_back(is_whole ? 1 : item.step);
    l.has_slices = l.has_slices || !is_whole;
    ++axis;
  }
  l.order.append(others);
  l.front = are_adjacent(index) ? before : 0;
  return l;
}

/// Whether all entries lie in [-size, size). The sign of a sum tells, so that a vector compares two
/// at once without branching; sums wrap, as those of entries beyond the range may.
bool are_inside(PyArrayObject* indices, std::int64_t size) {
  using Pair [[gnu::vector_size(16)]] = std::uint64_t;
  const auto* p = static_cast<const std::uint64_t*>(PyArray_DATA(indices));
  const auto n = static_cast<std::size_t>(PyArray_SIZE(indices));
  const auto count = static_cast<std::uint64_t>(size);
  Pair signs[4] = {};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t k = 0; k < 4; ++k) {
      Pair v;
      std::memcpy(&v, p + i + 2 * k, sizeof v);
      signs[k] |= (v + count) | (count - 1 - v);
    }
  }
  const Pair both = (signs[0] | signs[1]) | (signs[2] | signs[3]);
  std::uint64_t all = both[0] | both[1];
  for (; i < n; ++i) all |= (p[i] + count) | (count - 1 - p[i]);
  return all >> 63 == 0;
}

/// All index arrays known: checked and combined now. Negative entries count from the end.
Ref linear_index(const Layout& l) {
  const auto n = static_cast<int>(l.arrays.size());
  std::vector<Ref> arrays;
  std::vector<PyObject*> pointers;
  for (const IndexItem* item : l.arrays) {
    arrays.push_back(item->array ? item->array : Ref::checked(PyLong_FromLongLong(item->start)));
    pointers.push_back(arrays.back().get());
  }
  if (n > 32) raise(PyExc_IndexError, "too many index arrays");
  const Ref iterator = Ref::steal(PyArray_MultiIterFromObjects(pointers.data(), n, 0));
  if (!iterator) {
    PyErr_Clear();
    raise(PyExc_IndexError, "shape mismatch: indexing arrays could not be broadcast together");
  }
  auto* multi = reinterpret_cast<PyArrayMultiIterObject*>(iterator.get());
  Dims shape;
  for (int i = 0; i < PyArray_MultiIter_NDIM(multi); ++i) {
    shape.push_back(PyArray_MultiIter_DIMS(multi)[i]);
  }
  Ref result = new_array(DType::kInt64, shape);
  auto* out = static_cast<std::int64_t*>(PyArray_DATA(result.array()));
  while (PyArray_MultiIter_NOTDONE(multi)) {
    std::int64_t linear = 0;
    for (int k = 0; k < n; ++k) {
      const std::int64_t size = l.indexed[static_cast<std::size_t>(k)];
      std::int64_t i = *static_cast<std::int64_t*>(PyArray_MultiIter_DATA(multi, k));
      if (i < -size || i >= size) {
        raise(PyExc_IndexError, "index " + std::to_string(i) + " is out of bounds for axis " +
                                    std::to_string(l.order[static_cast<std::size_t>(k)]) +
                                    " with size " + std::to_string(size));
      }
      linear = linear * size + (i < 0 ? i + size : i);
    }
    *out++ = linear;
    PyArray_MultiIter_NEXT(multi);
  }
  return result;
}

Expr integer(Recorder& r, std::int64_t v) {
  const Ref number = Ref::checked(PyLong_FromLongLong(v));
  return {r, r.number(number.get(), DType::kInt64)};
}

Expr apply(OpCode op, std::initializer_list<Expr> args) {
  return emit_elementwise(op, {args.begin(), args.size()});
}

/// Some index arrays are traced: combined by recorded arithmetic. An entry out of range on any axis
/// makes the linear index one that `take` refuses when it runs.
Expr traced_linear_index(const Layout& l, Recorder& r) {
  const auto lowered = [&](const IndexItem& item) -> Expr {
    if (!item.array) return integer(r, item.start);
    if (!is_tracer(item.array.get())) return {r, r.capture(item.array.get())};
    const Expr x = expr_of(item.array.get());
    return x.dtype() == DType::kInt64 ? x : convert(x, DType::kInt64);
  };
  if (l.arrays.size() == 1) return lowered(*l.arrays[0]);
  Expr linear, valid;
  for (std::size_t k = 0; k < l.arrays.size(); ++k) {
    const Expr i = lowered(*l.arrays[k]);
    const Expr size = integer(r, l.indexed[k]), zero = integer(r, 0);
    const Expr is_inside =
        apply(known_ops.logical_and,
              {apply(known_ops.less, {i, size}),
               apply(known_ops.greater_equal, {apply(known_ops.add, {i, size}), zero})});
    const Expr wrapped = apply(
        known_ops.where, {apply(known_ops.less, {i, zero}), apply(known_ops.add, {i, size}), i});
    linear = k == 0 ? wrapped
                    : apply(known_ops.add, {apply(known_ops.multiply, {linear, size}), wrapped});
    valid = k == 0 ? is_inside : apply(known_ops.logical_and, {valid, is_inside});
  }
  return apply(known_ops.where, {valid, linear, integer(r, element_count(l.indexed))});
}

Expr index_expr(const Layout& l, Recorder& r) {
  const bool is_traced = std::ranges::any_of(
      l.arrays, [](const IndexItem* item) { return item->array && is_tracer(item->array.get()); });
  if (is_traced) return traced_linear_index(l, r);
  // A single index array is used as it is, so that the same array stays one input.
  if (l.arrays.size() == 1 && l.arrays[0]->array) {
    const Ref& single = l.arrays[0]->array;
    if (!PyArray_ISCARRAY_RO(single.array()) || !are_inside(single.array(), l.indexed[0])) {
      linear_index(l);  // may raise
    }
    return {r, r.capture(single.get())};
  }
  return {r, r.capture(linear_index(l).get())};
}

bool is_identity(const Dims& permutation) { return permutation == iota_dims(permutation.size()); }

Dims inverse_of(const Dims& permutation) {
  Dims inverse(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    inverse[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return inverse;
}

Expr transposed(const Expr& x, const Dims& permutation) {
  return is_identity(permutation) ? x : transpose(x, permutation);
}

Expr reshaped(const Expr& x, const Dims& shape) {
  return x.shape() == shape ? x : reshape(x, shape);
}

/// Axes of `take`'s result (index, rest) in NumPy's order.
Dims result_order(const Layout& l, std::size_t index_rank) {
  Dims order;
  const auto shift = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) order.push_back(static_cast<std::int64_t>(i));
  };
  shift(index_rank, index_rank + l.front);
  shift(0, index_rank);
  shift(index_rank + l.front, index_rank + l.rest.size());
  return order;
}

/// The result's shape with the new axes put in.
Dims with_new_axes(const Index& index, const Layout& l, const Dims& shape, std::size_t index_rank) {
  Dims full;
  std::size_t next = 0;
  bool placed = false;
  const auto place_index = [&] {
    for (std::size_t i = 0; i < index_rank; ++i) full.push_back(shape[next++]);
    placed = true;
  };
  if (!are_adjacent(index)) place_index();
  static_cast<void>(l);
  for (const IndexItem& item : index.items) {
    if (is_indexed(item)) {
      if (!placed) place_index();
    } else if (item.kind == Kind::kNewAxis) {
      full.push_back(1);
    } else if (item.kind == Kind::kSlice) {
      full.push_back(shape[next++]);
    }
  }
  return full;
}

/// x with the indexed axes flattened in front.
Expr flattened(const Expr& x, const Layout& l) {
  Expr y = l.has_slices ? slice(x, l.slice_start, l.slice_count, l.slice_step) : x;
  Dims shape{element_count(l.indexed)};
  shape.append(l.rest);
  return reshaped(transposed(y, l.order), shape);
}

/// NumPy's integers of shape () that are no arrays index as Python's do: what they leave is a view.
bool is_view(const Index& index) {
  const bool is_entry = !index.has_ellipsis && basic_shape(index).empty();
  return !is_entry && !index.has_zero_d &&
         std::ranges::none_of(index.items, [](const IndexItem& item) {
           return item.array && !(is_tracer(item.array.get()) &&
                                  as_tracer(item.array.get())->kind == ValueKind::kScalar);
         });
}

}  // namespace

Expr read_advanced(const Expr& x, const Index& index) {
  const Layout l = layout_of(index, x.shape());
  const Expr linear = index_expr(l, *Recorder::of(x.builder()));
  const Expr taken = take(flattened(x, l), linear);
  const Expr placed = transposed(taken, result_order(l, linear.rank()));
  return reshaped(placed, with_new_axes(index, l, placed.shape(), linear.rank()));
}

PyObject* take_advanced(TracerObject* t, const Index& index) {
  t->recorder->require_open(t->id);
  if (t->kind == ValueKind::kArray && is_view(index)) {
    ViewOp how{kTake, {}, {}, {}, std::make_shared<const Index>(index)};
    return make_view(t, std::move(how));
  }
  const Expr result = read_advanced(expr_of(t), index);
  PyObject* tracer = index.has_ellipsis ? make_array(result) : make_result(result);
  as_tracer(tracer)->order_unknown = result.rank() > 1;
  return tracer;
}

Expr write_advanced(const Expr& x, const Index& index, const Expr& v, EntryWrite write) {
  Recorder& r = *Recorder::of(x.builder());
  const Layout l = layout_of(index, x.shape());
  const Expr linear = index_expr(l, r);
  const Dims order = result_order(l, linear.rank());
  Dims taken_shape = linear.shape();
  taken_shape.append(l.rest);
  Dims placed_shape;
  for (std::int64_t axis : order)
    placed_shape.push_back(taken_shape[static_cast<std::size_t>(axis)]);
  const Dims full = with_new_axes(index, l, placed_shape, linear.rank());
  const Expr values =
      transposed(reshaped(broadcast_into(v, full), placed_shape), inverse_of(order));
  const Expr source = l.has_slices ? slice(x, l.slice_start, l.slice_count, l.slice_step) : x;
  const Expr moved = transposed(source, l.order);
  const Expr written = write(flattened(x, l), linear, values);
  const Expr restored = transposed(reshaped(written, moved.shape()), inverse_of(l.order));
  return l.has_slices ? update_slice(x, restored, l.slice_start, l.slice_step) : restored;
}

}  // namespace dualtape::engine
