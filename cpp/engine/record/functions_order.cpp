/// sort, argsort, partition, searchsorted, and accumulations along an axis.
#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/complex_order.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

Expr flattened(const Expr& x) { return x.rank() == 1 ? x : reshape(x, {element_count(x.shape())}); }

struct AlongAxis {
  Expr x;
  std::int64_t axis;
};

/// The last axis where none is given, all entries in a line for None.
AlongAxis along_axis(PyObject* array, PyObject* axis, const char* function) {
  const Expr x = array_argument(array, function);
  if (axis == Py_None) return {flattened(x), 0};
  return {x, axis_of(axis ? integer_of(axis) : -1, x.rank(), function)};
}

/// The same for complex values, where there are any; nullptr where there are none.
PyObject* of_complex(const Arguments& a, const char* function) {
  if (!is_complex(array_argument(a[0], function).dtype())) return nullptr;
  return complex_order(find_function(function)->signature, a);
}

PyObject* record_sort(const Arguments& a) {
  if (PyObject* result = of_complex(a, "sort")) return result;
  const AlongAxis given = along_axis(a[0], a[1], "sort");
  return make_array(sort(given.x, given.axis));
}

PyObject* record_argsort(const Arguments& a) {
  if (PyObject* result = of_complex(a, "argsort")) return result;
  // NumPy's argsort takes a number for a line of one.
  const bool number = array_argument(a[0], "argsort").rank() == 0;
  const AlongAxis given = along_axis(a[0], number ? Py_None : a[1], "argsort");
  return make_array(argsort(given.x, given.axis));
}

/// A whole sort is a partition at every kth.
AlongAxis partitioned(PyObject* array, PyObject* kth, PyObject* axis, const char* function) {
  const AlongAxis given = along_axis(array, axis, function);
  const std::int64_t n = given.x.shape()[static_cast<std::size_t>(given.axis)];
  for (const std::int64_t k : dims_of(kth, function)) {
    if (k >= -n && k < n) continue;
    raise(PyExc_ValueError, std::string(function) + ": kth=" + std::to_string(k) +
                                " is out of bounds for an axis of length " + std::to_string(n));
  }
  return given;
}

PyObject* record_partition(const Arguments& a) {
  if (PyObject* result = of_complex(a, "partition")) return result;
  const AlongAxis given = partitioned(a[0], a[1], a[2], "partition");
  return make_array(sort(given.x, given.axis));
}

PyObject* record_argpartition(const Arguments& a) {
  if (PyObject* result = of_complex(a, "argpartition")) return result;
  const AlongAxis given = partitioned(a[0], a[1], a[2], "argpartition");
  return make_array(argsort(given.x, given.axis));
}

bool is_right(PyObject* side) {
  if (!is_given(side)) return false;
  const std::string word = PyUnicode_Check(side) ? text_of(side) : std::string();
  if (word != "left" && word != "right") {
    raise(PyExc_ValueError, "searchsorted: side must be 'left' or 'right', got " +
                                text_of(Ref::checked(PyObject_Repr(side)).get()));
  }
  return word == "right";
}

PyObject* record_searchsorted(const Arguments& a) {
  const Operand operands[] = {operand_of(a[0], "searchsorted"), operand_of(a[1], "searchsorted")};
  Recorder& recorder = *recorder_of(operands);
  const DType d = result_dtype(operands);
  Expr sorted = lower(operands[0], recorder, d);
  const Expr v = lower(operands[1], recorder, d);
  if (sorted.rank() != 1) {
    throw ShapeError("searchsorted: a must be (n,), got " + to_string(sorted.shape()));
  }
  if (is_given(a[3])) {
    const Operand order = operand_of(a[3], "searchsorted");
    sorted = take(sorted, lower(order, recorder, DType::kInt64));
  }
  return make_result(reshape(searchsorted(sorted, flattened(v), is_right(a[2])), v.shape()));
}

/// NumPy multiplies small integers and booleans in the platform's integer.
DType product_dtype(DType d, PyObject* dtype) {
  if (is_given(dtype)) return dtype_of(dtype, "cumprod");
  if (d == DType::kBool || (is_integer(d) && d < DType::kUInt8)) return DType::kInt64;
  return is_integer(d) ? DType::kUInt64 : d;
}

PyObject* record_cumprod(const Arguments& a) {
  const Expr x = array_argument(a[0], "cumprod");
  const Expr y = is_given(a[1]) && x.rank() > 0 ? x : flattened(x);
  const std::int64_t axis = is_given(a[1]) ? axis_of(integer_of(a[1]), y.rank(), "cumprod") : 0;
  return make_array(cumprod(as_dtype(y, product_dtype(x.dtype(), a[2])), axis));
}

constexpr Function kFunctions[] = {
    {"sort", {"sort", {"a", "axis", "kind", "order", "stable"}, 1, 4}, record_sort, {"order"}},
    {"argsort",
     {"argsort", {"a", "axis", "kind", "order", "stable"}, 1, 4},
     record_argsort,
     {"order"}},
    {"partition",
     {"partition", {"a", "kth", "axis", "kind", "order"}, 2},
     record_partition,
     {"order"}},
    {"argpartition",
     {"argpartition", {"a", "kth", "axis", "kind", "order"}, 2},
     record_argpartition,
     {"order"}},
    {"searchsorted", {"searchsorted", {"a", "v", "side", "sorter"}, 2}, record_searchsorted},
    {"cumprod", {"cumprod", {"a", "axis", "dtype", "out"}, 1}, record_cumprod, {"out"}},
};

}  // namespace

std::span<const Function> order_functions() { return kFunctions; }

PyObject* accumulate_ufunc(int op, PyObject* x, PyObject* axis) {
  if (array_argument(x, "accumulate").rank() == 0)
    raise(PyExc_TypeError, "cannot accumulate on a scalar");
  const Ref zero = Ref::checked(PyLong_FromLong(0));
  Arguments a{};
  a[0] = x;
  a[1] = axis ? axis : zero.get();
  if (op == known_ops.add) return find_function("cumsum")->record(a);
  if (op == known_ops.multiply) return record_cumprod(a);
  if (op != known_ops.maximum && op != known_ops.minimum) return nullptr;
  const AlongAxis given = along_axis(a[0], a[1], "accumulate");
  if (is_complex(given.x.dtype())) return nullptr;
  return make_array((op == known_ops.maximum ? cummax : cummin)(given.x, given.axis));
}

}  // namespace dualtape::engine
