/// Elementwise operations: pushforward from the registry's partials; transposes of those that are
/// linear.
///
///   pushforward  y_dot = sum_i partial_i(x, y) x_dot_i
///   transpose    add, subtract, negative: +-y_bar;  c * x, x / c: c * y_bar, y_bar / c;
///                where(m, a, b): y_bar where m, else 0, and the other way round;
///                zero_multiply(c, x): zero_multiply(c, y_bar) in x, in c the two-sided product
/// Operands broadcast, so every x_bar is summed back to its operand's shape.

#include "ops/elementwise.hpp"

#include <array>

#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

template <class Op>
Expr partial(int argument, std::span<const Expr> x, const Expr& y, [[maybe_unused]] int n) {
  if constexpr (is_parametric<Op> && Op::arity == 1) {
    return Op::template partial<Expr>(n, x[0], y);
  } else if constexpr (is_parametric<Op> && Op::arity == 2) {
    if (argument == 0) return Op::template partial<0, Expr>(n, x[0], x[1], y);
    return Op::template partial<1, Expr>(n, x[0], x[1], y);
  } else if constexpr (is_parametric<Op>) {
    if (argument == 0) return Op::template partial<0, Expr>(n, x[0], x[1], x[2], y);
    if (argument == 1) return Op::template partial<1, Expr>(n, x[0], x[1], x[2], y);
    return Op::template partial<2, Expr>(n, x[0], x[1], x[2], y);
  } else if constexpr (Op::arity == 1) {
    return Op::template partial<Expr>(x[0], y);
  } else if constexpr (Op::arity == 2) {
    if (argument == 0) return Op::template partial<0, Expr>(x[0], x[1], y);
    return Op::template partial<1, Expr>(x[0], x[1], y);
  } else {
    if (argument == 0) return Op::template partial<0, Expr>(x[0], x[1], x[2], y);
    if (argument == 1) return Op::template partial<1, Expr>(x[0], x[1], x[2], y);
    return Op::template partial<2, Expr>(x[0], x[1], x[2], y);
  }
}

template <class Op>
double fold(std::span<const double> x, [[maybe_unused]] int n) {
  if constexpr (Op::kind == Kind::kSelect) {
    return x[0] != 0 ? x[1] : x[2];
  } else if constexpr (is_parametric<Op> && Op::arity == 1) {
    return Op::template value<double>(n, x[0]);
  } else if constexpr (is_parametric<Op> && Op::arity == 2) {
    return Op::template value<double>(n, x[0], x[1]);
  } else if constexpr (is_parametric<Op>) {
    return Op::template value<double>(n, x[0], x[1], x[2]);
  } else if constexpr (Op::arity == 1) {
    return Op::template value<double>(x[0]);
  } else if constexpr (Op::arity == 2) {
    return Op::template value<double>(x[0], x[1]);
  } else {
    return Op::template value<double>(x[0], x[1], x[2]);
  }
}

template <class Op>
constexpr Elementwise entry() {
  Elementwise e{Op::name, Op::arity, Op::kind, Op::integral, is_parametric<Op>, nullptr, &fold<Op>};
  if constexpr (Op::kind == Kind::kSmooth) e.partial = &partial<Op>;
  return e;
}

const auto& table() {
  static const auto entries = [] {
    std::array<Elementwise, ops::op_count> result{};
    ops::for_each_op([&]<class Op>() { result[ops::op_index<Op>] = entry<Op>(); });
    return result;
  }();
  return entries;
}

}  // namespace

const Elementwise& elementwise(OpCode op) { return table()[op]; }

namespace {

bool is_zero(const Expr& x) { return x.is_weak() && x.weak_value() == 0; }

/// `term` as a tangent of y: of y's shape.
Expr as_tangent(const Expr& term, const Expr& y) {
  return same_type(term, y) ? term : broadcast_to(term, y.shape());
}

Tangent add(const Tangent& a, const Expr& b) { return a ? *a + b : b; }

Tangent push_elementwise(const OpCall& call, std::span<const Expr> x, const Expr& y,
                         std::span<const Tangent> x_dot) {
  const Elementwise& op = elementwise(call.op);
  if (op.kind != Kind::kSmooth) return {};
  Tangent y_dot;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!x_dot[i]) continue;
    const Expr p = op.partial(static_cast<int>(i), x, y, parameter_of(call.attrs));
    if (is_zero(p)) continue;
    y_dot = add(y_dot, p * *x_dot[i]);
  }
  return y_dot ? Tangent(as_tangent(*y_dot, y)) : Tangent();
}

Tangent push_where(const OpCall&, std::span<const Expr> x, const Expr& y,
                   std::span<const Tangent> x_dot) {
  const Expr& known = x_dot[1] ? *x_dot[1] : *x_dot[2];
  const Expr zero = constant(known.builder(), 0, known.dtype());
  return as_tangent(where(x[0], x_dot[1] ? *x_dot[1] : zero, x_dot[2] ? *x_dot[2] : zero), y);
}

/// c x where a zero of either annihilates the other, linear in both. Only derivatives of
/// coefficients want it: there c is a tangent too, and its zero may come from a branch not taken.
Expr two_sided_zero_multiply(const Expr& c, const Expr& x) {
  const Expr pair[] = {x, constant(x.builder(), 0, x.dtype())};
  // Not where(x == 0, 0, ...): in x this has the derivative c at x = 0, too.
  return where(emit_elementwise(opcode_of<ops::Equal>, pair), zero_multiply(c, x),
               zero_multiply(x, c));
}

/// y = c x with the absolute zero.
Tangent push_zero_multiply(const OpCall&, std::span<const Expr> x, const Expr& y,
                           std::span<const Tangent> x_dot) {
  Tangent y_dot;
  if (x_dot[1]) y_dot = zero_multiply(x[0], *x_dot[1]);
  if (x_dot[0]) y_dot = add(y_dot, two_sided_zero_multiply(*x_dot[0], x[1]));
  return as_tangent(*y_dot, y);
}

/// Cotangents before they are summed to their operand's shape.
struct Transposer {
  std::span<const LinearArg> x;
  const Expr& y_bar;
  std::span<Tangent> x_bar;

  void write(std::size_t i, const Expr& cotangent) {
    accumulate(x_bar[i], sum_to(as_tangent(cotangent, y_bar), x[i].type.shape));
  }
  void sum(bool minus) {
    if (x[0].is_linear()) write(0, y_bar);
    if (x[1].is_linear()) write(1, minus ? -y_bar : y_bar);
  }
  void product() {
    const std::size_t linear = x[0].is_linear() ? 0 : 1;
    write(linear, *x[1 - linear].value * y_bar);
  }
  void where_branches() {
    const Expr& mask = *x[0].value;
    const Expr zero = constant(y_bar.builder(), 0, y_bar.dtype());
    if (x[1].is_linear()) write(1, where(mask, y_bar, zero));
    if (x[2].is_linear()) write(2, where(mask, zero, y_bar));
  }
  void zero_product() {
    if (x[1].is_linear()) {
      write(1, zero_multiply(*x[0].value, y_bar));
    } else {
      write(0, two_sided_zero_multiply(y_bar, broadcast_to(*x[1].value, y_bar.shape())));
    }
  }
};

void transpose_elementwise(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                           std::span<Tangent> x_bar) {
  Transposer t{x, y_bar, x_bar};
  switch (call.op) {
    case opcode_of<ops::Add>: return t.sum(false);
    case opcode_of<ops::Subtract>: return t.sum(true);
    case opcode_of<ops::Negative>: return t.write(0, -y_bar);
    case opcode_of<ops::Multiply>: return t.product();
    case opcode_of<ops::Divide>: return t.write(0, y_bar / *x[1].value);
    case opcode_of<ops::Where>: return t.where_branches();
    case kZeroMultiply: return t.zero_product();
    default:
      throw DerivativeError(std::string(op_name(call.op)) +
                            ": a rule uses it on a tangent, in which it is not linear");
  }
}

/// Ranks aligned behind the batch axis, so that NumPy's broadcasting fits.
Expr batch_elementwise(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  std::size_t rank = 0;
  for (const Batched& b : x) rank = std::max(rank, b.value.rank() - (b.batched ? 1 : 0));
  std::array<Expr, 3> args;
  for (std::size_t i = 0; i < x.size(); ++i) {
    args[i] = x[i].value;
    if (!x[i].batched || args[i].rank() == rank + 1) continue;
    Dims shape = args[i].shape();
    while (shape.size() < rank + 1) shape.insert(1, 1);
    args[i] = reshape(args[i], shape);
  }
  return emit_elementwise(call.op, std::span(args).first(x.size()), parameter_of(call.attrs));
}

}  // namespace

Expr zero_multiply(const Expr& c, const Expr& x) {
  const Expr args[] = {c, x};
  return emit_elementwise(kZeroMultiply, args);
}

const Rules& elementwise_rules(OpCode op) {
  static const Rules usual{push_elementwise, transpose_elementwise, batch_elementwise};
  static const Rules where_rules{push_where, transpose_elementwise, batch_elementwise};
  static const Rules zero_rules{push_zero_multiply, transpose_elementwise, batch_elementwise};
  if (op == kZeroMultiply) return zero_rules;
  return op == opcode_of<ops::Where> ? where_rules : usual;
}

}  // namespace dualtape::engine
