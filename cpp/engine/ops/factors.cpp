/// Factors of eigh, svd, qr, lu and eig. With dA the tangent, X^H the adjoint (of real X the
/// transpose):
///
///   eigh  A = V w V^H, P = V^H dA V.  w_dot = Re diag P,  V_dot = V (F * P),
///         F_ij = 1 / (w_j - w_i), 0 on the diagonal
///   svd   A = U s V^H, P = U^H dA V.  s_dot = Re diag P,
///         U_dot = U (F * (P s + s P^H) + i Im(diag P) / s) + (1 - U U^H) dA V / s,
///         V_dot alike with dA^H, but without the diagonal: only the difference of both is defined
///         F_ij = 1 / (s_j^2 - s_i^2), 0 on the diagonal
///   qr    m >= n: C = dA R^-1, Q^H C = X + Y, X = L - L^H + i Im diag from the strict lower
///         triangle L and the diagonal of Q^H C.  Q_dot = C - Q Y,  R_dot = Y R.
///         m < n: Q is that of the first m columns, R = Q^H A
///   lu    X = L^-1 P dA U^-1.  L_dot = L (strict lower X),  U_dot = (upper X) U
///   eig   A V = V w, P = V^-1 dA V.  w_dot = diag P,  V_dot = V X - V Re diag(V^H V X), X = F * P:
///         columns stay of length one
///
/// Where F divides by zero nothing is defined: vectors of equal eigenvalues may turn in their
/// plane. F is NaN there, times zero it is zero: what does not couple these vectors stays right. A
/// 0 in its place would make V f(w) V^H silently wrong, whose derivative there is f'(w) P. The
/// phase of a complex vector is not defined either: its tangent is that of no phase, as JAX's.
/// Source: Giles (2008), An extended collection of matrix derivative results; Townsend (2016),
/// Differentiating the singular value decomposition; Walter and Lehmann (2010) for qr; Wan and
/// Zhang (2019), Automatic differentiation for complex valued SVD.

#include "ops/factors.hpp"

#include <limits>

#include "ops/elementwise.hpp"

namespace dualtape::engine::factors {

Expr factor(const Expr& a, const Expr& packed, Part part, std::int64_t offset, Dims shape) {
  const Expr args[] = {a, packed};
  const std::int64_t attrs[] = {static_cast<std::int64_t>(part), offset};
  return emit(kFactor, args, Type{a.dtype(), std::move(shape)}, attrs);
}

EighFactors eigh_factors(const Expr& a, const Expr& all, bool general) {
  const std::int64_t n = columns_of(a);
  const Dims values = with(leading(a), {n}), vectors = with(leading(a), {n, n});
  if (general) {
    return {factor(a, all, Part::kGeneralEigenvalues, 0, values),
            factor(a, all, Part::kGeneralEigenvectors, n, vectors)};
  }
  return {real(factor(a, all, Part::kEigenvalues, 0, values)),
          factor(a, all, Part::kEigenvectors, n, vectors)};
}

SvdFactors svd_factors(const Expr& a, const Expr& all) {
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return {factor(a, all, Part::kLeftVectors, k, with(leading(a), {m, k})),
          real(factor(a, all, Part::kSignedValues, 0, with(leading(a), {k}))),
          factor(a, all, Part::kRightVectors, k + m * k, with(leading(a), {k, n}))};
}

QrFactors qr_factors(const Expr& a, const Expr& all) {
  const std::int64_t m = rows_of(a), n = columns_of(a), k = std::min(m, n);
  return {factor(a, all, Part::kOrthogonal, 0, with(leading(a), {m, k})),
          factor(a, all, Part::kUpper, m * k, with(leading(a), {k, n}))};
}

Expr completed(const Expr& x) {
  const Expr strict = triangle_of(x, true, true);
  return strict + adjoint(strict) + diagonal_of(real_part(x));
}

namespace {

Expr not_a_number(const Expr& like) {
  return constant(like.builder(), std::numeric_limits<double>::quiet_NaN(), like.dtype());
}

Expr zero_of(const Expr& like) { return constant(like.builder(), 0, like.dtype()); }

/// |x|, of complex numbers the sum of that of both parts.
Expr magnitude(const Expr& x) {
  if (is_complex(x.dtype())) return magnitude(real(x)) + magnitude(imag(x));
  return dualtape::apply<ops::Absolute>(x);
}

/// 1 / (x_j - x_i), or 1 / (x_j^2 - x_i^2); zero on the diagonal, NaN where both are equal but for
/// rounding.
Expr inverse_gaps(const Expr& x, bool of_squares) {
  const Expr by_row = spread(x, true), by_column = spread(x, false);
  const Expr gap = by_row - by_column;
  Expr inverse = constant(x.builder(), 1, x.dtype()) / gap;
  if (of_squares) inverse = inverse / (by_row + by_column);
  const DType parts = real_dtype(x.dtype());
  const double eps = parts == DType::kFloat32
                         ? static_cast<double>(std::numeric_limits<float>::epsilon())
                         : std::numeric_limits<double>::epsilon();
  const Expr rounding = constant(x.builder(), 4 * eps, parts);
  const Expr apart = less(rounding * (magnitude(by_row) + magnitude(by_column)), magnitude(gap));
  const std::int64_t n = x.shape().back();
  const Expr off_diagonal = equal(eye(x.builder(), n, n, parts), constant(x.builder(), 0, parts));
  return where(off_diagonal, where(apart, inverse, not_a_number(x)), zero_of(x));
}

/// U^H B.
Expr adjoint_product(const Expr& u, const Expr& b) { return matmul(adjoint(u), b); }

/// diag(U^H B).
Expr diagonal_product(const Expr& u, const Expr& b) {
  return sum(conj(u) * b, Dims{static_cast<std::int64_t>(u.rank()) - 2});
}

Expr lu_tangent(const Expr& y, const Expr& packed, const Expr& a_dot) {
  const std::int64_t n = columns_of(y);
  const Expr rows_in_order = lu_rows(reshape(packed, with(leading(y), {n + 1, n})));
  const Expr order = broadcast_to(spread(rows_in_order, false), a_dot.shape());
  const Expr rows = take_along(a_dot, order, static_cast<std::int64_t>(a_dot.rank()) - 2);
  const Expr left = triangular_solve(y, rows, {.unit = true});
  const Triangle right{.lower = false, .transposed = true};
  const Expr x = swap_last_axes(triangular_solve(y, swap_last_axes(left), right));
  const Expr lower = triangle_of(y, true, true) + identity(y, n);
  return matmul(lower, triangle_of(x, true, true)) +
         matmul(triangle_of(x, false), triangle_of(y, false));
}

Expr eigh_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const EighFactors f = eigh_factors(a, all);
  const Expr moved = matmul(completed(a_dot), f.vectors);
  if (part == Part::kEigenvalues) return real_part(diagonal_product(f.vectors, moved));
  const Expr p = adjoint_product(f.vectors, moved);
  const Expr inverse = convert(inverse_gaps(f.values, false), p.dtype());
  return matmul(f.vectors, zero_multiply(inverse, p));
}

Expr eig_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const EighFactors f = eigh_factors(a, all, true);
  const Expr p = solve(f.vectors, matmul(a_dot, f.vectors));
  if (part == Part::kGeneralEigenvalues) {
    return sum(diagonal_of(p), Dims{static_cast<std::int64_t>(p.rank()) - 1});
  }
  const Expr turned = matmul(f.vectors, zero_multiply(inverse_gaps(f.values, false), p));
  const Expr longer = real_part(diagonal_product(f.vectors, turned));
  return turned - f.vectors * spread(longer, true);
}

/// 1 / s, NaN for zero.
Expr inverse_of(const Expr& s) {
  const Expr one = constant(s.builder(), 1, s.dtype());
  return where(equal(s, zero_of(s)), not_a_number(s), one / s);
}

/// Left vectors of B = U s W^H from b_dot, U (m, k) and W (n, k); the right ones are the left ones
/// of B^H, and do not turn in phase.
Expr singular_tangent(const Expr& u, const Expr& s, const Expr& w, const Expr& b_dot, bool right) {
  const Expr moved = matmul(b_dot, w);
  const Expr p = adjoint_product(u, moved);
  const Expr scale = convert(s, p.dtype()), inverse = convert(inverse_of(s), p.dtype());
  // Two values that are zero leave vectors open that any p couples.
  const Expr sum = spread(s, true) + spread(s, false);
  const Expr coupling = where(equal(sum, zero_of(sum)), p,
                              p * spread(scale, true) + spread(scale, false) * adjoint(p));
  Expr turn = zero_multiply(convert(inverse_gaps(s, true), p.dtype()), coupling);
  if (const Tangent phase = imaginary_part(p); phase && !right) {
    turn = turn + zero_multiply(spread(inverse, true), diagonal_of(*phase));
  }
  const Expr inside = matmul(u, turn);
  if (rows_of(u) == columns_of(u)) return inside;
  return inside + zero_multiply(spread(inverse, true), moved - matmul(u, p));
}

/// The tangents of values beside their vectors: one that is zero goes on smoothly, so that the
/// derivative of U s V^H is right; more than one are open as their vectors.
Expr beside_vectors(const Expr& s, const Expr& along) {
  const Expr one = constant(s.builder(), 1, s.dtype()), zero = zero_of(s);
  const Expr vanishes = equal(s, zero);
  const auto last = static_cast<std::int64_t>(s.rank()) - 1;
  const Expr count = spread(sum(where(vanishes, one, zero), Dims{last}), false);
  const Expr open = where(less(one, count), not_a_number(s), one);
  return zero_multiply(convert(where(vanishes, open, one), along.dtype()), along);
}

Expr svd_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const SvdFactors f = svd_factors(a, all);
  const Expr v = adjoint(f.right);
  if (part == Part::kSingularValues || part == Part::kSignedValues) {
    const Expr along = real_part(diagonal_product(f.left, matmul(a_dot, v)));
    if (part == Part::kSignedValues) return beside_vectors(f.values, along);
    // By itself it has a kink there, as abs: derivative 0.
    return where(equal(f.values, zero_of(f.values)), zero_of(along), along);
  }
  if (part == Part::kLeftVectors) return singular_tangent(f.left, f.values, v, a_dot, false);
  return adjoint(singular_tangent(v, f.values, f.left, adjoint(a_dot), true));
}

Expr qr_tangent(Part part, const Expr& a, const Expr& all, const Expr& a_dot) {
  const QrFactors f = qr_factors(a, all);
  const std::int64_t k = columns_of(f.q);
  const auto square = [k](const Expr& x) { return slice_axis(x, x.rank() - 1, 0, k); };
  // C^T = R^-T dA^T.
  const Triangle form{.lower = false, .transposed = true};
  const Expr c = swap_last_axes(triangular_solve(square(f.r), swap_last_axes(square(a_dot)), form));
  const Expr inside = adjoint_product(f.q, c);
  const Expr lower = triangle_of(inside, true, true);
  const Tangent phase = imaginary_part(inside);
  Expr upper = triangle_of(inside, false) + adjoint(lower);
  if (phase) upper = upper - diagonal_of(*phase);
  if (part == Part::kOrthogonal) return c - matmul(f.q, upper);
  if (columns_of(a) == k) return matmul(upper, f.r);
  Expr turn = lower - adjoint(lower);
  if (phase) turn = turn + diagonal_of(*phase);
  return triangle_of(adjoint_product(f.q, a_dot) - matmul(turn, f.r), false);
}

}  // namespace

Expr tangent_of(Part part, const Expr& a, const Expr& all, const Expr& y, const Expr& a_dot) {
  switch (part) {
    case Part::kLuMatrix: return lu_tangent(y, all, a_dot);
    case Part::kEigenvalues:
    case Part::kEigenvectors: return eigh_tangent(part, a, all, a_dot);
    case Part::kSingularValues:
    case Part::kSignedValues:
    case Part::kLeftVectors:
    case Part::kRightVectors: return svd_tangent(part, a, all, a_dot);
    case Part::kGeneralEigenvalues:
    case Part::kGeneralEigenvectors: return eig_tangent(part, a, all, a_dot);
    default: return qr_tangent(part, a, all, a_dot);
  }
}

}  // namespace dualtape::engine::factors
