#include "program/expr.hpp"

#include <algorithm>
#include <array>

#include "ops/array_ops.hpp"
#include "ops/elementwise.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

std::string_view op_name(OpCode op) {
  if (!is_array_op(op)) return elementwise(op).name;
  static constexpr std::string_view names[] = {"input",
                                               "constant",
                                               "call",
                                               "get",
                                               "custom_jvp",
                                               "custom_vjp",
                                               "custom_linear",
                                               "reshape",
                                               "transpose",
                                               "broadcast_to",
                                               "slice",
                                               "stop_gradient",
                                               "convert",
                                               "pad",
                                               "update_slice",
                                               "add_slice",
                                               "concatenate",
                                               "take",
                                               "take_add",
                                               "take_set",
                                               "iota",
                                               "eye",
                                               "sum",
                                               "prod",
                                               "max",
                                               "min",
                                               "all",
                                               "any",
                                               "argmax",
                                               "argmin",
                                               "cumsum",
                                               "sort",
                                               "argsort",
                                               "search_sorted",
                                               "cummax",
                                               "cummin",
                                               "recurrence",
                                               "dot_general",
                                               "lu",
                                               "solve",
                                               "inv",
                                               "det",
                                               "cofactor",
                                               "fft",
                                               "rfft",
                                               "irfft",
                                               "slog_det",
                                               "pivots",
                                               "cholesky",
                                               "cholesky_tangent",
                                               "triangular_solve",
                                               "eigh",
                                               "svd",
                                               "qr",
                                               "factor",
                                               "pinv",
                                               "sylvester",
                                               "matrix_function",
                                               "frechet",
                                               "external",
                                               "zero_multiply",
                                               "real",
                                               "imag",
                                               "conjugate",
                                               "complex"};
  static_assert(std::size(names) == kArrayOpEnd - kFirstArrayOp);
  return names[op - kFirstArrayOp];
}

Dims broadcast_shapes(std::string_view op, std::span<const std::int64_t> a,
                      std::span<const std::int64_t> b) {
  if (a.size() < b.size()) std::swap(a, b);
  Dims shape(a);
  const std::size_t lead = a.size() - b.size();
  for (std::size_t i = 0; i < b.size(); ++i) {
    const std::int64_t n = a[lead + i], m = b[i];
    if (n != m && n != 1 && m != 1) {
      throw ShapeError(std::string(op) + ": operands could not be broadcast together with shapes " +
                       to_string(a) + " and " + to_string(b));
    }
    shape[lead + i] = n == 1 ? m : n;
  }
  return shape;
}

Builder* newest(std::span<const Expr> args) {
  Builder* result = nullptr;
  for (const Expr& x : args) {
    if (x.is_weak()) continue;
    if (!result || x.builder().serial() > result->serial()) result = &x.builder();
  }
  return result;
}

ValueId lift(Builder& builder, const Expr& x, DType dtype) {
  if (x.is_weak()) return builder.constant(x.weak_value(), dtype);
  if (&x.builder() == &builder) return x.id();
  const Program& p = x.builder().program();
  // A constant is structure: it is written again, so that the algebra sees it.
  if (p.instructions[x.id()].op == kConstant) {
    const auto bits = p.attrs_of(x.id());
    return builder.constant(bits[0], bits[1], x.dtype());
  }
  return builder.lift(x.builder(), x.id());
}

Expr emit(OpCode op, std::span<const Expr> args, const Type& type,
          std::span<const std::int64_t> attrs) {
  Builder* builder = newest(args);
  if (!builder) throw Error(std::string(op_name(op)) + ": needs an operand of a program");
  std::array<ValueId, 8> few;
  std::vector<ValueId> many;
  if (args.size() > few.size()) many.resize(args.size());
  ValueId* ids = many.empty() ? few.data() : many.data();
  for (std::size_t i = 0; i < args.size(); ++i) ids[i] = lift(*builder, args[i], type.dtype);
  const TypeId t = builder->intern(type);
  return Expr(*builder, builder->emit(op, {ids, args.size()}, t, attrs));
}

namespace {

/// Element type for a select of two constants: that of what its mask compares.
DType compared_dtype(const Expr& mask) {
  if (mask.is_weak()) return DType::kFloat64;
  const Program& p = mask.builder().program();
  ValueId v = mask.id();
  while (p.type_of(v).dtype == DType::kBool && !p.args_of(v).empty()) v = p.args_of(v)[0];
  const DType found = p.type_of(v).dtype;
  return found == DType::kBool ? DType::kFloat64 : found;
}

Expr fold_constants(OpCode op, std::span<const Expr> args, int n) {
  std::array<double, 3> x{};
  for (std::size_t i = 0; i < args.size(); ++i) x[i] = args[i].weak_value();
  if (op == kZeroMultiply) return Expr(x[1] == 0 ? 0 : x[0] * x[1]);
  return Expr(elementwise(op).fold(std::span(x).first(args.size()), n));
}

/// The one element type of the operands that have values (a mask is no value).
DType operand_dtype(OpCode op, std::span<const Expr> args) {
  const bool select = op == opcode_of<ops::Where>;
  const Expr* known = nullptr;
  for (const Expr& x : args.subspan(select ? 1 : 0)) {
    if (x.is_weak()) continue;
    if (known && known->dtype() != x.dtype()) {
      throw DTypeError(std::string(op_name(op)) + ": operands must have one element type, got " +
                       std::string(dtype_name(known->dtype())) + " and " +
                       std::string(dtype_name(x.dtype())));
    }
    known = &x;
  }
  return known ? known->dtype() : compared_dtype(args[0]);
}

}  // namespace

namespace {

/// The type of all operands that have one, if they are of `builder` and it is the same; kNoValue if
/// not. (The mask of a select has its own.)
TypeId common_type(const Builder& builder, OpCode op, std::span<const Expr> operands) {
  if (op == opcode_of<ops::Where>) return kNoValue;
  TypeId common = kNoValue;
  for (const Expr& x : operands) {
    if (x.is_weak()) continue;
    if (&x.builder() != &builder) return kNoValue;
    if (common != kNoValue && x.type_id() != common) return kNoValue;
    common = x.type_id();
  }
  return common;
}

/// Of a result of this element type.
TypeId broadcast_type(Builder& builder, OpCode op, std::span<const ValueId> ids, DType dtype) {
  const Program& p = builder.program();
  const TypeId first = p.instructions[ids[0]].type;
  const bool alike =
      std::ranges::all_of(ids, [&](ValueId v) { return p.instructions[v].type == first; });
  if (alike && p.types[first].dtype == dtype) return first;
  Dims shape = p.types[first].shape;
  for (ValueId v : ids.subspan(1)) {
    shape = broadcast_shapes(op_name(op), shape, p.type_of(v).shape);
  }
  return builder.intern(dtype, shape);
}

}  // namespace

Expr emit_elementwise(OpCode op, std::span<const Expr> operands, int n) {
  Builder* builder = newest(operands);
  if (!builder) return fold_constants(op, operands, n);
  const TypeId common = common_type(*builder, op, operands);
  const DType dtype =
      common == kNoValue ? operand_dtype(op, operands) : builder->program().types[common].dtype;
  std::array<Expr, 3> storage;
  std::ranges::copy(operands, storage.begin());
  const std::span<Expr> args = std::span(storage).first(operands.size());
  if (builder->mode() == Builder::Mode::kDerive) {
    if (Tangent same = simplify(op, args, n)) return *same;
  }
  std::array<ValueId, 3> ids;
  for (std::size_t i = 0; i < args.size(); ++i) ids[i] = lift(*builder, args[i], dtype);
  const Elementwise* entry = op == kZeroMultiply ? nullptr : &elementwise(op);
  const bool predicate = entry && entry->kind == Kind::kPredicate;
  TypeId type = common;
  if (common == kNoValue || predicate) {
    type = broadcast_type(*builder, op, std::span(ids).first(args.size()),
                          predicate ? DType::kBool : dtype);
  }
  const std::int64_t attrs[] = {n};
  const bool parametric = entry && entry->parametric;
  return Expr(*builder, builder->emit(op, std::span(ids).first(args.size()), type,
                                      std::span(attrs, parametric ? 1u : 0u)));
}

}  // namespace dualtape::engine
