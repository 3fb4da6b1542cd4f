/// Singular values of bidiagonal matrices, with the choices, order and signs of LAPACK's dbdsqr.
#pragma once

#include "kernels/sweeps.hpp"

namespace dualtape::engine::dense {

/// d on the diagonal, e_i beside d_i; n entries each. B = X S Y^T: d becomes S, not in order and of
/// any sign, the rotations go to the rows that become those of X^T and of Y^T times what is there.
/// False: no convergence.
bool diagonalise(double* d, double* e, std::int64_t n, Sweeps& left, Sweeps& right);

/// The same matrix with e_i below d_i becomes an upper one.
void turn_upper(double* d, double* e, std::int64_t n, Sweeps& left);

}  // namespace dualtape::engine::dense
