// The incomplete beta function in all its arguments, and functions whose derivatives end.
#include <dualtape/dual.hpp>
#include <dualtape/tape.hpp>
#include <dualtape/taylor.hpp>

#include "check.hpp"

namespace {

using namespace dualtape;

constexpr double kTolerance = 400 * std::numeric_limits<double>::epsilon();

/// f, f_a f_b f_x, f_aa f_ab f_ax f_bb f_bx f_xx of betainc: mpmath's, of 40 digits.
struct Row {
  std::array<double, 3> point;
  std::array<double, 10> wanted;
};
constexpr Row kRows[] = {
    {{0.7, 1.9, 0.3},
     {0.62517439241588025, -0.48019601642702408, 0.16710406937191534, 1.1920962174148836,
      0.23631312249594745, 0.090235542992565405, 0.91445486516337836, -0.086396601671687759,
      0.045524184807547077, -2.7247913540911625}},
    {{4.5, 2.25, 0.8},
     {0.75451780005620228, -0.074633814996847317, 0.21453883884755568, 2.1054048692047596,
      -0.001529655512129852, 0.032135096173129026, 0.46661864284794913, -0.14997950436413914,
      -0.73339876282628444, -3.9476341297589276}},
    {{60.0, 35.0, 0.6},
     {0.25840779172185662, -0.026364173177580665, 0.042358420725656988, 6.3848557016016125,
      0.0016324757429732102, -0.0022692715581512745, -0.30780881710592927, 0.0030372918935887967,
      0.58306146489913605, 85.13140935468822}}};

template <class Y>
void check_row(const Y& y, const Row& row) {
  std::vector<double> got{y.value().value()};
  for (int i = 0; i < 3; ++i) got.push_back(y.tangent(i).value());
  for (int i = 0; i < 3; ++i) {
    for (int j = i; j < 3; ++j) got.push_back(y.tangent(i).tangent(j));
  }
  for (std::size_t k = 0; k < got.size(); ++k) {
    check::close(got[k], row.wanted[k], kTolerance, "betainc, entry " + std::to_string(k));
  }
}

using Inner = Dual<double, 3>;
using Outer = Dual<Inner, 3>;

void betainc_in_forward_mode() {
  for (const Row& row : kRows) {
    const auto at = [&](std::size_t k) {
      const auto lane = static_cast<int>(k);
      return Outer::variable(Inner::variable(row.point[k], lane), lane);
    };
    check_row(betainc(at(0), at(1), at(2)), row);
  }
}

void betainc_in_reverse_mode() {
  Tape<Inner> tape;
  for (const Row& row : kRows) {
    tape.reset();
    const auto recording = tape.record();
    std::array<Var<Inner>, 3> x;
    for (std::size_t k = 0; k < 3; ++k) {
      x[k] = tape.variable(Inner::variable(row.point[k], static_cast<int>(k)));
    }
    const Var<Inner> y = betainc(x[0], x[1], x[2]);
    tape.start_sweep();
    tape.set_cotangent(y, Inner(1));
    tape.pullback();
    Outer result(y.value());
    for (int k = 0; k < 3; ++k) {
      result.tangent(k) = tape.cotangent(x[static_cast<std::size_t>(k)]);
    }
    check_row(result, row);
  }
}

void constants_stand_beside_variables() {
  const Row& row = kRows[1];
  const auto x = Dual<double>::variable(row.point[2]);
  check::close(betainc(4.5, 2.25, x).tangent(0), row.wanted[3], kTolerance);
  const auto a = Dual<double>::variable(row.point[0]);
  check::close(betainc(a, 2.25, 0.8).tangent(0), row.wanted[1], kTolerance);
  check::close(betainc(4.5, 2.25, 0.8), row.wanted[0], kTolerance);
  // gammainc(3, x) = 1 - (1 + x + x^2/2) exp(-x)
  const auto y = gammainc(3, Taylor<double, 2>::variable(1.5));
  check::close(y.derivative(1), 1.125 * std::exp(-1.5), kTolerance);
  check::close(y.derivative(2), (1.5 - 1.125) * std::exp(-1.5), kTolerance);
}

void derivatives_in_a_parameter_end() {
  check::throws<DerivativeError>([] { gammainc(Taylor<double, 9>::variable(2.5), 1.5); },
                                 "gammainc: derivatives in argument 0 exist up to order 7");
}

void normal_quantile() {
  const auto p = Dual<double>::variable(0.975);
  // 1 / density
  check::close(ndtri(p).value(), 1.9599639845400542, kTolerance);
  check::close(ndtri(p).tangent(0), 17.110083080332703, 4 * kTolerance);
}

}  // namespace

int main() {
  return check::run({
      {"betainc in forward mode", betainc_in_forward_mode},
      {"betainc in reverse mode", betainc_in_reverse_mode},
      {"constants stand beside variables", constants_stand_beside_variables},
      {"derivatives in a parameter end", derivatives_in_a_parameter_end},
      {"normal quantile", normal_quantile},
  });
}
