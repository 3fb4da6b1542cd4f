// Dual's tangents in vector registers: every count of lanes, with and without numbers to spare in
// the last register. Built for the plain processor and for the one it runs on.
#include <dualtape/dual.hpp>

#include <complex>
#include <span>
#include <vector>

#include "check.hpp"

namespace {

using namespace dualtape;
constexpr double kEps = std::numeric_limits<double>::epsilon();

template <class F>
void for_each_count(F f) {
  [&]<int... N>(std::integer_sequence<int, N...>) {
    (f.template operator()<N>(), ...);
  }(std::integer_sequence<int, 1, 2, 3, 4, 6, 8, 9, 15, 17, 33>());
}

/// Every operation that Dual treats on its own, numbers on either side too.
template <class T>
T model(const std::vector<T>& x) {
  using std::exp, std::sqrt;
  T sum(0.25);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const T& a = x[i];
    const T& b = x[(i + 1) % x.size()];
    const T part = exp(-(a * b)) / (T(1.5) + a * a) - sqrt(a + b) * T(0.5);
    sum = sum + part * part + (T(2) / b - a / T(3)) * (T(1) - a) + sum / T(7) * b;
    sum += (-b) * T(0.125) + (a - T(4));
  }
  return sum;
}

double entry(int i) { return 0.6 + 0.11 * (i % 7) + 0.013 * i; }

template <class T, int N>
void check_gradient(double rtol) {
  using D = Dual<T, N>;
  std::vector<D> x;
  std::vector<std::complex<double>> z;
  for (int i = 0; i < N; ++i) {
    x.push_back(D::variable(static_cast<T>(entry(i)), i));
    z.emplace_back(static_cast<double>(static_cast<T>(entry(i))));
  }
  const D y = model(x);
  double scale = 0;
  std::vector<double> wanted;
  for (int i = 0; i < N; ++i) {
    const auto at = static_cast<std::size_t>(i);
    z[at].imag(1e-30);
    wanted.push_back(model(z).imag() / 1e-30);
    z[at].imag(0);
    scale = std::max(scale, std::abs(wanted.back()));
  }
  check::close(static_cast<double>(y.value()), model(z).real(), rtol, "value");
  for (int i = 0; i < N; ++i) {
    const double error =
        std::abs(static_cast<double>(y.tangent(i)) - wanted[static_cast<std::size_t>(i)]);
    check::is_true(error <= rtol * scale,
                   "tangent " + std::to_string(i) + " of " + std::to_string(N));
  }
}

void gradients_at_every_count_of_lanes() {
  for_each_count([]<int N> {
    check_gradient<double, N>(64 * kEps);
    check_gradient<float, N>(3e-5);
  });
}

/// A constant in a Dual adds nothing, whatever it is multiplied with; other tangents become what
/// IEEE arithmetic makes of them.
void constants_meet_infinities() {
  for_each_count([]<int N> {
    using D = Dual<double, N>;
    const std::string count = std::to_string(N) + " lanes";
    const D zero = D::variable(0, N - 1);
    D infinite(kInf);
    infinite.tangent(N - 1) = 2;
    check::same((D(0.5) / zero).tangent(N - 1), -kInf, count);
    check::same((D(-3) * infinite).tangent(N - 1), -6, count);
    check::same((infinite * D(-3)).tangent(N - 1), -6, count);
    check::same((D(0) * infinite).tangent(N - 1), 0, count);
    check::same((kInf * D(2)).tangent(N - 1), 0, count);
    check::same((D(2) / 0.0).tangent(N - 1), 0, count);
    check::same((infinite * infinite).tangent(N - 1), kInf, count);
    check::same(power(D::variable(-2, N - 1), D(3)).tangent(N - 1), 12, count);
  });
}

/// What is in a register past the last lane is never looked at.
void spare_numbers_are_not_read() {
  for_each_count([]<int N> {
    using D = Dual<double, N>;
    D x(0);
    for (int i = 0; i < N; ++i) x.tangent(i) = 1;
    D y = sqrt(x);  // spare numbers: 0 * inf
    for (int i = 0; i < N; ++i) {
      check::same(y.tangent(i), kInf);
      y.tangent(i) = 0;
    }
    const D infinite(kInf, D::Tangent::Constant(2));
    for (int i = 0; i < N; ++i) check::same(((y + 1.0) * infinite).tangent(i), 2);
  });
}

void tangents_are_eigen_arrays() {
  using D = Dual<double, 5>;
  D x(2, D::Tangent(1, 2, 3, 4, 5));
  x.tangent() *= 2;
  const D y = x * x;
  Eigen::Matrix<double, 2, 5> rows;
  rows.row(0) = y.tangent().transpose();
  rows.row(1) = x.tangent().matrix();
  for (int i = 0; i < 5; ++i) {
    check::same(rows(0, i), 8.0 * (i + 1));
    check::same(rows(1, i), 2.0 * (i + 1));
  }
  const D copy(y.value(), y.tangent() / 2);
  check::same(copy.tangent(4), 20);
}

/// An array of duals may begin anywhere that a number may.
void duals_lie_at_any_address() {
  using D = Dual<double, 16>;
  static_assert(alignof(D) == alignof(double) && sizeof(D) == 17 * sizeof(double));
  static_assert(sizeof(Dual<double>) == 2 * sizeof(double));
  std::vector<double> room(3 * 17 + 8);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    D* x = new (room.data() + offset) D[3]{D::variable(3, 0), D::variable(5, 15), D(2)};
    const D y = x[0] * x[1] / x[2];
    check::same(y.tangent(0), 2.5);
    check::same(y.tangent(15), 1.5);
  }
}

}  // namespace

int main() {
  return check::run({
      {"gradients at every count of lanes", gradients_at_every_count_of_lanes},
      {"constants meet infinities", constants_meet_infinities},
      {"spare numbers are not read", spare_numbers_are_not_read},
      {"tangents are Eigen arrays", tangents_are_eigen_arrays},
      {"duals lie at any address", duals_lie_at_any_address},
  });
}
