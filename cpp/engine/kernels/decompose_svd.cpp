/// Singular values and what is made of them.
#include <Eigen/SVD>
#include <bit>

#include "kernels/decompose.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Svd = Eigen::BDCSVD<Eigen::MatrixXd>;

Svd svd_of(const MatrixCall& call, const char* function) {
  const Eigen::Map<const Matrix> a(call.in[0], call.m, call.n);
  Svd svd(a, Eigen::ComputeThinU | Eigen::ComputeThinV);
  if (svd.info() != Eigen::Success) {
    throw FactorizationError(std::string(function) + ": singular values did not converge");
  }
  return svd;
}

}  // namespace

/// s, U by rows, Vh by rows.
void decompose_svd(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.n, k = std::min(m, n);
  if (k == 0 || !all_finite_or_nan(call.in[0], m * n, call.out, k + (m + n) * k)) return;
  const Svd svd = svd_of(call, "svd");
  Eigen::Map<Eigen::VectorXd>(call.out, k) = svd.singularValues();
  Eigen::Map<Matrix>(call.out + k, m, k) = svd.matrixU();
  Eigen::Map<Matrix>(call.out + k + m * k, k, n) = svd.matrixV().transpose();
}

void make_pinv(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.n;
  if (m * n == 0 || !all_finite_or_nan(call.in[0], m * n, call.out, m * n)) return;
  const Svd svd = svd_of(call, "pinv");
  const auto& s = svd.singularValues();
  const double least = std::bit_cast<double>(call.attrs[0]) * s(0);
  Eigen::VectorXd inverse(s.size());
  for (Eigen::Index i = 0; i < s.size(); ++i) inverse(i) = s(i) > least ? 1 / s(i) : 0;
  Eigen::Map<Matrix>(call.out, n, m).noalias() =
      svd.matrixV() * inverse.asDiagonal() * svd.matrixU().transpose();
}

}  // namespace dualtape::engine
