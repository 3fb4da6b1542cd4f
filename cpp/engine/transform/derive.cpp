#include "transform/derive.hpp"

#include <algorithm>
#include <numeric>

#include "program/errors.hpp"
#include "transform/batch.hpp"
#include "transform/laplacian.hpp"
#include "transform/materialize.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

using Kind = Derivation::Kind;

Positions differentiated(const Program& base, const Derivation& how) {
  return how.outputs ? *how.outputs : first_positions(base.outputs.size());
}

/// The same function with some of its outputs alone.
ProgramPtr with_outputs(const Program& base, std::span<const std::uint32_t> positions) {
  std::vector<ValueId> outputs;
  for (auto k : positions) outputs.push_back(base.outputs[k]);
  return extract(base, base.inputs, outputs);
}

/// Derived forms of one program: linearized once in a builder of its own.
class Deriver {
 public:
  Deriver(const Program& base, const Derivation& how) : base_(base), how_(how) {
    for (ValueId v : base.inputs) inputs_.emplace_back(b_, b_.input(base.type_of(v)));
    for (auto i : how.wrt) {
      if (!is_inexact(inputs_[i].dtype())) {
        throw DTypeError("differentiated inputs must be floating, got " +
                         to_string(inputs_[i].type()));
      }
      wrt_.push_back(inputs_[i]);
    }
    const bool is_part = how.outputs && (how.kind == Kind::kJvp || how.kind == Kind::kLinearize ||
                                         how.kind == Kind::kVjp);
    f_ = linearize(b_, is_part ? *with_outputs(base, *how.outputs) : base, inputs_, how.wrt);
  }

  // Inside, cotangents pair without conjugation: Re(sum(x_bar x_dot)). Outside they are conjugated,
  // so that x_bar = J^H y_bar, the direction of steepest ascent. See docs/complex.md.

  /// A complex result has a holomorphic derivative, which is not conjugated.
  Derived grad() {
    const Expr& y = f_.values[0];
    if (!is_inexact(y.dtype()) || !y.shape().empty()) {
      throw ShapeError("grad: the function must return a floating scalar, got " +
                       to_string(y.type()));
    }
    std::vector<Tangent> y_bar(f_.values.size());
    y_bar[0] = constant(b_, 1, y.dtype());
    const auto x_bar = transpose(f_.linear, f_.linear.residuals, y_bar, b_);
    std::vector<Expr> outputs;
    for (std::size_t i = 0; i < wrt_.size(); ++i) {
      const Expr bar = x_bar[i] ? *x_bar[i] : zeros_like(wrt_[i]);
      outputs.push_back(is_complex(y.dtype()) ? bar : conj(bar));
    }
    keep(outputs);
    f_ = {};  // of a long program the linear one is large: away before the result is written
    return {finish(b_, outputs), nullptr};
  }

  Derived jvp() {
    std::vector<Expr> outputs = f_.values;
    append_tangents(f_.linear.residuals, b_, outputs);
    append_others(outputs);
    return {finish(b_, outputs), nullptr};
  }

  Derived tangent() {
    std::vector<Expr> outputs;
    append_tangents(f_.linear.residuals, b_, outputs);
    return {finish(b_, outputs), nullptr};
  }

  Derived cotangent() { return {finish(b_, cotangents(f_.linear.residuals, b_)), nullptr}; }

  Derived linearized() {
    Builder second(Builder::Mode::kDerive);
    std::vector<Expr> outputs;
    append_tangents(residual_inputs(second), second, outputs);
    return {values_and_residuals(), finish(second, outputs)};
  }

  Derived vjp() {
    Builder second(Builder::Mode::kDerive);
    const std::vector<Expr> outputs = cotangents(residual_inputs(second), second);
    return {values_and_residuals(), finish(second, outputs)};
  }

  Derived jacobian(Direction direction, bool symmetric = false) {
    auto outputs =
        materialize(f_, differentiated(base_, how_), {direction, how_.chunk, symmetric}, b_);
    keep(outputs);
    return {finish(b_, outputs), nullptr};
  }

  Derived diagonal() {
    auto outputs = materialize_diagonal(f_, wrt_, how_.chunk, b_);
    keep(outputs);
    return {finish(b_, outputs), nullptr};
  }

  /// X and a direction for each of wrt -> the second derivatives of the outputs along it.
  static ProgramPtr second_along(const Program& base, const Derivation& how) {
    const ProgramPtr first = Deriver(base, {Kind::kJvp, how.wrt, {}}).jvp().first;
    Builder b(Builder::Mode::kDerive);
    std::vector<Expr> inputs;
    for (ValueId v : first->inputs) inputs.emplace_back(b, b.input(first->type_of(v)));
    const Linearized f = linearize(b, *first, inputs, how.wrt);
    const std::vector<Tangent> v(inputs.begin() + static_cast<std::ptrdiff_t>(base.inputs.size()),
                                 inputs.end());
    const auto second = apply_linear(f.linear, f.linear.residuals, v, b);
    std::vector<Expr> outputs;
    for (auto o : differentiated(base, how)) {
      const std::size_t k = base.outputs.size() + o;
      outputs.push_back(second[k] ? *second[k] : zero_tangent(b, f.values[k].type()));
    }
    return finish(b, outputs);
  }

  Derived laplacian() {
    const ProgramPtr second = second_along(base_, how_);
    auto outputs = sum_over_directions(*second, inputs_, wrt_.size(), how_.chunk, b_);
    keep(outputs);
    return {finish(b_, outputs), nullptr};
  }

 private:
  /// Those of the outputs, for tangents that are inputs of `b`.
  void append_tangents(std::span<const ValueId> residuals, Builder& b,
                       std::vector<Expr>& outputs) const {
    std::vector<Tangent> x_dot;
    for (const Expr& x : wrt_) x_dot.push_back(Expr(b, b.input(Type(x.type()))));
    const auto y_dot = apply_linear(f_.linear, residuals, x_dot, b);
    for (std::size_t k = 0; k < y_dot.size(); ++k) {
      outputs.push_back(y_dot[k] ? *y_dot[k] : zero_tangent(b, f_.values[k].type()));
    }
  }

  /// Those of wrt, for cotangents that are inputs of `b`.
  std::vector<Expr> cotangents(std::span<const ValueId> residuals, Builder& b) const {
    std::vector<Tangent> y_bar;
    for (const Expr& y : f_.values) {
      y_bar.push_back(conj(Expr(b, b.input(Type(y.type())))));
    }
    const auto x_bar = transpose(f_.linear, residuals, y_bar, b);
    std::vector<Expr> outputs;
    for (std::size_t i = 0; i < wrt_.size(); ++i) {
      outputs.push_back(x_bar[i] ? conj(*x_bar[i]) : full(b, 0, Type(wrt_[i].type())));
    }
    return outputs;
  }

  /// Integer and boolean results have float64 zeros for tangents.
  static Expr zero_tangent(Builder& b, const Type& type) {
    return full(b, 0, Type{is_inexact(type.dtype) ? type.dtype : DType::kFloat64, type.shape});
  }

  void keep(std::vector<Expr>& outputs) const {
    for (auto k : how_.keep) outputs.push_back(f_.values[k]);
  }

  /// Those kept beside the linearized ones. What both compute is shared by the builder.
  void append_others(std::vector<Expr>& outputs) {
    if (how_.keep.empty()) return;
    const auto others =
        inline_program(*with_outputs(base_, how_.keep), inputs_, b_, CustomRules::kKeep);
    outputs.insert(outputs.end(), others.begin(), others.end());
  }

  std::vector<ValueId> residual_inputs(Builder& second) const {
    std::vector<ValueId> residuals;
    for (ValueId r : f_.linear.residuals) residuals.push_back(second.input(b_.type_of(r)));
    return residuals;
  }

  ProgramPtr values_and_residuals() {
    std::vector<Expr> outputs = f_.values;
    append_others(outputs);
    for (ValueId r : f_.linear.residuals) outputs.emplace_back(b_, r);
    return finish(b_, outputs);
  }

  static ProgramPtr finish(Builder& b, std::span<const Expr> outputs) {
    std::vector<ValueId> ids;
    for (const Expr& y : outputs) ids.push_back(lift(b, y, DType::kFloat64));
    return b.finish(ids);
  }

  const Program& base_;
  const Derivation& how_;
  Builder b_{Builder::Mode::kDerive};
  std::vector<Expr> inputs_, wrt_;
  Linearized f_;
};

bool has_custom_rules(const Program& p) {
  for (const Instruction& i : p.instructions) {
    if (i.op != kCall && subprogram_count(i.op) > 0) return true;
  }
  return std::ranges::any_of(p.subprograms,
                             [](const ProgramPtr& s) { return has_custom_rules(*s); });
}

/// The gradient, then the outputs that are to be kept; the positions of both in `second`.
ProgramPtr gradient_of(const Program& base, const Derivation& how, Derivation& second) {
  const ProgramPtr g = Deriver(base, {Kind::kGrad, how.wrt, how.keep}).grad().first;
  const auto n = static_cast<std::uint32_t>(how.wrt.size());
  second.wrt = how.wrt;
  second.chunk = how.chunk;
  auto& gradient = second.outputs.emplace();
  for (std::uint32_t i = 0; i < n; ++i) {
    gradient.push_back(i);
    if (how.gradient) second.keep.push_back(i);
  }
  for (std::uint32_t k = 0; k < how.keep.size(); ++k) second.keep.push_back(n + k);
  return g;
}

Derived hessian(const Program& base, const Derivation& how) {
  Derivation second;
  const ProgramPtr g = gradient_of(base, how, second);
  // A custom rule may be anything: its derivative need not be symmetric.
  return Deriver(*g, second).jacobian(Direction::kCheaper, !has_custom_rules(base));
}

Derived hessian_diagonal(const Program& base, const Derivation& how) {
  Derivation second;
  const ProgramPtr g = gradient_of(base, how, second);
  return Deriver(*g, second).diagonal();
}

}  // namespace

Derived derive(const Program& base, const Derivation& how) {
  switch (how.kind) {
    case Kind::kBatch: return {batch_program(base, how.batched, how.batch_size), nullptr};
    case Kind::kGrad: return Deriver(base, how).grad();
    case Kind::kJvp: return Deriver(base, how).jvp();
    case Kind::kTangent: return Deriver(base, how).tangent();
    case Kind::kCotangent: return Deriver(base, how).cotangent();
    case Kind::kLinearize: return Deriver(base, how).linearized();
    case Kind::kVjp: return Deriver(base, how).vjp();
    case Kind::kJacfwd: return Deriver(base, how).jacobian(Direction::kForward);
    case Kind::kJacrev: return Deriver(base, how).jacobian(Direction::kReverse);
    case Kind::kJacobian: return Deriver(base, how).jacobian(Direction::kCheaper);
    case Kind::kHessian: return hessian(base, how);
    case Kind::kHessianDiagonal: return hessian_diagonal(base, how);
    default: return Deriver(base, how).laplacian();
  }
}

}  // namespace dualtape::engine
