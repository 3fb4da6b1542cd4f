// The incomplete beta function in all its arguments, Bessel functions in theirs, and derivatives
// that do not exist.
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

/// A Bessel function and its first three derivatives: mpmath's, of 40 digits.
struct BesselRow {
  std::string_view name;
  double v, x;
  std::array<double, 4> wanted;
};
constexpr BesselRow kBesselRows[] = {
    {"jv",
     0,
     1.5,
     {0.51182767173591813, -0.55793650791009964, -0.1398699997958517, 0.40321139314728982}},
    {"jv",
     2.25,
     3.5,
     {0.46789232451583315, -0.040432441966071948, -0.26297653351643257, -0.014934861313557226}},
    {"jv",
     -0.75,
     40.0,
     {-0.11392468528972473, -0.052775664493417393, 0.115204025254888, 0.049846027709546948}},
    {"yv",
     0,
     1.5,
     {0.38244892379775884, 0.4123086269739113, -0.65732134178036637, 0.20915387953473797}},
    {"yv",
     2.25,
     3.5,
     {-0.06701174983672302, 0.39453695337048886, -0.073406725293490962, -0.1624831380638499}},
    {"yv",
     -0.75,
     40.0,
     {0.054205289525125182, -0.11459126792620098, -0.05132145127987148, 0.11576144584575865}},
    {"iv",
     0,
     1.5,
     {1.6467231897728908, 0.98166642857790759, 0.99227890405428579, 0.75644334968745377}},
    {"iv",
     2.25,
     3.5,
     {3.2562388153789839, 3.5582432584082479, 3.5852884152505951, 3.5258764490045863}},
    {"iv",
     3,
     40.0,
     {13291455664733660.0, 13162545810401908.0, 13037156457587739.0, 12915144588371520.0}},
    {"ive",
     0,
     1.5,
     {0.36743360905415834, -0.14839422163323267, 0.15076218498584822, -0.20575217335302873}},
    {"ive",
     2.25,
     3.5,
     {0.09832989202263536, 0.0091197439613984311, -0.0083030509905133322, 0.005692272095023661}},
    {"ive",
     3,
     40.0,
     {0.056466812232290738, -0.00054765472819931615, 1.4956337602982159e-5,
      -6.0759078745175202e-7}},
    {"kv",
     0,
     1.5,
     {0.21380556264752574, -0.27738780045684382, 0.39873076295208828, -0.6664917759612777}},
    {"kv",
     2.25,
     3.5,
     {0.036803290918789215, -0.047526988249249322, 0.065591953706441707, -0.098479712106285141}},
    {"kv",
     -0.75,
     40.0,
     {8.4513562573224908e-19, -8.5578036058237122e-19, 8.6682725274022985e-19,
      -8.7830162080892927e-19}},
    {"kve",
     0,
     1.5,
     {0.9582100532948965, -0.2849558202576565, 0.25886560851972233, -0.39733456816883144}},
    {"kve",
     2.25,
     3.5,
     {1.2187576123429413, -0.3551200837664087, 0.24310941196668184, -0.24775407561932248}},
    {"kve",
     -0.75,
     40.0,
     {0.1989324747764573, -0.0025056137531053279, 9.466190519200824e-5, -5.9596261476495735e-6}},
};

template <class X>
X bessel(std::string_view name, double v, const X& x) {
  if (name == "jv") return jv(v, x);
  if (name == "yv") return yv(v, x);
  if (name == "iv") return iv(v, x);
  if (name == "ive") return ive(v, x);
  return name == "kv" ? X(kv(v, x)) : X(kve(v, x));
}

void bessel_functions() {
  Tape<Dual<Dual<double>>> tape;
  for (const BesselRow& row : kBesselRows) {
    const auto y = bessel(row.name, row.v, Taylor<double, 3>::variable(row.x));
    for (int k = 0; k < 4; ++k) {
      const double wanted = row.wanted[static_cast<std::size_t>(k)];
      check::close(y.derivative(k), wanted, 1e-11,
                   std::string(row.name) + ", order " + std::to_string(k));
    }
    tape.reset();
    const auto recording = tape.record();
    const auto x = tape.variable(Dual<Dual<double>>::variable(Dual<double>::variable(row.x)));
    const Var<Dual<Dual<double>>> z = bessel(row.name, row.v, x);
    tape.start_sweep();
    tape.set_cotangent(z, 1.0);
    tape.pullback();
    check::close(tape.cotangent(x).value().value(), row.wanted[1], 1e-12, "slope in reverse");
    check::close(tape.cotangent(x).tangent(0).tangent(0), row.wanted[3], 1e-11, "third order");
  }
}

void orders_of_bessel_functions_are_constants() {
  const auto v = Dual<double>::variable(0.5);
  check::throws<DerivativeError>([&] { jv(v, 1.5); }, "jv: no derivative in the order v");
  check::throws<DerivativeError>([&] { kve(v, v); }, "kve: no derivative in the order v");
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
      {"Bessel functions", bessel_functions},
      {"orders of Bessel functions are constants", orders_of_bessel_functions_are_constants},
      {"normal quantile", normal_quantile},
  });
}
