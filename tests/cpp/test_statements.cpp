// What a tape records: one statement for an assignment, positions to go back to, external
// functions.
#include <dualtape/dual.hpp>
#include <dualtape/external.hpp>

#include <cmath>

#include "check.hpp"

namespace {

using namespace dualtape;
using V = Var<double>;
constexpr double kEps = std::numeric_limits<double>::epsilon();

double cotangent_of(Tape<double>& tape, const V& y, const V& x) {
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  return tape.cotangent(x);
}

void a_multiplication_takes_24_bytes() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(1.5), z = tape.variable(2);
  const std::size_t before = tape.statement_bytes();
  V y = x * z;
  check::same(static_cast<double>(tape.statement_bytes() - before), 24);
  for (int i = 0; i < 1000; ++i) y *= z;
  check::same(static_cast<double>(tape.statement_bytes() - before), 24 * 1001.0);
}

void an_assignment_is_one_statement() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V a = tape.variable(0.7), b = tape.variable(-1.3), c = tape.variable(2.1);
  const V y = 3 * sin(a * b) / c - square(a) * exp(-b) + 1;
  check::same(static_cast<double>(tape.size()), 4);
  const double s = std::sin(0.7 * -1.3), cosine = std::cos(0.7 * -1.3), e = std::exp(1.3);
  check::close(y.value(), 3 * s / 2.1 - 0.49 * e + 1, 4 * kEps);
  check::close(cotangent_of(tape, y, a), 3 * cosine * -1.3 / 2.1 - 1.4 * e, 8 * kEps);
  check::close(tape.cotangent(b), 3 * cosine * 0.7 / 2.1 + 0.49 * e, 8 * kEps);
  check::close(tape.cotangent(c), -3 * s / (2.1 * 2.1), 8 * kEps);
}

/// More than seven variables: parts are recorded on the way.
void a_long_formula_is_cut() {
  Tape<double> tape;
  const auto recording = tape.record();
  std::array<V, 12> x;
  for (std::size_t i = 0; i < 12; ++i) x[i] = tape.variable(1 + 0.1 * static_cast<double>(i));
  const V y = (x[0] * x[1] + x[2] * x[3] + x[4] * x[5]) * (x[6] + x[7] * x[8] * x[9]) +
              x[10] / x[11] - (x[0] + x[1] + x[2] + x[3] + x[4]) * (x[5] + x[6] + x[7] + x[8]);
  const auto plain = [&](std::size_t at, double step) {
    std::array<double, 12> p{};
    for (std::size_t i = 0; i < 12; ++i) p[i] = x[i].value() + (i == at ? step : 0);
    return (p[0] * p[1] + p[2] * p[3] + p[4] * p[5]) * (p[6] + p[7] * p[8] * p[9]) + p[10] / p[11] -
           (p[0] + p[1] + p[2] + p[3] + p[4]) * (p[5] + p[6] + p[7] + p[8]);
  };
  check::close(y.value(), plain(0, 0), 16 * kEps);
  for (std::size_t i = 0; i < 12; ++i) {
    const double slope = (plain(i, 1e-5) - plain(i, -1e-5)) / 2e-5;
    check::close(cotangent_of(tape, y, x[i]), slope, 1e-8, "x" + std::to_string(i));
  }
}

/// Statements of one to four variables, most of them going on with the one before, as chains do;
/// some chains end in what nothing uses.
template <class T>
T walk(const std::array<T, 3>& x) {
  T y = x[0], before = x[1], unused = x[2];
  unsigned random = 1;
  for (int i = 0; i < 6000; ++i) {
    random = random * 1664525u + 1013904223u;
    const T& some = x[(random >> 20) % 3];
    const T last = y;
    switch ((random >> 24) % 8) {
      case 0: y = sin(y); break;
      case 1:
      case 2: y = 0.5 * y * some; break;
      case 3: y = y + 0.25 * some * before; break;
      case 4: y = before - 0.5 * y * y * (y - before); break;
      case 5: y = some / (2 + y * y); break;
      case 6: unused = y * some + unused; break;
      default:
        y = y * some + before * y - 0.1 * some;
        y = tanh(y);
        break;
    }
    before = last;
  }
  return y + before;
}

void chains_of_statements() {
  using D = Dual<double, 3>;
  const std::array point{0.7, -0.4, 1.1};
  std::array<D, 3> duals;
  for (int i = 0; i < 3; ++i) {
    duals[static_cast<std::size_t>(i)] = D::variable(point[static_cast<std::size_t>(i)], i);
  }
  const D wanted = walk(duals);
  Tape<double> tape;
  const auto recording = tape.record();
  const auto x = tape.variables(point);
  const V y = walk(std::array<V, 3>{x[0], x[1], x[2]});
  check::same(y.value(), wanted.value());
  std::array<double, 3> gradient{};
  for (const int lanes : {1, 2, 8}) {
    tape.start_sweep(lanes);
    tape.set_cotangent(y, 1, lanes - 1);
    tape.pullback();
    tape.cotangents(x, gradient, lanes - 1);
    for (int i = 0; i < 3; ++i) {
      check::close(gradient[static_cast<std::size_t>(i)], wanted.tangent(i), 1e-11);
    }
  }
}

void a_variable_may_follow_upon_itself() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(3), z = tape.variable(5);
  const V y = x * x * x - z * z * x + x;
  check::same(y.value(), 27 - 75 + 3);
  check::same(cotangent_of(tape, y, x), 27 - 25 + 1);
  check::same(tape.cotangent(z), -30);
  const V same = x;
  const V w = x * same * z * z;
  check::same(cotangent_of(tape, w, x), 150);
  check::same(tape.cotangent(z), 90);
}

void inputs_come_in_rows() {
  Tape<double> tape;
  const auto recording = tape.record();
  const std::vector<double> values{2, 3, 5};
  const auto x = tape.variables(values);
  const V first = x[0] * x[1];
  const auto z = tape.variables(values);
  const V y = first * z[2] * x[2];
  std::vector<double> x_bar(3), z_bar(3);
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  tape.cotangents(x, x_bar);
  tape.cotangents(z, z_bar);
  check::same(x_bar[0] + 100 * x_bar[1] + 10000 * x_bar[2], 75 + 5000 + 300000);
  check::same(z_bar[0] + z_bar[1] + 10000 * z_bar[2], 300000);
  tape.start_sweep();
  tape.set_tangent(x[1], 1);
  tape.set_tangent(z[2], 10);
  tape.pushforward();
  check::same(tape.tangent(y), 50 + 300);
  std::vector<double> wrong(2);
  check::throws<std::invalid_argument>([&] { tape.cotangents(x, wrong); },
                                       "wanted room for 3 numbers, got 2");
  std::vector<V> few(2);
  check::throws<std::invalid_argument>([&] { tape.variables(values, few); },
                                       "wanted 3 variables, got 2");
  check::is_true(tape.variables({}).empty(), "none");
}

V first_factor_dies(const V& x) {
  const auto term = [&] {
    const V local = 3 * x;
    return local * x;  // an expression that outlives what it was made of
  }();
  return term;
}

void expressions_may_be_kept_and_assigned() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(2), z = tape.variable(5);
  check::close(cotangent_of(tape, first_factor_dies(x), x), 12, kEps);
  auto product = x * z;
  product += x;
  product *= 2;
  product -= 1;
  product /= z;
  const V y = product;  // (2 (x z + x) - 1) / z
  check::close(y.value(), 23.0 / 5, kEps);
  check::close(cotangent_of(tape, y, x), 12.0 / 5, 4 * kEps);
  check::close(tape.cotangent(z), 4.0 / 5 - 23.0 / 25, 16 * kEps);
  const V chosen = x > 1 ? x : x * z;
  check::same(cotangent_of(tape, chosen, x), 1);
  const V selected = select(x > 1, x * z, x);
  check::same(cotangent_of(tape, selected, x), 5);
  auto constant = V(3) * V(4);
  constant += 1;
  check::is_true(!V(constant).is_recorded(), "constants alone give a constant");
}

void constants_take_no_room() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(2), zero(0), two(2);
  const std::size_t before = tape.statement_bytes();
  const V y = zero + two * x * x;
  check::same(static_cast<double>(tape.statement_bytes() - before), 24);
  check::same(cotangent_of(tape, y, x), 8);
}

/// Steps recorded one at a time from their stored starts, last step first: the gradient of the
/// whole in the memory of one step.
void checkpoints_give_the_gradient_of_the_whole() {
  constexpr int kSteps = 50;
  const auto step = [](const V& u, const V& p) { return V(u + 0.1 * p * sin(u) - 0.01 * u * u); };
  Tape<double> whole;
  double wanted_p = 0, wanted_u = 0;
  std::vector<double> states{0.4};
  {
    const auto recording = whole.record();
    const V p = whole.variable(1.3), start = whole.variable(0.4);
    V u = start;
    for (int i = 0; i < kSteps; ++i) states.push_back((u = step(u, p)).value());
    wanted_p = cotangent_of(whole, u, p);
    wanted_u = whole.cotangent(start);
  }
  Tape<double> tape;
  const auto recording = tape.record();
  const V p = tape.variable(1.3);
  const auto begin = tape.position();
  tape.start_sweep();
  double u_bar = 1;
  std::size_t most = 0;
  for (int i = kSteps; i-- > 0;) {
    const V u = tape.variable(states[static_cast<std::size_t>(i)]);
    const V next = step(u, p);
    tape.extend_sweep(begin);
    tape.set_cotangent(next, u_bar);
    tape.pullback(begin);
    u_bar = tape.cotangent(u);
    most = std::max(most, tape.size());
    tape.rewind(begin);
  }
  check::close(tape.cotangent(p), wanted_p, 64 * kEps);
  check::close(u_bar, wanted_u, 64 * kEps);
  check::is_true(most == 3, "one step at a time");
  const auto late = tape.position();
  tape.reset();
  check::throws<std::logic_error>([&] { tape.rewind(late); },
                                  "wanted a position of this recording");
}

void a_position_may_lie_blocks_back() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(1.001);
  V y = x * x;
  const auto here = tape.position();
  const V kept = y;
  for (int round = 0; round < 2; ++round) {
    tape.rewind(here);
    y = kept;
    for (int i = 0; i < 20000; ++i) y = y * x;
    const double power = 20002;
    check::close(cotangent_of(tape, y, x), power * std::pow(1.001, power - 1), 1e-11);
  }
}

/// (r, phi) of (a, b), told to the tape by its Jacobian.
struct Polar {
  double a, b;
  void pullback(std::span<const double> y_bar, std::span<double> x_bar) const {
    const double r = std::hypot(a, b);
    x_bar[0] += y_bar[0] * a / r - y_bar[1] * b / (r * r);
    x_bar[1] += y_bar[0] * b / r + y_bar[1] * a / (r * r);
  }
  void pushforward(std::span<const double> x_dot, std::span<double> y_dot) const {
    const double r = std::hypot(a, b);
    y_dot[0] = (a * x_dot[0] + b * x_dot[1]) / r;
    y_dot[1] = (a * x_dot[1] - b * x_dot[0]) / (r * r);
  }
};

void an_external_function_has_the_users_rule() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V s = tape.variable(0.6), t = tape.variable(-1.1);
  const std::array<V, 2> x{s * s, exp(t)};
  const std::array y{std::hypot(x[0].value(), x[1].value()),
                     std::atan2(x[1].value(), x[0].value())};
  const auto polar = external<double>(x, y, Polar{x[0].value(), x[1].value()});
  const V result = polar[0] * sin(polar[1]) * s;  // exp(t) s
  check::close(result.value(), 0.6 * std::exp(-1.1), 8 * kEps);
  tape.start_sweep(3);
  for (int lane = 0; lane < 3; ++lane) tape.set_cotangent(result, 1 + lane, lane);
  tape.pullback();
  for (int lane = 0; lane < 3; ++lane) {
    check::close(tape.cotangent(s, lane), (1 + lane) * std::exp(-1.1), 16 * kEps);
    check::close(tape.cotangent(t, lane), (1 + lane) * 0.6 * std::exp(-1.1), 16 * kEps);
  }
  tape.start_sweep();
  tape.set_tangent(t, 2);
  tape.pushforward();
  check::close(tape.tangent(result), 2 * 0.6 * std::exp(-1.1), 16 * kEps);
  const std::array<V, 2> constants{3, 4};
  const auto plain = external<double>(constants, std::array{5.0, 0.9}, Polar{3, 4});
  check::is_true(!plain[0].is_recorded(), "of constants a constant");
}

}  // namespace

int main() {
  return check::run({
      {"a multiplication takes 24 bytes", a_multiplication_takes_24_bytes},
      {"an assignment is one statement", an_assignment_is_one_statement},
      {"a long formula is cut", a_long_formula_is_cut},
      {"chains of statements", chains_of_statements},
      {"a variable may follow upon itself", a_variable_may_follow_upon_itself},
      {"inputs come in rows", inputs_come_in_rows},
      {"expressions may be kept and assigned", expressions_may_be_kept_and_assigned},
      {"constants take no room", constants_take_no_room},
      {"checkpoints give the gradient of the whole", checkpoints_give_the_gradient_of_the_whole},
      {"a position may lie blocks back", a_position_may_lie_blocks_back},
      {"an external function has the user's rule", an_external_function_has_the_users_rule},
  });
}
