/// Views: reshape, transpose, broadcast_to, slice, stop_gradient. All linear; no work at run time.
///
///   reshape       x_bar = reshape(y_bar, x.shape)
///   transpose     x_bar = transpose(y_bar, p^-1)
///   broadcast_to  x_bar = sum_to(y_bar, x.shape)
///   slice         x_bar = pad(y_bar): zeros with y_bar at the places read
///   stop_gradient no tangent

#include <algorithm>

#include "ops/windows.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// The instruction that made x, if x's builder derives (then chains of views collapse); nullptr
/// otherwise.
const Instruction* defining(const Expr& x) {
  const Builder& b = x.builder();
  return b.mode() == Builder::Mode::kDerive ? &b.program().instructions[x.id()] : nullptr;
}

Expr operand(const Expr& x) { return Expr(x.builder(), x.builder().program().args_of(x.id())[0]); }

Expr view(OpCode op, const Expr& x, Dims shape, std::span<const std::int64_t> attrs = {}) {
  const Expr args[] = {x};
  return emit(op, args, Type{x.dtype(), std::move(shape)}, attrs);
}

/// The scalar that x repeats, if x is one reshaped and broadcast.
Tangent repeated_scalar(Expr x) {
  for (const Instruction* made = defining(x); made; made = defining(x)) {
    if (x.rank() == 0 && made->op != kReshape) return x;
    if (made->op != kReshape && made->op != kBroadcastTo) return {};
    x = operand(x);
  }
  return {};
}

Dims inverse(std::span<const std::int64_t> permutation) {
  Dims result(permutation.size());
  for (std::size_t i = 0; i < permutation.size(); ++i) {
    result[static_cast<std::size_t>(permutation[i])] = static_cast<std::int64_t>(i);
  }
  return result;
}

}  // namespace

Expr reshape(const Expr& x, Dims shape) {
  if (x.shape() == shape) return x;
  if (element_count(shape) != element_count(x.shape())) {
    throw ShapeError("reshape: cannot reshape " + to_string(x.shape()) + " into " +
                     to_string(shape));
  }
  const Instruction* made = defining(x);
  if (made && made->op == kReshape) return reshape(operand(x), std::move(shape));
  return view(kReshape, x, std::move(shape));
}

Expr transpose(const Expr& x, Dims permutation) {
  const Dims in_order = iota_dims(x.rank());
  if (permutation == in_order) return x;
  Dims sorted = permutation;
  std::ranges::sort(sorted);
  if (sorted != in_order) {
    throw ShapeError("transpose: axes must be a permutation of " + to_string(in_order) + ", got " +
                     to_string(permutation));
  }
  const Instruction* made = defining(x);
  if (made && made->op == kTranspose) {
    auto inner = x.builder().program().attrs_of(x.id());
    for (auto& axis : permutation) axis = inner[static_cast<std::size_t>(axis)];
    return transpose(operand(x), std::move(permutation));
  }
  Dims shape;
  for (auto axis : permutation) shape.push_back(x.shape()[static_cast<std::size_t>(axis)]);
  return view(kTranspose, x, std::move(shape), permutation);
}

Expr swap_last_axes(const Expr& x) {
  Dims p = iota_dims(x.rank());
  std::swap(p[x.rank() - 1], p[x.rank() - 2]);
  return transpose(x, std::move(p));
}

Expr move_axis(const Expr& x, std::int64_t from, std::int64_t to) {
  Dims p = iota_dims(x.rank());
  p.erase(static_cast<std::size_t>(from));
  p.insert(static_cast<std::size_t>(to), from);
  return transpose(x, std::move(p));
}

Expr broadcast_to(const Expr& x, Dims shape) {
  if (x.shape() == shape) return x;
  const std::size_t lead = shape.size() - std::min(shape.size(), x.rank());
  bool fits = x.rank() <= shape.size();
  for (std::size_t i = 0; fits && i < x.rank(); ++i) {
    fits = x.shape()[i] == 1 || x.shape()[i] == shape[lead + i];
  }
  if (!fits) {
    throw ShapeError("broadcast_to: cannot broadcast " + to_string(x.shape()) + " to " +
                     to_string(shape));
  }
  if (Tangent scalar = repeated_scalar(x)) return view(kBroadcastTo, *scalar, std::move(shape));
  return view(kBroadcastTo, x, std::move(shape));
}

Expr without_broadcast(const Expr& x, const Dims& shape) {
  if (x.is_weak() || x.shape() != shape || x.rank() == 0) return x;
  const Tangent scalar = repeated_scalar(x);
  return scalar ? *scalar : x;
}

Expr slice(const Expr& x, Dims start, Dims count, Dims step) {
  bool whole = true;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    const std::int64_t n = x.shape()[i];
    const std::int64_t last = start[i] + (count[i] - 1) * step[i];
    if (count[i] > 0 && (start[i] < 0 || start[i] >= n || last < 0 || last >= n)) {
      throw IndexError("slice: start " + to_string(start) + ", count " + to_string(count) +
                       ", step " + to_string(step) + " leave shape " + to_string(x.shape()));
    }
    whole = whole && count[i] == n && (n == 0 || start[i] == 0) && (step[i] == 1 || n <= 1);
  }
  if (whole) return x;
  return view(kSlice, x, std::move(count), interleave(start, step));
}

Expr slice_axis(const Expr& x, std::size_t axis, std::int64_t start, std::int64_t count,
                std::int64_t step) {
  Dims starts(x.rank()), counts = x.shape(), steps(x.rank(), 1);
  starts[axis] = start;
  counts[axis] = count;
  steps[axis] = step;
  return slice(x, std::move(starts), std::move(counts), std::move(steps));
}

Expr expand_dims(const Expr& x, Axes positions) {
  Dims shape = x.shape();
  for (auto p : positions) shape.insert(static_cast<std::size_t>(p), 1);
  return reshape(x, std::move(shape));
}

Expr stop_gradient(const Expr& x) { return view(kStopGradient, x, x.shape()); }

namespace {

Tangent no_tangent(const OpCall&, std::span<const Expr>, const Expr&, std::span<const Tangent>) {
  return {};
}

void transpose_reshape(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                       std::span<Tangent> x_bar) {
  accumulate(x_bar[0], reshape(y_bar, x[0].type.shape));
}

Expr batch_reshape(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  return reshape(x[0].value, prefixed(size, call.type.shape));
}

void transpose_transpose(const OpCall& call, std::span<const LinearArg>, const Expr& y_bar,
                         std::span<Tangent> x_bar) {
  accumulate(x_bar[0], transpose(y_bar, inverse(call.attrs)));
}

Expr batch_transpose(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  return transpose(x[0].value, prefixed(0, shifted(call.attrs)));
}

void transpose_broadcast(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                         std::span<Tangent> x_bar) {
  accumulate(x_bar[0], sum_to(y_bar, x[0].type.shape));
}

Expr batch_broadcast(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  const Expr& value = x[0].value;
  Dims aligned(call.type.shape.size() + 1, 1);
  aligned[0] = size;
  std::copy(value.shape().begin() + 1, value.shape().end(), aligned.end() - value.rank() + 1);
  return broadcast_to(reshape(value, aligned), prefixed(size, call.type.shape));
}

/// Adds y_bar at its place in what is there already: n reads of single entries cost n, not n^2 (the
/// update runs in place).
void transpose_slice(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                     std::span<Tangent> x_bar) {
  const auto [start, step] = start_step(call.attrs);
  accumulate_window(x_bar[0], y_bar, x[0].type, start, step);
}

Expr batch_slice(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  const auto [start, step] = start_step(call.attrs);
  return slice(x[0].value, prefixed(0, start), prefixed(size, call.type.shape), prefixed(1, step));
}

Expr batch_stop(const OpCall&, std::span<const Batched> x, std::int64_t) {
  return stop_gradient(x[0].value);
}

}  // namespace

const Rules& view_rules(OpCode op) {
  static const Rules reshape_rules{push_linear, transpose_reshape, batch_reshape};
  static const Rules transpose_rules{push_linear, transpose_transpose, batch_transpose};
  static const Rules broadcast_rules{push_linear, transpose_broadcast, batch_broadcast};
  static const Rules slice_rules{push_linear, transpose_slice, batch_slice};
  static const Rules stop_rules{no_tangent, nullptr, batch_stop};
  switch (op) {
    case kReshape: return reshape_rules;
    case kTranspose: return transpose_rules;
    case kBroadcastTo: return broadcast_rules;
    case kSlice: return slice_rules;
    default: return stop_rules;
  }
}

}  // namespace dualtape::engine
