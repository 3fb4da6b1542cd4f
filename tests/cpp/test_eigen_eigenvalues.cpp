// Eigen's symmetric eigenvalues of matrices of duals.
#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

void symmetric_eigenvalues() {
  const Eigen::MatrixXd s = positive(4, 0.4);
  const Eigen::MatrixXd s_dot = kADot.topLeftCorner(4, 4) + kADot.topLeftCorner(4, 4).transpose();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> plain(s);
  const Eigen::SelfAdjointEigenSolver<Matrix<D>> solver(dual(s, s_dot));
  const Eigen::MatrixXd v = plain.eigenvectors();
  close(tangents(solver.eigenvalues()), (v.transpose() * s_dot * v).diagonal(), "eigenvalues");
}

}  // namespace

int main() {
  return check::run({
      {"symmetric eigenvalues", symmetric_eigenvalues},
  });
}
