#include "record/shaping.hpp"

#include <algorithm>

#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/functions.hpp"

namespace dualtape::engine {

PyObject* reshape_tracer(TracerObject* t, Dims shape, bool in_columns) {
  if (in_columns) {
    const Ref turned = Ref::checked(reverse_axes(t));
    std::ranges::reverse(shape);
    const Ref reshaped = Ref::checked(reshape_tracer(as_tracer(turned.get()), std::move(shape)));
    return reverse_axes(as_tracer(reshaped.get()));
  }
  const Dims& old = type_of(t).shape;
  const std::int64_t n = element_count(old);
  std::int64_t known = 1;
  std::int64_t* unknown = nullptr;
  for (std::int64_t& d : shape) {
    if (d >= 0) {
      known *= d;
    } else if (unknown) {
      raise(PyExc_ValueError, "can only specify one unknown dimension");
    } else {
      unknown = &d;
    }
  }
  const bool fits = unknown ? known != 0 && n % known == 0 : known == n;
  if (!fits) {
    throw ShapeError("cannot reshape array of size " + std::to_string(n) + " into shape " +
                     to_string(shape));
  }
  if (unknown) *unknown = n / known;
  return view_reshape(t, std::move(shape));
}

PyObject* permute_tracer(TracerObject* t, Dims axes, std::size_t rank) {
  if (axes.size() != rank) raise(PyExc_ValueError, "axes don't match array");
  Dims seen(rank);
  for (std::int64_t& a : axes) {
    a = axis_of(a, rank, "transpose");
    if (seen[static_cast<std::size_t>(a)]++) {
      raise(PyExc_ValueError, "repeated axis in transpose");
    }
  }
  return view_transpose(t, std::move(axes));
}

PyObject* reverse_axes(TracerObject* t) {
  Dims axes = iota_dims(type_of(t).shape.size());
  std::ranges::reverse(axes);
  return view_transpose(t, std::move(axes));
}

PyObject* swap_axes(TracerObject* t, std::int64_t i, std::int64_t j, const char* function) {
  const std::size_t rank = type_of(t).shape.size();
  Dims axes = iota_dims(rank);
  std::swap(axes[static_cast<std::size_t>(axis_of(i, rank, function))],
            axes[static_cast<std::size_t>(axis_of(j, rank, function))]);
  return view_transpose(t, std::move(axes));
}

PyObject* squeeze_tracer(TracerObject* t, PyObject* axis) {
  const Dims& old = type_of(t).shape;
  Dims shape;
  if (!is_given(axis)) {
    std::ranges::copy_if(old, std::back_inserter(shape), [](auto n) { return n != 1; });
  } else {
    const Dims axes = axes_of(axis, old.size(), "squeeze");
    for (std::size_t i = 0; i < old.size(); ++i) {
      if (!axes.contains(static_cast<std::int64_t>(i))) {
        shape.push_back(old[i]);
      } else if (old[i] != 1) {
        raise(PyExc_ValueError,
              "cannot select an axis to squeeze out which has size not equal to one");
      }
    }
  }
  return view_reshape(t, std::move(shape));
}

PyObject* diagonal_tracer(TracerObject* t, std::int64_t offset, std::int64_t axis1,
                          std::int64_t axis2) {
  const std::size_t rank = type_of(t).shape.size();
  if (rank < 2) raise(PyExc_ValueError, "diag requires an array of at least two dimensions");
  const std::int64_t i = axis_of(axis1, rank, "diagonal"), j = axis_of(axis2, rank, "diagonal");
  if (i == j) raise(PyExc_ValueError, "axis1 and axis2 cannot be the same");
  t->recorder->require_open(t->id);
  Dims order;
  for (std::size_t a = 0; a < rank; ++a) {
    const auto axis = static_cast<std::int64_t>(a);
    if (axis != i && axis != j) order.push_back(axis);
  }
  order.push_back(i);
  order.push_back(j);
  const Ref turned = Ref::steal(view_transpose(t, order));
  const Dims shape = type_of(as_tracer(turned.get())).shape;
  const std::int64_t rows = shape[rank - 2], columns = shape[rank - 1];
  const std::int64_t down = offset < 0 ? -offset : 0, right = offset > 0 ? offset : 0;
  const std::int64_t n = std::max<std::int64_t>(0, std::min(rows - down, columns - right));
  // With the last two axes as one, the diagonal is a slice of step columns + 1. NumPy's is a view
  // in any memory order, and never written through.
  Dims flat(shape.begin(), shape.end() - 2);
  flat.push_back(rows * columns);
  const Ref line = Ref::steal(make_view(as_tracer(turned.get()), {kReshape, flat, {}, {}}, true));
  Dims start(rank - 1), step(rank - 1, 1), count = flat;
  start.back() = n ? down * columns + right : 0;
  step.back() = columns + 1;
  count.back() = n;
  PyObject* result = view_slice(as_tracer(line.get()), start, count, step);
  as_tracer(result)->read_only = true;
  return result;
}

PyObject* flip_tracer(TracerObject* t, PyObject* axis) {
  const Dims& shape = type_of(t).shape;
  Dims start(shape.size()), step(shape.size(), 1);
  for (std::int64_t a : axes_of(axis, shape.size(), "flip")) {
    const auto i = static_cast<std::size_t>(a);
    start[i] = std::max<std::int64_t>(0, shape[i] - 1);
    step[i] = -1;
  }
  return view_slice(t, start, shape, step);
}

}  // namespace dualtape::engine
