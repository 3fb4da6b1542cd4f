/// Cholesky, triangular solve, and the factors of eigh, svd, qr and lu. With dA the tangent:
///
///   cholesky      A = L L^T.    L_dot = L Phi(L^-1 dA L^-T), Phi: lower triangle, diagonal halved
///   triangular_solve  T x = b.  x_dot = T^-1 (b_dot - T_dot x);  b_bar = T^-T x_bar
///   eigh          A = V w V^T, P = V^T dA V.  w_dot = diag P,  V_dot = V (F * P),
///                 F_ij = 1 / (w_j - w_i), 0 on the diagonal
///   svd           A = U s V^T, P = U^T dA V.  s_dot = diag P,
///                 U_dot = U (F * (P s + s P^T)) + (1 - U U^T) dA V / s,  V_dot alike with dA^T,
///                 F_ij = 1 / (s_j^2 - s_i^2), 0 on the diagonal
///   qr            m >= n: C = dA R^-1, Q^T C = X + Y, X = L - L^T from the strict lower triangle
///                 L of Q^T C.  Q_dot = C - Q Y,  R_dot = Y R.
///                 m < n: Q is that of the first m columns, R = Q^T A
///   lu            X = L^-1 P dA U^-1.  L_dot = L (strict lower X),  U_dot = (upper X) U
///   slogdet       log|det|_dot = tr(A^-1 dA)
/// cholesky and eigh read the lower triangle of A alone: dA stands for its symmetric completion.
///
/// Where F divides by zero nothing is defined: vectors of equal eigenvalues may turn in their
/// plane. F is NaN there, times zero it is zero: what does not couple these vectors stays right. A
/// 0 in its place would make V f(w) V^T silently wrong, whose derivative there is f'(w) P. Source:
/// Giles (2008), An extended collection of matrix derivative results; Townsend (2016),
/// Differentiating the singular value decomposition; Walter and Lehmann (2010) for qr.

#include "ops/decompositions.hpp"

#include <array>
#include <limits>

#include "ops/elementwise.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// What a factor is of its decomposition.
enum class Part : std::int64_t {
  kLuMatrix,
  kEigenvalues,
  kEigenvectors,
  kSingularValues,
  kLeftVectors,
  kRightVectors,
  kOrthogonal,
  kUpper
};

Dims leading(const Expr& x) { return Dims(std::span(x.shape()).first(x.rank() - 2)); }
std::int64_t rows_of(const Expr& x) { return x.shape()[x.rank() - 2]; }
std::int64_t columns_of(const Expr& x) { return x.shape().back(); }

Dims with(Dims lead, std::initializer_list<std::int64_t> last) {
  lead.append(std::span(last.begin(), last.size()));
  return lead;
}

void check_matrix(const char* op, const Expr& a) {
  if (a.rank() < 2) {
    throw ShapeError(std::string(op) + ": A must be (..., m, n), got " + to_string(a.shape()));
  }
  if (!is_floating(a.dtype())) {
    throw DTypeError(std::string(op) + ": A must be real and floating, got " +
                     std::string(dtype_name(a.dtype())));
  }
}

/// What a decomposition makes: `count` numbers for each matrix.
Expr packed(OpCode op, const Expr& a, std::int64_t count) {
  const Expr args[] = {a};
  return emit(op, args, Type{a.dtype(), with(leading(a), {count})});
}

/// A factor: entries of `packed` from `offset` on.
Expr factor(const Expr& a, const Expr& packed, Part part, std::int64_t offset, Dims shape) {
  const Expr args[] = {a, packed};
  const std::int64_t attrs[] = {static_cast<std::int64_t>(part), offset};
  return emit(kFactor, args, Type{a.dtype(), std::move(shape)}, attrs);
}

EighFactors eigh_factors(const Expr& a, const Expr& all) {
  const std::int64_t n = columns_of(a);
  return {factor(a, all, Part::kEigenvalues, 0, with(leading(a), {n})),
          factor(a, all, Part::kEigenvectors, n, with(leading(a), {n, n}))};
}

SvdFactors svd_factors(const Expr& a, const Expr& all) {
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return {factor(a, all, Part::kLeftVectors, k, with(leading(a), {m, k})),
          factor(a, all, Part::kSingularValues, 0, with(leading(a), {k})),
          factor(a, all, Part::kRightVectors, k + m * k, with(leading(a), {k, n}))};
}

QrFactors qr_factors(const Expr& a, const Expr& all) {
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return {factor(a, all, Part::kOrthogonal, 0, with(leading(a), {m, k})),
          factor(a, all, Part::kUpper, m * k, with(leading(a), {k, n}))};
}

Expr identity(const Expr& like, std::int64_t n) { return eye(like.builder(), n, n, like.dtype()); }

/// x_i as entries (i, j), or as entries (j, i) for `row`.
Expr spread(const Expr& x, bool row) {
  const auto last = static_cast<std::int64_t>(x.rank());
  const std::int64_t place[] = {row ? last - 1 : last};
  return expand_dims(x, place);
}

Expr not_a_number(const Expr& like) {
  return constant(like.builder(), std::numeric_limits<double>::quiet_NaN(), like.dtype());
}

Expr zero_of(const Expr& like) { return constant(like.builder(), 0, like.dtype()); }

Expr magnitude(const Expr& x) { return dualtape::apply<ops::Absolute>(x); }

/// 1 / (x_j - x_i), or 1 / (x_j^2 - x_i^2); zero on the diagonal, NaN where both are equal but for
/// rounding.
Expr inverse_gaps(const Expr& x, bool of_squares) {
  const Expr by_row = spread(x, true), by_column = spread(x, false);
  const Expr gap = by_row - by_column;
  Expr inverse = constant(x.builder(), 1, x.dtype()) / gap;
  if (of_squares) inverse = inverse / (by_row + by_column);
  const double eps = x.dtype() == DType::kFloat32
                         ? static_cast<double>(std::numeric_limits<float>::epsilon())
                         : std::numeric_limits<double>::epsilon();
  const Expr rounding = constant(x.builder(), 4 * eps, x.dtype());
  const Expr apart = less(rounding * (magnitude(by_row) + magnitude(by_column)), magnitude(gap));
  const Expr off_diagonal = equal(identity(x, x.shape().back()), zero_of(x));
  return where(off_diagonal, where(apart, inverse, not_a_number(x)), zero_of(x));
}

/// The symmetric matrix that the lower triangle stands for.
Expr completed(const Expr& x) {
  return triangle_of(x, true) + swap_last_axes(triangle_of(x, true, true));
}

Expr transposed_product(const Expr& a, const Expr& b) { return matmul(swap_last_axes(a), b); }

/// diag(U^T B).
Expr diagonal_product(const Expr& u, const Expr& b) {
  return sum(u * b, Dims{static_cast<std::int64_t>(u.rank()) - 2});
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
  return convert(reshape(last, with(leading(factors), {n})), DType::kInt64);
}

Expr lu_pivots(const Expr& rows, bool back) {
  if (rows.rank() == 0 || rows.dtype() != DType::kInt64) {
    throw ShapeError("lu_solve: the pivots must be int64 (..., n), got " + to_string(rows.type()));
  }
  const Expr args[] = {rows};
  const std::int64_t attrs[] = {back};
  return emit(kPivots, args, Type(rows.type()), attrs);
}

EighFactors eigh(const Expr& a) {
  const std::int64_t n = check_square("eigh", a);
  return eigh_factors(a, packed(kEigh, a, n + n * n));
}

SvdFactors svd(const Expr& a) {
  check_matrix("svd", a);
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return svd_factors(a, packed(kSvd, a, k + m * k + k * n));
}

QrFactors qr(const Expr& a) {
  check_matrix("qr", a);
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return qr_factors(a, packed(kQr, a, m * k + k * n));
}

namespace {

Tangent push_cholesky(const OpCall&, std::span<const Expr>, const Expr& y,
                      std::span<const Tangent> x_dot) {
  const Expr half = triangular_solve(y, completed(*x_dot[0]), {});
  const Expr whole = triangular_solve(y, swap_last_axes(half), {});
  const Expr lower = triangle_of(whole, true, true);
  const Expr diagonal = whole * (constant(y.builder(), 0.5, y.dtype()) * identity(y, rows_of(y)));
  return matmul(y, lower + diagonal);
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
  const Expr ones = broadcast_to(identity(x[0], columns_of(x[0])), x[0].shape());
  const Expr inverse = solve(x[0], x[1], ones);
  const auto r = static_cast<std::int64_t>(x[0].rank());
  const Expr trace = sum(swap_last_axes(inverse) * *x_dot[0], Dims{r - 2, r - 1});
  Dims start(y.rank()), step(y.rank(), 1);
  start[y.rank() - 1] = 1;
  return pad(spread(trace, false), y.shape(), start, step);
}

Tangent no_tangent(const OpCall&, std::span<const Expr>, const Expr&, std::span<const Tangent>) {
  return {};
}

Expr lu_tangent(const Expr& y, const Expr& factors, const Expr& a_dot) {
  const Expr order = broadcast_to(spread(lu_rows(factors), false), a_dot.shape());
  const Expr rows = take_along(a_dot, order, static_cast<std::int64_t>(a_dot.rank()) - 2);
  const Expr left = triangular_solve(y, rows, {.unit = true});
  const Triangle right{.lower = false, .transposed = true};
  const Expr x = swap_last_axes(triangular_solve(y, swap_last_axes(left), right));
  const Expr lower = triangle_of(y, true, true) + identity(y, rows_of(y));
  return matmul(lower, triangle_of(x, true, true)) +
         matmul(triangle_of(x, false), triangle_of(y, false));
}

Expr eigh_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const EighFactors f = eigh_factors(a, all);
  const Expr moved = matmul(completed(a_dot), f.vectors);
  if (part == Part::kEigenvalues) return diagonal_product(f.vectors, moved);
  const Expr p = transposed_product(f.vectors, moved);
  return matmul(f.vectors, zero_multiply(inverse_gaps(f.values, false), p));
}

/// Left vectors of B = U s W^T from b_dot, U (m, k) and W (n, k); the right ones are the left ones
/// of B^T.
Expr singular_tangent(const Expr& u, const Expr& s, const Expr& w, const Expr& b_dot) {
  const Expr moved = matmul(b_dot, w);
  const Expr p = transposed_product(u, moved);
  const Expr coupling = p * spread(s, true) + spread(s, false) * swap_last_axes(p);
  const Expr inside = matmul(u, zero_multiply(inverse_gaps(s, true), coupling));
  if (rows_of(u) == columns_of(u)) return inside;
  const Expr inverse =
      where(equal(s, zero_of(s)), not_a_number(s), constant(s.builder(), 1, s.dtype()) / s);
  return inside + zero_multiply(spread(inverse, true), moved - matmul(u, p));
}

Expr svd_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const SvdFactors f = svd_factors(a, all);
  const Expr v = swap_last_axes(f.right);
  if (part == Part::kSingularValues) {
    // At zero a singular value has a kink, as abs: derivative 0.
    const Expr along = diagonal_product(f.left, matmul(a_dot, v));
    return where(equal(f.values, zero_of(along)), zero_of(along), along);
  }
  if (part == Part::kLeftVectors) return singular_tangent(f.left, f.values, v, a_dot);
  return swap_last_axes(singular_tangent(v, f.values, f.left, swap_last_axes(a_dot)));
}

Expr qr_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const QrFactors f = qr_factors(a, all);
  const std::int64_t k = columns_of(f.q);
  const auto square = [k](const Expr& x) { return slice_axis(x, x.rank() - 1, 0, k); };
  // C^T = R^-T dA^T.
  const Triangle form{.lower = false, .transposed = true};
  const Expr c = swap_last_axes(triangular_solve(square(f.r), swap_last_axes(square(a_dot)), form));
  const Expr inside = transposed_product(f.q, c);
  const Expr lower = triangle_of(inside, true, true);
  const Expr upper = triangle_of(inside, false) + swap_last_axes(lower);
  if (part == Part::kOrthogonal) return c - matmul(f.q, upper);
  if (columns_of(a) == k) return matmul(upper, f.r);
  const Expr turn = lower - swap_last_axes(lower);
  return triangle_of(transposed_product(f.q, a_dot) - matmul(turn, f.r), false);
}

Tangent push_factor(const OpCall& call, std::span<const Expr> x, const Expr& y,
                    std::span<const Tangent> x_dot) {
  if (!x_dot[0]) return {};
  const auto part = static_cast<Part>(call.attrs[0]);
  const Expr& a_dot = *x_dot[0];
  switch (part) {
    case Part::kLuMatrix: {
      const std::int64_t n = columns_of(y);
      return lu_tangent(y, reshape(x[1], with(leading(y), {n + 1, n})), a_dot);
    }
    case Part::kEigenvalues:
    case Part::kEigenvectors: return eigh_tangent(part, x[0], x[1], a_dot);
    case Part::kSingularValues:
    case Part::kLeftVectors:
    case Part::kRightVectors: return svd_tangent(part, x[0], x[1], a_dot);
    default: return qr_tangent(part, x[0], x[1], a_dot);
  }
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
  static const Rules triangular_rules{push_triangular_solve, transpose_triangular_solve,
                                      batch_triangular_solve};
  static const Rules slogdet_rules{push_slogdet, nullptr, batch_leading};
  static const Rules factor_rules{push_factor, nullptr, batch_leading};
  static const Rules packed_rules{no_tangent, nullptr, batch_leading};
  switch (op) {
    case kCholesky: return cholesky_rules;
    case kTriangularSolve: return triangular_rules;
    case kSlogDet: return slogdet_rules;
    case kFactor: return factor_rules;
    default: return packed_rules;
  }
}

}  // namespace dualtape::engine
