#include "transform/materialize.hpp"

#include "transform/batch.hpp"

namespace dualtape::engine {
namespace {

Dims concat(const Dims& a, const Dims& b) {
  Dims result = a;
  result.append(b);
  return result;
}

/// The identity as a batch: entry i is the i-th unit array of this type.
Expr unit_arrays(Builder& b, const Type& type) {
  const std::int64_t n = element_count(type.shape);
  return reshape(eye(b, n, n, type.dtype), prefixed(n, type.shape));
}

Expr zero_block(Builder& b, const Expr& y, const Expr& x) {
  const DType dtype = is_inexact(y.dtype()) ? y.dtype() : x.dtype();
  return full(b, 0, Type{dtype, concat(y.shape(), x.shape())});
}

/// Linear program -> program of its transpose with the residuals first, then one cotangent.
ProgramPtr pullback_of_output(const Linearized& f, std::size_t o) {
  Builder b(Builder::Mode::kDerive);
  const Program& p = *f.linear.program;
  std::vector<ValueId> residuals;
  for (std::size_t i = f.linear.n_tangents; i < p.inputs.size(); ++i) {
    residuals.push_back(b.input(p.type_of(p.inputs[i])));
  }
  std::vector<Tangent> y_bar(f.values.size());
  y_bar[o] = Expr(b, b.input(Type(f.values[o].type())));
  const auto x_bar = transpose(f.linear, residuals, y_bar, b);
  std::vector<ValueId> outputs;
  for (std::size_t i = 0; i < x_bar.size(); ++i) {
    outputs.push_back((x_bar[i] ? *x_bar[i] : full(b, 0, p.type_of(p.inputs[i]))).id());
  }
  return b.finish(outputs);
}

std::vector<Expr> reverse_row(const Linearized& f, std::span<const Expr> x, std::size_t o,
                              Builder& b) {
  const Type type = f.values[o].type();
  const std::int64_t n = element_count(type.shape);
  std::vector<Batched> inputs;
  for (ValueId r : f.linear.residuals) inputs.push_back({Expr(b, r), false});
  inputs.push_back({unit_arrays(b, type), true});
  const auto x_bar = batch(*pullback_of_output(f, o), inputs, n, b);
  std::vector<Expr> blocks;
  for (std::size_t i = 0; i < x.size(); ++i) {
    blocks.push_back(reshape(with_batch(x_bar[i], n), concat(type.shape, x[i].shape())));
  }
  return blocks;
}

/// d y / d x[i] for every output y, from unit arrays in x[i] and zeros elsewhere.
std::vector<Expr> forward_column(const Linearized& f, std::span<const Expr> x, std::size_t i,
                                 Builder& b) {
  const std::int64_t n = element_count(x[i].shape());
  std::vector<Batched> inputs;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const Type type = x[k].type();
    inputs.push_back(k == i ? Batched{unit_arrays(b, type), true}
                            : Batched{full(b, 0, type), false});
  }
  for (ValueId r : f.linear.residuals) inputs.push_back({Expr(b, r), false});
  const auto y_dot = batch(*f.linear.program, inputs, n, b);
  std::vector<Expr> blocks;
  for (std::size_t o = 0; o < f.values.size(); ++o) {
    const Expr& y = f.values[o];
    if (f.linear.output[o] < 0) {
      blocks.push_back(zero_block(b, y, x[i]));
      continue;
    }
    const Expr rows = with_batch(y_dot[static_cast<std::size_t>(f.linear.output[o])], n);
    const Expr last = move_axis(rows, 0, static_cast<std::int64_t>(rows.rank()) - 1);
    blocks.push_back(reshape(last, concat(y.shape(), x[i].shape())));
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
    if (f.linear.output[o] < 0) {
      for (std::size_t i = 0; i < n_in; ++i) {
        blocks[o * n_in + i] = zero_block(b, f.values[o], x[i]);
      }
      continue;
    }
    const auto row = reverse_row(f, x, o, b);
    for (std::size_t i = 0; i < n_in; ++i) blocks[o * n_in + i] = row[i];
  }
  return blocks;
}

}  // namespace dualtape::engine
