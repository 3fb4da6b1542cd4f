// Products, norms and reductions of Eigen matrices of duals.

#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

void products() {
  const Matrix<D> a = dual(kA, kADot), b = dual(kB, kBDot);
  close(tangents(a * b), kADot * kB + kA * kBDot, "dual * dual");
  close(tangents(a * kB), kADot * kB, "dual * double");
  close(tangents(kA * b), kA * kBDot, "double * dual");
  close(tangents(a + kB), kADot, "dual + double");
  close(tangents(2.0 * a.transpose() - kB), 2 * kADot.transpose(), "scaled");
  const Matrix<D> large = dual(general(40, 0.1), general(40, 0.2));
  close(tangents(large * large),
        general(40, 0.2) * general(40, 0.1) + general(40, 0.1) * general(40, 0.2),
        "blocked product");
  close(tangents(large * general(40, 0.5)), general(40, 0.2) * general(40, 0.5), "blocked, mixed");
}

void norms_and_reductions() {
  const Vector<D> x = dual(kA.col(0), kADot.col(0));
  const Eigen::VectorXd v = kA.col(0), v_dot = kADot.col(0);
  check::close(x.norm().tangent(0), v.dot(v_dot) / v.norm(), kTolerance);
  check::close(x.stableNorm().tangent(0), v.dot(v_dot) / v.norm(), kTolerance);
  check::close(x.squaredNorm().tangent(0), 2 * v.dot(v_dot), kTolerance);
  check::close(x.lpNorm<1>().tangent(0), v.array().sign().matrix().dot(v_dot), kTolerance);
  check::close(x.sum().tangent(0), v_dot.sum(), kTolerance);
  check::close(x.array().exp().sum().tangent(0), (v.array().exp() * v_dot.array()).sum(),
               kTolerance);
  check::close(x.array().tanh().mean().tangent(0),
               ((1 - v.array().tanh().square()) * v_dot.array()).mean(), kTolerance);
  Eigen::Index at = 0;
  const D largest = x.maxCoeff(&at);
  check::same(largest.tangent(0), v_dot[at]);
  check::is_true(!x.hasNaN() && x.allFinite(), "finite");
}

void nested_scalars_in_matrices() {
  using DD = Dual<D, 2>;
  Eigen::Matrix<DD, 2, 2> a;
  a << DD::variable(D::variable(2), 0), DD(1), DD(0.5), DD::variable(D(3), 1);
  const DD determinant = (a * a).determinant();
  // det(A)^2 with det = a d - 1/2
  check::close(base_value(determinant), 5.5 * 5.5, kTolerance);
  check::close(determinant.tangent(1).value(), 2 * 5.5 * 2, kTolerance);
  check::close(determinant.tangent(1).tangent(0), 2 * 3 * 2 + 2 * 5.5, kTolerance);
}

}  // namespace

int main() {
  return check::run({
      {"products", products},
      {"norms and reductions", norms_and_reductions},
      {"nested scalars in matrices", nested_scalars_in_matrices},
  });
}
