/// Constructors of the decompositions, and the rules of cholesky, triangular_solve and
/// slogdet; those of the factors are in factors.cpp.
/// With dA the tangent, X^H the adjoint (of real X the transpose):
///
///   cholesky      A = L L^H.    L_dot = L Phi(S), S = L^-1 dA L^-H, Phi: lower triangle, its
///                 diagonal halved. A kernel of its own, as is its transpose (linalg_cholesky.hpp):
///                 dA_bar = fold C, C = L^-T Phi'(L^T L_bar) conj(L)^-1, where fold C has the
///                 entries of C below the diagonal and the conjugates of those above it. Their
///                 derivatives in L, with M = L^-1 L_dot and N = L_dot L^-1: L_dot Phi(S) - L Phi(M
///                 S + S M^H); fold(L^-T Phi'(L_dot^T L_bar) conj(L)^-1 - N^T C - C conj(N))
///   triangular_solve  T x = b.  x_dot = T^-1 (b_dot - T_dot x);  b_bar = T^-T x_bar
///   slogdet       t = tr(A^-1 dA).  log|det|_dot = Re t,  sign_dot = i Im(t) sign
/// cholesky and eigh read the lower triangle of A alone: dA stands for its Hermitian completion.
/// Source: Giles (2008), An extended collection of matrix derivative results.

#include "ops/decompositions.hpp"

#include <array>

#include "ops/elementwise.hpp"
#include "ops/factors.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

using namespace factors;

namespace {

void check_matrix(const char* op, const Expr& a) {
  if (a.rank() < 2) {
    throw ShapeError(std::string(op) + ": A must be (..., m, n), got " + to_string(a.shape()));
  }
  if (!is_inexact(a.dtype())) {
    throw DTypeError(std::string(op) + ": A must be floating, got " +
                     std::string(dtype_name(a.dtype())));
  }
}

/// What a decomposition makes: `count` numbers for each matrix.
Expr packed(OpCode op, const Expr& a, std::int64_t count,
            std::span<const std::int64_t> attrs = {}) {
  const Expr args[] = {a};
  return emit(op, args, Type{a.dtype(), with(leading(a), {count})}, attrs);
}

}  // namespace

Expr triangle_of(const Expr& x, bool lower, bool strict) {
  Builder& b = x.builder();
  const std::int64_t m = rows_of(x), n = columns_of(x);
  const Expr row = reshape(iota(b, m), Dims{m, 1}), column = reshape(iota(b, n), Dims{1, n});
  const Expr zero = constant(b, 0, x.dtype());
  // Outside of a strict triangle: row <= column below the diagonal, column <= row above it.
  const Expr inside = lower ? less(column, row) : less(row, column);
  const Expr outside = lower ? less(row, column) : less(column, row);
  return strict ? where(inside, x, zero) : where(outside, zero, x);
}

Expr cholesky(const Expr& a) {
  check_square("cholesky", a);
  const Expr args[] = {a};
  return emit(kCholesky, args, Type(a.type()));
}

Expr triangular_solve(const Expr& a, const Expr& b, Triangle form) {
  const std::int64_t n = check_square("solve_triangular", a);
  if (b.rank() != a.rank() || rows_of(b) != n || leading(a) != leading(b)) {
    throw ShapeError("solve_triangular: b must be (..., " + std::to_string(n) +
                     ", k) with the leading axes " + to_string(leading(a)) + ", got " +
                     to_string(b.shape()));
  }
  const Expr args[] = {a, b};
  const std::int64_t attrs[] = {form.lower, form.transposed, form.unit};
  return emit(kTriangularSolve, args, Type(b.type()), attrs);
}

Expr slogdet(const Expr& a, const Expr& factors) {
  check_square("slogdet", a);
  const Expr args[] = {a, factors};
  return emit(kSlogDet, args, Type{a.dtype(), with(leading(a), {2})});
}

Expr lu_matrix(const Expr& a, const Expr& factors) {
  const std::int64_t n = check_square("lu", a);
  const Expr flat = reshape(factors, with(leading(a), {(n + 1) * n}));
  return factor(a, flat, Part::kLuMatrix, 0, a.shape());
}

Expr lu_rows(const Expr& factors) {
  const std::int64_t n = columns_of(factors);
  const Expr last = slice_axis(factors, factors.rank() - 2, n, 1);
  return convert(real(reshape(last, with(leading(factors), {n}))), DType::kInt64);
}

Expr lu_pivots(const Expr& rows, bool back) {
  if (rows.rank() == 0 || rows.dtype() != DType::kInt64) {
    throw ShapeError("lu_solve: the pivots must be int64 (..., n), got " + to_string(rows.type()));
  }
  const Expr args[] = {rows};
  const std::int64_t attrs[] = {back};
  return emit(kPivots, args, Type(rows.type()), attrs);
}

namespace {

Expr packed_spectrum(const Expr& a, Spectrum which) {
  const std::int64_t n = columns_of(a);
  const std::int64_t attrs[] = {static_cast<std::int64_t>(which)};
  return packed(kEigh, a, n + n * n, attrs);
}

}  // namespace

EighFactors eigh(const Expr& a, bool upper) {
  check_square("eigh", a);
  const Spectrum which = upper ? Spectrum::kHermitianUpper : Spectrum::kHermitian;
  return eigh_factors(a, packed_spectrum(a, which));
}

EighFactors eig(const Expr& a) {
  check_square("eig", a);
  const Expr z = convert(a, complex_dtype(a.dtype()));
  const Spectrum which = is_complex(a.dtype()) ? Spectrum::kComplex : Spectrum::kReal;
  return eigh_factors(z, packed_spectrum(z, which), true);
}

SvdFactors svd(const Expr& a) {
  check_matrix("svd", a);
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return svd_factors(a, packed(kSvd, a, k + m * k + k * n));
}

Expr svdvals(const Expr& a) {
  check_matrix("svdvals", a);
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  const Expr all = packed(kSvd, a, k + m * k + k * n);
  return real(factor(a, all, Part::kSingularValues, 0, with(leading(a), {k})));
}

QrFactors qr(const Expr& a) {
  check_matrix("qr", a);
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return qr_factors(a, packed(kQr, a, m * k + k * n));
}

namespace {

/// The lower triangle, its diagonal real and halved.
Expr phi(const Expr& x) {
  const Expr half_of = constant(x.builder(), 0.5, x.dtype()) * identity(x, rows_of(x));
  return triangle_of(x, true, true) + real_part(x) * half_of;
}

/// The lower triangle that stands for x + x^H, its diagonal that of x.
Expr folded(const Expr& x) {
  return triangle_of(x + adjoint(x), true, true) + diagonal_of(real_part(x));
}

/// L^-T X conj(L)^-1.
Expr between_inverses(const Expr& l, const Expr& x) {
  const Triangle turned{.transposed = true};
  const Expr half = triangular_solve(l, x, turned);
  return swap_last_axes(triangular_solve(conj(l), swap_last_axes(half), turned));
}

Expr cholesky_tangent(const Expr& l, const Expr& x, bool transposed) {
  const Expr args[] = {l, x};
  const std::int64_t attrs[] = {transposed};
  return emit(kCholeskyTangent, args, Type(x.type()), attrs);
}

Tangent push_cholesky(const OpCall&, std::span<const Expr>, const Expr& y,
                      std::span<const Tangent> x_dot) {
  return cholesky_tangent(y, *x_dot[0], false);
}

/// The derivative in L.
Expr cholesky_curvature(const Expr& l, const Expr& x, const Expr& l_dot, bool transposed) {
  if (!transposed) {
    const Expr half = triangular_solve(l, completed(x), {});
    const Expr s = triangular_solve(l, adjoint(half), {});
    const Expr turn = matmul(triangular_solve(l, l_dot, {}), s);
    return matmul(l_dot, phi(s)) - matmul(l, phi(turn + adjoint(turn)));
  }
  const Expr c = between_inverses(l, phi(matmul(swap_last_axes(l), x)));
  const Expr n = triangular_solve(l, swap_last_axes(l_dot), {.transposed = true});
  const Expr moved = between_inverses(l, phi(matmul(swap_last_axes(l_dot), x)));
  return folded(moved - matmul(n, c) - matmul(c, conj(swap_last_axes(n))));
}

Tangent push_cholesky_tangent(const OpCall& call, std::span<const Expr> x, const Expr&,
                              std::span<const Tangent> x_dot) {
  const bool transposed = call.attrs[0] != 0;
  Tangent total;
  if (x_dot[1]) total = cholesky_tangent(x[0], *x_dot[1], transposed);
  if (x_dot[0]) accumulate(total, cholesky_curvature(x[0], x[1], *x_dot[0], transposed));
  return total;
}

void transpose_cholesky_tangent(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                                std::span<Tangent> x_bar) {
  accumulate(x_bar[1], cholesky_tangent(*x[0].value, y_bar, call.attrs[0] == 0));
}

Triangle form_of(const OpCall& call) {
  return {call.attrs[0] != 0, call.attrs[1] != 0, call.attrs[2] != 0};
}

Tangent push_triangular_solve(const OpCall& call, std::span<const Expr> x, const Expr& y,
                              std::span<const Tangent> x_dot) {
  const Triangle form = form_of(call);
  Tangent rhs = x_dot[1];
  if (x_dot[0]) {
    const Expr t_dot = triangle_of(*x_dot[0], form.lower, form.unit);
    const Expr product = matmul(form.transposed ? swap_last_axes(t_dot) : t_dot, y);
    rhs = rhs ? *rhs - product : -product;
  }
  return triangular_solve(x[0], *rhs, form);
}

void transpose_triangular_solve(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                                std::span<Tangent> x_bar) {
  Triangle form = form_of(call);
  form.transposed = !form.transposed;
  accumulate(x_bar[1], triangular_solve(*x[0].value, y_bar, form));
}

/// One matrix and a batch of right-hand sides: the batch as further columns.
Expr batch_triangular_solve(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  const Triangle form = form_of(call);
  if (x[0].batched || x[0].value.rank() != 2) {
    return triangular_solve(with_batch(x[0], size), with_batch(x[1], size), form);
  }
  const Expr& b = x[1].value;
  const std::int64_t n = b.shape()[1], k = b.shape()[2];
  const Expr columns = reshape(move_axis(b, 0, 1), Dims{n, size * k});
  const Expr solved = triangular_solve(x[0].value, columns, form);
  return move_axis(reshape(solved, Dims{n, size, k}), 1, 0);
}

Tangent push_slogdet(const OpCall&, std::span<const Expr> x, const Expr& y,
                     std::span<const Tangent> x_dot) {
  const auto r = static_cast<std::int64_t>(x[0].rank());
  const Expr inverse = inv(x[0], x[1]);
  const Expr trace = sum(swap_last_axes(inverse) * *x_dot[0], Dims{r - 2, r - 1});
  Dims start(y.rank()), step(y.rank(), 1);
  start[y.rank() - 1] = 1;
  const Expr logarithm = pad(spread(real_part(trace), false), y.shape(), start, step);
  const Tangent turn = imaginary_part(trace);
  if (!turn) return logarithm;
  const Expr sign = slice_axis(y, y.rank() - 1, 0, 1);
  start[y.rank() - 1] = 0;
  return logarithm + pad(sign * spread(*turn, false), y.shape(), start, step);
}

Tangent no_tangent(const OpCall&, std::span<const Expr>, const Expr&, std::span<const Tangent>) {
  return {};
}

Tangent push_factor(const OpCall& call, std::span<const Expr> x, const Expr& y,
                    std::span<const Tangent> x_dot) {
  if (!x_dot[0]) return {};
  return tangent_of(static_cast<Part>(call.attrs[0]), x[0], x[1], y, *x_dot[0]);
}

}  // namespace

Expr batch_leading(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  std::array<Expr, 3> args;
  for (std::size_t i = 0; i < x.size(); ++i) args[i] = with_batch(x[i], size);
  return emit(call.op, std::span(args).first(x.size()),
              Type{call.type.dtype, prefixed(size, call.type.shape)}, call.attrs);
}

const Rules& decomposition_rules(OpCode op) {
  static const Rules cholesky_rules{push_cholesky, nullptr, batch_leading};
  static const Rules cholesky_tangent_rules{push_cholesky_tangent, transpose_cholesky_tangent,
                                            batch_leading};
  static const Rules triangular_rules{push_triangular_solve, transpose_triangular_solve,
                                      batch_triangular_solve};
  static const Rules slogdet_rules{push_slogdet, nullptr, batch_leading};
  static const Rules factor_rules{push_factor, nullptr, batch_leading};
  static const Rules packed_rules{no_tangent, nullptr, batch_leading};
  switch (op) {
    case kCholesky: return cholesky_rules;
    case kCholeskyTangent: return cholesky_tangent_rules;
    case kTriangularSolve: return triangular_rules;
    case kSlogDet: return slogdet_rules;
    case kFactor: return factor_rules;
    default: return packed_rules;
  }
}

}  // namespace dualtape::engine
