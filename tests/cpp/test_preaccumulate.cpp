// Parts of a model as one node of the tape, against the complex step.
#include <dualtape/preaccumulate.hpp>

#include "check.hpp"
#include "numeric.hpp"

namespace {

using namespace dualtape;
using numeric::close;
using numeric::Vector;
using V = Var<double>;

/// Two results of three inputs.
struct Part {
  template <class T>
  std::array<T, 2> operator()(const std::array<T, 2>& u, const T& p) const {
    using std::exp, std::sin;
    const T s = sin(u[0] * p) + u[1] / p;
    return {T(s * s - u[0]), T(exp(-s) * u[1])};
  }
};

/// Parts in a chain, in 3 variables, ended by one number.
struct Chain {
  bool nodes;
  template <class X>
  auto operator()(const X& x) const {
    using T = std::decay_t<decltype(x[0])>;
    std::array<T, 2> u{x[0], x[1]};
    for (int i = 0; i < 4; ++i) u = nodes ? preaccumulate(Part{}, u, x[2]) : Part{}(u, T(x[2]));
    return T(u[0] * u[0] + 3.0 * u[1]);
  }
};
const Vector kPoint{0.3, 0.7, 1.2};

void numbers_and_duals_are_called() {
  check::same(Chain{true}(kPoint), Chain{false}(kPoint));
  const auto y = jvp(Chain{true}, std::array{0.3, 0.7, 1.2}, std::array{1.0, 0.0, 0.0});
  check::close(y.derivative, numeric::gradient(Chain{false}, kPoint)[0], 1e-13);
}

void a_gradient_through_nodes() {
  Tape<double> tape;
  const auto recording = tape.record();
  std::vector<V> x(3);
  tape.variables(kPoint, x);
  const std::size_t before = tape.statement_bytes();
  const V y = Chain{true}(x);
  // Four nodes of 2 x 3 partials, two statements at most.
  check::is_true(tape.statement_bytes() - before <= 12 * (4 * 6 + 6), "bytes");
  check::close(y.value(), Chain{false}(kPoint), 1e-15);
  const Vector wanted = numeric::gradient(Chain{false}, kPoint);
  close(numeric::pulled(tape, x, y), wanted, 1e-13);
  check::is_true(tape.all_partials_finite(), "finite");

  tape.start_sweep(11);
  for (int lane = 0; lane < 11; ++lane) tape.set_cotangent(y, lane, lane);
  tape.pullback();
  for (int lane = 0; lane < 11; ++lane) {
    for (std::size_t i = 0; i < 3; ++i) {
      check::close(tape.cotangent(x[i], lane), lane * wanted[i], 1e-13, "lane");
    }
  }
  tape.start_sweep(3);
  for (int i = 0; i < 3; ++i) tape.set_tangent(x[static_cast<std::size_t>(i)], 1, i);
  tape.pushforward();
  for (int i = 0; i < 3; ++i) {
    check::close(tape.tangent(y, i), wanted[static_cast<std::size_t>(i)], 1e-13, "tangent");
  }
}

void second_order_of_every_kind() {
  const std::array<double, 3> x{0.3, 0.7, 1.2};
  const auto wanted = numeric::hessian(Chain{false}, kPoint);
  const auto f = Chain{true};
  const auto of_gradient = [&](const auto& z) { return gradient(f, z); };
  const auto forward_over_reverse = hessian(f, x), reverse_over_reverse = jacobian(of_gradient, x);
  for (int j = 0; j < 3; ++j) {
    std::array<double, 3> unit{};
    unit[static_cast<std::size_t>(j)] = 1;
    const auto product = hvp(f, x, unit);
    const auto reverse_over_forward =
        gradient([&](const auto& z) { return jvp(f, z, unit).derivative; }, x);
    for (int i = 0; i < 3; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double h = wanted[k][static_cast<std::size_t>(j)];
      check::close(forward_over_reverse(i, j), h, 1e-8, "hessian");
      check::close(reverse_over_reverse(i, j), h, 1e-8, "Var<Var>");
      check::close(product[k], h, 1e-8, "hvp");
      check::close(reverse_over_forward[k], h, 1e-8, "Dual<Var>");
    }
  }
}

void constants_among_the_inputs() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V a = tape.variable(0.3), p = tape.variable(1.2);
  const auto y = preaccumulate(Part{}, std::array<V, 2>{a, V(0.7)}, p);
  close(numeric::pulled(tape, {a, p}, y[1]),
        numeric::gradient(
            [](const auto& x) {
              using T = std::decay_t<decltype(x[0])>;
              return Part{}(std::array<T, 2>{x[0], T(0.7)}, x[1])[1];
            },
            {0.3, 1.2}),
        1e-13);
  check::same(tape.cotangent(V(0.7)), 0);
  // A number is passed on as one; an expression becomes a variable.
  const V z = preaccumulate([](double n, const auto& u) { return u * u * n; }, 3.0, a * p);
  close(numeric::pulled(tape, {a, p}, z), {6 * 0.36 * 1.2, 6 * 0.36 * 0.3}, 1e-14);
  const std::size_t size = tape.size();
  const auto c = preaccumulate(Part{}, std::array<V, 2>{V(0.3), V(0.7)}, V(1.2));
  check::is_true(!c[0].is_recorded() && tape.size() == size, "constants alone give constants");
  check::same(c[1].value(), Part{}(std::array<double, 2>{0.3, 0.7}, 1.2)[1]);
  const auto two = preaccumulate([](const auto& u) { return std::array{2.0, u.value()}; }, a);
  check::is_true(!two[1].is_recorded(), "results of numbers are constants");
  // One variable twice.
  const V square = preaccumulate([](const auto& u, const auto& v) { return u * v; }, a, a);
  close(numeric::pulled(tape, {a}, square), {0.6}, 1e-15);
}

void eigen_arguments_and_results() {
  Tape<double> tape;
  const auto recording = tape.record();
  Eigen::Vector3d x(0.3, -0.7, 1.2), w(1, -2, 3);
  const Eigen::Matrix<V, 3, 1> v = x.unaryExpr([&](double value) { return tape.variable(value); });
  const Eigen::Matrix<V, 3, 1> y =
      preaccumulate([&](const auto& u) { return (u * u.dot(w)).eval(); }, v);
  tape.start_sweep();
  tape.set_cotangent(y[1], 1);
  tape.pullback();
  for (int i = 0; i < 3; ++i) {
    check::close(tape.cotangent(v[i]), x[1] * w[i] + (i == 1 ? x.dot(w) : 0), 1e-14);
  }
}

/// An infinite slope: forward mode says NaN for the other input, statements do not.
void infinite_slopes_are_recorded_as_statements() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V a = tape.variable(0), b = tape.variable(2);
  const auto f = [](const auto& u, const auto& v) {
    using T = std::decay_t<decltype(u)>;
    const T root = sqrt(u), other = v * v;
    return std::array<T, 2>{T(root + other), T(other * v)};
  };
  const auto y = preaccumulate(f, a, b);
  close(numeric::pulled(tape, {a, b}, y[0]), {kInf, 4}, 0);
  close(numeric::pulled(tape, {a, b}, y[1]), {0, 12}, 0);
  const V z = preaccumulate([](const auto& u) { return select(u > 0, sqrt(u), 3 * u); }, a);
  close(numeric::pulled(tape, {a}, z), {3}, 0);
}

void many_results_of_many_inputs() {
  Tape<double> tape;
  const auto recording = tape.record();
  std::array<V, 30> x;
  std::array<double, 30> values{};
  for (std::size_t i = 0; i < 30; ++i) values[i] = 1 + 0.1 * static_cast<double>(i);
  tape.variables(values, x);
  for (int repeat = 0; repeat < 3; ++repeat) {
    // More than the blocks at the beginning hold.
    const auto y = preaccumulate(
        [](const auto& u) {
          auto v = u;
          for (std::size_t i = 0; i < 30; ++i) v[i] = u[i] * u[(i + 7) % 30];
          return v;
        },
        x);
    const V after = y[3] * y[29];
    tape.start_sweep();
    tape.set_cotangent(after, 1);
    tape.pullback();
    const double p = values[3] * values[10], q = values[29] * values[6];
    for (std::size_t i = 0; i < 30; ++i) {
      const double wanted = (i == 3 || i == 10)   ? p * q / values[i]
                            : (i == 29 || i == 6) ? p * q / values[i]
                                                  : 0;
      check::close(tape.cotangent(x[i]), wanted, 1e-14);
    }
  }
}

void rewound_and_swept_in_pieces() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V p = tape.variable(1.2);
  const auto begin = tape.position();
  std::vector<std::array<double, 2>> states{{0.3, 0.7}};
  for (int i = 0; i < 4; ++i) states.push_back(Part{}(states.back(), 1.2));
  std::array<double, 2> u_bar{2 * states[4][0], 3};
  tape.start_sweep();
  for (std::size_t i = 4; i-- > 0;) {
    std::array<V, 2> u{tape.variable(states[i][0]), tape.variable(states[i][1])};
    const auto next = preaccumulate(Part{}, u, p);
    tape.extend_sweep(begin);
    tape.set_cotangent(next[0], u_bar[0]);
    tape.set_cotangent(next[1], u_bar[1]);
    tape.pullback(begin);
    u_bar = {tape.cotangent(u[0]), tape.cotangent(u[1])};
    tape.rewind(begin);
  }
  close({u_bar[0], u_bar[1], tape.cotangent(p)}, numeric::gradient(Chain{false}, kPoint), 1e-13);
}

void variables_of_other_tapes_are_refused() {
  Tape<double> tape, other;
  const auto recording = tape.record();
  const V x = tape.variable(2);
  const auto f = [](const auto& a, const auto& b) { return a * b; };
  V foreign;
  {
    const auto inner = other.record();
    foreign = other.variable(1);
    check::throws<std::logic_error>([&] { (void)preaccumulate(f, x, x); }, "active tape");
  }
  check::throws<std::logic_error>([&] { (void)preaccumulate(f, x, foreign); }, "got two");
  tape.reset();
  check::throws<std::logic_error>([&] { (void)preaccumulate(f, x, 2.0 * V(1)); }, "reset tape");
}

}  // namespace

int main() {
  return check::run({
      {"numbers and duals are called", numbers_and_duals_are_called},
      {"a gradient through nodes", a_gradient_through_nodes},
      {"second order of every kind", second_order_of_every_kind},
      {"constants among the inputs", constants_among_the_inputs},
      {"Eigen arguments and results", eigen_arguments_and_results},
      {"infinite slopes are recorded as statements", infinite_slopes_are_recorded_as_statements},
      {"many results of many inputs", many_results_of_many_inputs},
      {"rewound and swept in pieces", rewound_and_swept_in_pieces},
      {"variables of other tapes are refused", variables_of_other_tapes_are_refused},
  });
}
