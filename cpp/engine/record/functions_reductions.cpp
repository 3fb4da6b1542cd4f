/// sum, mean, max and their kind.
#include <algorithm>

#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/complex_order.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

using Reduce = Expr (*)(const Expr&, Dims);

/// The reduced axes kept with length one, or the reduction as it is.
PyObject* reduced(const Expr& x, const Expr& result, const Dims& axes, PyObject* keepdims) {
  if (!flag(keepdims)) return make_result(result);
  Dims shape = x.shape();
  for (std::int64_t axis : axes) shape[static_cast<std::size_t>(axis)] = 1;
  return make_result(result.shape() == shape ? result : reshape(result, shape));
}

/// NumPy adds small integers and booleans up in the platform's integer.
DType accumulator(const Expr& x, PyObject* dtype, const char* function) {
  return is_given(dtype) ? dtype_of(dtype, function) : sum_dtype(x.dtype());
}

Expr apply(OpCode op, std::initializer_list<Expr> args) {
  return emit_elementwise(op, {args.begin(), args.size()});
}

/// where=: entries it leaves out are `other`, which does not change the reduction.
Expr chosen(const Expr& x, PyObject* where, const Expr& other, const char* function) {
  const Expr mask = as_dtype(array_argument(where, function), DType::kBool);
  const Dims shape = x.shape();
  const Expr result = apply(known_ops.where, {mask, x, other});
  if (result.shape() != shape) {
    throw ShapeError(std::string(function) + ": where must broadcast to shape " + to_string(shape) +
                     ", got " + to_string(mask.shape()));
  }
  return result;
}

/// The operand of initial= as a number of x's type.
Expr initial_of(PyObject* initial, const Expr& x, const char* function) {
  Operand operand = operand_of(initial, function);
  return lower(operand, *Recorder::of(x.builder()), x.dtype());
}

template <Reduce F>
PyObject* accumulate(const Arguments& a, const char* function, OpCode combine, double identity) {
  Expr x = array_argument(a[0], function);
  const Dims axes = axes_of(a[1], x.rank(), function);
  x = as_dtype(x, accumulator(x, a[2], function));
  if (is_given(a[6])) x = chosen(x, a[6], constant(x.builder(), identity, x.dtype()), function);
  const Expr total = F(x, axes);
  if (!is_given(a[5])) return reduced(x, total, axes, a[4]);
  return reduced(x, apply(combine, {total, initial_of(a[5], total, function)}), axes, a[4]);
}

PyObject* record_sum(const Arguments& a) { return accumulate<sum>(a, "sum", known_ops.add, 0); }
PyObject* record_prod(const Arguments& a) {
  return accumulate<prod>(a, "prod", known_ops.multiply, 1);
}

/// How many entries where= takes of each sum.
Expr count_of(const Expr& x, const Dims& axes, PyObject* where, DType d) {
  const Dims shape = x.shape();
  const Expr one = constant(x.builder(), 1, d), zero = constant(x.builder(), 0, d);
  const Expr mask = as_dtype(array_argument(where, "mean"), DType::kBool);
  const Expr taken = apply(known_ops.where, {mask, one, zero});
  return sum(taken.shape() == shape ? taken : broadcast_to(taken, shape), axes);
}

PyObject* record_mean(const Arguments& a) {
  const Expr x = array_argument(a[0], "mean");
  const Dims axes = axes_of(a[1], x.rank(), "mean");
  const bool is_masked = is_given(a[5]);
  if (x.rank() == 0 && is_given(a[1]) && (!is_masked || a[5] == Py_True)) {
    // Unlike sum, NumPy's mean has no axis 0 of a number, but where it counts a mask's entries.
    for (std::int64_t axis : dims_of(a[1], "mean")) axis_of(axis, 0, "mean");
  }
  const DType d = is_given(a[2])          ? dtype_of(a[2], "mean")
                  : is_inexact(x.dtype()) ? x.dtype()
                                          : DType::kFloat64;
  if (!is_inexact(d)) {
    raise(PyExc_TypeError, "mean: dtype must be a float or complex type for traced values, got " +
                               std::string(dtype_name(d)) + "; write sum(x, dtype=...) // n");
  }
  double n = 1;
  for (std::int64_t axis : axes)
    n *= static_cast<double>(x.shape()[static_cast<std::size_t>(axis)]);
  Expr y = as_dtype(x, d);
  if (is_masked) y = chosen(y, a[5], constant(y.builder(), 0, d), "mean");
  const Expr total = sum(y, axes);
  // The count follows from the shape: it is structure.
  const Expr count = is_masked ? count_of(y, axes, a[5], d) : constant(total.builder(), n, d);
  return reduced(x, apply(known_ops.divide, {total, count}), axes, a[4]);
}

template <Reduce F>
PyObject* extreme(const Arguments& a, const char* function, OpCode combine) {
  Expr x = array_argument(a[0], function);
  const Dims axes = axes_of(a[1], x.rank(), function);
  if (is_complex(x.dtype())) return complex_order(find_function(function)->signature, a);
  const bool is_empty = std::ranges::any_of(
      axes, [&](std::int64_t i) { return x.shape()[static_cast<std::size_t>(i)] == 0; });
  if (!is_given(a[4])) {
    if (is_empty || is_given(a[5])) {
      raise(PyExc_ValueError, std::string(is_empty ? "zero-size array to" : "where= of the") +
                                  " reduction operation " + function +
                                  " which has no identity; give initial=");
    }
    return reduced(x, F(x, axes), axes, a[3]);
  }
  const Expr initial = initial_of(a[4], x, function);
  if (is_empty) {
    Dims shape;
    for (std::size_t i = 0; i < x.rank(); ++i) {
      if (!axes.contains(static_cast<std::int64_t>(i))) shape.push_back(x.shape()[i]);
    }
    return reduced(x, shape.empty() ? initial : broadcast_to(initial, shape), axes, a[3]);
  }
  if (is_given(a[5])) x = chosen(x, a[5], initial, function);
  return reduced(x, apply(combine, {F(x, axes), initial}), axes, a[3]);
}

PyObject* record_max(const Arguments& a) { return extreme<max>(a, "max", known_ops.maximum); }
PyObject* record_min(const Arguments& a) { return extreme<min>(a, "min", known_ops.minimum); }

template <Reduce F>
PyObject* logical(const Arguments& a, const char* function, bool identity) {
  Expr x = as_dtype(array_argument(a[0], function), DType::kBool);
  const Dims axes = axes_of(a[1], x.rank(), function);
  if (is_given(a[4])) {
    x = chosen(x, a[4], constant(x.builder(), identity, DType::kBool), function);
  }
  return reduced(x, F(x, axes), axes, a[3]);
}

PyObject* record_all(const Arguments& a) { return logical<all>(a, "all", true); }
PyObject* record_any(const Arguments& a) { return logical<any>(a, "any", false); }

Expr flattened(const Expr& x) { return x.rank() == 1 ? x : reshape(x, {element_count(x.shape())}); }

template <Expr (*F)(const Expr&, std::int64_t)>
PyObject* position(const Arguments& a, const char* function) {
  const Expr x = array_argument(a[0], function);
  if (is_complex(x.dtype())) return complex_order(find_function(function)->signature, a);
  const bool is_number = x.rank() == 0 && is_given(a[1]);
  if (is_number) axes_of(a[1], 0, function);  // NumPy takes axis 0 or -1 of a number
  const bool is_flat = is_number || !is_given(a[1]);
  const std::int64_t axis = is_flat ? 0 : axis_of(integer_of(a[1]), x.rank(), function);
  const Expr y = is_flat ? flattened(x) : x;
  if (y.shape()[static_cast<std::size_t>(axis)] == 0) {
    raise(PyExc_ValueError, std::string("attempt to get ") + function + " of an empty sequence");
  }
  Dims axes{axis};
  if (is_flat) axes = iota_dims(x.rank());
  return reduced(x, F(y, axis), axes, a[3]);
}

PyObject* record_argmax(const Arguments& a) { return position<argmax>(a, "argmax"); }
PyObject* record_argmin(const Arguments& a) { return position<argmin>(a, "argmin"); }

PyObject* record_cumsum(const Arguments& a) {
  const Expr x = array_argument(a[0], "cumsum");
  const bool is_flat = !is_given(a[1]) || x.rank() == 0;
  const Expr y = as_dtype(is_flat ? flattened(x) : x, accumulator(x, a[2], "cumsum"));
  // A number is summed up as an array of one.
  const std::int64_t axis = is_given(a[1]) ? axis_of(integer_of(a[1]), y.rank(), "cumsum") : 0;
  return make_array(cumsum(y, axis, false));
}

constexpr Function kFunctions[] = {
    {"sum",
     {"sum", {"a", "axis", "dtype", "out", "keepdims", "initial", "where"}, 1},
     record_sum,
     {"out"}},
    {"prod",
     {"prod", {"a", "axis", "dtype", "out", "keepdims", "initial", "where"}, 1},
     record_prod,
     {"out"}},
    {"mean", {"mean", {"a", "axis", "dtype", "out", "keepdims", "where"}, 1}, record_mean, {"out"}},
    {"max", {"max", {"a", "axis", "out", "keepdims", "initial", "where"}, 1}, record_max, {"out"}},
    {"min", {"min", {"a", "axis", "out", "keepdims", "initial", "where"}, 1}, record_min, {"out"}},
    {"all", {"all", {"a", "axis", "out", "keepdims", "where"}, 1}, record_all, {"out"}},
    {"any", {"any", {"a", "axis", "out", "keepdims", "where"}, 1}, record_any, {"out"}},
    {"argmax", {"argmax", {"a", "axis", "out", "keepdims"}, 1}, record_argmax, {"out"}},
    {"argmin", {"argmin", {"a", "axis", "out", "keepdims"}, 1}, record_argmin, {"out"}},
    {"cumsum", {"cumsum", {"a", "axis", "dtype", "out"}, 1}, record_cumsum, {"out"}},
};

[[noreturn]] void raise_axis(std::int64_t axis, std::size_t rank, std::string_view function) {
  static PyObject* const type = numpy_attribute("exceptions.AxisError").release();
  raise(type, std::string(function) + ": axis " + std::to_string(axis) +
                  " is out of bounds for array of dimension " + std::to_string(rank));
}

}  // namespace

DType sum_dtype(DType d) {
  if (d == DType::kBool || (is_integer(d) && d < DType::kUInt8)) return DType::kInt64;
  return is_integer(d) ? DType::kUInt64 : d;
}

std::span<const Function> reduction_functions() { return kFunctions; }

std::int64_t axis_of(std::int64_t axis, std::size_t rank, std::string_view function) {
  const auto n = static_cast<std::int64_t>(rank);
  if (axis < -n || axis >= n) raise_axis(axis, rank, function);
  return axis < 0 ? axis + n : axis;
}

Dims axes_of(PyObject* axis, std::size_t rank, std::string_view function) {
  if (!is_given(axis)) return iota_dims(rank);
  Dims axes = dims_of(axis, function);
  for (std::int64_t& a : axes) {
    // NumPy lets a scalar be reduced along axis 0 or -1, as numbers.
    if (rank == 0 && !PyTuple_Check(axis) && (a == 0 || a == -1)) return {};
    a = axis_of(a, rank, function);
  }
  std::ranges::sort(axes);
  if (std::ranges::adjacent_find(axes) != axes.end()) {
    raise(PyExc_ValueError, "duplicate value in 'axis'");
  }
  return axes;
}

}  // namespace dualtape::engine
