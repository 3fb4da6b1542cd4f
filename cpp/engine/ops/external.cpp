/// Phi_k(x; v_1..v_k) = D^k F(x)[v_1..v_k] and Psi_k(x; v_1..v_k, y_bar) with
/// <Psi_k(x; v, y_bar), w> = <y_bar, Phi_(k+1)(x; v, w)>. Either is linear in each operand but x
/// and symmetric in the v_i:
///   pushforward  in x:     one order more, in the direction x_dot
///                in v_i, y_bar:  itself, of their tangent
///   transpose    Phi_k in v_i:   Psi_(k-1)(x; the other v, y_bar)
///                Psi_k in y_bar: Phi_(k+1)(x; v, z) of the cotangent z
///                Psi_k in v_i:   Psi_k(x; the other v, z, y_bar)
/// What was put in last stands first: that operand is the one a model takes many of at once.
#include "ops/external.hpp"

#include <vector>

#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

Expr external(const External& model, bool transposed, std::span<const Expr> args) {
  const auto order = static_cast<std::int64_t>(args.size()) - 1;  // of a transposed one, k + 1
  if (order > model.max_order()) {
    if (model.max_order() == 0)
      throw DerivativeError(model.name() + ": no derivative of this order");
    throw DerivativeError(model.name() + ": a derivative of order " + std::to_string(order) +
                          " is wanted, the model was made for order " +
                          std::to_string(model.max_order()) + " at most");
  }
  Dims shape = args[0].shape();
  shape.back() = transposed ? model.inputs() : model.outputs();
  const std::int64_t attrs[] = {model.id(), transposed ? 1 : 0};
  return emit(kExternal, args, Type{DType::kFloat64, shape}, attrs);
}

namespace {

const External& model_of(const OpCall& call) { return External::of(call.attrs[0]); }
bool is_transposed(const OpCall& call) { return call.attrs[1] != 0; }

/// x, first, then the other operands without number `skipped`.
std::vector<Expr> put_first(std::span<const Expr> x, const Expr& first, std::size_t skipped) {
  std::vector<Expr> args{x[0], first};
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (i != skipped) args.push_back(x[i]);
  }
  return args;
}

Tangent push_external(const OpCall& call, std::span<const Expr> x, const Expr&,
                      std::span<const Tangent> x_dot) {
  const External& model = model_of(call);
  const bool transposed = is_transposed(call);
  Tangent total;
  if (x_dot[0]) total = external(model, transposed, put_first(x, *x_dot[0], 0));
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (!x_dot[i]) continue;
    std::vector<Expr> args = put_first(x, *x_dot[i], i);
    if (transposed && i + 1 == x.size()) {  // y_bar keeps its place
      args.assign(x.begin(), x.end() - 1);
      args.push_back(*x_dot[i]);
    }
    accumulate(total, external(model, transposed, args));
  }
  return total;
}

void transpose_external(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                        std::span<Tangent> x_bar) {
  const External& model = model_of(call);
  std::size_t linear = 1;
  while (!x[linear].is_linear()) ++linear;
  std::vector<Expr> args{*x[0].value};
  if (is_transposed(call)) args.push_back(y_bar);
  for (std::size_t i = 1; i < x.size(); ++i) {
    if (i != linear) args.push_back(*x[i].value);
  }
  if (!is_transposed(call)) args.push_back(y_bar);
  const bool in_y_bar = is_transposed(call) && linear + 1 == x.size();
  accumulate(x_bar[linear], external(model, !in_y_bar, args));
}

Expr batch_external(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  std::vector<Expr> args;
  for (const Batched& b : x) args.push_back(with_batch(b, size));
  return external(model_of(call), is_transposed(call), args);
}

}  // namespace

const Rules& external_rules(OpCode) {
  static const Rules rules{push_external, transpose_external, batch_external};
  return rules;
}

}  // namespace dualtape::engine
