/// dot_general : sums of products over contracted axes, with batch axes; bilinear. Result axes:
/// batch, lhs free, rhs free.
///
///   pushforward  y_dot = dot(a_dot, b) + dot(a, b_dot)
///   transpose    a_bar = dot(y_bar, b) over b's free axes,  b_bar = dot(a, y_bar) over a's free
///   axes
/// matmul, dot and tensordot are written with it.

#include <algorithm>
#include <optional>

#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

Dims free_axes(std::size_t rank, const Dims& contract, const Dims& batch) {
  Dims result;
  const auto last = static_cast<std::int64_t>(rank);
  if (rank == 2 && contract.size() == 1 && batch.empty()) {
    result.push_back(1 - contract[0]);
    return result;
  }
  for (std::int64_t i = 0; i < last; ++i) {
    if (!contract.contains(i) && !batch.contains(i)) result.push_back(i);
  }
  return result;
}

DotDims dot_dims(std::span<const std::int64_t> attrs) {
  const auto n_contract = static_cast<std::size_t>(attrs[0]);
  const auto n_batch = static_cast<std::size_t>(attrs[1]);
  const auto rest = attrs.subspan(2);
  return {Dims(rest.first(n_contract)), Dims(rest.subspan(n_contract, n_contract)),
          Dims(rest.subspan(2 * n_contract, n_batch)),
          Dims(rest.subspan(2 * n_contract + n_batch, n_batch))};
}

namespace {

Dims pack(const DotDims& d) {
  Dims attrs{static_cast<std::int64_t>(d.lhs_contract.size()),
             static_cast<std::int64_t>(d.lhs_batch.size())};
  for (const Dims* list : {&d.lhs_contract, &d.rhs_contract, &d.lhs_batch, &d.rhs_batch}) {
    attrs.append(*list);
  }
  return attrs;
}

void append_lengths(Dims& shape, const Dims& from, const Dims& axes) {
  for (auto a : axes) shape.push_back(from[static_cast<std::size_t>(a)]);
}

void check_lengths(const Dims& a, const Dims& b, const Dims& a_axes, const Dims& b_axes) {
  for (std::size_t i = 0; i < a_axes.size(); ++i) {
    const auto n = a[static_cast<std::size_t>(a_axes[i])];
    const auto m = b[static_cast<std::size_t>(b_axes[i])];
    if (n != m) {
      throw ShapeError("dot: axis " + std::to_string(a_axes[i]) + " of " + to_string(a) +
                       " and axis " + std::to_string(b_axes[i]) + " of " + to_string(b) +
                       " must have the same length");
    }
  }
}

Dims range(std::size_t first, std::size_t count) {
  Dims d = iota_dims(count);
  for (auto& v : d) v += static_cast<std::int64_t>(first);
  return d;
}

Dims argsort(const Dims& keys) {
  Dims order = iota_dims(keys.size());
  std::ranges::sort(order, {}, [&](std::int64_t i) { return keys[static_cast<std::size_t>(i)]; });
  return order;
}

/// The type of the result for one contracted axis of vectors and matrices, as of most products.
std::optional<Type> plain_type(const Type& a, const Type& b, const DotDims& dims) {
  if (dims.lhs_contract.size() != 1 || !dims.lhs_batch.empty()) return std::nullopt;
  if (a.shape.size() > 2 || b.shape.size() > 2) return std::nullopt;
  Type type{a.dtype, {}};
  if (a.shape.size() == 2) type.shape.push_back(a.shape[dims.lhs_contract[0] == 0]);
  if (b.shape.size() == 2) type.shape.push_back(b.shape[dims.rhs_contract[0] == 0]);
  return type;
}

/// Result axis i is axis `places[i]` of the wanted array: transposes it there.
Expr place_axes(const Expr& x, const Dims& places) {
  return std::ranges::is_sorted(places) ? x : transpose(x, argsort(places));
}

}  // namespace

Expr dot_general(const Expr& a, const Expr& b, const DotDims& dims) {
  const Type &left = a.type(), &right = b.type();
  if (left.dtype != right.dtype) throw DTypeError("dot: operands differ in element type");
  check_lengths(left.shape, right.shape, dims.lhs_contract, dims.rhs_contract);
  check_lengths(left.shape, right.shape, dims.lhs_batch, dims.rhs_batch);
  const Expr args[] = {a, b};
  if (const auto type = plain_type(left, right, dims)) {
    const std::int64_t attrs[] = {1, 0, dims.lhs_contract[0], dims.rhs_contract[0]};
    return emit(kDotGeneral, args, *type, attrs);
  }
  Dims shape;
  append_lengths(shape, left.shape, dims.lhs_batch);
  append_lengths(shape, left.shape, free_axes(a.rank(), dims.lhs_contract, dims.lhs_batch));
  append_lengths(shape, right.shape, free_axes(b.rank(), dims.rhs_contract, dims.rhs_batch));
  return emit(kDotGeneral, args, Type{left.dtype, std::move(shape)}, pack(dims));
}

Expr tensordot(const Expr& a, const Expr& b, Dims a_axes, Dims b_axes) {
  return dot_general(a, b, {std::move(a_axes), std::move(b_axes), {}, {}});
}

Expr dot(const Expr& a, const Expr& b) {
  if (a.rank() == 0 || b.rank() == 0) return a * b;
  const auto last_a = static_cast<std::int64_t>(a.rank()) - 1;
  const auto b_axis = static_cast<std::int64_t>(b.rank()) - (b.rank() > 1 ? 2 : 1);
  return tensordot(a, b, Dims{last_a}, Dims{b_axis});
}

namespace {

/// The leading axes of a matmul operand, broadcast to `batch`.
Expr broadcast_batch(const Expr& x, const Dims& batch) {
  Dims shape = batch;
  shape.append(std::span<const std::int64_t>(x.shape()).last(2));
  return broadcast_to(x, shape);
}

Expr batched_matmul(const Expr& a, const Expr& b, const Dims& batch) {
  const std::size_t n = batch.size();
  const Expr lhs = broadcast_batch(a, batch), rhs = broadcast_batch(b, batch);
  const auto k = static_cast<std::int64_t>(n);
  return dot_general(lhs, rhs, {Dims{k + 1}, Dims{k}, range(0, n), range(0, n)});
}

void check_matmul(const Expr& a, const Expr& b) {
  const bool ranked = a.rank() > 0 && b.rank() > 0;
  if (ranked && a.shape().back() == b.shape()[b.rank() - std::min<std::size_t>(2, b.rank())]) {
    return;
  }
  throw ShapeError("matmul: the last axis of a must match the second to last of b, got " +
                   to_string(a.shape()) + " and " + to_string(b.shape()));
}

}  // namespace

Expr matmul(const Expr& a, const Expr& b) {
  check_matmul(a, b);
  const auto last_a = static_cast<std::int64_t>(a.rank()) - 1;
  if (b.rank() == 1) return tensordot(a, b, Dims{last_a}, Dims{0});
  if (b.rank() == 2) return tensordot(a, b, Dims{last_a}, Dims{0});
  if (a.rank() == 1) {
    const Expr row = matmul(reshape(a, prefixed(1, a.shape())), b);
    Dims shape = row.shape();
    shape.erase(shape.size() - 2);
    return reshape(row, shape);
  }
  const std::span<const std::int64_t> sa(a.shape()), sb(b.shape());
  const Dims batch = broadcast_shapes("matmul", sa.first(a.rank() - 2), sb.first(b.rank() - 2));
  return batched_matmul(a, b, batch);
}

namespace {

Tangent push_dot(const OpCall& call, std::span<const Expr> x, const Expr&,
                 std::span<const Tangent> x_dot) {
  Tangent y_dot;
  for (std::size_t i = 0; i < 2; ++i) {
    if (!x_dot[i]) continue;
    const Expr args[] = {i == 0 ? *x_dot[0] : x[0], i == 1 ? *x_dot[1] : x[1]};
    accumulate(y_dot, reapply(call, args));
  }
  return y_dot;
}

/// a_bar: contract y_bar's rhs-free axes with b's. The product's axes are batch, lhs free, then the
/// axes of b that were contracted, ascending.
Expr transpose_lhs(const DotDims& d, const Type& a, const Expr& b, const Expr& y_bar) {
  const Dims a_free = free_axes(a.shape.size(), d.lhs_contract, d.lhs_batch);
  const Dims b_free = free_axes(b.rank(), d.rhs_contract, d.rhs_batch);
  const std::size_t n_batch = d.lhs_batch.size();
  const Expr product = dot_general(
      y_bar, b,
      {range(n_batch + a_free.size(), b_free.size()), b_free, range(0, n_batch), d.rhs_batch});
  Dims places = d.lhs_batch;
  places.append(a_free);
  for (auto i : argsort(d.rhs_contract)) {
    places.push_back(d.lhs_contract[static_cast<std::size_t>(i)]);
  }
  return place_axes(product, places);
}

/// b_bar: contract a's free axes with y_bar's. The product's axes are batch, the axes of a that
/// were contracted, ascending, then rhs free.
Expr transpose_rhs(const DotDims& d, const Expr& a, const Type& b, const Expr& y_bar) {
  const Dims a_free = free_axes(a.rank(), d.lhs_contract, d.lhs_batch);
  const Dims b_free = free_axes(b.shape.size(), d.rhs_contract, d.rhs_batch);
  const std::size_t n_batch = d.lhs_batch.size();
  const Expr product = dot_general(
      a, y_bar, {a_free, range(n_batch, a_free.size()), d.lhs_batch, range(0, n_batch)});
  Dims places = d.rhs_batch;
  for (auto i : argsort(d.lhs_contract)) {
    places.push_back(d.rhs_contract[static_cast<std::size_t>(i)]);
  }
  places.append(b_free);
  return place_axes(product, places);
}

void transpose_dot(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                   std::span<Tangent> x_bar) {
  const DotDims dims = dot_dims(call.attrs);
  if (x[0].is_linear()) {
    accumulate(x_bar[0], transpose_lhs(dims, x[0].type, *x[1].value, y_bar));
  } else {
    accumulate(x_bar[1], transpose_rhs(dims, *x[0].value, x[1].type, y_bar));
  }
}

/// Both batched: one more batch axis. One batched: its batch axis is a free axis of it, moved to
/// the front, where it is made if the rhs has no other free axis.
Expr batch_dot(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  DotDims d = dot_dims(call.attrs);
  if (x[0].batched) {
    d.lhs_contract = shifted(d.lhs_contract);
    d.lhs_batch = shifted(d.lhs_batch);
  }
  if (x[1].batched) {
    d.rhs_contract = shifted(d.rhs_contract);
    d.rhs_batch = shifted(d.rhs_batch);
  }
  if (x[0].batched && x[1].batched) {
    d.lhs_batch = prefixed(0, d.lhs_batch);
    d.rhs_batch = prefixed(0, d.rhs_batch);
    return dot_general(x[0].value, x[1].value, d);
  }
  const std::size_t n_batch = d.lhs_batch.size();
  if (x[1].batched && n_batch == 0 && x[1].value.rank() == d.rhs_contract.size() + 1) {
    return dot_general(x[1].value, x[0].value, {d.rhs_contract, d.lhs_contract, {}, {}});
  }
  const Expr y = dot_general(x[0].value, x[1].value, d);
  const std::size_t lhs_free = x[0].value.rank() - n_batch - d.lhs_contract.size();
  return move_axis(y, static_cast<std::int64_t>(x[0].batched ? n_batch : n_batch + lhs_free), 0);
}

}  // namespace

const Rules& product_rules(OpCode) {
  static const Rules rules{push_dot, transpose_dot, batch_dot};
  return rules;
}

}  // namespace dualtape::engine
