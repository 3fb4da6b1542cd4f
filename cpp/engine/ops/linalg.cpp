/// lu, solve, inv, det, cofactor on the last two axes; leading axes are a batch.
///
/// A solve takes A and its factors: they are made once for the solve, those of its tangent and of
/// its transpose, and for all else that takes them. All that is known of their derivative is in A;
/// `lu` itself has none.
///
///   solve     A x = b.  pushforward x_dot = A^-1 (b_dot - A_dot x);
///             transpose in b: b_bar = A^-T x_bar
///   inv       pushforward -Y A_dot Y
///   det       pushforward sum(C * A_dot), C the cofactor matrix, also for singular A
///   cofactor  the derivative of order k + 1 of det in k directions is linear in each, and
///             symmetric: sum(X * cofactor(A, E ...)) stays when X and an E swap.
///             pushforward in A: one more direction
/// Source: Giles (2008), An extended collection of matrix derivative results.

#include <vector>

#include "ops/decompositions.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
std::int64_t check_square(const char* op, const Expr& a) {
  const std::size_t r = a.rank();
  if (r < 2 || a.shape()[r - 1] != a.shape()[r - 2]) {
    throw ShapeError(std::string(op) + ": A must be (..., n, n), got " + to_string(a.shape()));
  }
  if (!is_inexact(a.dtype())) {
    throw DTypeError(std::string(op) + ": A must be floating, got " +
                     std::string(dtype_name(a.dtype())));
  }
  return a.shape().back();
}

namespace {

Dims leading(const Expr& x) { return Dims(std::span(x.shape()).first(x.rank() - 2)); }

Expr sum_last_two(const Expr& x) {
  const auto r = static_cast<std::int64_t>(x.rank());
  return sum(x, Dims{r - 2, r - 1});
}

/// [[d, -c], [-b, a]]: rows and columns reversed, off-diagonal signs changed.
Expr cofactor_2x2(const Expr& a) {
  const std::size_t r = a.rank();
  const Expr flipped = slice_axis(slice_axis(a, r - 1, 1, 2, -1), r - 2, 1, 2, -1);
  const Expr mask = eye(a.builder(), 2, 2, a.dtype());
  return flipped * (mask + mask - ones_like(mask));
}

}  // namespace

Expr lu(const Expr& a) {
  const std::int64_t n = check_square("solve", a);
  Dims shape = leading(a);
  shape.push_back(n + 1);
  shape.push_back(n);
  const Expr args[] = {a};
  return emit(kLu, args, Type{a.dtype(), shape});
}

Expr solve(const Expr& a, const Expr& factors, const Expr& b, bool transposed) {
  const std::int64_t n = check_square("solve", a);
  if (b.rank() != a.rank() || b.shape()[b.rank() - 2] != n || leading(a) != leading(b)) {
    throw ShapeError("solve: b must be (..., " + std::to_string(n) + ", k) with the leading axes " +
                     to_string(leading(a)) + ", got " + to_string(b.shape()));
  }
  const Expr args[] = {a, factors, b};
  const std::int64_t attrs[] = {transposed};
  return emit(kSolve, args, Type(b.type()), attrs);
}

Expr solve(const Expr& a, const Expr& b, bool transposed) { return solve(a, lu(a), b, transposed); }

Expr linalg_solve(const Expr& a, const Expr& b) {
  const std::int64_t n = check_square("solve", a);
  const bool vector = b.rank() == 1;
  const Expr columns = vector ? reshape(b, Dims{b.shape()[0], 1}) : b;
  if (b.rank() == 0 || columns.shape()[columns.rank() - 2] != n) {
    throw ShapeError("solve: b must be (" + std::to_string(n) + ",) or (..., " + std::to_string(n) +
                     ", k) for A " + to_string(a.shape()) + ", got " + to_string(b.shape()));
  }
  const Dims batch = broadcast_shapes("solve", leading(a), leading(columns));
  const auto spread = [&](const Expr& m) {
    Dims shape = batch;
    shape.append(std::span(m.shape()).last(2));
    return broadcast_to(m, shape);
  };
  const Expr x = solve(spread(a), spread(lu(a)), spread(columns));
  if (!vector) return x;
  Dims shape = x.shape();
  shape.pop_back();
  return reshape(x, shape);
}

Expr inv(const Expr& a) {
  check_square("inv", a);
  return inv(a, lu(a));
}

Expr inv(const Expr& a, const Expr& factors) {
  const Expr args[] = {a, factors};
  return emit(kInv, args, Type(a.type()));
}

Expr det(const Expr& a) {
  check_square("det", a);
  return det(a, lu(a));
}

Expr det(const Expr& a, const Expr& factors) {
  const Expr args[] = {a, factors};
  return emit(kDet, args, Type{a.dtype(), leading(a)});
}

Expr cofactor(const Expr& a, const Expr& factors) {
  const std::int64_t n = check_square("cofactor", a);
  if (n == 1) return ones_like(a);
  if (n == 2) return cofactor_2x2(a);
  const Expr args[] = {a, factors};
  // Narrow numbers are widened for it: their factors would be too inexact.
  const bool narrow = real_dtype(a.dtype()) == DType::kFloat32;
  return emit(kCofactor, std::span(args).first(narrow ? 1 : 2), Type(a.type()));
}

Expr cofactor(std::span<const Expr> operands) {
  const Expr& a = operands.front();
  const auto order = static_cast<std::int64_t>(operands.size());
  const std::int64_t n = check_square("cofactor", a);
  if (n < order) return zeros_like(a);
  if (n == 2) return cofactor_2x2(operands.back());
  return emit(kCofactor, operands, Type(a.type()));
}

namespace {

Tangent push_solve(const OpCall& call, std::span<const Expr> x, const Expr& y,
                   std::span<const Tangent> x_dot) {
  const bool transposed = call.attrs[0] != 0;
  Tangent rhs = x_dot[2];
  if (x_dot[0]) {
    const Expr a_dot = transposed ? swap_last_axes(*x_dot[0]) : *x_dot[0];
    const Expr product = matmul(a_dot, y);
    rhs = rhs ? *rhs - product : -product;
  }
  return solve(x[0], x[1], *rhs, transposed);
}

void transpose_solve(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                     std::span<Tangent> x_bar) {
  accumulate(x_bar[2], solve(*x[0].value, *x[1].value, y_bar, call.attrs[0] == 0));
}

/// One matrix and a batch of right-hand sides: one factorisation, the batch as further columns.
Expr batch_columns(const Expr& a, const Expr& factors, const Expr& b, bool transposed) {
  const std::int64_t size = b.shape()[0], n = b.shape()[1], k = b.shape()[2];
  const Expr columns = reshape(move_axis(b, 0, 1), Dims{n, size * k});
  return move_axis(reshape(solve(a, factors, columns, transposed), Dims{n, size, k}), 1, 0);
}

Expr batch_solve(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  const bool transposed = call.attrs[0] != 0;
  if (!x[0].batched && !x[1].batched && x[0].value.rank() == 2) {
    return batch_columns(x[0].value, x[1].value, x[2].value, transposed);
  }
  return solve(with_batch(x[0], size), with_batch(x[1], size), with_batch(x[2], size), transposed);
}

Tangent push_lu(const OpCall&, std::span<const Expr>, const Expr&, std::span<const Tangent>) {
  return {};
}

Tangent push_inv(const OpCall&, std::span<const Expr>, const Expr& y,
                 std::span<const Tangent> x_dot) {
  return -matmul(matmul(y, *x_dot[0]), y);
}

Tangent push_det(const OpCall&, std::span<const Expr> x, const Expr&,
                 std::span<const Tangent> x_dot) {
  return sum_last_two(cofactor(x[0], x[1]) * *x_dot[0]);
}

/// Without directions the second operand, if any, is the factors of A: one row more.
std::span<const Expr> without_factors(std::span<const Expr> x) {
  const Dims& last = x.back().shape();
  return x.size() == 2 && last[last.size() - 2] != last.back() ? x.first(1) : x;
}

Tangent push_cofactor(const OpCall&, std::span<const Expr> all, const Expr&,
                      std::span<const Tangent> x_dot) {
  const auto x = without_factors(all);
  Tangent total;
  std::vector<Expr> operands(x.begin(), x.end());
  for (std::size_t k = 1; k < x.size(); ++k) {
    if (!x_dot[k]) continue;
    operands[k] = *x_dot[k];
    accumulate(total, cofactor(operands));
    operands[k] = x[k];
  }
  if (!x_dot[0]) return total;
  operands.push_back(*x_dot[0]);
  accumulate(total, cofactor(operands));
  return total;
}

void transpose_cofactor(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                        std::span<Tangent> x_bar) {
  std::vector<Expr> operands;
  std::size_t linear = 0;
  for (std::size_t k = 0; k < x.size(); ++k) {
    if (x[k].is_linear()) linear = k;
    operands.push_back(x[k].is_linear() ? y_bar : *x[k].value);
  }
  accumulate(x_bar[linear], cofactor(operands));
}

Expr batch_cofactor(const OpCall&, std::span<const Batched> x, std::int64_t size) {
  std::vector<Expr> operands;
  for (const Batched& operand : x) operands.push_back(with_batch(operand, size));
  return emit(kCofactor, operands, Type(operands.front().type()));
}

Expr batch_lu(const OpCall&, std::span<const Batched> x, std::int64_t) { return lu(x[0].value); }

}  // namespace

const Rules& linalg_rules(OpCode op) {
  static const Rules lu_rules{push_lu, nullptr, batch_lu};
  static const Rules solve_rules{push_solve, transpose_solve, batch_solve};
  static const Rules inv_rules{push_inv, nullptr, batch_leading};
  static const Rules det_rules{push_det, nullptr, batch_leading};
  static const Rules cofactor_rules{push_cofactor, transpose_cofactor, batch_cofactor};
  switch (op) {
    case kLu: return lu_rules;
    case kSolve: return solve_rules;
    case kInv: return inv_rules;
    case kDet: return det_rules;
    default: return cofactor_rules;
  }
}

}  // namespace dualtape::engine
