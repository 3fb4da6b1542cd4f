/// QR by Householder reflections, with LAPACK's signs: Q by rows, then R by rows.
#include <Eigen/QR>

#include "kernels/decompose.hpp"

namespace dualtape::engine {

void decompose_qr(const MatrixCall& call) {
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const std::int64_t m = call.m, n = call.n, k = std::min(m, n);
  if (k == 0) return;
  const Eigen::Map<const Matrix> a(call.in[0], m, n);
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(a);
  Eigen::MatrixXd q = Eigen::MatrixXd::Identity(m, k);
  q.applyOnTheLeft(qr.householderQ());
  Eigen::Map<Matrix>(call.out, m, k) = q;
  Eigen::Map<Matrix> r(call.out + m * k, k, n);
  r = qr.matrixQR().topRows(k).template triangularView<Eigen::Upper>();
}

}  // namespace dualtape::engine
