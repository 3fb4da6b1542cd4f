/// Order and recurrence along an axis.
///
///   sort          y_dot = x_dot in the order that sorts x (ties: the stable one)
///   argsort, searchsorted   integers: no derivative
///   recurrence    y_k = a_k y_{k-1} + b_k; linear in b.
///                 pushforward  y_dot = recurrence(a, a_dot_k y_{k-1} + b_dot_k)
///                 transpose    b_bar_k = y_bar_k + a_{k+1} b_bar_{k+1}: the other way round
///   cummax        y_dot_k = w y_dot_{k-1} + u x_dot_k with the partials w, u of
///                 maximum(y_{k-1}, x_k): as the loop of maximum, ties included
///   cumprod       recurrence(x, (x_0, -0, -0, ...)), which keeps the sign of a zero: any number of
///                 zeros is right at every order

#include <array>

#include "ops/elementwise.hpp"
#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

Expr along(OpCode op, const Expr& x, std::int64_t axis, DType dtype) {
  const Expr args[] = {x};
  const std::int64_t attrs[] = {axis};
  return emit(op, args, Type{dtype, x.shape()}, attrs);
}

std::int64_t length(const Expr& x, std::int64_t axis) {
  return x.shape()[static_cast<std::size_t>(axis)];
}

Expr part(const Expr& x, std::int64_t axis, std::int64_t start, std::int64_t count) {
  return slice_axis(x, static_cast<std::size_t>(axis), start, count);
}

/// x in front of `rest` along the axis.
Expr join(const Expr& x, const Expr& rest, std::int64_t axis) {
  const Expr parts[] = {x, rest};
  return concatenate(parts, axis);
}

/// Zeros of x's shape with `some` (as many entries as x has, less one) from `start` on.
Expr padded(const Expr& some, const Expr& x, std::int64_t axis, std::int64_t start) {
  Dims starts(x.rank()), steps(x.rank(), 1);
  starts[static_cast<std::size_t>(axis)] = start;
  return pad(some, x.shape(), starts, steps);
}

/// y_{k-1} in place of y_k, or y_{k+1} if `reverse`; zero where there is none.
Expr previous(const Expr& y, std::int64_t axis, bool reverse) {
  const std::int64_t n = length(y, axis);
  return padded(part(y, axis, reverse ? 1 : 0, n - 1), y, axis, reverse ? 0 : 1);
}

}  // namespace

Expr sort(const Expr& x, std::int64_t axis) { return along(kSort, x, axis, x.dtype()); }

Expr argsort(const Expr& x, std::int64_t axis) { return along(kArgSort, x, axis, DType::kInt64); }

Expr take_along(const Expr& x, const Expr& index, std::int64_t axis) {
  const auto last = static_cast<std::int64_t>(x.rank()) - 1;
  const Expr rows = move_axis(x, axis, last), places = move_axis(index, axis, last);
  const std::int64_t count = element_count(x.shape());
  if (count == 0) return full(x.builder(), 0, Type{x.dtype(), index.shape()});
  const std::int64_t n = rows.shape().back(), lines = count / n;
  Expr flat = reshape(places, Dims{lines, places.shape().back()});
  if (lines > 1) {
    Builder& b = index.builder();
    const Expr first = iota(b, lines) * constant(b, static_cast<double>(n), DType::kInt64);
    flat = flat + reshape(first, Dims{lines, 1});
  }
  const Expr taken = take(reshape(rows, Dims{count}), flat);
  return move_axis(reshape(taken, places.shape()), last, axis);
}

Expr searchsorted(const Expr& a, const Expr& v, bool right) {
  const auto leading = [](const Expr& x) { return Dims(std::span(x.shape()).first(x.rank() - 1)); };
  if (a.rank() == 0 || v.rank() == 0 || leading(a) != leading(v) || a.dtype() != v.dtype()) {
    throw ShapeError("searchsorted: a and v must be (..., n) and (..., m), got " +
                     to_string(a.type()) + " and " + to_string(v.type()));
  }
  const Expr args[] = {a, v};
  const std::int64_t attrs[] = {right};
  return emit(kSearchSorted, args, Type{DType::kInt64, v.shape()}, attrs);
}

Expr cummax(const Expr& x, std::int64_t axis) { return along(kCumMax, x, axis, x.dtype()); }
Expr cummin(const Expr& x, std::int64_t axis) { return along(kCumMin, x, axis, x.dtype()); }

Expr recurrence(const Expr& a, const Expr& b, std::int64_t axis, bool reverse) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) {
    throw ShapeError("recurrence: a and b must be alike, got " + to_string(a.type()) + " and " +
                     to_string(b.type()));
  }
  const Expr args[] = {a, b};
  const std::int64_t attrs[] = {axis, reverse};
  return emit(kRecurrence, args, Type(b.type()), attrs);
}

Expr cumprod(const Expr& x, std::int64_t axis) {
  const std::int64_t n = length(x, axis);
  if (n == 0) return x;
  const Expr first = part(x, axis, 0, 1);
  Dims shape = x.shape();
  shape[static_cast<std::size_t>(axis)] = n - 1;
  const double nothing = is_inexact(x.dtype()) ? -0.0 : 0.0;
  return recurrence(x, join(first, full(x.builder(), nothing, Type{x.dtype(), shape}), axis), axis);
}

namespace {

Tangent push_sort(const OpCall& call, std::span<const Expr> x, const Expr&,
                  std::span<const Tangent> x_dot) {
  return take_along(*x_dot[0], argsort(x[0], call.attrs[0]), call.attrs[0]);
}

Tangent no_tangent(const OpCall&, std::span<const Expr>, const Expr&, std::span<const Tangent>) {
  return {};
}

Tangent push_recurrence(const OpCall& call, std::span<const Expr> x, const Expr& y,
                        std::span<const Tangent> x_dot) {
  const std::int64_t axis = call.attrs[0];
  const bool reverse = call.attrs[1] != 0;
  Tangent b_dot = x_dot[1];
  if (x_dot[0] && length(y, axis) > 0) accumulate(b_dot, *x_dot[0] * previous(y, axis, reverse));
  if (!b_dot) return {};
  return recurrence(x[0], *b_dot, axis, reverse);
}

void transpose_recurrence(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                          std::span<Tangent> x_bar) {
  const std::int64_t axis = call.attrs[0];
  const bool reverse = call.attrs[1] != 0;
  const Expr& a = *x[0].value;
  const Expr next = length(a, axis) > 0 ? previous(a, axis, !reverse) : a;
  accumulate(x_bar[1], recurrence(next, y_bar, axis, !reverse));
}

Tangent push_cumulative(const OpCall& call, std::span<const Expr> x, const Expr& y,
                        std::span<const Tangent> x_dot) {
  const std::int64_t axis = call.attrs[0], n = length(y, axis);
  if (n < 2) return x_dot[0];
  const Elementwise& extremum =
      elementwise(call.op == kCumMax ? opcode_of<ops::Maximum> : opcode_of<ops::Minimum>);
  const std::array pair{part(y, axis, 0, n - 1), part(x[0], axis, 1, n - 1)};
  const Expr larger = part(y, axis, 1, n - 1);
  const Expr keeps = extremum.partial(0, pair, larger, 0);
  const Expr takes = extremum.partial(1, pair, larger, 0);
  const Expr b = join(part(*x_dot[0], axis, 0, 1), takes * part(*x_dot[0], axis, 1, n - 1), axis);
  return recurrence(padded(keeps, y, axis, 1), b, axis);
}

template <OpCode kOp>
Expr batch_along(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  return along(kOp, x[0].value, call.attrs[0] + 1, call.type.dtype);
}

Expr batch_search(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  return searchsorted(with_batch(x[0], size), with_batch(x[1], size), call.attrs[0] != 0);
}

Expr batch_recurrence(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  return recurrence(with_batch(x[0], size), with_batch(x[1], size), call.attrs[0] + 1,
                    call.attrs[1] != 0);
}

}  // namespace

const Rules& order_rules(OpCode op) {
  static const Rules sort_rules{push_sort, nullptr, batch_along<kSort>};
  static const Rules argsort_rules{no_tangent, nullptr, batch_along<kArgSort>};
  static const Rules search_rules{no_tangent, nullptr, batch_search};
  static const Rules cummax_rules{push_cumulative, nullptr, batch_along<kCumMax>};
  static const Rules cummin_rules{push_cumulative, nullptr, batch_along<kCumMin>};
  static const Rules recurrence_rules{push_recurrence, transpose_recurrence, batch_recurrence};
  switch (op) {
    case kSort: return sort_rules;
    case kArgSort: return argsort_rules;
    case kSearchSorted: return search_rules;
    case kCumMax: return cummax_rules;
    case kCumMin: return cummin_rules;
    default: return recurrence_rules;
  }
}

}  // namespace dualtape::engine
