/// Reading and writing at integer indices along the first axis; index may have any shape and count
/// from the end.
///
///   take      x_bar = take_add(0, index, y_bar)
///   take_add  x_bar = y_bar,  v_bar = take(y_bar, index)
///   take_set  x_bar = take_set(y_bar, index, 0),  v_bar = take(y_bar, index) where v's entry was
///   the last one written

#include "ops/gather.hpp"

#include "ops/elementwise.hpp"
#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// index.shape + x.shape[1:]
Dims taken_shape(const Dims& x, const Dims& index) {
  Dims shape = index;
  shape.append(std::span<const std::int64_t>(x).subspan(1));
  return shape;
}

void check_index(const char* op, const Expr& x, const Expr& index) {
  if (x.rank() == 0) throw IndexError(std::string(op) + ": x must have an axis, got shape ()");
  if (index.dtype() != DType::kInt64) {
    throw DTypeError(std::string(op) + ": index must be int64, got " +
                     std::string(dtype_name(index.dtype())));
  }
}

Expr scatter(OpCode op, const char* name, const Expr& x, const Expr& index, const Expr& v) {
  check_index(name, x, index);
  const Dims wanted = taken_shape(x.shape(), index.shape());
  if (v.shape() != wanted || v.dtype() != x.dtype()) {
    throw ShapeError(std::string(name) + ": v must be " + to_string(Type{x.dtype(), wanted}) +
                     ", got " + to_string(v.type()));
  }
  const Expr args[] = {x, index, v};
  return emit(op, args, Type(x.type()));
}

}  // namespace

Expr take(const Expr& x, const Expr& index) {
  check_index("take", x, index);
  const Expr args[] = {x, index};
  return emit(kTake, args, Type{x.dtype(), taken_shape(x.shape(), index.shape())});
}

Expr take_add(const Expr& x, const Expr& index, const Expr& v) {
  return scatter(kTakeAdd, "take_add", x, index, v);
}

Expr take_set(const Expr& x, const Expr& index, const Expr& v) {
  return scatter(kTakeSet, "take_set", x, index, v);
}

Expr last_writes(const Expr& index, std::int64_t n) {
  const Expr order = reshape(iota(index.builder(), element_count(index.shape())), index.shape());
  const Expr nobody = full(index.builder(), -1, Type{DType::kInt64, Dims{n}});
  return equal(take(take_set(nobody, index, order), index), order);
}

namespace {

Expr zero_like(const Expr& like, const Type& type) { return full(like.builder(), 0, type); }

Tangent push_take(const OpCall&, std::span<const Expr> x, const Expr&,
                  std::span<const Tangent> x_dot) {
  return take(*x_dot[0], x[1]);
}

/// Adds into what is there already, as the transpose of slice does.
void transpose_take(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                    std::span<Tangent> x_bar) {
  const Expr base = x_bar[0] ? *x_bar[0] : zero_like(y_bar, x[0].type);
  x_bar[0] = take_add(base, *x[1].value, y_bar);
}

Tangent push_take_add(const OpCall&, std::span<const Expr> x, const Expr&,
                      std::span<const Tangent> x_dot) {
  if (!x_dot[2]) return x_dot[0];
  const Expr base = x_dot[0] ? *x_dot[0] : zero_like(*x_dot[2], Type(x[0].type()));
  return take_add(base, x[1], *x_dot[2]);
}

void transpose_take_add(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                        std::span<Tangent> x_bar) {
  if (x[0].is_linear()) accumulate(x_bar[0], y_bar);
  if (x[2].is_linear()) accumulate(x_bar[2], take(y_bar, *x[1].value));
}

Tangent push_take_set(const OpCall&, std::span<const Expr> x, const Expr&,
                      std::span<const Tangent> x_dot) {
  const Expr& known = x_dot[0] ? *x_dot[0] : *x_dot[2];
  const Expr base = x_dot[0] ? *x_dot[0] : zero_like(known, Type(x[0].type()));
  const Expr v = x_dot[2] ? *x_dot[2] : zero_like(known, Type(x[2].type()));
  return take_set(base, x[1], v);
}

void transpose_take_set(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                        std::span<Tangent> x_bar) {
  const Expr& index = *x[1].value;
  if (x[0].is_linear()) accumulate(x_bar[0], take_set(y_bar, index, zero_like(y_bar, x[2].type)));
  if (x[2].is_linear()) {
    Expr mask = last_writes(index, x[0].type.shape[0]);
    Dims shape = index.shape();
    shape.resize(x[2].type.shape.size(), 1);
    accumulate(x_bar[2],
               where(reshape(mask, shape), take(y_bar, index), zero_like(y_bar, x[2].type)));
  }
}

/// Batched indices into a batch of arrays as indices into the batch laid end to end:
/// index mod n + n * (position in the batch). An entry out of range stays one: it must not read
/// another array of the batch.
Expr flat_index(const Expr& index, std::int64_t size, std::int64_t n) {
  Builder& b = index.builder();
  const Expr length = constant(b, static_cast<double>(n), DType::kInt64);
  const Expr zero = constant(b, 0, DType::kInt64);
  const Expr wrapped = where(less(index, zero), index + length, index);
  Dims column(index.rank(), 1);
  column[0] = size;
  const Expr flat = wrapped + reshape(iota(b, size), column) * length;
  const Expr nowhere = constant(b, static_cast<double>(n * size), DType::kInt64);
  return where(less(wrapped, zero), nowhere, where(less(wrapped, length), flat, nowhere));
}

Expr merge_batch(const Expr& x) {
  Dims shape(x.shape().begin() + 1, x.shape().end());
  shape[0] *= x.shape()[0];
  return reshape(x, shape);
}

Expr batch_take(const OpCall&, std::span<const Batched> x, std::int64_t size) {
  const Expr& values = x[0].value;
  const Expr& index = x[1].value;
  if (!x[0].batched) return take(values, index);
  if (!x[1].batched) {
    return move_axis(take(move_axis(values, 0, 1), index), static_cast<std::int64_t>(index.rank()),
                     0);
  }
  return take(merge_batch(values), flat_index(index, size, values.shape()[1]));
}

Expr batch_scatter(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  const Expr values = with_batch(x[0], size);
  const Expr index = with_batch(x[1], size);
  const Expr v = with_batch(x[2], size);
  const Expr flat = flat_index(index, size, values.shape()[1]);
  const Expr merged = merge_batch(values);
  const Expr args[] = {merged, flat, v};
  return reshape(emit(call.op, args, Type(merged.type())), values.shape());
}

}  // namespace

const Rules& gather_rules(OpCode op) {
  static const Rules take_rules{push_take, transpose_take, batch_take};
  static const Rules add_rules{push_take_add, transpose_take_add, batch_scatter};
  static const Rules set_rules{push_take_set, transpose_take_set, batch_scatter};
  switch (op) {
    case kTake: return take_rules;
    case kTakeAdd: return add_rules;
    default: return set_rules;
  }
}

}  // namespace dualtape::engine
