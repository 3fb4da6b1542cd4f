// Second derivatives through Eigen's LLT and LU of tape variables, and determinants of singular
// matrices. Apart from test_eigen_tape_solves.cpp, which is as much to compile.
#include <Eigen/Cholesky>
#include <Eigen/LU>

#include "tape_matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

/// log det and a quadratic form, as in the density of a normal distribution, and an LU solve.
struct Density {
  template <class T>
  T operator()(const Vector<T>& x) const {
    const SolveArguments<T> m(x);
    const Eigen::LLT<Matrix<T>> llt(m.positive);
    const Matrix<T> l = llt.matrixL();
    const Vector<T> z = llt.solve(m.b.col(0)), w = m.a.partialPivLu().solve(m.b.col(1));
    return T(z.dot(m.b.col(1)) + w.squaredNorm() + 2 * l.diagonal().array().log().sum());
  }
};

void second_order() {
  const int n = kSolveSizes[1];
  check_second_order(Density(), numbers(n * (n + 2), 0.3), 0.01, 1e-9);
}

/// The slope of det A at a singular A is that of its adjugate.
void singular_matrices() {
  Eigen::MatrixXd a = general(17, 0.3);
  a.row(16) = a.row(2);
  const auto f = [](const auto& x) {
    using T = std::decay_t<decltype(x[0])>;
    const Matrix<T> m = x.reshaped(17, 17);
    return T(m.partialPivLu().determinant());
  };
  const Eigen::MatrixXd slopes = gradient(f, Eigen::VectorXd(a.reshaped())).reshaped(17, 17);
  for (Eigen::Index j = 0; j < 17; ++j) {
    Eigen::MatrixXd other = a;
    other.row(16) = Eigen::VectorXd::Unit(17, j);
    near(slopes(16, j), other.determinant(), 1e-9, "adjugate");
  }
}

}  // namespace

int main() {
  return check::run({
      {"second order", second_order},
      {"singular matrices", singular_matrices},
  });
}
