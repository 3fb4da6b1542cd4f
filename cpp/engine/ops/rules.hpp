/// The rules of an operation, looked up by opcode: what linearize, transpose and batch ask for.
///
/// An operation gives a pushforward; one that is linear in some operands also a transpose in those;
/// all a batching rule. No operation has a hand-made vjp: it follows from the two.
#pragma once

#include <span>

#include "ops/array_ops.hpp"

namespace dualtape::engine {

/// An instruction met by a transformation: `type` is that of its result in the source program.
struct OpCall {
  OpCode op;
  const Type& type;
  std::span<const std::int64_t> attrs;
};

/// An operand of a linear instruction: linear (its value is a tangent, only the type is known) or a
/// coefficient.
struct LinearArg {
  Tangent value;  // absent: linear
  const Type& type;
  bool is_linear() const { return !value; }
};

/// A value under vmap; batched ones have a leading batch axis.
struct Batched {
  Expr value;
  bool batched;
};

struct Rules {
  /// y_dot from the tangents that are present (at least one is); absent: zero.
  Tangent (*pushforward)(const OpCall&, std::span<const Expr> x, const Expr& y,
                         std::span<const Tangent> x_dot) = nullptr;
  /// Adds to x_bar of the linear operands; on entry it holds what their other uses gave (absent:
  /// nothing yet).
  void (*transpose)(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                    std::span<Tangent> x_bar) = nullptr;
  /// At least one operand is batched; so is the result. `size` is the length of the batch axis.
  Expr (*batch)(const OpCall&, std::span<const Batched> x, std::int64_t size) = nullptr;
};

const Rules& rules_of(OpCode op);

// One table for each family.
const Rules& elementwise_rules(OpCode op);
const Rules& view_rules(OpCode op);
const Rules& movement_rules(OpCode op);
const Rules& gather_rules(OpCode op);
const Rules& reduction_rules(OpCode op);
const Rules& order_rules(OpCode op);
const Rules& product_rules(OpCode op);
const Rules& linalg_rules(OpCode op);
const Rules& complex_rules(OpCode op);
const Rules& fourier_rules(OpCode op);
const Rules& decomposition_rules(OpCode op);
const Rules& matrix_function_rules(OpCode op);
const Rules& external_rules(OpCode op);

/// Writes the instruction again with other operands of the same types.
inline Expr reapply(const OpCall& call, std::span<const Expr> args) {
  return emit(call.op, args, call.type, call.attrs);
}

/// total += term.
inline void accumulate(Tangent& total, const Expr& term) { total = total ? *total + term : term; }

/// Pushforward of an operation linear in its only operand: itself.
Tangent push_linear(const OpCall&, std::span<const Expr> x, const Expr& y,
                    std::span<const Tangent> x_dot);

/// Attributes of slice, pad and update_slice: start and step, axis by axis.
Dims interleave(const Dims& start, const Dims& step);
struct StartStep {
  Dims start, step;
};
StartStep start_step(std::span<const std::int64_t> attrs);

/// The axes of a dot_general, and those of an operand of this rank that are in neither list,
/// ascending.
DotDims dot_dims(std::span<const std::int64_t> attrs);
Dims free_axes(std::size_t rank, const Dims& contract, const Dims& batch);

/// `x` with a leading batch axis of this size, repeated if it had none.
Expr with_batch(const Batched& x, std::int64_t size);
/// `axes` or starts moved behind a leading batch axis.
Dims shifted(std::span<const std::int64_t> axes);
Dims prefixed(std::int64_t first, std::span<const std::int64_t> rest);

}  // namespace dualtape::engine
