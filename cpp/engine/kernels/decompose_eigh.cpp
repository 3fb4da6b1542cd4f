/// Symmetric eigenvalues: w, then V by rows.
#include <Eigen/Eigenvalues>

#include "kernels/decompose.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

void decompose_eigh(const MatrixCall& call) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::int64_t n = call.n;
  if (n == 0 || !all_finite_or_nan(call.in[0], n * n, call.out, n + n * n)) return;
  const Eigen::Map<const Matrix> a(call.in[0], n, n);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(a);
  if (solver.info() != Eigen::Success) {
    throw FactorizationError("eigh: eigenvalues did not converge");
  }
  Eigen::Map<Eigen::VectorXd>(call.out, n) = solver.eigenvalues();
  Eigen::Map<Matrix>(call.out + n, n, n) = solver.eigenvectors();
}

}  // namespace dualtape::engine
