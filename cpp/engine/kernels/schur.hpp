/// The complex Schur form of a matrix, and its eigenvectors.
#pragma once

#include "kernels/dense.hpp"

namespace dualtape::engine::dense {

/// A = U T U^H, T upper triangular.
struct Schur {
  Matrix<Complex> u, t;
};

/// Of finite A[n, n]. FactorizationError, which names the function, if it does not converge.
Schur schur_of(Matrix<Complex> a, const char* function);

}  // namespace dualtape::engine::dense
