// Products, norms, reductions and functions of Eigen matrices of duals.
#include <dualtape/drivers.hpp>

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

/// Eigen's own names of functions reach the rules, for duals and tape variables.
template <class T>
Eigen::Array<T, Eigen::Dynamic, 1> array_functions(const Eigen::Array<T, Eigen::Dynamic, 1>& x) {
  return x.pow(2.5) + x.square() * x.cube() + x.inverse() + x.abs().sqrt() + x.sin() * x.log1p() +
         x.logistic() + x.max(T(0.7)) + x.min(T(0.9 * x.mean())) + x.atan() + x.rsqrt() +
         2.0 * x.floor() + x.expm1() * x.sign() + (x > 0.5).select(x.exp(), x.log()) + x / 3.0 +
         1.5 - x.cosh();
}

void arrays_of_duals_and_tape_variables_agree() {
  const Eigen::ArrayXd x = Eigen::ArrayXd::LinSpaced(5, 0.2, 1.7);
  const auto sum = [](const auto& v) { return v.sum(); };
  const auto f = [&](const auto& v) { return sum(array_functions(v)); };
  const Eigen::ArrayXd reverse = gradient(f, x);
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const Eigen::ArrayXd direction = Eigen::VectorXd::Unit(x.size(), i).array();
    check::close(jvp(f, x, direction).derivative, reverse[i], kTolerance);
    constexpr double kStep = 1e-6;
    const double difference =
        f(Eigen::ArrayXd(x + kStep * direction)) - f(Eigen::ArrayXd(x - kStep * direction));
    check::close(reverse[i], difference / (2 * kStep), 1e-7);
  }
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
      {"arrays of duals and tape variables agree", arrays_of_duals_and_tape_variables_agree},
      {"nested scalars in matrices", nested_scalars_in_matrices},
  });
}
