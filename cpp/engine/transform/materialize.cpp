#include "transform/materialize.hpp"

#include <algorithm>

#include "program/errors.hpp"
#include "transform/batch.hpp"
#include "transform/lanes.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

Dims concat(const Dims& a, const Dims& b) {
  Dims result = a;
  result.append(b);
  return result;
}

/// A linear program and what its inputs are: values, structural zeros (absent), or, one of them,
/// the lanes.
struct Question {
  const Program& program;
  std::vector<Tangent> inputs;
  std::size_t lanes;  // position of the input differentiated in
  bool lanes_first;   // in the matrix wanted
};

/// Plays the program on terms; its coefficients are replayed as values.
class LaneRun {
 public:
  LaneRun(const Question& q, Builder& b)
      : q_(q),
        p_(q.program),
        b_(b),
        space_(b, q.lanes_first),
        input_(p_.type_of(p_.inputs[q.lanes])) {}

  std::vector<Expr> run() {
    args_.resize(p_.size());
    for (std::size_t i = 0; i < p_.inputs.size(); ++i) {
      LaneArg& x = args_[p_.inputs[i]];
      x = {!q_.inputs[i], p_.type_of(p_.inputs[i]), q_.inputs[i].value_or(Expr()), {}};
      if (i == q_.lanes) x.terms = space_.identity(input_);
    }
    for (ValueId v = 0; v < p_.size(); ++v) {
      if (p_.instructions[v].op != kInput) step(v);
    }
    std::vector<Expr> matrices;
    for (ValueId v : p_.outputs) {
      matrices.push_back(space_.assemble(args_[v].terms, p_.type_of(v), input_.shape));
    }
    return matrices;
  }

 private:
  void step(ValueId v) {
    std::vector<LaneArg> operands;
    for (ValueId a : p_.args_of(v)) operands.push_back(args_[a]);
    LaneArg& y = args_[v];
    y.type = p_.type_of(v);
    y.linear = std::ranges::any_of(operands, [](const LaneArg& x) { return x.linear; });
    if (!y.linear) {
      std::vector<Expr> values;
      for (const LaneArg& x : operands) values.push_back(x.value);
      y.value = replay(p_, v, values, b_);
    } else if (std::ranges::any_of(operands, [](const LaneArg& x) { return !x.terms.empty(); })) {
      y.terms = push_lanes(space_, call_of(p_, v), operands, input_.shape);
    }
  }

  const Question& q_;
  const Program& p_;
  Builder& b_;
  LaneSpace space_;
  Type input_;
  std::vector<LaneArg> args_;
};

/// The entries of the input as a batch: for programs with custom rules, whose programs have no
/// lanes.
std::vector<Expr> run_batch(const Question& q, Builder& b) {
  const Program& p = q.program;
  const Type input = p.type_of(p.inputs[q.lanes]);
  const std::int64_t n = element_count(input.shape);
  std::vector<Batched> inputs;
  for (std::size_t i = 0; i < p.inputs.size(); ++i) {
    const Type type = p.type_of(p.inputs[i]);
    inputs.push_back({q.inputs[i] ? *q.inputs[i] : full(b, 0, type), false});
    if (i == q.lanes) {
      inputs.back() = {reshape(eye(b, n, n, type.dtype), prefixed(n, type.shape)), true};
    }
  }
  std::vector<Expr> matrices;
  for (const Batched& y : batch(p, inputs, n, b)) {
    Expr rows = with_batch(y, n);
    const Dims value(rows.shape().begin() + 1, rows.shape().end());
    if (!q.lanes_first) rows = move_axis(rows, 0, static_cast<std::int64_t>(value.size()));
    matrices.push_back(
        reshape(rows, q.lanes_first ? concat(input.shape, value) : concat(value, input.shape)));
  }
  return matrices;
}

std::vector<Expr> answer(const Question& q, Builder& b) {
  const bool custom = std::ranges::any_of(
      q.program.instructions, [](const Instruction& i) { return subprogram_count(i.op) > 0; });
  return custom ? run_batch(q, b) : LaneRun(q, b).run();
}

Expr zero_block(Builder& b, const Expr& y, const Expr& x) {
  const DType dtype = is_inexact(y.dtype()) ? y.dtype() : x.dtype();
  return full(b, 0, Type{dtype, concat(y.shape(), x.shape())});
}

/// The transposed program for one output: its cotangent, then the residuals.
ProgramPtr pullback_of_output(const Linearized& f, std::size_t o) {
  const Program& p = *f.linear.program;
  Builder b(Builder::Mode::kDerive);
  std::vector<Tangent> y_bar(f.values.size());
  y_bar[o] = Expr(b, b.input(Type(f.values[o].type())));
  std::vector<ValueId> residuals;
  for (std::size_t i = f.linear.n_tangents; i < p.inputs.size(); ++i) {
    residuals.push_back(b.input(p.type_of(p.inputs[i])));
  }
  const auto x_bar = transpose(f.linear, residuals, y_bar, b);
  std::vector<ValueId> outputs;
  for (std::size_t i = 0; i < x_bar.size(); ++i) {
    outputs.push_back((x_bar[i] ? *x_bar[i] : full(b, 0, p.type_of(p.inputs[i]))).id());
  }
  return b.finish(outputs);
}

std::vector<Expr> reverse_row(const Linearized& f, std::size_t o, Builder& b) {
  const ProgramPtr pullback = pullback_of_output(f, o);
  Question q{*pullback, {Tangent()}, 0, true};
  for (ValueId r : f.linear.residuals) q.inputs.push_back(Expr(b, r));
  return answer(q, b);
}

/// d y / d x[i] for every output y; the tangents of the other inputs are structurally zero.
std::vector<Expr> forward_column(const Linearized& f, std::span<const Expr> x, std::size_t i,
                                 Builder& b) {
  Question q{*f.linear.program, std::vector<Tangent>(x.size()), i, false};
  for (ValueId r : f.linear.residuals) q.inputs.push_back(Expr(b, r));
  const auto found = answer(q, b);
  std::vector<Expr> blocks;
  for (std::size_t o = 0; o < f.values.size(); ++o) {
    const int k = f.linear.output[o];
    blocks.push_back(k < 0 ? zero_block(b, f.values[o], x[i]) : found[static_cast<std::size_t>(k)]);
  }
  return blocks;
}

}  // namespace

std::vector<Expr> materialize(const Linearized& f, std::span<const Expr> x, Direction direction,
                              Builder& b) {
  const std::size_t n_out = f.values.size(), n_in = x.size();
  std::vector<Expr> blocks(n_out * n_in);
  if (direction == Direction::kForward) {
    for (std::size_t i = 0; i < n_in; ++i) {
      const auto column = forward_column(f, x, i, b);
      for (std::size_t o = 0; o < n_out; ++o) blocks[o * n_in + i] = column[o];
    }
    return blocks;
  }
  for (std::size_t o = 0; o < n_out; ++o) {
    const bool moves = f.linear.output[o] >= 0;
    const auto row = moves ? reverse_row(f, o, b) : std::vector<Expr>();
    for (std::size_t i = 0; i < n_in; ++i) {
      blocks[o * n_in + i] = moves ? row[i] : zero_block(b, f.values[o], x[i]);
    }
  }
  return blocks;
}

}  // namespace dualtape::engine
