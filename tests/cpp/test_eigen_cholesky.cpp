// Eigen's Cholesky decompositions of matrices of duals, against their known derivatives.
#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

void cholesky() {
  const Eigen::MatrixXd s = positive(5, 0.4), s_dot = kADot + kADot.transpose();
  const Matrix<D> a = dual(s, s_dot);
  const Matrix<D> lower = a.llt().matrixL();
  close(tangents(lower * lower.transpose()), s_dot, "L L^T");
  const Eigen::MatrixXd x = s.llt().solve(kB);
  close(tangents(a.llt().solve(dual(kB, kBDot))), s.llt().solve(kBDot - s_dot * x), "LLT solve");
  close(tangents(a.ldlt().solve(dual(kB, kBDot))), s.llt().solve(kBDot - s_dot * x), "LDLT solve");
}

}  // namespace

int main() {
  return check::run({
      {"Cholesky", cholesky},
  });
}
