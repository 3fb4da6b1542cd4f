/// Making and moving data: constants, convert, pad, update_slice, add_slice, concatenate, iota,
/// eye.
///
///   convert       x_bar = convert(y_bar, x.dtype); to a real x of its real part
///   pad           x_bar = slice(y_bar)
///   update_slice  x_bar = update_slice(y_bar, 0),  v_bar = slice(y_bar)
///   add_slice     x_bar = y_bar,  v_bar = slice(y_bar)
///   concatenate   each part's slice of y_bar

#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

Expr constant(Builder& b, double value, DType dtype) { return Expr(b, b.constant(value, dtype)); }

Expr full(Builder& b, double value, const Type& type) {
  return broadcast_to(constant(b, value, type.dtype), type.shape);
}

Expr zeros_like(const Expr& x) { return full(x.builder(), 0, Type(x.type())); }
Expr ones_like(const Expr& x) { return full(x.builder(), 1, Type(x.type())); }

Expr iota(Builder& b, std::int64_t n, DType dtype) {
  return Expr(b, b.emit(kIota, {}, b.intern(dtype, Dims{n})));
}

Expr eye(Builder& b, std::int64_t n, std::int64_t m, DType dtype) {
  return Expr(b, b.emit(kEye, {}, b.intern(dtype, Dims{n, m})));
}

Expr convert(const Expr& x, DType dtype) {
  if (x.dtype() == dtype) return x;
  const Expr args[] = {x};
  return emit(kConvert, args, Type{dtype, x.shape()});
}

Expr copy(const Expr& x) {
  const Expr args[] = {x};
  return emit(kConvert, args, Type(x.type()));
}

namespace {

/// start and step of a slice write, checked to stay inside `shape`.
Dims write_attrs(std::string_view op, const Dims& shape, const Dims& part, const Dims& start,
                 const Dims& step) {
  if (part.size() != shape.size()) {
    throw ShapeError(std::string(op) + ": rank of " + to_string(part) + " must be that of " +
                     to_string(shape));
  }
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (part[i] == 0) continue;
    const std::int64_t last = start[i] + (part[i] - 1) * step[i];
    if (start[i] < 0 || start[i] >= shape[i] || last < 0 || last >= shape[i]) {
      throw ShapeError(std::string(op) + ": " + to_string(part) + " at " + to_string(start) +
                       ", step " + to_string(step) + " leaves shape " + to_string(shape));
    }
  }
  return interleave(start, step);
}

bool covers(const Dims& shape, const Dims& part, const Dims& start, const Dims& step) {
  if (part != shape) return false;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] > 1 && (start[i] != 0 || step[i] != 1)) return false;
  }
  return true;
}

}  // namespace

Expr pad(const Expr& x, Dims shape, Dims start, Dims step) {
  const Dims attrs = write_attrs("pad", shape, x.shape(), start, step);
  if (covers(shape, x.shape(), start, step)) return x;
  const Expr args[] = {x};
  return emit(kPad, args, Type{x.dtype(), std::move(shape)}, attrs);
}

namespace {

Expr write_slice(OpCode op, const Expr& x, const Expr& v, const Dims& start, const Dims& step) {
  if (v.dtype() != x.dtype()) {
    throw DTypeError(std::string(op_name(op)) + ": operands differ in element type");
  }
  const Dims attrs = write_attrs(op_name(op), x.shape(), v.shape(), start, step);
  const Expr args[] = {x, v};
  return emit(op, args, Type(x.type()), attrs);
}

}  // namespace

Expr update_slice(const Expr& x, const Expr& v, Dims start, Dims step) {
  return write_slice(kUpdateSlice, x, v, start, step);
}

Expr add_slice(const Expr& x, const Expr& v, Dims start, Dims step) {
  return write_slice(kAddSlice, x, v, start, step);
}

Expr concatenate(std::span<const Expr> parts, std::int64_t axis) {
  if (parts.empty()) throw ShapeError("concatenate: needs at least one array");
  if (parts.size() == 1) return parts[0];
  Dims shape = parts[0].shape();
  const auto a = static_cast<std::size_t>(axis);
  shape[a] = 0;
  for (const Expr& p : parts) {
    Dims others = p.shape();
    if (others.size() == shape.size()) others[a] = shape[a];
    if (others != shape) {
      throw ShapeError("concatenate: all axes but " + std::to_string(axis) + " must agree, got " +
                       to_string(parts[0].shape()) + " and " + to_string(p.shape()));
    }
    shape[a] += p.shape()[a];
  }
  const std::int64_t attrs[] = {axis};
  return emit(kConcatenate, parts, Type{parts[0].dtype(), std::move(shape)}, attrs);
}

namespace {

void transpose_convert(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                       std::span<Tangent> x_bar) {
  const Expr& bar = is_complex(x[0].type.dtype) ? y_bar : real(y_bar);
  accumulate(x_bar[0], convert(bar, x[0].type.dtype));
}

Expr batch_convert(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  return convert(x[0].value, call.type.dtype);
}

void transpose_pad(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                   std::span<Tangent> x_bar) {
  auto [start, step] = start_step(call.attrs);
  accumulate(x_bar[0], slice(y_bar, start, x[0].type.shape, step));
}

Expr batch_pad(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  auto [start, step] = start_step(call.attrs);
  return pad(x[0].value, prefixed(size, call.type.shape), prefixed(0, start), prefixed(1, step));
}

Tangent push_update(const OpCall& call, std::span<const Expr> x, const Expr& y,
                    std::span<const Tangent> x_dot) {
  auto [start, step] = start_step(call.attrs);
  if (!x_dot[0]) return pad(*x_dot[1], y.shape(), start, step);
  const Expr zero = full(x_dot[0]->builder(), 0, Type(x[1].type()));
  return update_slice(*x_dot[0], x_dot[1] ? *x_dot[1] : zero, start, step);
}

/// v_bar is a copy, not a view, so that the zeros can be written into y_bar in place.
void transpose_update(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                      std::span<Tangent> x_bar) {
  auto [start, step] = start_step(call.attrs);
  if (x[1].is_linear()) accumulate(x_bar[1], copy(slice(y_bar, start, x[1].type.shape, step)));
  if (x[0].is_linear()) {
    const Expr zeros = full(y_bar.builder(), 0, x[1].type);
    accumulate(x_bar[0], update_slice(y_bar, zeros, start, step));
  }
}

Expr batch_update(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  auto [start, step] = start_step(call.attrs);
  return update_slice(with_batch(x[0], size), with_batch(x[1], size), prefixed(0, start),
                      prefixed(1, step));
}

Tangent push_add(const OpCall& call, std::span<const Expr>, const Expr& y,
                 std::span<const Tangent> x_dot) {
  auto [start, step] = start_step(call.attrs);
  if (!x_dot[0]) return pad(*x_dot[1], y.shape(), start, step);
  return x_dot[1] ? add_slice(*x_dot[0], *x_dot[1], start, step) : *x_dot[0];
}

void transpose_add(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                   std::span<Tangent> x_bar) {
  auto [start, step] = start_step(call.attrs);
  if (x[1].is_linear()) accumulate(x_bar[1], slice(y_bar, start, x[1].type.shape, step));
  if (x[0].is_linear()) accumulate(x_bar[0], y_bar);
}

Expr batch_add(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  auto [start, step] = start_step(call.attrs);
  return add_slice(with_batch(x[0], size), with_batch(x[1], size), prefixed(0, start),
                   prefixed(1, step));
}

Tangent push_concatenate(const OpCall& call, std::span<const Expr> x, const Expr&,
                         std::span<const Tangent> x_dot) {
  Builder* b = nullptr;
  for (const Tangent& t : x_dot) {
    if (t) b = &t->builder();
  }
  std::vector<Expr> parts;
  for (std::size_t i = 0; i < x.size(); ++i) {
    parts.push_back(x_dot[i] ? *x_dot[i] : full(*b, 0, Type(x[i].type())));
  }
  return concatenate(parts, call.attrs[0]);
}

void transpose_concatenate(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                           std::span<Tangent> x_bar) {
  const auto axis = static_cast<std::size_t>(call.attrs[0]);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t count = x[i].type.shape[axis];
    if (x[i].is_linear()) accumulate(x_bar[i], slice_axis(y_bar, axis, start, count));
    start += count;
  }
}

Expr batch_concatenate(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  std::vector<Expr> parts;
  for (const Batched& part : x) parts.push_back(with_batch(part, size));
  return concatenate(parts, call.attrs[0] + 1);
}

}  // namespace

const Rules& movement_rules(OpCode op) {
  static const Rules convert_rules{push_linear, transpose_convert, batch_convert};
  static const Rules pad_rules{push_linear, transpose_pad, batch_pad};
  static const Rules update_rules{push_update, transpose_update, batch_update};
  static const Rules add_rules{push_add, transpose_add, batch_add};
  static const Rules concatenate_rules{push_concatenate, transpose_concatenate, batch_concatenate};
  switch (op) {
    case kConvert: return convert_rules;
    case kPad: return pad_rules;
    case kUpdateSlice: return update_rules;
    case kAddSlice: return add_rules;
    default: return concatenate_rules;
  }
}

}  // namespace dualtape::engine
