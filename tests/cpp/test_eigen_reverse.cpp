// Eigen's decompositions of matrices of tape variables, first and second order.
#include <dualtape/drivers.hpp>

#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

void reverse_mode_through_solve() {
  const auto f = [](const auto& entries) {
    using T = std::decay_t<decltype(entries[0])>;
    const Matrix<T> a = entries.reshaped(4, 4);
    const Vector<double> b = Eigen::VectorXd::LinSpaced(4, 1, 2);
    const Vector<T> x = a.partialPivLu().solve(b.cast<T>());
    return T(x.squaredNorm());
  };
  const Eigen::MatrixXd a = general(4, 0.3);
  const Eigen::VectorXd x = a.partialPivLu().solve(Eigen::VectorXd::LinSpaced(4, 1, 2));
  // x_bar = 2x, A_bar = -A^-T x_bar x^T
  const Eigen::MatrixXd wanted = -2 * a.transpose().inverse() * x * x.transpose();
  const Eigen::VectorXd entries = a.reshaped();
  close(gradient(f, entries).reshaped(4, 4), wanted, "A_bar");
}

void second_order_through_cholesky() {
  // log det of S + t I: derivatives in t are tr(S^-1) and -tr(S^-2).
  const Eigen::MatrixXd s = positive(4, 0.2);
  const auto f = [&](const auto& t) {
    using T = std::decay_t<decltype(t[0])>;
    const Matrix<T> shifted = s + t[0] * Matrix<T>::Identity(4, 4);
    const Matrix<T> lower = shifted.llt().matrixL();
    return T(2 * lower.diagonal().array().log().sum());
  };
  const std::array t{0.0};
  const Eigen::MatrixXd inverse = s.inverse();
  check::close(gradient(f, t)[0], inverse.trace(), kTolerance);
  check::close(hessian(f, t)(0, 0), -(inverse * inverse).trace(), 1e-11);
}

}  // namespace

int main() {
  return check::run({
      {"reverse mode through solve", reverse_mode_through_solve},
      {"second order through Cholesky", second_order_through_cholesky},
  });
}
