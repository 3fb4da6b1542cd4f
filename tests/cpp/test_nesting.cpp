// Dual and Var nest in each other in any order: all give the same derivatives.
#include <dualtape/drivers.hpp>

#include "check.hpp"

namespace {

using namespace dualtape;
constexpr double kTolerance = 64 * std::numeric_limits<double>::epsilon();

/// Derivative by forward mode, of any scalar type.
struct Forward {
  template <class F, class T>
  T operator()(F f, const T& x) const {
    return f(Dual<T>::variable(x)).tangent(0);
  }
};

/// The same by reverse mode.
struct Reverse {
  template <class F, class T>
  T operator()(F f, const T& x) const {
    Tape<T> tape;
    const auto recording = tape.record();
    const Var<T> input = tape.variable(x);
    const Var<T> y = f(input);
    tape.start_sweep();
    tape.set_cotangent(y, T(1));
    tape.pullback();
    return tape.cotangent(input);
  }
};

/// Derivative of f, outermost mode first.
template <class Mode, class... Inner, class F>
double derivative(F f, double x, Mode mode, Inner... inner) {
  if constexpr (sizeof...(Inner) == 0) {
    return mode(f, x);
  } else {
    const auto slope = [&](const auto& z) {
      const auto next = [&](auto self, const auto& w, auto m, auto... rest) {
        if constexpr (sizeof...(rest) == 0) {
          return m(f, w);
        } else {
          return m([&](const auto& v) { return self(self, v, rest...); }, w);
        }
      };
      return next(next, z, inner...);
    };
    return mode(slope, x);
  }
}

constexpr Forward kForward;
constexpr Reverse kReverse;

template <class Op>
constexpr bool is_unary_smooth = Op::kind == Kind::kSmooth && Op::arity == 1 && !is_parametric<Op>;

/// Any point where the function is smooth.
template <class Op>
constexpr double kPoint = 0.3 * Op::sampling.arguments[0].lo + 0.7 * Op::sampling.arguments[0].hi;

void second_order_agrees_for_every_nesting() {
  ops::for_each_op([]<class Op> {
    if constexpr (is_unary_smooth<Op>) {
      const auto f = [](const auto& x) { return apply<Op>(x) * exp(x / 8); };
      const double x = kPoint<Op>;
      const std::string name(Op::name);
      const double wanted = derivative(f, x, kForward, kForward);
      check::is_true(std::isfinite(wanted), name + " is finite");
      check::close(derivative(f, x, kForward, kReverse), wanted, kTolerance, name + " FR");
      check::close(derivative(f, x, kReverse, kForward), wanted, kTolerance, name + " RF");
      check::close(derivative(f, x, kReverse, kReverse), wanted, kTolerance, name + " RR");
    }
  });
}

void third_order_agrees_for_every_nesting() {
  const auto f = [](const auto& x) { return exp(-x * x) * atan2(x, 2) + pow(x, 5) / tanh(x); };
  const double x = 0.8;
  const double wanted = derivative(f, x, kForward, kForward, kForward);
  check::close(derivative(f, x, kForward, kForward, kReverse), wanted, kTolerance, "FFR");
  check::close(derivative(f, x, kForward, kReverse, kForward), wanted, kTolerance, "FRF");
  check::close(derivative(f, x, kForward, kReverse, kReverse), wanted, kTolerance, "FRR");
  check::close(derivative(f, x, kReverse, kForward, kForward), wanted, kTolerance, "RFF");
  check::close(derivative(f, x, kReverse, kForward, kReverse), wanted, kTolerance, "RFR");
  check::close(derivative(f, x, kReverse, kReverse, kForward), wanted, kTolerance, "RRF");
  check::close(derivative(f, x, kReverse, kReverse, kReverse), wanted, kTolerance, "RRR");
}

/// 2x^3 at -2: 24, -24, 12, 0.
void orders_of_a_cubic_in_reverse() {
  const auto f = [](const auto& x) { return 2 * pow(x, 3); };
  check::same(derivative(f, -2, kReverse), 24);
  check::same(derivative(f, -2, kReverse, kReverse), -24);
  check::same(derivative(f, -2, kReverse, kReverse, kReverse), 12);
  check::same(derivative(f, -2, kReverse, kReverse, kReverse, kReverse), 0);
}

void perturbations_are_not_confused_in_any_nesting() {
  const auto check_modes = [](auto outer, auto inner) {
    const double slope = outer(
        [&](const auto& x) { return x * inner([&](const auto& y) { return x + y; }, x); }, 1.0);
    check::same(slope, 1);
    const double product = outer(
        [&](const auto& x) { return x * inner([&](const auto& y) { return x * y * y; }, x); }, 2.0);
    check::same(product, 24);  // d/dx of x * (2 x^2)
  };
  check_modes(kForward, kForward);
  check_modes(kForward, kReverse);
  check_modes(kReverse, kForward);
  check_modes(kReverse, kReverse);
}

}  // namespace

int main() {
  return check::run({
      {"second order agrees for every nesting", second_order_agrees_for_every_nesting},
      {"third order agrees for every nesting", third_order_agrees_for_every_nesting},
      {"orders of a cubic in reverse", orders_of_a_cubic_in_reverse},
      {"perturbations are not confused", perturbations_are_not_confused_in_any_nesting},
  });
}
