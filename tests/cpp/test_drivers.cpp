// The drivers over Eigen vectors and std::array.
#include <dualtape/dualtape.hpp>

#include "check.hpp"

namespace {

using namespace dualtape;
constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();

constexpr auto kRosenbrock = [](const auto& x) {
  auto sum = 0.0 * x[0];
  for (int i = 0; i + 1 < static_cast<int>(x.size()); ++i) {
    const auto k = static_cast<std::size_t>(i);
    sum += 100 * square(x[k + 1] - square(x[k])) + square(1 - x[k]);
  }
  return sum;
};
// Eigen indexes by a signed type; the same function for its vectors.
constexpr auto kRosenbrockEigen = [](const auto& x) {
  auto sum = 0.0 * x[0];
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * square(x[i + 1] - square(x[i])) + square(1 - x[i]);
  }
  return sum;
};

Eigen::VectorXd rosenbrock_gradient(const Eigen::VectorXd& x) {
  Eigen::VectorXd g = Eigen::VectorXd::Zero(x.size());
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double r = x[i + 1] - x[i] * x[i];
    g[i] += -400 * x[i] * r - 2 * (1 - x[i]);
    g[i + 1] += 200 * r;
  }
  return g;
}
Eigen::MatrixXd rosenbrock_hessian(const Eigen::VectorXd& x) {
  Eigen::MatrixXd h = Eigen::MatrixXd::Zero(x.size(), x.size());
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    h(i, i) += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2;
    h(i, i + 1) -= 400 * x[i];
    h(i + 1, i) -= 400 * x[i];
    h(i + 1, i + 1) += 200;
  }
  return h;
}

template <class A, class B>
void close(const A& got, const B& wanted, const std::string& what,
           const check::Where& where = check::Where::current()) {
  const bool same_shape = got.rows() == wanted.rows() && got.cols() == wanted.cols();
  check::is_true(same_shape, what + ": shape", where);
  if (!same_shape) return;
  const double error = (got - wanted).cwiseAbs().maxCoeff();
  if (!(error <= kTolerance * wanted.cwiseAbs().maxCoeff())) {
    check::fail(what + ": error " + check::text(error), where);
  }
}

const Eigen::VectorXd kX = Eigen::VectorXd::LinSpaced(11, -1.2, 1.4);

void gradient_and_hessian_of_rosenbrock() {
  close(gradient(kRosenbrockEigen, kX), rosenbrock_gradient(kX), "gradient");
  close(hessian(kRosenbrockEigen, kX), rosenbrock_hessian(kX), "hessian, two sweeps");
  const Eigen::VectorXd v = Eigen::VectorXd::LinSpaced(11, 2, -1);
  close(hvp(kRosenbrockEigen, kX, v), (rosenbrock_hessian(kX) * v).eval(), "hvp");
  const auto both = value_and_gradient(kRosenbrockEigen, kX);
  check::close(both.value, kRosenbrockEigen(kX), kTolerance);
}

void fixed_sizes_and_arrays() {
  const std::array x{-1.2, 1.0, 0.3};
  const Eigen::Vector3d e(x.data());
  const std::array<double, 3> g = gradient(kRosenbrock, x);
  const Eigen::Vector3d eg = gradient(kRosenbrockEigen, e);
  const Eigen::Matrix3d h = hessian(kRosenbrock, x);
  close(eg, rosenbrock_gradient(e), "Vector3d");
  close(h, rosenbrock_hessian(e), "array hessian");
  for (int i = 0; i < 3; ++i) check::same(g[static_cast<std::size_t>(i)], eg[i]);
  const std::array<double, 3> product = hvp(kRosenbrock, x, std::array{1.0, 0.0, 0.0});
  check::close(product[1], h(1, 0), kTolerance);
}

void jacobian_forward_and_backward() {
  const Eigen::MatrixXd m = Eigen::MatrixXd::NullaryExpr(7, 3, [](Eigen::Index i, Eigen::Index j) {
    return std::cos(static_cast<double>(2 * i + 5 * j));
  });
  const auto layer = [](const Eigen::MatrixXd& w) {
    return [&w](const auto& x) {
      using T = std::decay_t<decltype(x[0])>;
      return Eigen::Matrix<T, Eigen::Dynamic, 1>((w * x).array().tanh());
    };
  };
  const auto wanted = [](const Eigen::MatrixXd& w, const Eigen::VectorXd& x) {
    const Eigen::ArrayXd y = (w * x).array().tanh();
    return Eigen::MatrixXd((1 - y.square()).matrix().asDiagonal() * w);
  };
  const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(3, -0.5, 0.4);
  const Eigen::VectorXd z = Eigen::VectorXd::LinSpaced(7, -0.5, 0.4);
  close(jacobian(layer(m), x), wanted(m, x), "tall: forward");
  const Eigen::MatrixXd t = m.transpose();
  close(jacobian(layer(t), z), wanted(t, z), "wide: backward");
  const Eigen::VectorXd x_dot = Eigen::VectorXd::LinSpaced(3, 1, 2);
  const Eigen::VectorXd y_bar = Eigen::VectorXd::LinSpaced(7, -1, 2);
  close(jvp(layer(m), x, x_dot).derivative, (wanted(m, x) * x_dot).eval(), "jvp");
  close(vjp(layer(m), x, y_bar).derivative, (wanted(m, x).transpose() * y_bar).eval(), "vjp");
  close(vjp(layer(m), x, y_bar).value, (m * x).array().tanh().matrix().eval(), "value");
}

/// Of fixed sizes up to 16 in one pass, else by eights; of nested scalars too.
template <int N>
void value_and_jacobian_of_waves() {
  const auto waves = []<class Vector>(const Vector& x) {
    using T = typename Vector::Scalar;
    Eigen::Matrix<T, 3, 1> y(T(1.0), T(x.sum() * x[0]), T(0.0));
    for (Eigen::Index i = 0; i < x.size(); ++i) y[2] += sin(static_cast<double>(i + 1) * x[i]);
    return y;
  };
  const Eigen::Index n = N == Eigen::Dynamic ? 21 : N;
  const Eigen::Vector<double, N> x = Eigen::Vector<double, N>::LinSpaced(n, -0.7, 0.8);
  Eigen::MatrixXd wanted(3, n);
  wanted.row(0).setZero();
  wanted.row(1).setConstant(x[0]);
  wanted(1, 0) += x.sum();
  for (Eigen::Index i = 0; i < n; ++i) {
    const double k = static_cast<double>(i + 1);
    wanted(2, i) = k * std::cos(k * x[i]);
  }
  const auto both = value_and_jacobian(waves, x);
  close(both.derivative, wanted, "jacobian in " + std::to_string(n));
  close(both.value, waves(x), "value");
  static_assert(decltype(both.derivative)::ColsAtCompileTime == N);

  const auto entry = [&](const auto& z) { return value_and_jacobian(waves, z).derivative(2, 0); };
  Eigen::VectorXd second = Eigen::VectorXd::Zero(n);
  second[0] = -std::sin(x[0]);
  close(gradient(entry, x), second, "gradient of an entry");
}

void value_and_jacobian_by_duals() {
  value_and_jacobian_of_waves<1>();
  value_and_jacobian_of_waves<3>();
  value_and_jacobian_of_waves<16>();
  value_and_jacobian_of_waves<17>();
  value_and_jacobian_of_waves<Eigen::Dynamic>();
  const auto polar = [](const auto& x) { return std::array{x[0] * cos(x[1]), x[0] * sin(x[1])}; };
  const auto [y, j] = value_and_jacobian(polar, std::array{2.0, 0.3});
  check::close(y[1], 2 * std::sin(0.3), kTolerance);
  const double c = std::cos(0.3), s = std::sin(0.3);
  close(j, Eigen::Matrix2d{{c, -2 * s}, {s, 2 * c}}, "of arrays");
  const auto square_of = [](const auto& x) { return x * x; };
  check::same(value_and_jacobian(square_of, 3.0).derivative(0, 0), 6);
}

void outputs_that_ignore_inputs_or_repeat() {
  const auto f = [](const auto& x) {
    auto y = x;
    y[0] = x[1];
    y[1] = 4;
    y[2] = x[1];
    return y;
  };
  const std::array x{1.0, 2.0, 3.0};
  const Eigen::Matrix3d j = jacobian(f, x);
  Eigen::Matrix3d wanted = Eigen::Matrix3d::Zero();
  wanted(0, 1) = wanted(2, 1) = 1;
  close(j, wanted, "jacobian");
  check::same(vjp(f, x, std::array{1.0, 5.0, 2.0}).derivative[1], 3);
  check::same(jvp(f, x, std::array{1.0, 5.0, 2.0}).derivative[1], 0);
  check::same(gradient([](const auto&) { return 3.0; }, x)[2], 0);
  close(value_and_jacobian(f, x).derivative, wanted, "by duals");
  check::same(value_and_jacobian([](const auto&) { return 3.0; }, x).derivative(0, 2), 0);
}

/// sqrt(x) + y at x = 0: infinite in x, and that must not reach the column of y.
void an_infinite_column_stays_alone() {
  const auto f = [](const auto& x) {
    using T = std::decay_t<decltype(x[0])>;
    return std::array<T, 3>{sqrt(x[0]), x[1], sqrt(x[0]) + x[1]};
  };
  const Eigen::Matrix<double, 3, 2> j = jacobian(f, std::array{0.0, 2.0});
  check::same(j(0, 0), kInf);
  check::same(j(0, 1), 0);
  check::same(j(2, 0), kInf);
  check::same(j(2, 1), 1);
  const auto by_duals = value_and_jacobian(f, std::array{0.0, 2.0}).derivative;
  check::same(by_duals(0, 0), kInf);
  check::is_true(std::isnan(by_duals(0, 1)), "forward mode cannot tell 0 * inf");
  check::same(by_duals(1, 1), 1);
}

void drivers_nest() {
  // Hessian as jacobian of gradient, third derivatives as jacobian of hessian's rows.
  const auto slope = [](const auto& x) { return gradient(kRosenbrockEigen, x); };
  close(jacobian(slope, kX), rosenbrock_hessian(kX), "jacobian of gradient");
  const auto curvature = [](const auto& x) { return hvp(kRosenbrock, x, x)[0]; };
  // d/dx of (1200 x^2 - 400 y + 2) x - 400 x y
  const std::array<double, 2> x{0.7, -0.4};
  const auto third = gradient(curvature, x);
  check::close(third[0], 3600 * 0.7 * 0.7 + 400 * 0.4 + 2 + 400 * 0.4, kTolerance);
  check::close(third[1], -800 * 0.7, kTolerance);
  const auto inner = [](const auto& y) {
    const auto h = hessian(kRosenbrock, y);
    return h(0, 0);
  };
  check::close(gradient(inner, x)[0], 2400 * 0.7, kTolerance);
}

void matrices_and_expressions_as_arguments() {
  const Eigen::Matrix<double, 2, 3> a = Eigen::Matrix<double, 2, 3>::Constant(0.5);
  const auto f = [](const auto& m) {
    using T = std::decay_t<decltype(m(0, 0))>;
    return T(m.array().cube().sum());
  };
  const Eigen::Matrix<double, 2, 3> g = gradient(f, a);
  close(g, (3 * a.array().square()).matrix().eval(), "shaped like the matrix");
  const Eigen::VectorXd h = gradient(kRosenbrockEigen, 2 * kX.head(3));
  close(h, rosenbrock_gradient(2 * kX.head(3)), "an expression");
}

void wrong_sizes_are_named() {
  const Eigen::VectorXd v = Eigen::VectorXd::Zero(4);
  check::throws<std::invalid_argument>([&] { (void)jvp(kRosenbrockEigen, kX, v); },
                                       "jvp: x_dot must have 11 entries, got 4");
  check::throws<std::invalid_argument>([&] { (void)hvp(kRosenbrockEigen, kX, v); },
                                       "hvp: x_dot must have 11 entries, got 4");
  const auto identity = [](const auto& x) { return x; };
  check::throws<std::invalid_argument>([&] { (void)vjp(identity, kX, v); },
                                       "vjp: y_bar must have 11 entries, got 4");
}

}  // namespace

int main() {
  return check::run({
      {"gradient and hessian of Rosenbrock", gradient_and_hessian_of_rosenbrock},
      {"fixed sizes and arrays", fixed_sizes_and_arrays},
      {"jacobian forward and backward", jacobian_forward_and_backward},
      {"value and jacobian by duals", value_and_jacobian_by_duals},
      {"outputs that ignore inputs or repeat", outputs_that_ignore_inputs_or_repeat},
      {"an infinite column stays alone", an_infinite_column_stays_alone},
      {"drivers nest", drivers_nest},
      {"matrices and expressions", matrices_and_expressions_as_arguments},
      {"wrong sizes are named", wrong_sizes_are_named},
  });
}
