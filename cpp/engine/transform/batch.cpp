#include "transform/batch.hpp"

#include <algorithm>
#include <unordered_map>

#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

using Flags = std::vector<std::uint8_t>;

bool any_batched(std::span<const Batched> x) {
  return std::ranges::any_of(x, [](const Batched& b) { return b.batched; });
}

Flags flags_of(std::span<const Batched> x) {
  Flags flags;
  for (const Batched& b : x) flags.push_back(b.batched);
  return flags;
}

Flags twice(const Flags& flags) {
  Flags both = flags;
  both.insert(both.end(), flags.begin(), flags.end());
  return both;
}

/// The pullback of a batch: residuals as flagged, cotangents batched; the cotangent of an operand
/// that has no batch axis is the sum over the batch.
ProgramPtr batch_pullback(const Program& pullback, Flags residuals, const Flags& operands,
                          std::int64_t size) {
  residuals.resize(pullback.inputs.size(), 1);
  const ProgramPtr batched = batch_program(pullback, residuals, size);
  Builder b(Builder::Mode::kDerive);
  std::vector<Expr> inputs;
  for (ValueId v : batched->inputs) inputs.emplace_back(b, b.input(batched->type_of(v)));
  const auto results = inline_program(*batched, inputs, b, CustomRules::kKeep);
  std::vector<ValueId> outputs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    outputs.push_back((operands[i] ? results[i] : sum(results[i], Dims{0})).id());
  }
  return b.finish(outputs);
}

class Batcher {
 public:
  Batcher(const Program& p, std::int64_t size, Builder& b) : p_(p), size_(size), b_(b) {}

  std::vector<Batched> run(std::span<const Batched> inputs) {
    values_.assign(p_.size(), kNoValue);
    batched_.assign(p_.size(), false);
    for (std::size_t i = 0; i < inputs.size(); ++i) set(p_.inputs[i], inputs[i]);
    for (ValueId v = 0; v < p_.size(); ++v) step(v);
    std::vector<Batched> outputs;
    for (ValueId v : p_.outputs) outputs.push_back(at(v));
    return outputs;
  }

 private:
  Batched at(ValueId v) const { return {Expr(b_, values_[v]), batched_[v]}; }
  void set(ValueId v, const Batched& x) {
    values_[v] = lift(b_, x.value, p_.type_of(v).dtype);
    batched_[v] = x.batched;
  }

  void step(ValueId v) {
    const OpCode op = p_.instructions[v].op;
    if (op == kInput) return;
    if (op == kGet) {
      return set(v, tuples_.at(p_.args_of(v)[0])[static_cast<std::size_t>(p_.attrs_of(v)[0])]);
    }
    args_.clear();
    for (ValueId a : p_.args_of(v)) args_.push_back(at(a));
    if (op == kCall) {
      const std::vector<Batched> args = args_;
      tuples_[v] = batch(subprogram(p_, v, 0), args, size_, b_);
    } else if (subprogram_count(op) > 0) {
      tuples_[v] = custom(v);
    } else if (any_batched(args_)) {
      set(v, {rules_of(op).batch(call_of(p_, v), args_, size_), true});
    } else {
      set(v, {replay(p_, v, plain(), b_), false});
    }
  }

  std::vector<Expr> plain() const {
    std::vector<Expr> values;
    for (const Batched& x : args_) values.push_back(x.value);
    return values;
  }

  ProgramPtr sub(ValueId v, std::size_t k) const {
    return p_.subprograms[static_cast<std::size_t>(p_.attrs_of(v)[k])];
  }

  /// A custom rule stays one: each of its programs is batched.
  std::vector<Batched> custom(ValueId v) {
    const OpCode op = p_.instructions[v].op;
    const bool batched = any_batched(args_);
    const Flags flags = flags_of(args_);
    std::vector<ProgramPtr> programs;
    std::vector<std::int64_t> more;
    std::vector<Type> types;
    if (op == kCustomLinear) {
      const auto n = static_cast<std::size_t>(p_.attrs_of(v)[1]);
      more.push_back(p_.attrs_of(v)[1]);
      const Flags residuals(flags.begin(), flags.begin() + static_cast<std::ptrdiff_t>(n));
      const Flags operands(flags.begin() + static_cast<std::ptrdiff_t>(n), flags.end());
      programs = {batched ? batch_pullback(*sub(v, 0), residuals, operands, size_) : sub(v, 0)};
      for (std::size_t i = n; i < programs[0]->inputs.size(); ++i) {
        types.push_back(programs[0]->type_of(programs[0]->inputs[i]));
      }
    } else {
      programs =
          op == kCustomJvp ? jvp_programs(v, flags, batched) : vjp_programs(v, flags, batched);
      if (op == kCustomJvp) more.push_back(p_.attrs_of(v)[2]);
      for (ValueId y : programs[0]->outputs) types.push_back(programs[0]->type_of(y));
    }
    const ValueId tuple = emit_tuple(b_, op, programs, more, plain());
    std::vector<Batched> results;
    for (const Type& t : types) {
      results.push_back({get(b_, tuple, static_cast<std::int64_t>(results.size()), t), batched});
    }
    return results;
  }

  std::vector<ProgramPtr> jvp_programs(ValueId v, const Flags& flags, bool batched) const {
    if (!batched) return {sub(v, 0), sub(v, 1)};
    return {batch_program(*sub(v, 0), flags, size_),
            batch_program(*sub(v, 1), twice(flags), size_)};
  }

  std::vector<ProgramPtr> vjp_programs(ValueId v, const Flags& flags, bool batched) const {
    if (!batched) return {sub(v, 0), sub(v, 1), sub(v, 2)};
    const std::size_t n_residuals = sub(v, 1)->outputs.size() - sub(v, 0)->outputs.size();
    return {batch_program(*sub(v, 0), flags, size_), batch_program(*sub(v, 1), flags, size_),
            batch_pullback(*sub(v, 2), Flags(n_residuals, 1), flags, size_)};
  }

  const Program& p_;
  std::int64_t size_;
  Builder& b_;
  std::vector<ValueId> values_;
  std::vector<bool> batched_;
  std::vector<Batched> args_;
  std::unordered_map<ValueId, std::vector<Batched>> tuples_;
};

}  // namespace

std::vector<Batched> batch(const Program& p, std::span<const Batched> inputs, std::int64_t size,
                           Builder& b) {
  return Batcher(p, size, b).run(inputs);
}

ProgramPtr batch_program(const Program& p, std::span<const std::uint8_t> batched,
                         std::int64_t size) {
  Builder b(Builder::Mode::kDerive);
  std::vector<Batched> inputs;
  for (std::size_t i = 0; i < p.inputs.size(); ++i) {
    Type type = p.type_of(p.inputs[i]);
    if (batched[i]) type.shape = prefixed(size, type.shape);
    inputs.push_back({Expr(b, b.input(type)), batched[i] != 0});
  }
  std::vector<ValueId> outputs;
  for (const Batched& y : batch(p, inputs, size, b)) {
    outputs.push_back(with_batch(y, size).id());
  }
  return b.finish(outputs);
}

}  // namespace dualtape::engine
