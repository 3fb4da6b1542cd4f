#include "record/elementwise.hpp"
#include "record/complex_order.hpp"

#include <algorithm>
#include <array>

#include "record/dtypes.hpp"
#include "record/known_ops.hpp"
#include "record/rerun.hpp"

namespace dualtape::engine {
namespace {

/// NumPy's bool loops of arithmetic are logic.
OpCode logical_form(OpCode op) {
  if (op == known_ops.add || op == known_ops.maximum || op == known_ops.fmax) {
    return known_ops.logical_or;
  }
  if (op == known_ops.multiply || op == known_ops.minimum || op == known_ops.fmin ||
      op == known_ops.square) {
    return known_ops.logical_and;
  }
  return op;
}

[[noreturn]] void raise_no_loop(OpCode op, DType d) {
  raise(error_types.unsupported_function,
        std::string(ops::op_table[op].name) + ": cannot be recorded for " +
            std::string(dtype_name(d)) + "; convert to float64 first (x.astype(float))");
}

Expr on_bools(OpCode op, std::span<const Expr> args) {
  const OpCode logical = logical_form(op);
  if (logical != op) {
    const Expr pair[] = {args[0], args[args.size() - 1]};
    return emit_elementwise(logical, pair);
  }
  if (op == known_ops.absolute || op == known_ops.floor || op == known_ops.ceil ||
      op == known_ops.trunc) {
    return args[0];
  }
  if (ops::op_table[op].kind == Kind::kPredicate || ops::op_table[op].kind == Kind::kSelect) {
    return emit_elementwise(op, args);
  }
  raise_no_loop(op, DType::kBool);
}

/// z / |z|; 0 at 0, and of one infinite part its sign.
Expr complex_sign(const Expr& z) {
  const auto of = [](OpCode op, std::initializer_list<Expr> args) {
    return emit_elementwise(op, {args.begin(), args.size()});
  };
  const Expr re = real(z), im = imag(z), size = of(known_ops.hypot, {re, im});
  const Expr zero = zeros_like(re), is_zero = of(known_ops.equal, {size, zero});
  const Expr divisor = of(known_ops.where, {is_zero, ones_like(re), size});
  const Expr is_infinite = of(known_ops.isinf, {size});
  const auto part = [&](const Expr& x, const Expr& other) {
    const Expr finite = of(known_ops.where, {is_zero, zero, of(known_ops.divide, {x, divisor})});
    // inf / inf: NaN where both parts are infinite, else the one is +-1 and the other 0.
    const Expr its_sign = of(known_ops.sign, {x});
    const Expr edge = of(known_ops.where, {of(known_ops.isinf, {other}), zero, its_sign});
    const Expr both = mask_and(of(known_ops.isinf, {x}), of(known_ops.isinf, {other}));
    return of(known_ops.where,
              {mask_and(is_infinite, of(known_ops.logical_not, {both})), edge, finite});
  };
  return make_complex(part(re, im), part(im, re));
}

/// What is not holomorphic: predicates, absolute, sign, extremes.
Expr on_complex(OpCode op, std::span<const Expr> args) {
  if (op == known_ops.absolute) {
    const Expr parts[] = {real(args[0]), imag(args[0])};
    return emit_elementwise(known_ops.hypot, parts);
  }
  if (op == known_ops.sign) return complex_sign(args[0]);
  constexpr OpCode kPredicates[] = {
      known_ops.equal,      known_ops.not_equal,   known_ops.isnan,
      known_ops.isfinite,   known_ops.isinf,       known_ops.logical_and,
      known_ops.logical_or, known_ops.logical_xor, known_ops.logical_not};
  if (std::ranges::find(kPredicates, op) != std::end(kPredicates)) {
    return emit_elementwise(op, args);
  }
  if (const auto ordered = on_ordered_complex(op, args)) return *ordered;
  if (const auto special = on_complex_by_scipy(op, args[0])) return *special;
  raise(error_types.unsupported_function,
        std::string(ops::op_table[op].name) + ": cannot be recorded for " +
            std::string(dtype_name(args[0].dtype())) + "; take abs, .real or .imag first");
}

/// x ** n for an exponent that is structure: 0.5, or an integer.
std::optional<Expr> structural_power(const Operand& x, const Operand& exponent, Recorder& recorder,
                                     DType loop) {
  if (exponent.is_traced() || exponent.kind == ValueKind::kArray) return std::nullopt;
  double p = 0;
  if (PyFloat_Check(exponent.object)) {
    p = PyFloat_AS_DOUBLE(exponent.object);
    // Other float exponents may vary from call to call; their values are no structure.
    if (p != 0 && p != 1 && p != 2 && p != 0.5 && p != -1) return std::nullopt;
  } else {
    const bool is_integer_exponent =
        exponent.code == kWeakInt || is_integer(strong_dtype(exponent.code));
    if (!is_integer_exponent) return std::nullopt;
    p = static_cast<double>(integer_of(exponent.object));
    if (std::abs(p) > 1 << 30) return std::nullopt;
  }
  const Expr base[] = {lower(x, recorder, loop)};
  if (p == 0.5) return emit_elementwise(known_ops.sqrt, base);
  if (p == 1) return base[0];
  if (p == 2) return emit_elementwise(known_ops.square, base);
  if (!is_inexact(loop) && p < 0) {
    lower(exponent, recorder, loop);  // OverflowError where it is not even a number of this type
    raise(PyExc_ValueError, "Integers to negative integer powers are not allowed.");
  }
  if (p == -1) return emit_elementwise(known_ops.reciprocal, base);
  return emit_elementwise(known_ops.integer_power, base, static_cast<int>(p));
}

}  // namespace

std::optional<OpCode> find_op(std::string_view name) {
  for (std::size_t i = 0; i < ops::op_table.size(); ++i) {
    if (ops::op_table[i].name == name) return static_cast<OpCode>(i);
  }
  return std::nullopt;
}

Expr record_elementwise(OpCode op, std::span<const Operand> operands) {
  Recorder& recorder = *recorder_of(operands);
  const Loop loop = resolve_loop(op, operands);
  if (op == known_ops.power) {
    if (auto result = structural_power(operands[0], operands[1], recorder, loop.in)) {
      return *result;
    }
    if (!is_inexact(loop.in)) raise_no_loop(op, loop.in);
  }
  Expr args[3];
  std::size_t n = 0;
  for (const Operand& o : operands) args[n++] = lower(o, recorder, loop.in);
  if (loop.in == DType::kBool) return on_bools(op, {args, n});
  const ops::OpInfo& info = ops::op_table[op];
  if (is_integer(loop.in) && !info.integral && info.kind != Kind::kPredicate) {
    if (op == known_ops.rint) return args[0];
    raise_no_loop(op, loop.in);
  }
  if (is_complex(loop.in) && !info.holomorphic) return on_complex(op, {args, n});
  return emit_elementwise(op, {args, n});
}

PyObject* elementwise_result(OpCode op, std::span<const Operand> operands) {
  const Expr e = record_elementwise(op, operands);
  bool unknown = false;
  if (e.rank() > 1) {
    for (const Operand& o : operands) unknown = unknown || order_unknown(o);
  }
  return make_elementwise(e, unknown);
}

namespace {

/// Functions of floats that give floats of the same type, and have no rule of their own here.
bool is_uniform(OpCode op) {
  static constexpr auto kUniform = [] {
    std::array<bool, ops::op_count> uniform{};
    for (std::size_t i = 0; i < ops::op_count; ++i) {
      const ops::OpInfo& info = ops::op_table[i];
      uniform[i] = (info.kind == Kind::kSmooth || info.kind == Kind::kLocallyConstant) &&
                   !info.parametric && info.name != "power";
    }
    return uniform;
  }();
  return kUniform[op];
}

bool is_plain_number(PyObject* o) { return PyFloat_CheckExact(o) || PyLong_CheckExact(o); }

}  // namespace

PyObject* elementwise_alike(OpCode op, PyObject* a, PyObject* b, bool is_operator) {
  TracerObject* const t = as_tracer(is_tracer(a) ? a : b);
  PyObject* const other = is_tracer(a) ? b : a;
  if (!t || !is_tracer(reinterpret_cast<PyObject*>(t)) || t->link || !is_uniform(op))
    return nullptr;
  Recorder& recorder = *t->recorder;
  const TypeId type = recorder.program().instructions[t->id].type;
  const Type& its = recorder.program().types[type];
  const bool is_closed =
      is_floating(its.dtype) || (is_complex(its.dtype) && ops::op_table[op].holomorphic);
  if (!is_closed) return nullptr;
  bool is_python = is_operator && t->kind == ValueKind::kPython;
  bool unknown_order = t->order_unknown;
  ValueId ids[] = {t->id, t->id};
  if (b && is_tracer(other)) {
    const TracerObject* const u = as_tracer(other);
    if (u->recorder != &recorder || u->link) return nullptr;
    if (recorder.program().instructions[u->id].type != type) return nullptr;
    ids[1] = u->id;
    is_python = is_python && u->kind == ValueKind::kPython;
    unknown_order = unknown_order || u->order_unknown;
  } else if (b && !is_plain_number(other)) {
    if (!can_be_read(other, its)) return nullptr;
    is_python = false;
  }
  recorder.require_open(t->id);
  if (b && !is_tracer(other)) {
    ids[other == b] =
        PyArray_Check(other) ? recorder.capture(other) : recorder.number(other, its.dtype);
  }
  const std::size_t n = b ? 2 : 1;
  const bool is_scalar = its.shape.empty();
  unknown_order = unknown_order && its.shape.size() > 1;
  const ValueId v = recorder.emit(op, {ids, n}, type);
  const ValueKind kind = !is_scalar  ? ValueKind::kArray
                         : is_python ? ValueKind::kPython
                                     : ValueKind::kScalar;
  PyObject* result = make_tracer(recorder, v, kind);
  as_tracer(result)->order_unknown = unknown_order;
  return result;
}

PyObject* binary_operator(OpCode op, PyObject* a, PyObject* b) {
  return guarded([&]() -> PyObject* {
    if (PyObject* result = elementwise_alike(op, a, b, true)) return result;
    Operand operands[2];
    if (!parse_operand(a, operands[0]) || !parse_operand(b, operands[1])) {
      return Py_NewRef(Py_NotImplemented);
    }
    const bool is_python =
        operands[0].kind == ValueKind::kPython && operands[1].kind == ValueKind::kPython;
    if (is_python && !(op == known_ops.logical_and || op == known_ops.logical_or ||
                       op == known_ops.logical_xor)) {
      // Python's bools are integers in arithmetic.
      for (Operand& o : operands) {
        if (o.code == static_cast<TypeCode>(DType::kBool)) o.code = kWeakInt;
      }
    }
    PyObject* result = elementwise_result(op, operands);
    if (is_python) as_tracer(result)->kind = ValueKind::kPython;
    return result;
  });
}

PyObject* unary_operator(OpCode op, PyObject* a) {
  return guarded([&] {
    if (PyObject* alike = elementwise_alike(op, a, nullptr, true)) return alike;
    Operand x[1];
    parse_operand(a, x[0]);
    const bool is_python = x[0].kind == ValueKind::kPython;
    if (is_python && x[0].code == 0 && op != known_ops.logical_not) x[0].code = kWeakInt;
    PyObject* result = elementwise_result(op, x);
    if (is_python) as_tracer(result)->kind = ValueKind::kPython;
    return result;
  });
}

Expr record_parametric(OpCode op, int n, const Operand& x) {
  const Operand operands[] = {x};
  Recorder& recorder = *recorder_of(operands);
  const Expr args[] = {lower(x, recorder, resolve_loop(op, operands).in)};
  return emit_elementwise(op, args, n);
}

}  // namespace dualtape::engine
