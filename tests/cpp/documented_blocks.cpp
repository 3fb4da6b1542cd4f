// The code blocks of docs/cpp.md, which tests/test_cpp.py takes out of the page into one file for
// each section, among the names they speak of; and what the page says they give.
#include <dualtape/dualtape.hpp>
#include <dualtape/map.hpp>
#include <dualtape/preaccumulate.hpp>
#include <dualtape/sparse.hpp>

#include <numbers>

#include "check.hpp"

namespace {

constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();

void dual() {
#include "documented/dual_forward_mode.inc"
  check::close(y.value(), 1 + 2 * std::exp(-2.0), kTolerance);
  check::close(y.tangent(0), -std::exp(-2.0), kTolerance);
}

void tape() {
#include "documented/tape_reverse_mode.inc"
  check::close(tape.cotangent(x), std::sin(3.0), kTolerance);
  check::close(tape.cotangent(z), 2 * std::cos(3.0), kTolerance);
}

void memory() {
  using dualtape::Tape, dualtape::Var, std::sin;
  const std::size_t steps = 20;
  const auto step = [](const auto& u, const auto& p) { return u + 0.1 * p * sin(u); };
  const auto walk = [&](const auto& x) {
    auto u = x[0] * 1;
    for (std::size_t i = 0; i < steps; ++i) u = step(u, x[1]);
    return u;
  };
  std::vector<double> states{0.4};
  while (states.size() < steps) states.push_back(step(states.back(), 1.3));
  double u_bar = 1;
  Tape<double> tape;
  const auto recording = tape.record();
  const Var<double> p = tape.variable(1.3);
#include "documented/memory_and_threads.inc"
  const auto wanted = dualtape::gradient(walk, std::array{0.4, 1.3});
  check::close(u_bar, wanted[0], kTolerance);
  check::close(tape.cotangent(p), wanted[1], kTolerance);
}

template <class U, class P>
auto rk4(const U& u, const P& p) {
  using T = typename U::value_type;
  const auto rate = [&](const U& v) {
    return U{p[0] * (v[1] - v[0]), v[0] * (p[1] - v[2]) - v[1], v[0] * v[1] - p[2] * v[2]};
  };
  const auto along = [&](const U& v, double step) {
    return U{T(u[0] + step * v[0]), T(u[1] + step * v[1]), T(u[2] + step * v[2])};
  };
  const U a = rate(u), b = rate(along(a, 0.005)), c = rate(along(b, 0.005)),
          d = rate(along(c, 0.01));
  U next = u;
  for (std::size_t i = 0; i < 3; ++i) next[i] += (0.01 / 6) * (a[i] + 2 * b[i] + 2 * c[i] + d[i]);
  return next;
}

void parts() {
  const int steps = 30;
  const auto by_nodes = [&](const auto& x) {
    using T = std::decay_t<decltype(x[0])>;
    std::array<T, 3> u{x[0], x[1], x[2]};
    const std::array<T, 3> p{x[3], x[4], x[5]};
#include "documented/parts_of_a_model_as_one_node.inc"
    return u[0];
  };
  const auto by_statements = [&](const auto& x) {
    using T = std::decay_t<decltype(x[0])>;
    std::array<T, 3> u{x[0], x[1], x[2]};
    const std::array<T, 3> p{x[3], x[4], x[5]};
    for (int i = 0; i < steps; ++i) u = rk4(u, p);
    return u[0];
  };
  const std::array x{1.0, 0.5, 20.0, 10.0, 28.0, 8.0 / 3};
  const auto got = dualtape::gradient(by_nodes, x), wanted = dualtape::gradient(by_statements, x);
  for (std::size_t i = 0; i < x.size(); ++i) check::close(got[i], wanted[i], 1e-11);
}

template <class T>
T valley(const std::vector<T>& x) {
#include "documented/loops_as_nodes.inc"
}

void loops() {
  dualtape::Tape<double> tape;
  const auto recording = tape.record();
  const std::vector<double> numbers{-1.2, 1.0, 0.3};
  const auto x = tape.variables(numbers);
  const dualtape::Var<double> y = valley(x);
  check::close(y.value(), valley(numbers), kTolerance);
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  const std::array wanted{-215.6, 192.0, -140.0};  // of the page's first program
  for (std::size_t i = 0; i < 3; ++i) check::close(tape.cotangent(x[i]), wanted[i], 1e-13);
}

void external() {
  struct Table {
    double value(double at) const { return at * at; }
    double slope(double at) const { return 2 * at; }
  };
  const Table table;
  dualtape::Tape<double> tape;
  const auto recording = tape.record();
  const dualtape::Var<double> x = tape.variable(3);
#include "documented/matrices_and_external_functions_as_one_node.inc"
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  check::same(y.value(), 9);
  check::same(tape.cotangent(x), 6);
}

void taylor() {
#include "documented/taylor_many_orders_in_one_variable.inc"
  // By central differences of the fifth derivative of series about other points.
  const auto fifth = [](double at) { return S(exp(sin(S::variable(at)))).derivative(5); };
  check::close(y.derivative(6), (fifth(0.5 + 1e-5) - fifth(0.5 - 1e-5)) / 2e-5, 1e-8);
  check::close(y[6] * 720, y.derivative(6), kTolerance);
}

void sparse() {
  const auto f = [](const auto& x) {
    auto y = x;
    for (Eigen::Index i = 1; i < x.size(); ++i) y[i] = x[i] * x[i - 1];
    return y;
  };
  const auto g = [&](const auto& x) { return f(x).squaredNorm(); };
  const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(6, 1, 2), other_x = 2 * x;
#include "documented/sparse_jacobians_and_hessians.inc"
  check::same((a.toDense() - dualtape::jacobian(f, other_x)).norm(), 0);
  check::same(static_cast<double>(a.nonZeros()), 11);
  const Eigen::MatrixXd wanted = dualtape::hessian(g, x);
  check::is_true((hessian(x).toDense() - wanted).norm() < 1e-12 * wanted.norm(), "Hessian");
}

#include "documented/a_rule_of_your_own.inc"

void rule() {
  const auto f = [](const auto& x) {
    auto sum = log_cosh(x[0] * x[1]) + 0;
    for (Eigen::Index i = 1; i + 1 < x.size(); ++i) sum += log_cosh(x[i] * x[i + 1]);
    return sum;
  };
  const Eigen::Vector3d x(0.3, -1.2, 2.0);
  check::close(f(x), std::log(std::cosh(0.36)) + std::log(std::cosh(2.4)), kTolerance);
  const double left = std::tanh(-0.36), right = std::tanh(-2.4);
  const Eigen::Vector3d wanted(-1.2 * left, 0.3 * left + 2 * right, -1.2 * right);
  check::is_true((dualtape::gradient(f, x) - wanted).norm() < 1e-14, "gradient");
  const double bent = 1 - left * left;
  check::close(dualtape::hessian(f, x)(0, 1), left - 0.36 * bent, kTolerance);
  check::close(dualtape::sparse_hessian(f, x).coeff(0, 1), left - 0.36 * bent, kTolerance);
  const auto series = log_cosh(dualtape::Taylor<double, 3>::variable(0.5));
  const double t = std::tanh(0.5);
  check::close(series.derivative(3), -2 * t * (1 - t * t), kTolerance);
  const auto mapped = [](const auto& z) {
    using T = std::decay_t<decltype(z[0])>;
    const std::span<const T> all(z.data(), static_cast<std::size_t>(z.size()));
    return dualtape::map_sum([](const auto& a) { return log_cosh(a); }, all);
  };
  for (int i = 0; i < 3; ++i) {
    check::close(dualtape::gradient(mapped, x)[i], std::tanh(x[i]), kTolerance);
  }
}

}  // namespace

int main() {
  return check::run({
      {"Dual", dual},
      {"Tape", tape},
      {"memory", memory},
      {"parts of a model", parts},
      {"loops", loops},
      {"external functions", external},
      {"Taylor", taylor},
      {"sparse", sparse},
      {"a rule", rule},
  });
}
