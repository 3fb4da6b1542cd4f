// Truncated series of every function of the registry, against mpmath and against nested duals.
#include <dualtape/dual.hpp>
#include <dualtape/tape.hpp>
#include <dualtape/taylor.hpp>

#include "check.hpp"
#include "references.hpp"

namespace {

using namespace dualtape;
using namespace references;
constexpr double kEps = std::numeric_limits<double>::epsilon();
constexpr double kTolerance = 64 * kEps;
using S4 = Taylor<double, 4>;

void every_function_has_its_series() {
  int checked = 0;
  ops::for_each_op([&]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1) {
      for_rows(Op::name, [&](const Row& row) {
        const S4 y = evaluate<Op>(static_cast<int>(row.second), S4::variable(row.first));
        for (int order = 0; order <= 4; ++order) {
          const double wanted = row.wanted.at(static_cast<std::size_t>(order));
          const double got = y.derivative(order);
          // Where terms of size 1 cancel, a sum may be off 0 by their rounding.
          if (wanted == 0 && std::abs(got) <= kEps) continue;
          check::close(got, wanted, kToleranceOf<Op>,
                       std::string(Op::name) + ", order " + std::to_string(order) + " at " +
                           check::text(row.first));
        }
        ++checked;
      });
    }
  });
  check::is_true(checked > 100, "the references were read");
}

/// f(a + t, b - 2t / 3) to order 2, from the six derivatives of f.
void functions_of_two_arguments_along_a_line() {
  using S2 = Taylor<double, 2>;
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 2 && !has_constant_argument<Op>) {
      for_rows(Op::name, [](const Row& row) {
        const S2 t = S2::variable(0);
        const double q = -2.0 / 3;
        const S2 y = evaluate<Op>(row.first + t, row.second + q * t);
        const auto& w = row.wanted;
        const double first = w[1] + q * w[2];
        const double second = w[3] + 2 * q * w[4] + q * q * w[5];
        if (!std::isfinite(first) || !std::isfinite(second)) return;
        const std::string name = std::string(Op::name) + " at " + check::text(row.first);
        const double scale1 = std::abs(w[1]) + std::abs(q * w[2]);
        const double scale2 = std::abs(w[3]) + std::abs(2 * q * w[4]) + std::abs(q * q * w[5]);
        check::close(y.value(), w[0], kToleranceOf<Op>, name);
        check::is_true(std::abs(y.derivative(1) - first) <= kToleranceOf<Op> * scale1,
                       name + ", first");
        check::is_true(std::abs(y.derivative(2) - second) <= 4 * kToleranceOf<Op> * scale2,
                       name + ", second");
      });
    }
  });
}

void high_orders_of_known_series() {
  using S = Taylor<double, 10>;
  const S x = S::variable(0);
  const S geometric = 1 / (1 - x), sine = sin(x), root = sqrt(1 + x), power = pow(1 + x, -2);
  double factorial = 1, binomial = 1;
  for (int k = 0; k <= 10; ++k) {
    const auto at = static_cast<std::size_t>(k);
    if (k > 0) factorial *= k, binomial *= (0.5 - (k - 1)) / k;
    const double signs[] = {0, 1, 0, -1};
    check::same(geometric[at], 1);
    check::close(sine[at], signs[k % 4] / factorial, kTolerance);
    check::close(root[at], binomial, kTolerance);
    check::close(power[at], (k % 2 ? -1.0 : 1.0) * (k + 1), kTolerance);
  }
}

void branches_and_constants() {
  const S4 x = S4::variable(0);
  const S4 y = select(x < 1, x * x, sqrt(x));
  check::same(y[2], 1);
  check::same(maximum(x, -1.0)[1], 1);
  check::same(power(x - 5, S4(3))[1], 75);  // the constant exponent needs no logarithm
  check::same(floor(x + 0.5)[1], 0);
}

/// (1.5 + t)^2 = 2.25 + 3t + t^2 through every function made of pieces.
void functions_of_pieces() {
  using S2 = Taylor<double, 2>;
  const S2 t = S2::variable(0), q = square(1.5 + t);
  const auto is = [](const S2& y, std::array<double, 3> wanted, const char* name) {
    for (std::size_t k = 0; k < 3; ++k) check::same(y[k], wanted[k], name);
  };
  is(maximum(q, 1.0), {2.25, 3, 1}, "maximum");
  is(minimum(q, 1.0), {1, 0, 0}, "minimum");
  is(maximum(q, 2.25 + t), {2.25, 2, 0.5}, "maximum, a tie");
  is(fmax(q, 1.0), {2.25, 3, 1}, "fmax");
  is(fmin(3 - t, q), {2.25, 3, 1}, "fmin");
  is(clip(q, 0.0, 3.0), {2.25, 3, 1}, "clip");
  is(clip(q, 0.0, 2 - t), {2, -1, 0}, "clip, above");
  is(absolute(-q), {2.25, 3, 1}, "absolute");
  is(copysign(q, -1.0), {-2.25, -3, -1}, "copysign");
  is(mod(q, 1 + t), {0.25, 1, 1}, "remainder");
  is(fmod(-q, 1 + t), {-0.25, -1, -1}, "fmod");
  is(heaviside(q, 0.5), {1, 0, 0}, "heaviside");
  is(floor_divide(q, 1.0), {2, 0, 0}, "floor_divide");
  is(where(q > 1.0, q, t), {2.25, 3, 1}, "where");
}

/// I_x(a, b) has a partial in each of three arguments: in x by hand, in a and b by differences.
void the_incomplete_beta_function() {
  using S2 = Taylor<double, 2>;
  const double a = 2.5, b = 1.75, x = 0.4;
  const S2 along_x = betainc(a, b, S2::variable(x));
  const double density = std::pow(x, a - 1) * std::pow(1 - x, b - 1) * std::tgamma(a + b) /
                         (std::tgamma(a) * std::tgamma(b));
  check::close(along_x.derivative(1), density, kTolerance);
  check::close(along_x.derivative(2), density * ((a - 1) / x - (b - 1) / (1 - x)), kTolerance);
  const auto differences = [](auto series, double at, const char* name) {
    const double h = 1e-5;
    const S2 y = series(at), above = series(at + h), below = series(at - h);
    check::close(y.derivative(1), (above[0] - below[0]) / (2 * h), 1e-8, name);
    check::close(y.derivative(2), (above[1] - below[1]) / (2 * h), 1e-8, name);
  };
  differences([&](double at) { return S2(betainc(S2::variable(at), b, x)); }, a, "in a");
  differences([&](double at) { return S2(betainc(a, S2::variable(at), x)); }, b, "in b");
}

/// The gradient of a directional second derivative: a tape over series.
void series_nest_in_tapes_and_duals() {
  using S = Taylor<double, 2>;
  const auto f = [](const auto& a, const auto& b) { return sin(a * b) + exp(a) / b; };
  Tape<S> tape;
  const auto recording = tape.record();
  const Var<S> a = tape.variable(S::variable(0.7)), b = tape.variable(S(1.9));
  const Var<S> y = f(a, b);
  tape.start_sweep();
  tape.set_cotangent(y, S(1));
  tape.pullback();
  // d/db of d^2/da^2: with s = sin(ab), c = cos(ab): -2b s - a b^2 c - e^a / b^2
  const double s = std::sin(0.7 * 1.9), c = std::cos(0.7 * 1.9);
  const double wanted = -2 * 1.9 * s - 0.7 * 1.9 * 1.9 * c - std::exp(0.7) / (1.9 * 1.9);
  check::close(tape.cotangent(b).derivative(2), wanted, kTolerance);
  using D = Dual<double>;
  const Taylor<D, 2> t = f(Taylor<D, 2>::variable(D(0.7)), Taylor<D, 2>(D::variable(1.9)));
  check::close(t.derivative(2).tangent(0), wanted, kTolerance);
}

}  // namespace

int main() {
  return check::run({
      {"every function has its series", every_function_has_its_series},
      {"functions of two arguments", functions_of_two_arguments_along_a_line},
      {"high orders of known series", high_orders_of_known_series},
      {"branches and constants", branches_and_constants},
      {"functions of pieces", functions_of_pieces},
      {"the incomplete beta function", the_incomplete_beta_function},
      {"series nest in tapes and duals", series_nest_in_tapes_and_duals},
  });
}
