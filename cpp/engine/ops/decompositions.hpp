/// Constructors of the matrix decompositions and of functions of a matrix: on the last two axes,
/// leading axes are a batch. Real or complex matrices; the transpose never conjugates, the adjoint
/// X^H does.
///
/// A decomposition makes its factors once, `packed` side by side in one array that has no
/// derivative: all of it is in the factors, which are taken out as functions of (A, packed).
#pragma once

#include "ops/rules.hpp"

namespace dualtape::engine {

/// ShapeError unless A is (..., n, n), DTypeError unless it is floating or complex; n.
std::int64_t check_square(const char* op, const Expr& a);

// From the factors `lu` gives.
Expr inv(const Expr& a, const Expr& factors);
Expr det(const Expr& a, const Expr& factors);
/// C with sum(C * X) the derivative of det in the direction X.
Expr cofactor(const Expr& a, const Expr& factors);
/// (A, E_1 .. E_k), k > 0: C with sum(C * X) that in the directions E_1 .. E_k and X.
Expr cofactor(std::span<const Expr> operands);

/// (sign, log|det A|) of each matrix, from the factors `lu` gives: shape (..., 2).
Expr slogdet(const Expr& a, const Expr& factors);
/// L and U of P A = L U in one matrix, the ones of L's diagonal not stored.
Expr lu_matrix(const Expr& a, const Expr& factors);
/// The rows of A in the order of L U: int64 (..., n).
Expr lu_rows(const Expr& factors);
/// LAPACK's row exchanges (row i with row pivots[i], one after the other) that give these rows, or
/// `back` from exchanges to rows; int64 (..., n).
Expr lu_pivots(const Expr& rows, bool back);

/// Lower L with A = L L^H; A is read from its lower triangle.
Expr cholesky(const Expr& a);

/// Which triangle of the matrix counts, and how.
struct Triangle {
  bool lower = true;
  bool transposed = false;  // the equations are those of the transposed triangle
  bool unit = false;        // the diagonal is taken as ones
};
/// x with T x = b or T^T x = b; A (..., n, n), b (..., n, k), equal leading axes.
Expr triangular_solve(const Expr& a, const Expr& b, Triangle form);

/// What kEigh decomposes. An upper triangle is given as the lower one of the same matrix, and real
/// numbers as complex ones: vectors have the signs that LAPACK gives them in each case.
enum class Spectrum : std::int64_t { kHermitian, kHermitianUpper, kReal, kComplex };

struct EighFactors {
  Expr values, vectors;  // ascending w (..., n); V (..., n, n): A V = V diag(w)
};
/// Of Hermitian A; it is read from its lower triangle. `upper`: as if from the upper one.
EighFactors eigh(const Expr& a, bool upper = false);
/// Of any A: complex, in LAPACK's order, columns of V of length one and their largest entry real.
EighFactors eig(const Expr& a);

struct SvdFactors {
  Expr left, values, right;  // A = U diag(s) Vh: U (..., m, k), s (..., k), Vh (..., k, n)
};
SvdFactors svd(const Expr& a);
/// Singular values alone: flat, as abs, where one is zero, and not smooth as beside the vectors.
Expr svdvals(const Expr& a);

struct QrFactors {
  Expr q, r;  // (..., m, k), (..., k, n), k the smaller of m and n
};
QrFactors qr(const Expr& a);

/// The pseudo-inverse (..., n, m); singular values up to `cutoff` times the largest count as zero.
Expr pinv(const Expr& a, double cutoff);

/// x with A x + x B = Q.
Expr sylvester(const Expr& a, const Expr& b, const Expr& q);

enum class MatrixFunction : std::int64_t { kExp, kLog, kSqrt };
Expr matrix_function(const Expr& a, MatrixFunction which);
/// Its derivative at A in direction E.
Expr frechet(const Expr& a, const Expr& e, MatrixFunction which);

/// The lower or the upper triangle of x (..., m, n), zeros elsewhere; `strict`: without the
/// diagonal.
Expr triangle_of(const Expr& x, bool lower, bool strict = false);

/// Batching rule of operations that go through leading axes one by one.
Expr batch_leading(const OpCall& call, std::span<const Batched> x, std::int64_t size);

}  // namespace dualtape::engine
