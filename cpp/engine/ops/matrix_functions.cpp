/// pinv, sylvester, and exp, log and sqrt of a matrix.
///
///   pinv        Y = A^+ of constant rank.
///               Y_dot = -Y dA Y + Y Y^T dA^T (1 - A Y) + (1 - Y A) dA^T Y^T Y
///   sylvester   A X + X B = Q.  X_dot: the same equation for Q_dot - dA X - X dB;
///               Q_bar: that of A^T and B^T for X_bar
///   f(A)        derivative L(A, E) in direction E = upper right block of f([[A, E], [0, A]])
///   L(A, E)     linear in E, transpose L(A^T, Y_bar). Its derivative in A in direction F is the
///               upper right block of L([[A, E], [0, A]], [[F, 0], [0, F]])
/// Source: Golub and Pereyra (1973) for pinv; Mathias (1996) and Higham (2008), Functions of
/// matrices, for the blocks.

#include <bit>

#include "ops/decompositions.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

std::int64_t rows_of(const Expr& x) { return x.shape()[x.rank() - 2]; }
std::int64_t columns_of(const Expr& x) { return x.shape().back(); }
Dims leading(const Expr& x) { return Dims(std::span(x.shape()).first(x.rank() - 2)); }

std::string_view name_of(MatrixFunction which) {
  if (which == MatrixFunction::kExp) return "expm";
  return which == MatrixFunction::kLog ? "logm" : "sqrtm";
}

/// [[a, b], [0, a]].
Expr block_triangular(const Expr& a, const Expr& b) {
  const auto r = static_cast<std::int64_t>(a.rank());
  const Expr top[] = {a, b}, bottom[] = {zeros_like(a), a};
  const Expr both[] = {concatenate(top, r - 1), concatenate(bottom, r - 1)};
  return concatenate(both, r - 2);
}

Expr upper_right(const Expr& x) {
  const std::int64_t n = columns_of(x) / 2;
  return slice_axis(slice_axis(x, x.rank() - 2, 0, n), x.rank() - 1, n, n);
}

void check_alike(const char* op, const Expr& a, const Expr& e) {
  if (e.shape() == a.shape() && e.dtype() == a.dtype()) return;
  throw ShapeError(std::string(op) + ": E must be " + to_string(a.type()) + " as A, got " +
                   to_string(e.type()));
}

}  // namespace

Expr pinv(const Expr& a, double cutoff) {
  if (a.rank() < 2 || !is_inexact(a.dtype())) {
    throw ShapeError("pinv: A must be (..., m, n) and floating, got " + to_string(a.type()));
  }
  Dims shape = leading(a);
  shape.push_back(columns_of(a));
  shape.push_back(rows_of(a));
  const Expr args[] = {a};
  const std::int64_t attrs[] = {std::bit_cast<std::int64_t>(cutoff)};
  return emit(kPinv, args, Type{a.dtype(), shape}, attrs);
}

Expr sylvester(const Expr& a, const Expr& b, const Expr& q) {
  const std::int64_t m = check_square("solve_sylvester", a), n = check_square("solve_sylvester", b);
  if (q.rank() != a.rank() || b.rank() != a.rank() || rows_of(q) != m || columns_of(q) != n ||
      leading(q) != leading(a) || leading(b) != leading(a)) {
    throw ShapeError("solve_sylvester: q must be (" + std::to_string(m) + ", " + std::to_string(n) +
                     ") for a " + to_string(a.shape()) + " and b " + to_string(b.shape()) +
                     ", got " + to_string(q.shape()));
  }
  const Expr args[] = {a, b, q};
  return emit(kSylvester, args, Type(q.type()));
}

Expr matrix_function(const Expr& a, MatrixFunction which) {
  check_square(name_of(which).data(), a);
  const Expr args[] = {a};
  const std::int64_t attrs[] = {static_cast<std::int64_t>(which)};
  return emit(kMatrixFunction, args, Type(a.type()), attrs);
}

Expr frechet(const Expr& a, const Expr& e, MatrixFunction which) {
  check_square(name_of(which).data(), a);
  check_alike(name_of(which).data(), a, e);
  const Expr args[] = {a, e};
  const std::int64_t attrs[] = {static_cast<std::int64_t>(which)};
  return emit(kFrechet, args, Type(a.type()), attrs);
}

namespace {

Tangent push_pinv(const OpCall&, std::span<const Expr> x, const Expr& y,
                  std::span<const Tangent> x_dot) {
  const Expr& a_dot = *x_dot[0];
  const auto adjoint = [](const Expr& m) { return conj(swap_last_axes(m)); };
  const Expr turned = adjoint(a_dot), y_turned = adjoint(y);
  Tangent total = -matmul(matmul(y, a_dot), y);
  const Expr left = matmul(matmul(y, y_turned), turned);
  accumulate(total, left - matmul(matmul(left, x[0]), y));
  const Expr right = matmul(turned, matmul(y_turned, y));
  accumulate(total, right - matmul(y, matmul(x[0], right)));
  return total;
}

Tangent push_sylvester(const OpCall&, std::span<const Expr> x, const Expr& y,
                       std::span<const Tangent> x_dot) {
  Tangent rhs = x_dot[2];
  if (x_dot[0]) accumulate(rhs, -matmul(*x_dot[0], y));
  if (x_dot[1]) accumulate(rhs, -matmul(y, *x_dot[1]));
  return sylvester(x[0], x[1], *rhs);
}

void transpose_sylvester(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                         std::span<Tangent> x_bar) {
  accumulate(x_bar[2], sylvester(swap_last_axes(*x[0].value), swap_last_axes(*x[1].value), y_bar));
}

MatrixFunction which_of(const OpCall& call) { return static_cast<MatrixFunction>(call.attrs[0]); }

Tangent push_function(const OpCall& call, std::span<const Expr> x, const Expr&,
                      std::span<const Tangent> x_dot) {
  return frechet(x[0], *x_dot[0], which_of(call));
}

Tangent push_frechet(const OpCall& call, std::span<const Expr> x, const Expr&,
                     std::span<const Tangent> x_dot) {
  const MatrixFunction which = which_of(call);
  Tangent total;
  if (x_dot[1]) total = frechet(x[0], *x_dot[1], which);
  if (x_dot[0]) {
    const Expr direction = block_triangular(*x_dot[0], zeros_like(*x_dot[0]));
    accumulate(total, upper_right(frechet(block_triangular(x[0], x[1]), direction, which)));
  }
  return total;
}

void transpose_frechet(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                       std::span<Tangent> x_bar) {
  accumulate(x_bar[1], frechet(swap_last_axes(*x[0].value), y_bar, which_of(call)));
}

}  // namespace

const Rules& matrix_function_rules(OpCode op) {
  static const Rules pinv_rules{push_pinv, nullptr, batch_leading};
  static const Rules sylvester_rules{push_sylvester, transpose_sylvester, batch_leading};
  static const Rules function_rules{push_function, nullptr, batch_leading};
  static const Rules frechet_rules{push_frechet, transpose_frechet, batch_leading};
  switch (op) {
    case kPinv: return pinv_rules;
    case kSylvester: return sylvester_rules;
    case kMatrixFunction: return function_rules;
    default: return frechet_rules;
  }
}

}  // namespace dualtape::engine
