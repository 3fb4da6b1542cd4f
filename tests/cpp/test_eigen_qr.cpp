// Eigen's QR decomposition of matrices of duals.
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

}  // namespace

int main() {
  return check::run({
      {"orthogonal decomposition", orthogonal_decomposition},
  });
}
