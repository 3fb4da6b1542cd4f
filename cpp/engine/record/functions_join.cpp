/// concatenate, stack, and arrays of nested lists.
#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/dtypes.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"

namespace dualtape::engine {
namespace {

std::vector<Operand> operands_of(PyObject* sequence, const char* function) {
  // A traced array stands for the sequence of its rows.
  const Ref items = is_tracer(sequence)
                        ? Ref::checked(PySequence_List(sequence))
                        : Ref::checked(PySequence_Fast(sequence, "a sequence of arrays is wanted"));
  std::vector<Operand> operands;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(items.get()); ++i) {
    PyObject* item = PySequence_Fast_GET_ITEM(items.get(), i);
    operands.push_back(operand_of(item, function));
    if (!operands.back().holder) operands.back().holder = Ref::borrow(item);
  }
  if (operands.empty())
    raise(PyExc_ValueError, "need at least one array to " + std::string(function));
  return operands;
}

std::vector<Expr> lowered(const std::vector<Operand>& operands, PyObject* dtype) {
  Recorder& recorder = *recorder_of(operands);
  const DType d = is_given(dtype) ? dtype_of(dtype, "concatenate") : result_dtype(operands);
  std::vector<Expr> parts;
  for (const Operand& o : operands) parts.push_back(lower(o, recorder, d));
  return parts;
}

Expr stacked(const std::vector<Expr>& parts, std::int64_t axis) {
  std::vector<Expr> raised;
  const Dims shape = parts[0].shape();  // writing an instruction moves the types
  for (const Expr& part : parts) {
    if (part.shape() != shape) {
      throw ShapeError("stack: all input arrays must have the same shape, got " + to_string(shape) +
                       " and " + to_string(part.shape()));
    }
    Dims longer = shape;
    longer.insert(static_cast<std::size_t>(axis), 1);
    raised.push_back(reshape(part, longer));
  }
  return concatenate(raised, axis);
}

PyObject* record_concatenate(const Arguments& a) {
  std::vector<Expr> parts = lowered(operands_of(a[0], "concatenate"), a[3]);
  if (a[1] == Py_None) {
    for (Expr& part : parts) part = reshape(part, {element_count(part.shape())});
    return make_array(concatenate(parts, 0));
  }
  if (parts[0].rank() == 0)
    raise(PyExc_ValueError, "zero-dimensional arrays cannot be concatenated");
  const std::int64_t axis = a[1] ? integer_of(a[1]) : 0;
  return make_array(concatenate(parts, axis_of(axis, parts[0].rank(), "concatenate")));
}

PyObject* record_stack(const Arguments& a) {
  const std::vector<Expr> parts = lowered(operands_of(a[0], "stack"), a[3]);
  const std::int64_t axis = a[1] ? integer_of(a[1]) : 0;
  return make_array(stacked(parts, axis_of(axis, parts[0].rank() + 1, "stack")));
}

/// Axes NumPy has at most; a list that holds itself has no end.
constexpr std::size_t kMaxDepth = 64;

bool is_nest(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }

bool holds_tracer_to_depth(PyObject* nested, std::size_t depth) {
  if (is_tracer(nested)) return true;
  if (!is_nest(nested) || depth == 0) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(nested); ++i) {
    if (holds_tracer_to_depth(PySequence_Fast_GET_ITEM(nested, i), depth - 1)) return true;
  }
  return false;
}

/// Leaves of the nest in order, and its shape; ValueError if it is ragged.
void collect(PyObject* nest, std::size_t depth, Dims& shape, std::vector<PyObject*>& leaves) {
  if (!is_nest(nest)) {
    if (depth != shape.size() && depth < shape.size()) {
      raise(PyExc_ValueError, "array: the nested sequences are ragged");
    }
    leaves.push_back(nest);
    return;
  }
  const Py_ssize_t n = PySequence_Fast_GET_SIZE(nest);
  if (depth > kMaxDepth) raise(PyExc_ValueError, "array: nested too deeply");
  if (shape.size() == depth && leaves.empty()) shape.push_back(n);
  if (depth >= shape.size() || shape[depth] != n) {
    raise(PyExc_ValueError, "array: the nested sequences are ragged");
  }
  for (Py_ssize_t i = 0; i < n; ++i) {
    collect(PySequence_Fast_GET_ITEM(nest, i), depth + 1, shape, leaves);
  }
}

constexpr Function kFunctions[] = {
    {"concatenate",
     {"concatenate", {"arrays", "axis", "out", "dtype", "casting"}, 1, 3},
     record_concatenate,
     {"out"}},
    {"stack",
     {"stack", {"arrays", "axis", "out", "dtype", "casting"}, 1, 3},
     record_stack,
     {"out"}},
};

}  // namespace

std::span<const Function> join_functions() { return kFunctions; }

bool holds_tracer(PyObject* nested) { return holds_tracer_to_depth(nested, kMaxDepth); }

Ref array_of(PyObject* nested) {
  if (!holds_tracer(nested)) return Ref::checked(PyArray_FROM_O(nested));
  Dims shape;
  std::vector<PyObject*> leaves;
  collect(nested, 0, shape, leaves);
  std::vector<Operand> operands;
  for (PyObject* leaf : leaves) operands.push_back(operand_of(leaf, "array"));
  const std::vector<Expr> parts = lowered(operands, nullptr);
  Expr all = stacked(parts, 0);
  shape.append(parts[0].shape());
  return Ref::steal(make_array(all.shape() == shape ? all : reshape(all, shape)));
}

}  // namespace dualtape::engine
