// Kinks, ties, zeros, infinities and NaN of values and derivatives; integers; threads' own lgamma.
#include <dualtape/dual.hpp>

#include <algorithm>
#include <complex>
#include <cstdint>

#include "check.hpp"

namespace {

using namespace dualtape;
using D = Dual<double>;
using D2 = Dual<double, 2>;

double slope(auto f, double x) { return f(D::variable(x)).tangent(0); }

/// Both partial derivatives of a function of two arguments.
void slopes(auto f, double a, double b, double wanted_a, double wanted_b,
            const check::Where& where = check::Where::current()) {
  check::same(f(D::variable(a), D(b)).tangent(0), wanted_a, "in a", where);
  check::same(f(D(a), D::variable(b)).tangent(0), wanted_b, "in b", where);
}

void absolute_and_sign() {
  const auto f = [](const D& x) { return abs(x); };
  check::same(slope(f, -2), -1);
  check::same(slope(f, 0), 0);
  check::same(slope(f, kNaN), kNaN);
  check::same(sign(-0.0), 0);
  check::same(sign(kNaN), kNaN);
  check::same(sign(-kInf), -1);
  check::same(
      slope([](const D& x) { return sign(x) + floor(x) + ceil(x) + rint(x) + trunc(x); }, 2), 0);
}

void ties_of_extrema_are_shared() {
  slopes([](const D& a, const D& b) { return maximum(a, b); }, 3, 3, 0.5, 0.5);
  slopes([](const D& a, const D& b) { return maximum(a, b); }, 4, 3, 1, 0);
  slopes([](const D& a, const D& b) { return minimum(a, b); }, 3, 3, 0.5, 0.5);
  slopes([](const D& a, const D& b) { return minimum(a, b); }, 4, 3, 0, 1);
  slopes([](const D& a, const D& b) { return fmax(a, b); }, kInf, kInf, 0.5, 0.5);
  slopes([](const D& a, const D& b) { return fmin(a, b); }, 1, 1, 0.5, 0.5);
}

void extrema_and_nan() {
  check::same(maximum(kNaN, 1.0), kNaN);
  check::same(maximum(1.0, kNaN), kNaN);
  check::same(minimum(kNaN, 1.0), kNaN);
  check::same(fmax(kNaN, 1.0), 1);
  check::same(fmin(1.0, kNaN), 1);
  slopes([](const D& a, const D& b) { return fmax(a, b); }, kNaN, 1, 0, 1);
  slopes([](const D& a, const D& b) { return fmin(a, b); }, 1, kNaN, 1, 0);
}

void clip_feels_the_slope_on_its_borders() {
  const auto f = [](const D& x) { return clip(x, -1, 2); };
  check::same(slope(f, -1), 1);
  check::same(slope(f, 2), 1);
  check::same(slope(f, 2.5), 0);
  check::same(slope(f, -1.5), 0);
  check::same(clip(kNaN, 0.0, 1.0), kNaN);
  check::same(clip(5.0, 3.0, 1.0), 1);  // lo > hi: hi, as NumPy
  check::same(slope([](const D& lo) { return clip(D(-3), lo, 2); }, -1), 1);
  check::same(slope([](const D& hi) { return clip(D(3), -1, hi); }, 2), 1);
  check::same(slope([](const D& hi) { return clip(D(0), 3, hi); }, 2), 1);
}

void hypot_and_arctan2_at_zero_and_far_out() {
  const auto h = [](const D& a, const D& b) { return hypot(a, b); };
  slopes(h, 0, 0, 0, 0);
  slopes(h, 0, -2, 0, -1);
  check::close(slope([](const D& a) { return hypot(a, 4e200); }, 3e200), 0.6, 1e-15);
  check::close(slope([](const D& b) { return hypot(3e-200, b); }, 4e-200), 0.8, 1e-15);
  slopes(h, kInf, 1, 1, 0);
  const auto t = [](const D& y, const D& x) { return arctan2(y, x); };
  slopes(t, 0, 2, 0.5, 0);
  slopes(t, 2, 0, 0, -0.5);
  slopes(t, 0, -2, -0.5, 0);
  slopes(t, 1e200, 1e200, 0.5e-200, -0.5e-200);
  slopes(t, 0, 0, kNaN, kNaN);
  check::same(arctan2(-0.0, -1.0), -std::atan2(0.0, -1.0));
}

void sums_of_exponentials_at_infinity() {
  const auto f = [](const D& a, const D& b) { return logaddexp(a, b); };
  check::same(logaddexp(kInf, kInf), kInf);
  check::same(logaddexp(-kInf, -kInf), -kInf);
  check::same(logaddexp(-kInf, 3.0), 3);
  check::same(logaddexp(kInf, -kInf), kInf);
  check::same(logaddexp(kNaN, 1.0), kNaN);
  check::same(logaddexp2(-kInf, 3.0), 3);
  slopes(f, kInf, kInf, 0.5, 0.5);
  slopes(f, -kInf, -kInf, 0.5, 0.5);
  slopes(f, -kInf, 3, 0, 1);
  slopes(f, 1000, 0, 1, 0);
  slopes(f, 2, 2, 0.5, 0.5);
  // The tie keeps its second order: d2/da2 = 1/4.
  using DD = Dual<D>;
  const DD y = logaddexp(DD::variable(D::variable(2)), DD(2));
  check::same(y.tangent(0).tangent(0), 0.25);
}

void saturating_functions_at_infinity() {
  check::same(expit(-kInf), 0);
  check::same(expit(kInf), 1);
  check::same(log_expit(-kInf), -kInf);
  check::same(log_expit(kInf), 0);
  check::same(slope([](const D& x) { return tanh(x); }, kInf), 0);
  check::same(slope([](const D& x) { return expit(x); }, -kInf), 0);
  check::same(slope([](const D& x) { return log_expit(x); }, -kInf), 1);
  check::same(slope([](const D& x) { return erf(x); }, kInf), 0);
  check::same(slope([](const D& x) { return erfc(x); }, -kInf), -0.0);
  check::same(slope([](const D& x) { return arcsinh(x); }, 1e300), 1e-300);
  check::same(slope([](const D& x) { return arctan(x); }, 1e200), 0);
  check::same(slope([](const D& x) { return erf(x); }, kNaN), kNaN);
  check::same(slope([](const D& x) { return tanh(x); }, kNaN), kNaN);
}

void gamma_family_at_poles() {
  check::same(gammaln(0.0), kInf);
  check::same(gammaln(-3.0), kInf);
  check::same(digamma(0.0), -kInf);
  check::same(digamma(-0.0), kInf);
  check::same(std::abs(digamma(-2.0)), kNaN);
  check::same(polygamma(1, -2.0), kInf);
  check::same(polygamma(2, 0.0), -kInf);
  check::same(digamma(kInf), kInf);
  check::same(polygamma(1, kInf), 0);
  check::is_true(isnan(polygamma(-1, 1.0)), "negative order");
  // psi(1/2) = -gamma - 2 log 2, psi_1(1/2) = pi^2 / 2
  constexpr double kEps = std::numeric_limits<double>::epsilon();
  check::close(digamma(0.5), -std::numbers::egamma - 2 * std::numbers::ln2, 4 * kEps);
  check::close(polygamma(1, 0.5), std::numbers::pi * std::numbers::pi / 2, 4 * kEps);
}

void heaviside_and_copysign() {
  check::same(heaviside(-1.0, 0.5), 0);
  check::same(heaviside(0.0, 0.5), 0.5);
  check::same(heaviside(kNaN, 0.5), kNaN);
  slopes([](const D& x, const D& h) { return heaviside(x, h); }, 0, 0.5, 0, 1);
  slopes([](const D& x, const D& h) { return heaviside(x, h); }, 2, 0.5, 0, 0);
  slopes([](const D& a, const D& b) { return copysign(a, b); }, -3, 2, -1, 0);
  slopes([](const D& a, const D& b) { return copysign(a, b); }, -3, -0.0, 1, 0);
}

void division_with_remainder() {
  check::same(mod(-7.0, 3.0), 2);
  check::same(mod(7.0, -3.0), -2);
  check::same(mod(-6.0, 3.0), 0);
  check::same(mod(6.0, -3.0), -0.0);
  check::same(mod(5.0, 0.0), kNaN);
  check::same(fmod(-7.0, 3.0), -1);
  check::same(floor_divide(-7.0, 3.0), -3);
  check::same(floor_divide(1.0, 0.1), 9);
  check::same(floor_divide(5.0, 0.0), kInf);
  check::same(floor_divide(-0.5, 1e300), -1);
  slopes([](const D& a, const D& b) { return mod(a, b); }, -7, 3, 1, 3);
  slopes([](const D& a, const D& b) { return mod(a, b); }, 7, 3, 1, -2);
  slopes([](const D& a, const D& b) { return fmod(a, b); }, -7, 3, 1, 2);
  slopes([](const D& a, const D& b) { return floor_divide(a, b); }, 7, 3, 0, 0);
  // 1 / 0.1 rounds to 10, but the remainder 0.0999.. was taken with 9.
  check::same(mod(D(1), D::variable(0.1)).tangent(0), -9);
}

void integers_wrap_and_divide_as_numpy() {
  const auto lowest = std::numeric_limits<std::int64_t>::min();
  check::is_true(ops::Add::value<std::int8_t>(127, 1) == -128, "int8 wraps");
  check::is_true(ops::Negative::value(lowest) == lowest, "-INT_MIN");
  check::is_true(ops::Absolute::value(lowest) == lowest, "|INT_MIN|");
  check::is_true(ops::Multiply::value<std::int64_t>(lowest, -1) == lowest, "INT_MIN * -1");
  check::is_true(ops::FloorDivide::value<int>(-7, 3) == -3, "floor");
  check::is_true(ops::FloorDivide::value<int>(7, -3) == -3, "floor");
  check::is_true(ops::FloorDivide::value<std::int64_t>(lowest, -1) == lowest, "INT_MIN // -1");
  check::is_true(ops::FloorDivide::value<int>(7, 0) == 0, "// 0");
  check::is_true(ops::Remainder::value<int>(-7, 3) == 2, "remainder");
  check::is_true(ops::Remainder::value<std::int64_t>(lowest, -1) == 0, "INT_MIN % -1");
  check::is_true(ops::Fmod::value<int>(-7, 3) == -1, "fmod");
  check::is_true(ops::IntegerPower::value<int>(5, -3) == -243, "power");
  check::is_true(ops::Add::value<bool>(true, true), "bool add is or");
  check::is_true(!ops::Multiply::value<bool>(true, false), "bool multiply is and");
  check::is_true(ops::Maximum::value<int>(3, 5) == 5, "maximum");
  check::is_true(ops::Less::value<unsigned>(3, 5), "less");
}

/// Imaginary part of f(x + ih) / h, exact to rounding, against the rule.
/// Source: Squire & Trapp (1998), Using complex variables to estimate derivatives.
void complex_step_agrees_with_holomorphic_rules() {
  using C = std::complex<double>;
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1 && Op::holomorphic) {
      constexpr double kStep = 1e-200;
      for (const double part : {0.2, 0.6, 0.9}) {
        const Domain& domain = Op::sampling.arguments[0];
        const double x = (1 - part) * domain.lo + part * domain.hi;
        C y;
        double wanted = 0;
        C complex_partial;
        if constexpr (is_parametric<Op>) {
          y = Op::value(3, C(x, kStep));
          wanted = Op::partial(3, x, Op::value(3, x));
          complex_partial = Op::partial(3, C(x), Op::value(3, C(x)));
        } else {
          y = Op::value(C(x, kStep));
          wanted = Op::partial(x, Op::value(x));
          complex_partial = Op::partial(C(x), Op::value(C(x)));
        }
        check::close(y.imag() / kStep, wanted, 1e-13, std::string(Op::name) + ", step");
        check::close(complex_partial.real(), wanted, 1e-13, std::string(Op::name) + ", partial");
      }
    }
  });
}

/// Off the real line: the rules' branches join holomorphically.
void complex_partials_are_slopes_of_values() {
  using C = std::complex<double>;
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1 && Op::holomorphic &&
                  !is_parametric<Op>) {
      const C h(3e-6, 2e-6);
      const Domain& domain = Op::sampling.arguments[0];
      for (const double part : {0.45, 0.55, 0.9}) {
        // In the tails a difference of values holds no digit.
        const double lo = std::max(domain.lo, -2.0), hi = std::min(domain.hi, 2.0);
        const C z((1 - part) * lo + part * hi, 0.3);
        const C slope = (Op::value(z + h) - Op::value(z - h)) / (2.0 * h);
        const C got = Op::partial(z, Op::value(z));
        check::close(std::abs(got - slope) / std::abs(slope) + 1, 1, 1e-8, std::string(Op::name));
      }
    }
  });
}

}  // namespace

int main() {
  return check::run({
      {"absolute and sign", absolute_and_sign},
      {"ties of extrema are shared", ties_of_extrema_are_shared},
      {"extrema and NaN", extrema_and_nan},
      {"clip feels the slope on its borders", clip_feels_the_slope_on_its_borders},
      {"hypot and arctan2", hypot_and_arctan2_at_zero_and_far_out},
      {"logaddexp at infinity", sums_of_exponentials_at_infinity},
      {"saturating functions at infinity", saturating_functions_at_infinity},
      {"gamma family at poles", gamma_family_at_poles},
      {"heaviside and copysign", heaviside_and_copysign},
      {"division with remainder", division_with_remainder},
      {"integers wrap and divide as NumPy's", integers_wrap_and_divide_as_numpy},
      {"complex partials are slopes of values", complex_partials_are_slopes_of_values},
      {"complex step", complex_step_agrees_with_holomorphic_rules},
  });
}
