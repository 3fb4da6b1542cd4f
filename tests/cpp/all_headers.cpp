// Every header once more beside a test: what is not inline would be defined twice. And without
// exceptions, of which the headers make no use of their own.
#include <dualtape/dualtape.hpp>
#include <dualtape/matrix.hpp>
#include <dualtape/model.hpp>
#include <dualtape/preaccumulate.hpp>
#include <dualtape/reductions.hpp>
#include <dualtape/sparse.hpp>

double sum_of_derivatives(const Eigen::VectorXd& x);
double sum_of_derivatives(const Eigen::VectorXd& x) {
  const auto f = [](const auto& z) { return z.squaredNorm(); };
  return dualtape::gradient(f, x).sum() + dualtape::sparse_jacobian(f, x).sum();
}
