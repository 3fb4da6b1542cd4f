#include "transform/linearize.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/array_ops.hpp"
#include "ops/elementwise.hpp"
#include "program/errors.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

struct DualExpr {
  Expr value;
  Tangent dot;
};

class Linearizer {
 public:
  Linearizer(Builder& values, Builder& tangents) : values_(values), tangents_(tangents) {}

  std::vector<DualExpr> run(const Program& p, std::span<const DualExpr> inputs) {
    std::vector<ValueId> x(p.size(), kNoValue), x_dot(p.size(), kNoValue);
    std::unordered_map<ValueId, std::vector<DualExpr>> tuples;
    auto set = [&](ValueId v, const DualExpr& y) {
      x[v] = lift(values_, y.value, p.type_of(v).dtype);
      if (y.dot) x_dot[v] = lift(tangents_, *y.dot, p.type_of(v).dtype);
    };
    auto dual_of = [&](ValueId v) {
      DualExpr d{Expr(values_, x[v]), {}};
      if (x_dot[v] != kNoValue) d.dot = Expr(tangents_, x_dot[v]);
      return d;
    };
    for (std::size_t i = 0; i < inputs.size(); ++i) set(p.inputs[i], inputs[i]);
    for (ValueId v = 0; v < p.size(); ++v) {
      const OpCode op = p.instructions[v].op;
      if (op == kInput) continue;
      if (op == kGet) {
        set(v, tuples.at(p.args_of(v)[0])[static_cast<std::size_t>(p.attrs_of(v)[0])]);
        continue;
      }
      if (subprogram_count(op) > 0) {
        std::vector<DualExpr> operands;
        for (ValueId a : p.args_of(v)) operands.push_back(dual_of(a));
        tuples[v] = run_tuple(p, v, operands);
        continue;
      }
      primals_.clear();
      dots_.clear();
      for (ValueId a : p.args_of(v)) {
        primals_.emplace_back(values_, x[a]);
        dots_.push_back(x_dot[a] == kNoValue ? Tangent() : Tangent(Expr(tangents_, x_dot[a])));
      }
      set(v, step(p, v));
    }
    std::vector<DualExpr> outputs;
    for (ValueId v : p.outputs) outputs.push_back(dual_of(v));
    return outputs;
  }

 private:
  /// Of primals_ and dots_.
  DualExpr step(const Program& p, ValueId v) {
    const Expr y = replay(p, v, primals_, values_);
    const bool any = std::ranges::any_of(dots_, [](const Tangent& t) { return t.has_value(); });
    if (!any || !is_inexact(p.type_of(v).dtype)) return {y, {}};
    // An Expr may be a constant that algebra made of the operation; rules want a typed value.
    const Expr typed(values_, lift(values_, y, p.type_of(v).dtype));
    return {typed,
            rules_of(p.instructions[v].op).pushforward(call_of(p, v), primals_, typed, dots_)};
  }

  std::vector<DualExpr> run_tuple(const Program& p, ValueId v, std::span<const DualExpr> args) {
    switch (p.instructions[v].op) {
      case kCustomJvp: return custom_jvp(p, v, args);
      case kCustomVjp: return custom_vjp(p, v, args);
      // A tangent of a tangent taken forward: only the pullback's program could give it.
      case kCustomLinear: refuse_forward_mode();
      default: return Linearizer(values_, tangents_).run(subprogram(p, v, 0), args);
    }
  }

  bool constant(std::span<const DualExpr> args) const {
    return std::ranges::none_of(args, [](const DualExpr& d) { return d.dot.has_value(); });
  }

  std::vector<DualExpr> without_tangents(std::span<const Expr> values) {
    std::vector<DualExpr> duals;
    for (const Expr& y : values) duals.push_back({y, {}});
    return duals;
  }

  /// The rule's program runs with its tangents among the tangents: what depends on them lands
  /// there.
  std::vector<DualExpr> custom_jvp(const Program& p, ValueId v, std::span<const DualExpr> args) {
    std::vector<Expr> inputs = primals(args);
    const Program& rule = subprogram(p, v, 1);
    for (const DualExpr& d : args) {
      // The rule's own type: the tangent of an integer is a float64 zero.
      const Type& type = rule.type_of(rule.inputs[inputs.size()]);
      inputs.push_back(d.dot ? *d.dot : full(values_, 0, type));
    }
    const auto results = inline_program(rule, inputs, values_, CustomRules::kKeep);
    const std::size_t n = results.size() / 2;
    std::vector<DualExpr> duals;
    for (std::size_t k = 0; k < n; ++k) {
      const bool moves = !results[n + k].is_weak() && &results[n + k].builder() == &tangents_;
      duals.push_back({results[k], moves ? Tangent(results[n + k]) : Tangent()});
    }
    return duals;
  }

  /// Values by the rule's forward program; tangents by an instruction that has only a transpose,
  /// the pullback.
  std::vector<DualExpr> custom_vjp(const Program& p, ValueId v, std::span<const DualExpr> args) {
    const auto inputs = primals(args);
    const auto results = inline_program(subprogram(p, v, 1), inputs, values_, CustomRules::kKeep);
    const std::size_t n = subprogram(p, v, 0).outputs.size();
    if (constant(args)) return without_tangents(std::span(results).first(n));
    std::vector<Expr> operands(results.begin() + static_cast<std::ptrdiff_t>(n), results.end());
    const auto n_residuals = static_cast<std::int64_t>(operands.size());
    for (const DualExpr& d : args) {
      operands.push_back(d.dot ? *d.dot : full(values_, 0, Type(d.value.type())));
    }
    const ProgramPtr pullback = p.subprograms[static_cast<std::size_t>(p.attrs_of(v)[2])];
    return linear_results(pullback, n_residuals, operands, std::span(results).first(n));
  }

  std::vector<DualExpr> linear_results(const ProgramPtr& pullback, std::int64_t n_residuals,
                                       std::span<const Expr> operands,
                                       std::span<const Expr> values) {
    const ProgramPtr programs[] = {pullback};
    const std::int64_t more[] = {n_residuals};
    const ValueId tuple = emit_tuple(tangents_, kCustomLinear, programs, more, operands);
    std::vector<DualExpr> duals;
    for (const Expr& y : values) {
      const auto k = static_cast<std::int64_t>(duals.size());
      duals.push_back({y, {}});
      if (is_inexact(y.dtype())) duals.back().dot = get(tangents_, tuple, k, Type(y.type()));
    }
    return duals;
  }

  static std::vector<Expr> primals(std::span<const DualExpr> args) {
    std::vector<Expr> values;
    for (const DualExpr& d : args) values.push_back(d.value);
    return values;
  }

  Builder& values_;
  Builder& tangents_;
  std::vector<Expr> primals_;
  std::vector<Tangent> dots_;
};

std::vector<DualExpr> seed(std::span<const Expr> inputs, std::span<const std::uint32_t> wrt,
                           Builder& tangents) {
  std::vector<DualExpr> duals;
  for (const Expr& x : inputs) duals.push_back({x, {}});
  for (auto i : wrt) duals[i].dot = Expr(tangents, tangents.input(Type(inputs[i].type())));
  return duals;
}

}  // namespace

Linearized linearize(Builder& b, const Program& program, std::span<const Expr> inputs,
                     std::span<const std::uint32_t> wrt) {
  Builder tangents(Builder::Mode::kDerive);
  const auto duals = seed(inputs, wrt, tangents);
  const auto results = Linearizer(b, tangents).run(program, duals);
  Linearized out;
  std::vector<ValueId> dots;
  for (const DualExpr& y : results) {
    out.values.push_back(y.value);
    out.linear.output.push_back(y.dot ? static_cast<int>(dots.size()) : -1);
    if (y.dot) dots.push_back(y.dot->id());
  }
  out.linear.n_tangents = wrt.size();
  for (const auto& capture : tangents.captures()) {
    out.linear.residuals.push_back(capture.value);
  }
  out.linear.program = mark_absolute_zeros(tangents.take(dots), wrt.size());
  return out;
}

std::vector<Tangent> apply_linear(const LinearProgram& linear, std::span<const ValueId> residuals,
                                  std::span<const Tangent> x_dot, Builder& b) {
  const Program& p = *linear.program;
  std::vector<Expr> inputs;
  for (std::size_t i = 0; i < x_dot.size(); ++i) {
    inputs.push_back(x_dot[i] ? *x_dot[i] : full(b, 0, p.type_of(p.inputs[i])));
  }
  for (ValueId r : residuals) inputs.emplace_back(b, r);
  const auto results = inline_program(p, inputs, b, CustomRules::kKeep);
  std::vector<Tangent> y_dot;
  for (int k : linear.output) {
    y_dot.push_back(k < 0 ? Tangent() : Tangent(results[static_cast<std::size_t>(k)]));
  }
  return y_dot;
}

namespace {

/// For each value: does it depend on a tangent?
std::vector<bool> depends_on_tangents(const Program& p, std::size_t n_tangents) {
  std::vector<bool> linear(p.size());
  for (std::size_t i = 0; i < n_tangents; ++i) linear[p.inputs[i]] = true;
  for (ValueId v = 0; v < p.size(); ++v) {
    for (ValueId a : p.args_of(v)) {
      if (linear[a]) linear[v] = true;
    }
  }
  return linear;
}

}  // namespace

ProgramPtr mark_absolute_zeros(ProgramPtr linear, std::size_t n_tangents) {
  const Program& p = *linear;
  // A zero_multiply came from a `where` of the program before: this one is a derivative of a
  // derivative.
  const auto is_select = [](const Instruction& i) {
    return i.op == opcode_of<ops::Where> || i.op == kZeroMultiply;
  };
  if (std::ranges::none_of(p.instructions, is_select)) return linear;
  auto is_where = [&](ValueId v) { return is_select(p.instructions[v]); };
  std::vector<bool> reached(p.size());
  bool any = false;
  const auto moves = depends_on_tangents(p, n_tangents);
  for (ValueId v = 0; v < p.size(); ++v) {
    bool after = is_where(v) && moves[v];
    for (ValueId a : p.args_of(v)) after = after || reached[a];
    reached[v] = after;
    any = any || after;
  }
  if (!any) return linear;
  std::vector<bool> before(p.size());
  for (std::size_t v = p.size(); v-- > 0;) {
    const auto id = static_cast<ValueId>(v);
    if (!before[v] && !(is_where(id) && moves[v])) continue;
    for (ValueId a : p.args_of(id)) before[a] = true;
  }
  auto marked = std::make_shared<Program>(p);
  for (ValueId v = 0; v < p.size(); ++v) {
    Instruction& i = marked->instructions[v];
    if (i.op != opcode_of<ops::Multiply> || !moves[v] || !(reached[v] || before[v])) continue;
    i.op = kZeroMultiply;
    ValueId* args = marked->args.data() + i.args;
    if (moves[args[0]]) std::swap(args[0], args[1]);
  }
  return marked;
}

namespace {

/// Plays a linear program backward.
class Transposer {
 public:
  Transposer(const Program& p, std::size_t n_tangents, Builder& b)
      : p_(p), b_(b), linear_(depends_on_tangents(p, n_tangents)) {
    bar_.assign(p.size(), kNoValue);
    coefficient_.assign(p.size(), kNoValue);
  }

  void bind(ValueId input, ValueId residual) { coefficient_[input] = residual; }

  void add(ValueId v, const Expr& y_bar) {
    Tangent total = bar(v);
    accumulate(total, y_bar);
    set(v, total);
  }

  void run() {
    for (ValueId v = 0; v < p_.size(); ++v) {
      if (!linear_[v] && p_.instructions[v].op != kInput) evaluate(v);
    }
    for (std::size_t v = p_.size(); v-- > 0;) back(static_cast<ValueId>(v));
  }

  Tangent bar(ValueId v) const {
    return bar_[v] == kNoValue ? Tangent() : Tangent(Expr(b_, bar_[v]));
  }

 private:
  void set(ValueId v, const Tangent& x) {
    if (x) bar_[v] = lift(b_, *x, p_.type_of(v).dtype);
  }

  /// Coefficients that the linear program makes itself (zeros, constants).
  void evaluate(ValueId v) {
    operands_.clear();
    for (ValueId a : p_.args_of(v)) operands_.emplace_back(b_, coefficient_[a]);
    coefficient_[v] = lift(b_, replay(p_, v, operands_, b_), p_.type_of(v).dtype);
  }

  void back(ValueId v) {
    const OpCode op = p_.instructions[v].op;
    if (op == kInput || !linear_[v]) return;
    if (op == kCustomLinear) return back_custom(v);
    if (bar_[v] == kNoValue) return;
    if (op == kGet) return keep_result(v);
    const auto ids = p_.args_of(v);
    args_.clear();
    bars_.clear();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const ValueId a = ids[i];
      args_.push_back({linear_[a] ? Tangent() : Tangent(Expr(b_, coefficient_[a])), p_.type_of(a)});
      // An operand that stands twice gets its sum so far once.
      bars_.push_back(linear_[a] && !repeats(ids, i) ? bar(a) : Tangent());
    }
    rules_of(op).transpose(call_of(p_, v), args_, Expr(b_, bar_[v]), bars_);
    bar_[v] = kNoValue;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!linear_[ids[i]] || !bars_[i]) continue;
      if (repeats(ids, i)) {
        add(ids[i], *bars_[i]);
      } else {
        set(ids[i], bars_[i]);
      }
    }
  }

  static bool repeats(std::span<const ValueId> ids, std::size_t i) {
    return std::ranges::find(ids.first(i), ids[i]) != ids.begin() + static_cast<std::ptrdiff_t>(i);
  }

  void keep_result(ValueId v) {
    auto& results = tuple_bars_[p_.args_of(v)[0]];
    results[static_cast<std::size_t>(p_.attrs_of(v)[0])] = Expr(b_, bar_[v]);
    bar_[v] = kNoValue;
  }

  /// A rule of the user's takes and gives cotangents as vjp does: conjugated.
  void back_custom(ValueId v) {
    auto found = tuple_bars_.find(v);
    if (found == tuple_bars_.end()) return;
    const Program& pullback = subprogram(p_, v, 0);
    const auto n_residuals = static_cast<std::size_t>(p_.attrs_of(v)[1]);
    std::vector<Expr> inputs;
    for (std::size_t i = 0; i < n_residuals; ++i) {
      inputs.emplace_back(b_, coefficient_[p_.args_of(v)[i]]);
    }
    for (std::size_t i = n_residuals; i < pullback.inputs.size(); ++i) {
      auto y_bar = found->second.find(i - n_residuals);
      inputs.push_back(y_bar != found->second.end()
                           ? conj(y_bar->second)
                           : full(b_, 0, pullback.type_of(pullback.inputs[i])));
    }
    const auto x_bar = inline_program(pullback, inputs, b_, CustomRules::kKeep);
    const auto operands = p_.args_of(v).subspan(n_residuals);
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (linear_[operands[i]]) add(operands[i], conj(x_bar[i]));
    }
  }

  const Program& p_;
  Builder& b_;
  std::vector<bool> linear_;
  std::vector<ValueId> bar_, coefficient_;
  std::vector<Expr> operands_;
  std::vector<LinearArg> args_;
  std::vector<Tangent> bars_;
  std::unordered_map<ValueId, std::unordered_map<std::size_t, Expr>> tuple_bars_;
};

}  // namespace

std::vector<Tangent> transpose(const LinearProgram& linear, std::span<const ValueId> residuals,
                               std::span<const Tangent> y_bar, Builder& b) {
  const Program& p = *linear.program;
  Transposer t(p, linear.n_tangents, b);
  for (std::size_t i = 0; i < residuals.size(); ++i)
    t.bind(p.inputs[linear.n_tangents + i], residuals[i]);
  for (std::size_t k = 0; k < y_bar.size(); ++k) {
    const int out = linear.output[k];
    if (out >= 0 && y_bar[k]) t.add(p.outputs[static_cast<std::size_t>(out)], *y_bar[k]);
  }
  t.run();
  std::vector<Tangent> x_bar;
  for (std::size_t i = 0; i < linear.n_tangents; ++i) x_bar.push_back(t.bar(p.inputs[i]));
  return x_bar;
}

}  // namespace dualtape::engine
