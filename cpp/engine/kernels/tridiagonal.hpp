/// Eigenvalues of real symmetric tridiagonal matrices.
#pragma once

#include "kernels/sweeps.hpp"

namespace dualtape::engine::dense {

struct Tridiagonal {
  std::vector<double> d, e;  // e_i beside d_i and d_(i+1)
};

/// T = Y diag(w) Y^T: t.d becomes w, not in order, and the rotations go to the rows that become
/// those of Y^T times what is there, with the signs of LAPACK's dsteqr. False: no convergence.
bool diagonalise(Tridiagonal& t, Sweeps& vectors);

}  // namespace dualtape::engine::dense
