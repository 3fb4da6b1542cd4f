#include "transform/replay.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/elementwise.hpp"
#include "program/errors.hpp"
#include "program/short_list.hpp"

namespace dualtape::engine {
namespace {

bool is_custom(OpCode op) { return op == kCustomJvp || op == kCustomVjp; }

/// The program a tuple instruction runs: of a custom rule, its function.
const Program& function_of(const Program& p, ValueId v) { return subprogram(p, v, 0); }

}  // namespace

void refuse_forward_mode() {
  throw DerivativeError(
      "custom_vjp: the function has no forward derivative (jvp, jacfwd, linearize); "
      "give it one with custom_jvp, or use reverse mode");
}

Expr replay(const Program& p, ValueId v, std::span<const Expr> args, Builder& b) {
  const OpCall call = call_of(p, v);
  if (call.op == kConstant)
    return Expr(b, b.constant(call.attrs[0], call.attrs[1], call.type.dtype));
  if (args.empty()) return Expr(b, b.emit(call.op, {}, b.intern(call.type), call.attrs));
  if (!is_array_op(call.op) || call.op == kZeroMultiply) {
    return emit_elementwise(call.op, args, parameter_of(call.attrs));
  }
  return reapply(call, args);
}

ValueId emit_tuple(Builder& b, OpCode op, std::span<const ProgramPtr> programs,
                   std::span<const std::int64_t> more_attrs, std::span<const Expr> args) {
  Dims attrs;
  for (const ProgramPtr& p : programs) attrs.push_back(b.add_subprogram(p));
  attrs.append(more_attrs);
  ShortList<ValueId, 16> ids;
  for (const Expr& x : args) ids.push_back(lift(b, x, DType::kFloat64));
  return b.emit(op, ids, b.intern(DType::kTuple, {}), attrs);
}

Expr get(Builder& b, ValueId tuple, std::int64_t k, const Type& type) {
  const ValueId args[] = {tuple};
  const std::int64_t attrs[] = {k};
  return Expr(b, b.emit(kGet, args, b.intern(type), attrs));
}

std::vector<Expr> call(ProgramPtr program, std::span<const Expr> args, Builder& fallback) {
  Builder* b = newest(args);
  if (!b) b = &fallback;
  const ProgramPtr programs[] = {program};
  const ValueId tuple = emit_tuple(*b, kCall, programs, {}, args);
  std::vector<Expr> results;
  results.reserve(program->outputs.size());
  for (ValueId out : program->outputs) {
    results.push_back(
        get(*b, tuple, static_cast<std::int64_t>(results.size()), program->type_of(out)));
  }
  return results;
}

namespace {

bool needs_inlining(const Program& p) {
  return std::ranges::any_of(p.instructions,
                             [](const Instruction& i) { return subprogram_count(i.op) > 0; });
}

/// The outputs of a derived program, without calls, in the builder it is inlined into. What a
/// derivation wrote is as simple as algebra makes it: it is replayed only where an operand is not
/// what it was there.
std::vector<Expr> write_derived(const Program& p, std::span<const Expr> inputs, Builder& b) {
  std::vector<ValueId> values(p.size(), kNoValue), ids;
  std::vector<TypeId> types(p.types.size(), kNoValue);
  std::vector<Expr> args;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    values[p.inputs[k]] = lift(b, inputs[k], p.type_of(p.inputs[k]).dtype);
  }
  for (ValueId v = 0; v < p.size(); ++v) {
    const Instruction& i = p.instructions[v];
    if (i.op == kInput) continue;
    ids.clear();
    bool same = true;
    for (ValueId a : p.args_of(v)) {
      ids.push_back(values[a]);
      same &= b.program().instructions[values[a]].op == p.instructions[a].op;
    }
    if (same) {
      TypeId& type = types[i.type];
      if (type == kNoValue) type = b.intern(p.types[i.type]);
      values[v] = b.emit(i.op, ids, type, p.attrs_of(v));
    } else {
      args.clear();
      for (ValueId a : ids) args.emplace_back(b, a);
      values[v] = lift(b, replay(p, v, args, b), p.type_of(v).dtype);
    }
  }
  std::vector<Expr> outputs;
  for (ValueId v : p.outputs) outputs.emplace_back(b, values[v]);
  return outputs;
}

/// Replays a program value by value; the results of tuple instructions are kept beside.
class Inliner {
 public:
  Inliner(const Program& p, Builder& b, CustomRules custom) : p_(p), b_(b), custom_(custom) {}

  std::vector<Expr> run(std::span<const Expr> inputs) {
    values_.resize(p_.size());
    for (std::size_t i = 0; i < inputs.size(); ++i) values_[p_.inputs[i]] = inputs[i];
    for (ValueId v = 0; v < p_.size(); ++v) step(v);
    std::vector<Expr> outputs;
    for (ValueId v : p_.outputs) outputs.push_back(values_[v]);
    return outputs;
  }

 private:
  void step(ValueId v) {
    const OpCode op = p_.instructions[v].op;
    if (op == kInput) return;
    if (op == kGet) {
      const auto k = static_cast<std::size_t>(p_.attrs_of(v)[0]);
      values_[v] = tuples_.at(p_.args_of(v)[0])[k];
      return;
    }
    args_.clear();
    for (ValueId a : p_.args_of(v)) args_.push_back(values_[a]);
    if (op == kCall || (is_custom(op) && expands())) {
      const std::vector<Expr> args = args_;
      const Program& callee = function_of(p_, v);
      const bool plain = op == kCall && expands() && !needs_inlining(callee);
      tuples_[v] =
          plain ? write_derived(callee, args, b_) : inline_program(callee, args, b_, custom_);
    } else if (is_custom(op)) {
      tuples_[v] = keep_custom(v);
    } else if (op == kCustomLinear) {
      tuples_[v] = keep_custom_linear(v);
    } else {
      values_[v] = replay(p_, v, args_, b_);
    }
  }

  bool expands() const { return custom_ == CustomRules::kExpand; }

  Builder& target() {
    Builder* b = newest(args_);
    return b ? *b : b_;
  }

  std::vector<ProgramPtr> programs(ValueId v) const {
    std::vector<ProgramPtr> list;
    for (auto k : p_.attrs_of(v).first(subprogram_count(p_.instructions[v].op))) {
      list.push_back(p_.subprograms[static_cast<std::size_t>(k)]);
    }
    return list;
  }

  std::vector<Expr> keep_custom(ValueId v) {
    Builder& b = target();
    const auto list = programs(v);
    const ValueId tuple =
        emit_tuple(b, p_.instructions[v].op, list, p_.attrs_of(v).subspan(list.size()), args_);
    std::vector<Expr> results;
    for (ValueId out : list[0]->outputs) {
      results.push_back(
          get(b, tuple, static_cast<std::int64_t>(results.size()), list[0]->type_of(out)));
    }
    return results;
  }

  /// Results have the types of the cotangents its pullback takes after the residuals.
  std::vector<Expr> keep_custom_linear(ValueId v) {
    if (expands()) refuse_forward_mode();
    Builder& b = target();
    const auto list = programs(v);
    const auto n_residuals = static_cast<std::size_t>(p_.attrs_of(v)[1]);
    const ValueId tuple = emit_tuple(b, kCustomLinear, list, p_.attrs_of(v).subspan(1), args_);
    std::vector<Expr> results;
    for (ValueId in : std::span(list[0]->inputs).subspan(n_residuals)) {
      results.push_back(
          get(b, tuple, static_cast<std::int64_t>(results.size()), list[0]->type_of(in)));
    }
    return results;
  }

  const Program& p_;
  Builder& b_;
  CustomRules custom_;
  std::vector<Expr> values_;
  std::vector<Expr> args_;
  std::unordered_map<ValueId, std::vector<Expr>> tuples_;
};

/// Of a program that only calls another, as `jit` of a gradient records: the other, which need not
/// be replayed. Null if it does more.
ProgramPtr called_alone(const Program& p) {
  ValueId call = kNoValue;
  for (ValueId v = 0; v < p.size(); ++v) {
    const OpCode op = p.instructions[v].op;
    if (op == kInput || op == kGet) continue;
    if (op != kCall || call != kNoValue) return nullptr;
    call = v;
  }
  if (call == kNoValue || !std::ranges::equal(p.args_of(call), p.inputs)) return nullptr;
  ProgramPtr callee = p.subprograms[static_cast<std::size_t>(p.attrs_of(call)[0])];
  if (p.outputs.size() != callee->outputs.size()) return nullptr;
  for (std::size_t k = 0; k < p.outputs.size(); ++k) {
    const bool is_its = p.instructions[p.outputs[k]].op == kGet &&
                        p.attrs_of(p.outputs[k])[0] == static_cast<std::int64_t>(k);
    if (!is_its) return nullptr;
  }
  return callee;
}

/// No algebra looks through it.
bool is_plain_view(OpCode op) { return op == kSlice || op == kTranspose || op == kReshape; }

/// The call of a program that calls one other, without calls of its own, and else only takes parts
/// of its inputs, as `jit` records the gradient of a loop over the rows of an array; else kNoValue.
ValueId only_call(const Program& p) {
  ValueId call = kNoValue;
  for (ValueId v = 0; v < p.size(); ++v) {
    const OpCode op = p.instructions[v].op;
    if (op == kInput || op == kGet || (is_plain_view(op) && call == kNoValue)) continue;
    if (op != kCall || call != kNoValue) return kNoValue;
    call = v;
  }
  return call == kNoValue || needs_inlining(function_of(p, call)) ? kNoValue : call;
}

/// Appends the instructions of a program as they are, those of inputs excepted, which have numbers.
void append_all(Program& to, const Program& from, std::span<const TypeId> types,
                std::span<ValueId> numbers) {
  const auto attrs = static_cast<std::uint32_t>(to.attrs.size() - 1);
  to.attrs.append(from.attrs.data() + 1, from.attrs.size() - 1);
  to.instructions.reserve(to.size() + from.size());
  to.args.reserve(to.args.size() + from.args.size());
  for (ValueId v = 0; v < from.size(); ++v) {
    Instruction i = from.instructions[v];
    if (i.op == kInput) continue;
    i.type = types[i.type];
    i.args = static_cast<std::uint32_t>(to.args.size());
    if (i.attrs != 0) i.attrs += attrs;
    for (ValueId a : from.args_of(v)) to.args.push_back(numbers[a]);
    numbers[v] = static_cast<ValueId>(to.size());
    to.instructions.push_back(i);
  }
  to.externals.insert(to.externals.end(), from.externals.begin(), from.externals.end());
}

/// A program with its only call written out, without a look at each instruction: they are shared
/// and simple already, if no two operands of the call are the same. Null if that is not so.
ProgramPtr splice_call(const Program& p) {
  const ValueId call = only_call(p);
  if (call == kNoValue) return nullptr;
  const Program& callee = function_of(p, call);
  Builder b(Builder::Mode::kDerive);
  std::vector<ValueId> outer(p.size(), kNoValue), inner(callee.size(), kNoValue), ids;
  for (ValueId v = 0; v < call; ++v) {
    ids.clear();
    for (ValueId a : p.args_of(v)) ids.push_back(outer[a]);
    const TypeId type = b.intern(p.type_of(v));
    const OpCode op = p.instructions[v].op;
    outer[v] = op == kInput ? b.input(type) : b.emit(op, ids, type, p.attrs_of(v));
  }
  std::vector<bool> given(p.size(), false);
  for (std::size_t k = 0; k < callee.inputs.size(); ++k) {
    const ValueId x = outer[p.args_of(call)[k]];
    if (given[x]) return nullptr;
    given[x] = true;
    inner[callee.inputs[k]] = x;
  }
  std::vector<TypeId> types;
  for (TypeId t = 0; t < callee.types.size(); ++t) types.push_back(b.intern(callee.types[t]));
  auto result = std::make_shared<Program>(*b.take({}));
  append_all(*result, callee, types, inner);
  for (ValueId v = call + 1; v < p.size(); ++v) {
    if (p.instructions[v].op != kGet) return nullptr;
    outer[v] = inner[callee.outputs[static_cast<std::size_t>(p.attrs_of(v)[0])]];
  }
  for (ValueId v : p.outputs) result->outputs.push_back(outer[v]);
  return result;
}

}  // namespace

std::vector<Expr> inline_program(const Program& p, std::span<const Expr> inputs, Builder& b,
                                 CustomRules custom) {
  return Inliner(p, b, custom).run(inputs);
}

ProgramPtr inline_calls(ProgramPtr program) {
  if (!needs_inlining(*program)) return program;
  if (ProgramPtr callee = called_alone(*program)) return inline_calls(std::move(callee));
  if (ProgramPtr spliced = splice_call(*program)) return spliced;
  Builder b(Builder::Mode::kDerive);
  std::vector<Expr> inputs;
  for (ValueId v : program->inputs) inputs.emplace_back(b, b.input(program->type_of(v)));
  std::vector<ValueId> outputs;
  for (const Expr& y : inline_program(*program, inputs, b, CustomRules::kExpand)) {
    outputs.push_back(lift(b, y, y.is_weak() ? DType::kFloat64 : y.dtype()));
  }
  return b.take(outputs);  // what nobody needs stays: the planner looks at what is live
}

ProgramPtr perturb(const Program& program, std::span<const ValueId> values,
                   std::span<const ValueId> outputs) {
  Builder b(Builder::Mode::kRecord);
  std::vector<ValueId> renumbered(program.size(), kNoValue), delta(program.size(), kNoValue);
  for (ValueId v : values) delta[v] = b.input(program.type_of(v));
  for (ValueId v = 0; v < program.size(); ++v) {
    const Instruction& i = program.instructions[v];
    std::vector<std::int64_t> attrs(program.attrs_of(v).begin(), program.attrs_of(v).end());
    for (std::size_t k = 0; k < subprogram_count(i.op); ++k) {
      attrs[k] = b.add_subprogram(program.subprograms[static_cast<std::size_t>(attrs[k])]);
    }
    std::vector<ValueId> args;
    for (ValueId a : program.args_of(v)) args.push_back(renumbered[a]);
    const TypeId type = b.intern(program.type_of(v));
    renumbered[v] = i.op == kInput ? b.input(type) : b.emit(i.op, args, type, attrs);
    if (delta[v] == kNoValue) continue;
    const ValueId sum[] = {renumbered[v], delta[v]};
    renumbered[v] = b.emit(opcode_of<ops::Add>, sum, type);
  }
  std::vector<ValueId> outs;
  for (ValueId v : outputs) outs.push_back(renumbered[v]);
  return b.finish(outs);
}

}  // namespace dualtape::engine
