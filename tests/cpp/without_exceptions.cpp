// A user's program compiled with -fno-exceptions (tests/test_cpp.py runs it): every driver and
// kind of node. With an argument it makes a mistake, which must end it by a message.
#include <dualtape/dualtape.hpp>
#include <dualtape/matrix.hpp>
#include <dualtape/preaccumulate.hpp>
#include <dualtape/reductions.hpp>
#include <dualtape/sparse.hpp>

#include <cstdio>

namespace {

using dualtape::Var;

/// |x|^2 in several ways, all of gradient 2x and Hessian 2I.
template <class X, class T = typename X::Scalar>
T by_nodes(const X& x) {
  const std::span<const T> all(x.data(), static_cast<std::size_t>(x.size()));
  const T mapped = dualtape::map_sum([](const auto& a) { return a * a; }, all);
  const T dotted = dualtape::dot(all, all);
  const T solved = dualtape::solve(Eigen::MatrixXd::Identity(3, 3), x).squaredNorm();
  const T part = dualtape::preaccumulate([](const auto& a) { return a * a; }, x[0]);
  return (mapped + dotted + solved) / 3 + part - x[0] * x[0];
}

void mistake() {
  dualtape::Tape<double> tape;
  Var<double> x;
  {
    const auto recording = tape.record();
    x = tape.variable(2);
  }
  x = x * x;
}

}  // namespace

int main(int count, char**) {
  if (count > 1) mistake();
  const Eigen::Vector3d x(1, -2, 3);
  const auto f = [](const auto& z) { return by_nodes(z); };
  const auto g = [](const auto& z) { return z.squaredNorm(); };
  const Eigen::Matrix3d two = 2 * Eigen::Matrix3d::Identity();
  const bool right = (dualtape::gradient(f, x) - 2 * x).norm() < 1e-12 &&
                     (dualtape::hessian(f, x) - two).norm() < 1e-12 &&
                     (dualtape::jacobian(f, x) - 2 * x.transpose()).norm() < 1e-12 &&
                     (dualtape::sparse_hessian(g, x).toDense() - two).norm() < 1e-12;
  std::puts(right ? "right" : "wrong");
  return right ? 0 : 1;
}
