// Second order of functions at many places: nodes on tapes of duals, against formulas by hand.
#include <dualtape/drivers.hpp>
#include <dualtape/map.hpp>

#include "check.hpp"
#include "numeric.hpp"

namespace {

using namespace dualtape;
using numeric::points;
using numeric::span_of;
using numeric::Vector;

/// Gradient and H times two directions of f at x, f recorded on a tape of duals.
template <class F>
struct SecondOrder {
  using D = Dual<double, 2>;
  std::vector<D> slope;
  std::size_t recorded = 0;  // variables besides the inputs

  SecondOrder(const F& f, const Vector& x, const Vector& u, const Vector& v) : slope(x.size()) {
    std::vector<D> point(x.begin(), x.end());
    for (std::size_t i = 0; i < x.size(); ++i) {
      point[i].tangent(0) = u[i];
      point[i].tangent(1) = v[i];
    }
    Tape<D> tape;
    const auto recording = tape.record();
    const auto inputs = tape.variables(point);
    const Var<D> y = f(inputs);
    recorded = tape.size() - x.size();
    tape.start_sweep();
    tape.set_cotangent(y, D(1));
    tape.pullback();
    tape.cotangents(inputs, slope);
  }
};

void second_order_is_a_node_too() {
  const std::size_t n = 1100;
  const Vector x = points(n), u = points(n, -2, 1), v = points(n, 0.5, 3);
  const Vector weights = points(n, 0.5, 2);
  const auto rosenbrock = [&](const auto& z) {
    const auto all = span_of(z);
    return map_sum(
        [](const auto& a, const auto& b, const auto& weight) {
          const auto valley = b - a * a;
          const auto slope = 1.0 - a;
          return weight * valley * valley + slope * slope;
        },
        all.first(z.size() - 1), all.subspan(1), std::span(weights).first(z.size() - 1));
  };
  const SecondOrder got(rosenbrock, x, u, v);
  check::is_true(got.recorded == 3, "two nodes and their sum");
  Vector g(n), hu(n), hv(n);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    const double w = weights[i], valley = x[i + 1] - x[i] * x[i];
    g[i] += -4 * w * x[i] * valley - 2 * (1 - x[i]);
    g[i + 1] += 2 * w * valley;
    const double own = 8 * w * x[i] * x[i] - 4 * w * valley + 2, cross = -4 * w * x[i];
    hu[i] += own * u[i] + cross * u[i + 1], hu[i + 1] += cross * u[i] + 2 * w * u[i + 1];
    hv[i] += own * v[i] + cross * v[i + 1], hv[i + 1] += cross * v[i] + 2 * w * v[i + 1];
  }
  for (std::size_t i = 0; i < n; ++i) {
    check::close(got.slope[i].value(), g[i], 1e-12, "gradient");
    check::close(got.slope[i].tangent(0), hu[i], 1e-12, "H u");
    check::close(got.slope[i].tangent(1), hv[i], 1e-12, "H v");
  }
}

/// Packs whose places branch differently, and a curvature that is infinite at one place.
void second_order_at_branches_and_infinities() {
  Vector x = points(21, -1, 1);
  x[4] = 0;
  const Vector u = points(21, -2, 1), v = points(21, 0.5, 3);
  const auto branches = [](const auto& z) {
    return map_sum(
        [](const auto& a) {
          using T = std::decay_t<decltype(a)>;
          using std::sin, std::sqrt;
          return a < 0.0 ? T(a * a * a) : T(a * sqrt(a) + sin(a));
        },
        z);
  };
  const SecondOrder got(branches, x, u, v);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double a = x[i];
    const double slope = a < 0 ? 3 * a * a : 1.5 * std::sqrt(a) + std::cos(a);
    const double curvature = a < 0 ? 6 * a : 0.75 / std::sqrt(a) - std::sin(a);
    if (i == 4) {
      check::is_true(!std::isfinite(got.slope[i].tangent(0)), "infinite where a is 0");
    } else {
      check::close(got.slope[i].value(), slope, 1e-14, "gradient");
      check::close(got.slope[i].tangent(0), curvature * u[i], 1e-13, "H u");
      check::close(got.slope[i].tangent(1), curvature * v[i], 1e-13, "H v");
    }
  }
}

/// A dual of a float is as large as a variable's number, and must not be taken for a float.
void second_order_of_floats() {
  std::vector<float> x;
  for (int i = 0; i < 37; ++i) x.push_back(0.1f * static_cast<float>(i));
  using D = Dual<float>;
  std::vector<D> point;
  for (const float entry : x) point.push_back(D::variable(entry));
  Tape<D> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(point);
  std::vector<Var<D>> cubes = map([](const auto& a) { return a * a * a; }, v);
  for (std::size_t i = 0; i < x.size(); ++i) {
    check::close(cubes[i].value().tangent(0), 3 * x[i] * x[i], 1e-6);
  }
  const Var<D> y = map_sum([](const auto& a) { return a * a; }, cubes);
  tape.start_sweep();
  tape.set_cotangent(y, D(1));
  tape.pullback();
  for (std::size_t i = 0; i < x.size(); ++i) {
    check::close(tape.cotangent(v[i]).value(), 6 * std::pow(x[i], 5), 1e-5);
    check::close(tape.cotangent(v[i]).tangent(0), 30 * std::pow(x[i], 4), 1e-5);
  }
}

}  // namespace

int main() {
  return check::run({
      {"second order is a node too", second_order_is_a_node_too},
      {"second order at branches and infinities", second_order_at_branches_and_infinities},
      {"second order of floats", second_order_of_floats},
  });
}
