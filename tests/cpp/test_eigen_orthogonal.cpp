// Eigen's QR decomposition and eigenvalues of matrices of duals.

#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

void orthogonal_decomposition() {
  const Matrix<D> a = dual(kA, kADot);
  const Eigen::HouseholderQR<Matrix<D>> qr(a);
  const Matrix<D> q = qr.householderQ() * Matrix<D>::Identity(5, 5);
  close(tangents(q.transpose() * q) + Eigen::MatrixXd::Identity(5, 5),
        Eigen::MatrixXd::Identity(5, 5), "Q^T Q stays the identity");
  const Matrix<D> r = qr.matrixQR().triangularView<Eigen::Upper>();
  close(tangents(q * r), kADot, "Q R");
}

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
      {"orthogonal decomposition", orthogonal_decomposition},
      {"symmetric eigenvalues", symmetric_eigenvalues},
  });
}
