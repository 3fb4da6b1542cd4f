// Dual: constants, comparisons, nesting, the cases where 0 * inf or 0 * log(negative) lurk.
#include <dualtape/dual.hpp>

#include <complex>

#include "check.hpp"

namespace {

using namespace dualtape;
using D = Dual<double>;
using DD = Dual<D>;
constexpr double kEps = std::numeric_limits<double>::epsilon();

DD second_order(double x) { return DD::variable(D::variable(x)); }
double first(const DD& y) { return y.tangent(0).value(); }
double second(const DD& y) { return y.tangent(0).tangent(0); }

void constants_mix_on_either_side() {
  const D x = D::variable(3);
  const D y = 2 * x + 1.5 - x / 4 + 6 / x - 2.0F;
  check::close(y.value(), 6 + 1.5 - 0.75 + 2 - 2, kEps);
  check::close(y.tangent(0), 2 - 0.25 - 6.0 / 9, kEps);
  D z = x;
  z += 1;
  z *= x;
  z -= 0.5;
  z /= 2;
  check::close(z.value(), (4 * 3 - 0.5) / 2, kEps);
  check::close(z.tangent(0), 7.0 / 2, kEps);
  check::same((-x).tangent(0), -1);
  check::close(hypot(x, 4).tangent(0), 0.6, kEps);
  check::close(arctan2(4, x).tangent(0), -4.0 / 25, 2 * kEps);
}

void inner_duals_are_constants_of_outer_ones() {
  const D inner = D::variable(2);
  const DD outer = DD::variable(D(5));
  const DD y = inner * outer * outer;
  check::same(y.tangent(0).value(), 20);
  check::same(y.tangent(0).tangent(0), 10);
}

void lanes_are_independent() {
  using D3 = Dual<double, 3>;
  const D3 x = D3::variable(2, 0), y = D3::variable(3, 1), z = D3::variable(5, 2);
  const D3 f = x * y / z;
  check::close(f.tangent(0), 3.0 / 5, kEps);
  check::close(f.tangent(1), 2.0 / 5, kEps);
  check::close(f.tangent(2), -6.0 / 25, kEps);
  check::throws<std::out_of_range>([] { (void)D3::variable(1, 3); }, "lane must be below 3, got 3");
}

/// d/dx (x * d/dy (x + y)) = 1 at x = 1: a tangent taken for the other's would give 2.
/// Source: Siskind & Pearlmutter (2005), Perturbation confusion and referential transparency.
void perturbations_are_not_confused() {
  const auto derivative = [](auto f, auto x) {
    using T = decltype(x);
    return f(Dual<T>::variable(x)).tangent(0);
  };
  const double slope = derivative(
      [&](const auto& x) { return x * derivative([&](const auto& y) { return x + y; }, x); }, 1.0);
  check::same(slope, 1);
  const double product = derivative(
      [&](const auto& x) { return x * derivative([&](const auto& y) { return x * y; }, x); }, 3.0);
  check::same(product, 6);
}

void fifth_derivative_of_a_quotient() {
  // 1/(1 - x) at 0: the n-th derivative is n!.
  using D3 = Dual<DD>;
  using D4 = Dual<D3>;
  using D5 = Dual<D4>;
  const auto x = D5::variable(D4::variable(D3::variable(second_order(0))));
  const D5 y = 1 / (1 - x);
  check::same(y.tangent(0).tangent(0).tangent(0).tangent(0).tangent(0), 120);
}

void comparisons_compare_values() {
  const D x(1, D::Tangent(5.0));
  check::is_true(x < 2 && 2 > x && x == 1.0 && x != 3 && x <= x && x >= 1, "comparisons");
  check::is_true(isnan(D(kNaN)) && isinf(D(-kInf)) && isfinite(x), "tests of numbers");
  check::is_true(!logical_not(x) && logical_and(x, 2) && !logical_xor(x, 2), "logic");
}

void power_at_zero_base() {
  // wanted: d/dx and d2/dx2 of x^p at 0
  const double wanted[][3] = {{0, 0, 0}, {1, 1, 0}, {2, 0, 2}, {3, 0, 0}, {0.5, kInf, -kInf}};
  for (const auto& [p, w1, w2] : wanted) {
    const DD y = power(second_order(0), p);
    check::same(first(y), w1, "power 0^" + check::text(p));
    check::same(second(y), w2, "power 0^" + check::text(p));
  }
  const auto exponent_slope = [](double a, double b) {
    return power(a, D::variable(b)).tangent(0);
  };
  check::same(exponent_slope(0, 2), 0);
  check::same(exponent_slope(0, 0), 0);
  check::same(exponent_slope(0, -1), -kInf);
  check::same(exponent_slope(kInf, -1), 0);
  check::same(exponent_slope(1, 3), 0);
  check::is_true(std::isnan(exponent_slope(-2, 3)), "a^b in b at a < 0 has no derivative");
}

void power_of_negative_base_with_constant_exponent() {
  const DD y = power(second_order(-2), 3.0);
  check::same(base_value(y), -8);
  check::same(first(y), 12);
  check::same(second(y), -12);
  const DD reciprocal_cube = power(second_order(-2), -3.0);
  check::close(second(reciprocal_cube), 12 * std::pow(-2.0, -5), kEps);
  check::same(second(pow(second_order(-2), 3)), -12, "integer exponent");
  const DD constant = power(second_order(-2), 0.0);
  check::same(first(constant), 0);
  check::same(second(constant), 0);
  check::close(power(D(2), D::variable(3)).tangent(0), 8 * std::log(2), 2 * kEps);
}

/// At b = 0 the mixed derivative of a^b is 1/a, although d/da = 0: a rule that returns a constant 0
/// there loses it.
void mixed_derivative_of_power_at_zero_exponent() {
  using I = Dual<double, 2>;
  using O = Dual<I, 2>;
  const O y = power(O::variable(I::variable(4, 0), 0), O::variable(I::variable(0, 1), 1));
  check::same(y.tangent(0).value(), 0);
  check::close(y.tangent(0).tangent(1), 0.25, kEps);
  check::close(y.tangent(1).tangent(0), 0.25, kEps);
}

void guarded_branches_do_not_poison() {
  const auto safe_sqrt = [](const DD& x) {
    const auto positive = x > 0;
    return select(positive, sqrt(select(positive, x, DD(1))), DD(0));
  };
  check::same(first(safe_sqrt(second_order(0))), 0);
  check::same(first(safe_sqrt(second_order(4))), 0.25);
  // The branch not taken may even be infinite.
  const DD y = where(second_order(0) > 0, sqrt(second_order(0)), 0);
  check::same(first(y), 0);
}

void kinks_of_roots_are_infinite_not_nan() {
  check::same(first(sqrt(second_order(0))), kInf);
  check::same(second(sqrt(second_order(0))), -kInf);
  check::same(first(cbrt(second_order(0))), kInf);
  check::same(first(arcsin(second_order(1))), kInf);
  check::same(first(arccosh(second_order(1))), kInf);
  // Undetermined, so NaN: the tangent 0 of x^2 meets the slope inf of the root.
  check::is_true(std::isnan(first(power(second_order(0) * second_order(0), 0.25))), "0 * inf");
}

void complex_duals_differentiate_holomorphic_functions() {
  using C = std::complex<double>;
  using DC = Dual<C>;
  const C z(0.3, -0.7);
  const DC y = exp(DC::variable(z)) * 2 / DC::variable(z);
  const C wanted = 2.0 * std::exp(z) * (z - 1.0) / (z * z);
  check::close(y.tangent(0).real(), wanted.real(), 8 * kEps);
  check::close(y.tangent(0).imag(), wanted.imag(), 8 * kEps);
}

void float_duals_stay_float() {
  using F = Dual<float>;
  const F y = tanh(F::variable(0.5F) * 2.0) + 1;
  static_assert(std::same_as<decltype(y.value()), const float&>);
  check::close(static_cast<double>(y.tangent(0)), 2 / std::pow(std::cosh(1.0), 2), 1e-6);
}

}  // namespace

int main() {
  return check::run({
      {"constants mix on either side", constants_mix_on_either_side},
      {"inner duals are constants of outer ones", inner_duals_are_constants_of_outer_ones},
      {"lanes are independent", lanes_are_independent},
      {"perturbations are not confused", perturbations_are_not_confused},
      {"fifth derivative of a quotient", fifth_derivative_of_a_quotient},
      {"comparisons compare values", comparisons_compare_values},
      {"power at a zero base", power_at_zero_base},
      {"power of a negative base", power_of_negative_base_with_constant_exponent},
      {"mixed derivative of power at exponent 0", mixed_derivative_of_power_at_zero_exponent},
      {"guarded branches do not poison", guarded_branches_do_not_poison},
      {"kinks of roots are infinite, not NaN", kinks_of_roots_are_infinite_not_nan},
      {"complex duals", complex_duals_differentiate_holomorphic_functions},
      {"float duals stay float", float_duals_stay_float},
  });
}
