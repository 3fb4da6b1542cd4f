/// Signs that LAPACK's divide and conquer gives to the vectors of larger matrices, found without
/// it.
///
/// A tridiagonal matrix is torn in halves, T = diag(T_1, T_2) + |e| u u^T, u one before the cut and
/// sign(e) behind it. With the vectors Q of the halves, those of T are Q s, s_i = c z_i / (d_i -
/// w), c > 0, z = Q^T u, and the secular equation says u^T Q s = -c / |e|: it is negative. A
/// bidiagonal matrix is torn at its middle row, where its left vectors are made negative. A vector
/// in which this entry vanishes is that of a half ("deflated"). Source: Gu and Eisenstat (1995), A
/// divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem; the conventions of
/// LAPACK's dlaed0 .. dlaed3 and dlasd0 .. dlasd3.
#pragma once

#include "kernels/tridiagonal.hpp"

namespace dualtape::engine::dense {

/// Matrices up to here are not divided.
inline constexpr std::int64_t kUndivided = 25;

/// The rows of `basis` are the columns of Q, A = Q T Q^H, those of `vectors` the eigenvectors of A
/// as they come from T's diagonal.
template <class T>
void sign_as_divided(const Tridiagonal& t, const Matrix<T>& basis, Matrix<T>& vectors);

/// The same of A = Q B P^H and its left and right vectors, which turn together; d and e are B's.
template <class T>
void sign_as_divided(const std::vector<double>& d, const std::vector<double>& e,
                     const Matrix<T>& basis, Matrix<T>& left, Matrix<T>& right);

}  // namespace dualtape::engine::dense
