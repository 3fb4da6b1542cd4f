/// Algebra that keeps every bit, applied while a program is derived:
/// x * 1, x / 1, x - 0, x + (-0) are x;  x * -1 and x / -1 are -x;  --x is x;  x + (-y) is x - y;
/// x - (-y) is x + y; where(m, x, x) is x;  zero_multiply(1, x), zero_multiply(x, 1) are x;  x^1 is
/// x, x^2 is square. (x + 0 is not x: it turns -0 into 0.)

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "ops/array_ops.hpp"
#include "ops/elementwise.hpp"

namespace dualtape::engine {
namespace {

/// The operation that made a value.
OpCode made_by(const Expr& x) { return x.builder().program().instructions[x.id()].op; }

/// May x be a repeated scalar?
bool may_repeat(const Expr& x) {
  if (x.is_weak()) return false;
  const OpCode op = made_by(x);
  return op == kBroadcastTo || op == kReshape;
}

/// The value of a floating constant, also a repeated one; NaN, which equals nothing, if x is none.
double constant_value(const Expr& x) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (x.is_weak()) return x.weak_value();
  const Expr scalar = may_repeat(x) ? without_broadcast(x, x.shape()) : x;
  if (made_by(scalar) != kConstant || !is_floating(x.dtype())) return none;
  return std::bit_cast<double>(scalar.builder().program().attrs_of(scalar.id())[0]);
}

bool is_negative_zero(double c) { return c == 0 && std::signbit(c); }
bool is_positive_zero(double c) { return c == 0 && !std::signbit(c); }

/// y if x is -y of the same builder.
Tangent negated(const Expr& x) {
  if (x.is_weak() || made_by(x) != opcode_of<ops::Negative>) return {};
  return Expr(x.builder(), x.builder().program().args_of(x.id())[0]);
}

/// c * x for a structural c.
Tangent scaled(double c, const Expr& x) {
  if (x.is_weak()) return {};
  if (c == 1) return x;
  if (c == -1) return -x;
  return {};
}

Tangent simplify_sum(const Expr& a, const Expr& b) {
  if (!b.is_weak() && is_negative_zero(constant_value(a))) return b;
  if (!a.is_weak() && is_negative_zero(constant_value(b))) return a;
  if (Tangent y = negated(b)) return a - *y;
  if (Tangent y = negated(a)) return b - *y;
  return {};
}

Tangent simplify_difference(const Expr& a, const Expr& b) {
  if (!a.is_weak() && is_positive_zero(constant_value(b))) return a;
  if (Tangent y = negated(b)) return a + *y;
  return {};
}

Tangent simplify_power(const Expr& x, int n) {
  if (n == 1) return x;
  if (n == 2) return dualtape::square(x);
  return {};
}

/// A value equal to the operation, bit for bit, in the shape of one operand; absent if there is
/// none.
Tangent find_equal(OpCode op, std::span<const Expr> args, int n) {
  switch (op) {
    case opcode_of<ops::Multiply>: {
      if (Tangent y = scaled(constant_value(args[0]), args[1])) return y;
      return scaled(constant_value(args[1]), args[0]);
    }
    case kZeroMultiply:
      if (constant_value(args[0]) == 1) return args[1];
      return scaled(constant_value(args[1]), args[0]);
    case opcode_of<ops::Divide>: return scaled(constant_value(args[1]), args[0]);
    case opcode_of<ops::Add>: return simplify_sum(args[0], args[1]);
    case opcode_of<ops::Subtract>: return simplify_difference(args[0], args[1]);
    case opcode_of<ops::Negative>: return negated(args[0]);
    case opcode_of<ops::IntegerPower>: return simplify_power(args[0], n);
    case opcode_of<ops::Where>:
      if (same_value(args[1], args[2]) && args[0].shape() == args[1].shape()) return args[1];
      return {};
    default: return {};
  }
}

/// The shape of the result of an elementwise operation.
Dims result_shape(OpCode op, std::span<const Expr> args) {
  Dims shape;
  for (const Expr& x : args) {
    if (!x.is_weak()) shape = broadcast_shapes(op_name(op), shape, x.shape());
  }
  return shape;
}

/// A value equal to the operation but for its shape, in the operation's.
Expr in_shape(const Expr& x, OpCode op, std::span<const Expr> args) {
  const bool alike =
      std::ranges::all_of(args, [&](const Expr& a) { return a.is_weak() || same_type(a, x); });
  return alike ? x : broadcast_to(x, result_shape(op, args));
}

/// Repeated scalars become the scalars, where another operand has the result's shape: less to read.
void drop_broadcasts(OpCode op, std::span<Expr> args) {
  if (std::ranges::none_of(args, may_repeat)) return;
  const Dims shape = result_shape(op, args);
  bool full = false;
  for (const Expr& x : args) {
    full =
        full || (!x.is_weak() && x.shape() == shape && same_value(x, without_broadcast(x, shape)));
  }
  if (!full) return;
  for (Expr& x : args) x = without_broadcast(x, shape);
}

}  // namespace

Tangent simplify(OpCode op, std::span<Expr> args, int n) {
  if (Tangent same = find_equal(op, args, n)) return in_shape(*same, op, args);
  drop_broadcasts(op, args);
  return {};
}

}  // namespace dualtape::engine
