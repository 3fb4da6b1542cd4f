// Eigen's LU decompositions of matrices of duals, against their known derivatives.
#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

void lu_solve_inverse_determinant() {
  const Matrix<D> a = dual(kA, kADot), b = dual(kB, kBDot);
  const Eigen::MatrixXd inverse = kA.inverse();
  const Eigen::MatrixXd x = inverse * kB;
  close(tangents(a.partialPivLu().solve(b)), inverse * (kBDot - kADot * x), "partial LU");
  close(tangents(a.fullPivLu().solve(b)), inverse * (kBDot - kADot * x), "full LU");
  close(tangents(a.inverse()), -inverse * kADot * inverse, "inverse");
  const D determinant = a.determinant();
  check::close(determinant.tangent(0), kA.determinant() * (inverse * kADot).trace(), kTolerance);
}

}  // namespace

int main() {
  return check::run({
      {"LU: solve, inverse, determinant", lu_solve_inverse_determinant},
  });
}
