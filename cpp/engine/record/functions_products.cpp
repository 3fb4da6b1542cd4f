/// dot, matmul, outer, and linear algebra.
#include "program/errors.hpp"
#include "record/arrays.hpp"
#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

using Product = Expr (*)(const Expr&, const Expr&);

/// The common element type of operands that NumPy makes arrays first: a Python number counts as the
/// array it becomes.
DType array_dtype(const Operand& a, const Operand& b) {
  Operand types[2];
  types[0].code = static_cast<TypeCode>(strong_dtype(a.code));
  types[1].code = static_cast<TypeCode>(strong_dtype(b.code));
  return result_dtype(types);
}

/// A product of two operands in their common element type.
PyObject* product(const Operand& a, const Operand& b, Product f) {
  const Operand operands[] = {a, b};
  Recorder& recorder = *recorder_of(operands);
  const DType d = array_dtype(a, b);
  return make_result(f(lower(a, recorder, d), lower(b, recorder, d)));
}

Expr multiply(const Expr& a, const Expr& b) {
  const Expr args[] = {a, b};
  return emit_elementwise(known_ops.multiply, args);
}

Expr flattened(const Expr& x) { return x.rank() == 1 ? x : reshape(x, {element_count(x.shape())}); }

Expr dot_or_scale(const Expr& a, const Expr& b) {
  return a.rank() == 0 || b.rank() == 0 ? multiply(a, b) : dot(a, b);
}
Expr inner_product(const Expr& a, const Expr& b) {
  if (a.rank() == 0 || b.rank() == 0) return multiply(a, b);
  const auto last = [](const Expr& x) { return Dims{static_cast<std::int64_t>(x.rank()) - 1}; };
  if (a.shape().back() != b.shape().back()) {
    throw ShapeError("inner: last axes must have the same length, got " + to_string(a.shape()) +
                     " and " + to_string(b.shape()));
  }
  return tensordot(a, b, last(a), last(b));
}
Expr outer_product(const Expr& a, const Expr& b) {
  const Expr x = flattened(a), y = flattened(b);
  return multiply(reshape(x, {x.shape()[0], 1}), reshape(y, {1, y.shape()[0]}));
}
Expr flat_dot(const Expr& a, const Expr& b) { return dot(conj(flattened(a)), flattened(b)); }

template <Product F>
PyObject* record_product(const Arguments& a) {
  return product(operand_of(a[0], "product"), operand_of(a[1], "product"), F);
}

PyObject* record_matmul(const Arguments& a) {
  return matmul_result(operand_of(a[0], "matmul"), operand_of(a[1], "matmul"));
}

/// NumPy's linear algebra works on float64 where it gets integers.
DType inexact(DType d) { return is_inexact(d) ? d : DType::kFloat64; }

PyObject* record_solve(const Arguments& a) {
  const Operand operands[] = {operand_of(a[0], "solve"), operand_of(a[1], "solve")};
  Recorder& recorder = *recorder_of(operands);
  const DType d = inexact(result_dtype(operands));
  return make_result(
      linalg_solve(lower(operands[0], recorder, d), lower(operands[1], recorder, d)));
}

PyObject* record_inv(const Arguments& a) {
  const Expr x = array_argument(a[0], "inv");
  return make_result(inv(as_dtype(x, inexact(x.dtype()))));
}

PyObject* record_det(const Arguments& a) {
  const Expr x = array_argument(a[0], "det");
  return make_result(det(as_dtype(x, inexact(x.dtype()))));
}

constexpr Function kFunctions[] = {
    {"dot", {"dot", {"a", "b", "out"}, 2}, record_product<dot_or_scale>, {"out"}},
    {"matmul", {"matmul", {"x1", "x2"}, 2}, record_matmul},
    {"inner", {"inner", {"a", "b"}, 2}, record_product<inner_product>},
    {"outer", {"outer", {"a", "b", "out"}, 2}, record_product<outer_product>, {"out"}},
    {"vdot", {"vdot", {"a", "b"}, 2}, record_product<flat_dot>},
    {"linalg.solve", {"solve", {"a", "b"}, 2}, record_solve},
    {"linalg.inv", {"inv", {"a"}, 1}, record_inv},
    {"linalg.det", {"det", {"a"}, 1}, record_det},
};

}  // namespace

std::span<const Function> product_functions() { return kFunctions; }

PyObject* matmul_result(const Operand& a, const Operand& b) {
  return product(a, b, [](const Expr& x, const Expr& y) {
    if (x.rank() == 0 || y.rank() == 0) {
      throw ShapeError("matmul: operands must have at least one axis, got shapes " +
                       to_string(x.shape()) + " and " + to_string(y.shape()));
    }
    return matmul(x, y);
  });
}

}  // namespace dualtape::engine
