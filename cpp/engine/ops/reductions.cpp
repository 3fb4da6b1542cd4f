/// Reductions over axes (dropped from the result) and the cumulative sum.
///
///   sum      x_bar = y_bar along the axes
///   prod     pushforward of the product as a tree of multiplications: right with any number of
///   zeros max min  y_dot = mean of x_dot over the entries that attain the extremum cumsum   x_bar
///   = cumsum(y_bar) in the other direction
/// iota and eye, which have no operands, are here for their absent rules only.

#include <algorithm>

#include "ops/elementwise.hpp"
#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

Dims reduced_shape(const Dims& shape, const Dims& axes) {
  Dims result;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (!axes.contains(static_cast<std::int64_t>(i))) result.push_back(shape[i]);
  }
  return result;
}

Expr reduce(OpCode op, const Expr& x, const Dims& axes, DType dtype) {
  const Expr args[] = {x};
  return emit(op, args, Type{dtype, reduced_shape(x.shape(), axes)}, axes);
}

/// max and min have no identity: nothing to reduce is an error.
void check_not_empty(const char* op, const Expr& x, const Dims& axes) {
  for (auto a : axes) {
    if (x.shape()[static_cast<std::size_t>(a)] == 0) {
      throw ShapeError(std::string(op) + ": zero-size array of shape " + to_string(x.shape()) +
                       " has no " + op + " (the operation has no identity)");
    }
  }
}

/// y with the reduced axes back, of length one.
Expr keep_dims(const Expr& y, const Dims& x_shape, std::span<const std::int64_t> axes) {
  Dims shape = x_shape;
  for (auto a : axes) shape[static_cast<std::size_t>(a)] = 1;
  return reshape(y, shape);
}

Expr arg_reduce(OpCode op, const char* name, const Expr& x, std::int64_t axis) {
  check_not_empty(name, x, Dims{axis});
  const Expr args[] = {x};
  const std::int64_t attrs[] = {axis};
  return emit(op, args, Type{DType::kInt64, reduced_shape(x.shape(), Dims{axis})}, attrs);
}

}  // namespace

Expr sum(const Expr& x, Dims axes) { return axes.empty() ? x : reduce(kSum, x, axes, x.dtype()); }
Expr prod(const Expr& x, Dims axes) { return axes.empty() ? x : reduce(kProd, x, axes, x.dtype()); }
Expr max(const Expr& x, Dims axes) {
  check_not_empty("max", x, axes);
  return axes.empty() ? x : reduce(kMax, x, axes, x.dtype());
}
Expr min(const Expr& x, Dims axes) {
  check_not_empty("min", x, axes);
  return axes.empty() ? x : reduce(kMin, x, axes, x.dtype());
}
Expr all(const Expr& x, Dims axes) { return reduce(kAll, x, axes, DType::kBool); }
Expr any(const Expr& x, Dims axes) { return reduce(kAny, x, axes, DType::kBool); }
Expr argmax(const Expr& x, std::int64_t axis) { return arg_reduce(kArgMax, "argmax", x, axis); }
Expr argmin(const Expr& x, std::int64_t axis) { return arg_reduce(kArgMin, "argmin", x, axis); }

Expr cumsum(const Expr& x, std::int64_t axis, bool reverse) {
  const Expr args[] = {x};
  const std::int64_t attrs[] = {axis, reverse};
  return emit(kCumSum, args, Type(x.type()), attrs);
}

Expr sum_to(const Expr& x, const Dims& shape) {
  if (x.shape() == shape) return x;
  const std::size_t lead = x.rank() - shape.size();
  Dims axes;
  for (std::size_t i = 0; i < x.rank(); ++i) {
    if (i < lead || (shape[i - lead] == 1 && x.shape()[i] != 1)) {
      axes.push_back(static_cast<std::int64_t>(i));
    }
  }
  return reshape(sum(x, axes), shape);
}

namespace {

void transpose_sum(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                   std::span<Tangent> x_bar) {
  accumulate(x_bar[0],
             broadcast_to(keep_dims(y_bar, x[0].type.shape, call.attrs), x[0].type.shape));
}

/// Multiplies the first half of an axis with the second, an odd last entry set aside, until one is
/// left.
struct ProductTree {
  Expr value;
  Expr dot;
  void fold(std::size_t axis) {
    while (value.shape()[axis] > 1) {
      const std::int64_t n = value.shape()[axis], half = n / 2;
      const ProductTree a = part(axis, 0, half), b = part(axis, half, half);
      ProductTree folded{a.value * b.value, a.value * b.dot + b.value * a.dot};
      if (n % 2) folded = folded.join(part(axis, n - 1, 1), axis);
      *this = folded;
    }
  }
  ProductTree part(std::size_t axis, std::int64_t start, std::int64_t count) const {
    return {slice_axis(value, axis, start, count), slice_axis(dot, axis, start, count)};
  }
  ProductTree join(const ProductTree& last, std::size_t axis) const {
    const Expr values[] = {value, last.value}, dots[] = {dot, last.dot};
    const auto a = static_cast<std::int64_t>(axis);
    return {concatenate(values, a), concatenate(dots, a)};
  }
};

Tangent push_prod(const OpCall& call, std::span<const Expr> x, const Expr& y,
                  std::span<const Tangent> x_dot) {
  if (element_count(x[0].shape()) == 0) return {};
  ProductTree tree{x[0], *x_dot[0]};
  for (auto a : call.attrs) tree.fold(static_cast<std::size_t>(a));
  return reshape(tree.dot, y.shape());
}

Tangent push_extremum(const OpCall& call, std::span<const Expr> x, const Expr& y,
                      std::span<const Tangent> x_dot) {
  const Dims axes(call.attrs);
  const Expr hit = convert(equal(x[0], keep_dims(y, x[0].shape(), axes)), x[0].dtype());
  const Expr weight = hit / keep_dims(sum(hit, axes), x[0].shape(), axes);
  return sum(weight * *x_dot[0], axes);
}

void transpose_cumsum(const OpCall& call, std::span<const LinearArg>, const Expr& y_bar,
                      std::span<Tangent> x_bar) {
  accumulate(x_bar[0], cumsum(y_bar, call.attrs[0], !call.attrs[1]));
}

Expr batch_reduce(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  const Expr args[] = {x[0].value};
  return emit(call.op, args, Type{call.type.dtype, prefixed(size, call.type.shape)},
              shifted(call.attrs));
}

Expr batch_cumsum(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  return cumsum(x[0].value, call.attrs[0] + 1, call.attrs[1] != 0);
}

Tangent no_tangent(const OpCall&, std::span<const Expr>, const Expr&, std::span<const Tangent>) {
  return {};
}

}  // namespace

const Rules& reduction_rules(OpCode op) {
  static const Rules sum_rules{push_linear, transpose_sum, batch_reduce};
  static const Rules prod_rules{push_prod, nullptr, batch_reduce};
  static const Rules extremum_rules{push_extremum, nullptr, batch_reduce};
  static const Rules cumsum_rules{push_linear, transpose_cumsum, batch_cumsum};
  static const Rules discrete_rules{no_tangent, nullptr, batch_reduce};
  switch (op) {
    case kSum: return sum_rules;
    case kProd: return prod_rules;
    case kMax:
    case kMin: return extremum_rules;
    case kCumSum: return cumsum_rules;
    default: return discrete_rules;
  }
}

}  // namespace dualtape::engine
