/// Factors of the decompositions, as functions of (A, packed), and their tangents; for
/// decompositions.cpp and factors.cpp.
#pragma once

#include "ops/decompositions.hpp"

namespace dualtape::engine::factors {

/// What a factor is of its decomposition.
enum class Part : std::int64_t {
  kLuMatrix,
  kEigenvalues,
  kEigenvectors,
  kSingularValues,  // alone: flat where one is zero
  kLeftVectors,
  kRightVectors,
  kOrthogonal,
  kUpper,
  kGeneralEigenvalues,  // of any square matrix: complex
  kGeneralEigenvectors,
  kSignedValues  // singular values beside their vectors
};

inline Dims leading(const Expr& x) { return Dims(std::span(x.shape()).first(x.rank() - 2)); }
inline std::int64_t rows_of(const Expr& x) { return x.shape()[x.rank() - 2]; }
inline std::int64_t columns_of(const Expr& x) { return x.shape().back(); }
inline Dims with(Dims lead, std::initializer_list<std::int64_t> last) {
  lead.append(std::span(last.begin(), last.size()));
  return lead;
}

inline Expr identity(const Expr& like, std::int64_t n) {
  return eye(like.builder(), n, n, like.dtype());
}
/// x_i as entries (i, j), or as entries (j, i) for `row`.
inline Expr spread(const Expr& x, bool row) {
  const auto last = static_cast<std::int64_t>(x.rank());
  const std::int64_t place[] = {row ? last - 1 : last};
  return expand_dims(x, place);
}
inline Expr adjoint(const Expr& x) { return conj(swap_last_axes(x)); }
/// x without its imaginary parts, in the same type.
inline Expr real_part(const Expr& x) { return convert(real(x), x.dtype()); }
/// i times the imaginary parts; of real x none.
inline Tangent imaginary_part(const Expr& x) {
  if (!is_complex(x.dtype())) return {};
  return x - real_part(x);
}
/// The diagonal of each matrix, zeros elsewhere.
inline Expr diagonal_of(const Expr& x) { return x * identity(x, columns_of(x)); }

/// A factor: entries of `packed` from `offset` on.
Expr factor(const Expr& a, const Expr& packed, Part part, std::int64_t offset, Dims shape);
EighFactors eigh_factors(const Expr& a, const Expr& all, bool general = false);
SvdFactors svd_factors(const Expr& a, const Expr& all);
QrFactors qr_factors(const Expr& a, const Expr& all);

/// The tangent of a factor (A, all).
Expr tangent_of(Part part, const Expr& a, const Expr& all, const Expr& y, const Expr& a_dot);

/// The Hermitian matrix that the lower triangle stands for.
Expr completed(const Expr& x);

}  // namespace dualtape::engine::factors
