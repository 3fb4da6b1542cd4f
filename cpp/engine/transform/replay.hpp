/// Running a program's instructions on values of other builders: how every transformation copies
/// what it keeps.
#pragma once

#include <span>
#include <vector>

#include "ops/rules.hpp"
#include "transform/inline.hpp"

namespace dualtape::engine {

inline OpCall call_of(const Program& p, ValueId v) {
  return {p.instructions[v].op, p.type_of(v), p.attrs_of(v)};
}

inline const Program& subprogram(const Program& p, ValueId v, std::size_t k) {
  return *p.subprograms[static_cast<std::size_t>(p.attrs_of(v)[k])];
}

/// Instruction v of p on other operands, in the newest of their builders; in `b` if it has none.
Expr replay(const Program& p, ValueId v, std::span<const Expr> args, Builder& b);

/// A `call` or custom-rule instruction in `b`.
ValueId emit_tuple(Builder& b, OpCode op, std::span<const ProgramPtr> programs,
                   std::span<const std::int64_t> more_attrs, std::span<const Expr> args);
/// The k-th result of a tuple instruction.
Expr get(Builder& b, ValueId tuple, std::int64_t k, const Type& type);

enum class CustomRules {
  kKeep,    // custom rules stay instructions
  kExpand,  // only their functions are left: what is about to run
};

/// Throws DerivativeError: a custom_vjp has a transpose only.
[[noreturn]] void refuse_forward_mode();

/// The outputs of p on these inputs; calls are expanded.
std::vector<Expr> inline_program(const Program& p, std::span<const Expr> inputs, Builder& b,
                                 CustomRules custom);

/// x of each of `values` replaced by x + delta; the deltas are new first inputs (bind -0.0, which
/// changes no bit).
ProgramPtr perturb(const Program& program, std::span<const ValueId> values,
                   std::span<const ValueId> outputs);

}  // namespace dualtape::engine
