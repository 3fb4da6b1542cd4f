#include "transform/derive.hpp"

#include "program/errors.hpp"
#include "transform/batch.hpp"
#include "transform/materialize.hpp"

namespace dualtape::engine {
namespace {

using Kind = Derivation::Kind;

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
    f_ = linearize(b_, base, inputs_, how.wrt);
  }

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
      outputs.push_back(x_bar[i] ? *x_bar[i] : zeros_like(wrt_[i]));
    }
    keep(outputs);
    f_ = {};  // of a long program the linear one is large: away before the result is written
    return {finish(b_, outputs), nullptr};
  }

  Derived jvp() {
    std::vector<Tangent> x_dot;
    for (const Expr& x : wrt_) x_dot.push_back(Expr(b_, b_.input(Type(x.type()))));
    const auto y_dot = apply_linear(f_.linear, f_.linear.residuals, x_dot, b_);
    std::vector<Expr> outputs = f_.values;
    for (std::size_t k = 0; k < y_dot.size(); ++k) {
      outputs.push_back(y_dot[k] ? *y_dot[k] : zero_tangent(b_, f_.values[k].type()));
    }
    return {finish(b_, outputs), nullptr};
  }

  Derived linearized() {
    Builder second(Builder::Mode::kDerive);
    const auto residuals = residual_inputs(second);
    std::vector<Tangent> x_dot;
    for (const Expr& x : wrt_) x_dot.push_back(Expr(second, second.input(Type(x.type()))));
    const auto y_dot = apply_linear(f_.linear, residuals, x_dot, second);
    std::vector<Expr> outputs;
    for (std::size_t k = 0; k < y_dot.size(); ++k) {
      outputs.push_back(y_dot[k] ? *y_dot[k] : zero_tangent(second, f_.values[k].type()));
    }
    return {values_and_residuals(), finish(second, outputs)};
  }

  Derived vjp() {
    Builder second(Builder::Mode::kDerive);
    const auto residuals = residual_inputs(second);
    std::vector<Tangent> y_bar;
    for (const Expr& y : f_.values) {
      y_bar.push_back(Expr(second, second.input(Type(y.type()))));
    }
    const auto x_bar = transpose(f_.linear, residuals, y_bar, second);
    std::vector<Expr> outputs;
    for (std::size_t i = 0; i < wrt_.size(); ++i) {
      outputs.push_back(x_bar[i] ? *x_bar[i] : full(second, 0, Type(wrt_[i].type())));
    }
    return {values_and_residuals(), finish(second, outputs)};
  }

  Derived jacobian(Direction direction) {
    auto outputs = materialize(f_, wrt_, direction, b_);
    keep(outputs);
    return {finish(b_, outputs), nullptr};
  }

 private:
  /// Integer and boolean results have float64 zeros for tangents.
  static Expr zero_tangent(Builder& b, const Type& type) {
    return full(b, 0, Type{is_inexact(type.dtype) ? type.dtype : DType::kFloat64, type.shape});
  }

  void keep(std::vector<Expr>& outputs) const {
    for (auto k : how_.keep) outputs.push_back(f_.values[k]);
  }

  std::vector<ValueId> residual_inputs(Builder& second) const {
    std::vector<ValueId> residuals;
    for (ValueId r : f_.linear.residuals) residuals.push_back(second.input(b_.type_of(r)));
    return residuals;
  }

  ProgramPtr values_and_residuals() {
    std::vector<Expr> outputs = f_.values;
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

}  // namespace

Derived derive(const Program& base, const Derivation& how) {
  switch (how.kind) {
    case Kind::kBatch: return {batch_program(base, how.batched, how.batch_size), nullptr};
    case Kind::kGrad: return Deriver(base, how).grad();
    case Kind::kJvp: return Deriver(base, how).jvp();
    case Kind::kLinearize: return Deriver(base, how).linearized();
    case Kind::kVjp: return Deriver(base, how).vjp();
    case Kind::kJacfwd: return Deriver(base, how).jacobian(Direction::kForward);
    default: return Deriver(base, how).jacobian(Direction::kReverse);
  }
}

}  // namespace dualtape::engine
