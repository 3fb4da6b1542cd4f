/// Matrices of duals with fixed values, for the tests of Eigen's algorithms.
#pragma once

#include <dualtape/dual.hpp>

#include <Eigen/Dense>

#include "check.hpp"

namespace matrices {

using namespace dualtape;
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
using D = Dual<double>;
inline constexpr double kTolerance = 1e-12;

/// A fixed well-conditioned matrix.
inline Eigen::MatrixXd general(int n, double seed) {
  return Eigen::MatrixXd::NullaryExpr(n, n, [=](Eigen::Index i, Eigen::Index j) {
    return std::sin(seed + 1.7 * static_cast<double>(i) + 0.9 * static_cast<double>(i * j)) +
           (i == j ? 3 : 0);
  });
}
inline Eigen::MatrixXd positive(int n, double seed) {
  const Eigen::MatrixXd a = general(n, seed);
  return a * a.transpose();
}

/// A + A_dot eps
inline Matrix<D> dual(const Eigen::MatrixXd& value, const Eigen::MatrixXd& tangent) {
  return value.binaryExpr(tangent, [](double x, double x_dot) { return D(x, D::Tangent(x_dot)); });
}
inline Eigen::MatrixXd tangents(const Matrix<D>& x) {
  return x.unaryExpr([](const D& d) { return d.tangent(0); });
}

inline void close(const Eigen::MatrixXd& got, const Eigen::MatrixXd& wanted,
                  const std::string& what, const check::Where& where = check::Where::current()) {
  check::is_true(got.rows() == wanted.rows() && got.cols() == wanted.cols(), what + ": shape",
                 where);
  const double error = (got - wanted).cwiseAbs().maxCoeff();
  const double scale = wanted.cwiseAbs().maxCoeff();
  if (!(error <= kTolerance * scale)) check::fail(what + ": error " + check::text(error), where);
}

inline const Eigen::MatrixXd kA = general(5, 0.3);
inline const Eigen::MatrixXd kADot = general(5, 1.1);
inline const Eigen::MatrixXd kB = general(5, 2.2);
inline const Eigen::MatrixXd kBDot = general(5, 0.7);

}  // namespace matrices
