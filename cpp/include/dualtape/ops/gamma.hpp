/// Numerical kernels of gammaln, digamma and polygamma in double precision: B is double or a block
/// of lanes (cpp/engine/kernels/simd), and a condition `any` lane fulfils is a branch of the scalar
/// code.
///
/// Polynomials by Chebyshev interpolation with mpmath at 60 digits. Sources: Abramowitz & Stegun
/// (1964) 6.1.17, 6.1.40, 6.3.7, 6.3.18, 6.4.10; DLMF 25.11.28 (Euler-Maclaurin sum of the Hurwitz
/// zeta function).
#pragma once

#include <dualtape/ops/polynomial.hpp>

#include <cmath>
#include <concepts>
#include <numbers>

namespace dualtape::ops::detail {

/// log Gamma(2 + t) / (t (1 + t)) for |t| <= 1, error 6e-18.
template <class B>
B log_gamma_quotient(const B& t) {
  constexpr std::array kP{0.42278433509846713,     -0.10031730167435392,    0.03296500062115691,
                          -0.012384192193371805,   0.004998641164627129,    -0.0021081308339216706,
                          0.0009153769240386907,   -0.0004057073983775151,  0.0001825526153982638,
                          -8.309511477709561e-05,  3.816907658276081e-05,   -1.7661767658452517e-05,
                          8.221234475942905e-06,   -3.846858091533014e-06,  1.8113906873056685e-06,
                          -8.54560908975883e-07,   3.958940459367468e-07,   -1.878442644643758e-07,
                          1.042041826608264e-07,   -4.9827532071170234e-08, 5.910565853507869e-09,
                          -2.7296358592514825e-09, 1.6194359237484174e-08,  -7.842557720538356e-09,
                          -4.312495770350818e-09,  2.0986002157033107e-09,  1.5746606982777302e-09,
                          -7.639292345836201e-10};
  return horner(t, kP);
}

/// log Gamma for x >= 0: on [1, 3] (x - 1)(x - 2) q(x - 2), relatively exact at the two zeros;
/// below and up to 8 from there by Gamma(x + 1) = x Gamma(x); beyond, (x - 1/2)(log(x) - 1) + log(2
/// pi)/2 - 1/2 + q(1/x^2)/x, where the difference cancels nothing.
template <class B>
B log_gamma_of_positive(const B& x) {
  using std::log;
  constexpr std::array kQ{0.08333333333333333,    -0.002777777777773988, 0.000793650789752374,
                          -0.0005952365844987332, 0.0008414700845084233, -0.0018903829559755586,
                          0.005065904614765912};
  constexpr double kConstant = 0.4189385332046727;  // log(2 pi)/2 - 1/2
  const auto near = x < B(8), small = x < B(1);
  B u = select(near, x, B(2)), product = B(1);  // Gamma(x) = product Gamma(u)
  for (auto above = u > B(3); any(above); above = u > B(3)) {
    product = select(above, product * (u - B(1)), product);
    u = select(above, u - B(1), u);
  }
  const B logarithm = log(select(near, select(small, x, product), x));
  B y = B(0);
  if (any(near)) {
    const B zeros = select(small, x * (x - B(1)), (u - B(1)) * (u - B(2)));
    const B p = zeros * log_gamma_quotient(select(small, x - B(1), u - B(2)));
    y = select(small, p - logarithm, p + logarithm);
  }
  if (any(!near)) {
    const B r = B(1) / x;
    const B rest = multiply_add(r, horner(r * r, kQ), B(kConstant));
    y = select(near, y, multiply_add(x - B(0.5), logarithm - B(1), rest));
  }
  return y;
}

/// log |Gamma(x)|; x < 0: log(pi / |x sin(pi x)|) - log Gamma(-x), whose zeros below -2 are exact
/// relatively to the two parts only. inf at the poles; -inf at -inf, as SciPy's.
template <class B>
B log_gamma_of_any(const B& x) {
  using std::abs;
  using std::log;
  using std::rint;
  // sin(pi r) / r in r^2, |r| <= 1/2.
  constexpr std::array kSine{3.141592653589793,      -5.16771278004997,       2.5501640398773455,
                             -0.5992645293207869,    0.08214588661099356,     -0.007370430943702136,
                             0.0004663027874593273,  -2.1915250301851375e-05, 7.94853903737232e-07,
                             -2.2283712160696967e-08};
  const B size = abs(x);
  const B y = log_gamma_of_positive(size);
  const auto reflected = x < B(-0x1p-70);  // nearer to 0 -log |x|
  if (!any(reflected)) return y;
  const B r = size - rint(size);
  const B sine = abs(r) * horner(r * r, kSine);
  const B between = -log(size * (sine * B(std::numbers::inv_pi))) - y;
  const B edges = select(size == B(kInf), x, select(r == B(0), B(kInf), between));
  return select(reflected, edges, y);
}

/// digamma for x > 0: on [1, 3] (x - x0) p(x - 2), x0 its zero, error of p 4e-17; below 1 less 1/x;
/// beyond, log(x) - 1/(2x) - q(1/x^2)/x^2.
template <class B>
B digamma_of_positive(const B& x) {
  using std::log;
  constexpr double kRoot = 1.4616321449683622;
  constexpr double kRootTail = 9.549995429965697e-17;
  constexpr std::array kP{0.7853075386041053,      -0.2607389546830014,     0.10899991701762626,
                          -0.04955103291767291,    0.023447309597724546,    -0.011338432553333682,
                          0.005552254171350814,    -0.0027395728831692795,  0.0013581421903714414,
                          -0.000675313369799565,   0.00033643237613001386,  -0.00016781518722379935,
                          8.377966540530644e-05,   -4.184622931937881e-05,  2.0891708911121205e-05,
                          -1.044106631983514e-05,  5.26871942897218e-06,    -2.6338311326151924e-06,
                          1.2119815782595426e-06,  -6.059322795045256e-07,  4.6173797029851077e-07,
                          -2.3086248081342955e-07, -5.6422994902202784e-08, 2.821220170829738e-08,
                          1.1540536834062045e-07,  -5.77025926771739e-08,   -3.5705337308985145e-08,
                          1.7852672191376552e-08,  1.0201545142033868e-08,  -5.100770214989469e-09};
  constexpr std::array kQ{0.08333333333333326,   -0.008333333333142597, 0.003968253884919726,
                          -0.004166652178617216, 0.00757443060686844,   -0.021019164826577372,
                          0.08064047234543782,   -0.37430042587956214,  1.74586310759598,
                          -6.706332543765989,    17.261878213050952,    -21.298604716824823};
  const auto near = x < B(3), small = x < B(1);
  B y = B(0);
  if (any(near)) {
    const B v = select(near, x, B(2));
    const B from_root = (v - select(small, B(kRoot - 1), B(kRoot))) - B(kRootTail);
    y = from_root * horner(v - select(small, B(1), B(2)), kP);
    if (any(small)) y = select(small, y - B(1) / v, y);
  }
  if (any(!near)) {
    const B r = B(1) / x;
    const B rest = multiply_add(r, horner(r * r, kQ), B(0.5));
    y = select(near, y, log(x) - r * rest);
  }
  return y;
}

/// pi cot(pi x): 0 at half-integers, NaN at integers. With e(r) = pi r cot(pi r) = 1 - r^2 q(r^2):
/// e(r) / r for |r| <= 1/4, else pi^2 s / e(s) with s = 1/2 - |r|.
template <class B>
B pi_cot_pi(const B& x) {
  using std::abs;
  using std::copysign;
  using std::rint;
  constexpr std::array kQ{3.289868133696453,  2.164646467422292,  2.03468612396084,
                          2.008154714041266,  2.0019889799437163, 2.0005022743772565,
                          1.9997590854471101, 2.0080732280868987, 1.8937276859767016,
                          2.754503987392808};
  const B r = x - rint(x);
  const auto near = abs(r) <= B(0.25);
  const B s = select(near, r, copysign(B(0.5) - abs(r), r));
  const B z = s * s;
  const B e = B(1) - z * horner(z, kQ);
  const B square_of_pi = B(std::numbers::pi * std::numbers::pi);
  const B y = select(near, e, square_of_pi * s) / select(near, s, e);
  return select(r == B(0), B(kNaN), y);
}

/// digamma : -inf at +0, +inf at -0, NaN at the other poles, as SciPy's; x < 0 by reflection, its
/// zeros there relatively to pi cot(pi x) only.
template <class B>
B digamma_of_any(const B& x) {
  using std::copysign;
  const auto reflected = x <= B(0);
  if (!any(reflected)) return digamma_of_positive(x);
  const B y = digamma_of_positive(select(reflected, B(1) - x, x));
  const B at_zero = copysign(B(kInf), -x);
  return select(reflected, select(x == B(0), at_zero, y - pi_cot_pi(x)), y);
}

/// Orders above this overflow in n!.
inline constexpr int kMaxPolygammaOrder = 100;

/// n!, rounded once.
inline constexpr auto kFactorials = [] {
  std::array<double, kMaxPolygammaOrder + 1> table{};
  long double factorial = 1;
  for (std::size_t n = 0; n < table.size(); ++n) {
    table[n] = static_cast<double>(factorial);
    factorial *= static_cast<long double>(n + 1);
  }
  return table;
}();

/// x^-n for n > 0; blocks have their own.
inline double reciprocal_power(double x, int n) { return std::pow(x, -n); }

/// n! zeta(n + 1, x) = n! sum_{k >= 0} (x + k)^-(n + 1), the numbers that depend on n alone.
struct ZetaSeries {
  using Tail = std::array<double, 11>;
  double unit;    // a power of 2: powers are those of x / unit, in the range of the result's
  double factor;  // n! unit^-(n + 1)
  double far;     // from here on the sum is x^-n (1/n + 1/(2x) + tail(1/x^2)/x^2)
  Tail tail;

  explicit ZetaSeries(int n) {
    const double factorial = kFactorials[static_cast<std::size_t>(n)];
    const int exponent = std::ilogb(factorial) / (n + 1);
    unit = std::ldexp(1.0, exponent);
    factor = std::ldexp(factorial, -exponent * (n + 1));
    far = n == 1 ? 4 : n <= 3 ? 5 : 10 + n;
    tail = tail_of(n);
  }

  /// n < 4: interpolated, errors 3e-18, 2e-18, 1e-17 of the sum. Else Euler and Maclaurin's
  /// B_2j / (2j)! (n + 1) ... (n + 2j - 1).
  static Tail tail_of(int n) {
    if (n == 1)
      return {0.1666666666666666,  -0.03333333333305122, 0.023809523626543344, -0.03333328646244936,
              0.07575132348439269, -0.2526166785216102,  1.1412561783450001,   -6.212800648007919,
              33.49415360194965,   -137.64267130406716,  291.52671205810844};
    if (n == 2)
      return {0.24999999999999997, -0.08333333333324344, 0.08333333324255492, -0.1499999638978052,
              0.41665921755239166, -1.644327320802733,   8.678946298998314,   -56.58635601913898,
              390.029164524177,    -2200.953367087874,   6737.536724458018};
    if (n == 3)
      return {0.3333333333333332, -0.16666666666600685, 0.22222222155543658, -0.4999997344435306,
              1.6666117485463505, -7.671039837923976,   46.13821600337567,   -333.9735622239293,
              2476.249063408744,  -14609.979304110653,  45887.22345631602};
    Tail c{0.08333333333333333,    -0.001388888888888889,   3.306878306878307e-05,
           -8.267195767195768e-07, 2.08767569878681e-08,    -5.284190138687493e-10,
           1.3382536530684679e-11, -3.3896802963225827e-13, 8.586062056277845e-15,
           -2.174868698558062e-16, 5.5090028283602295e-18};  // B_2j / (2j)!
    double rising = n + 1;
    for (std::size_t j = 0; j < c.size(); ++j) {
      c[j] *= rising;
      const double m = n + 1 + 2.0 * static_cast<double>(j);
      rising *= (m + 1) * (m + 2);
    }
    return c;
  }

  /// n! zeta(n + 1, x) for x > 0; a subnormal one to n! units of the last place.
  template <class B>
  B sum(int n, const B& x) const {
    const B per_unit = B(1 / unit);
    B v = x, terms = B(0), lost = B(0);
    for (auto below = v < B(far); any(below); below = v < B(far)) {
      const B term = reciprocal_power(select(below, v, B(1)) * per_unit, n + 1);
      const B longer = terms + term;  // terms fall: what it lost is exact
      lost = select(below, lost + (term - (longer - terms)), lost);
      terms = select(below, longer, terms);
      v = select(below, v + B(1), v);
    }
    const B r = B(1) / v;
    const B w = r * r;
    const B rest = multiply_add(w, horner(w, tail), B(0.5) * r);
    const B last = B(unit) * (reciprocal_power(v * per_unit, n) * (B(1.0 / n) + rest));
    return B(factor) * select(terms < B(kInf), terms + (lost + last), terms);
  }
};

/// polygamma(n, x) = (-1)^(n+1) n! zeta(n + 1, x). With r = x - rint(x), x < 0: the terms
/// (x + k)^-(n+1) are those of r, of the integers after it, and of the integers before it down to
/// x, all of one sign for odd n; for even n they cross 0 where relative accuracy ends. (-1)^(n+1)
/// inf at the poles, as SciPy's; NaN at -inf and for n outside [0, kMaxPolygammaOrder].
template <class B>
B polygamma_of_any(int n, const B& x) {
  using std::rint;
  if (n == 0) return digamma_of_any(x);
  if (n < 0 || n > kMaxPolygammaOrder) return B(kNaN);
  const ZetaSeries series(n);
  const bool odd = n % 2 == 1;
  const B sign = B(odd ? 1 : -1);
  const auto reflected = x <= B(0);
  const B zeta = series.sum(n, select(reflected, B(1) - x, x));
  if (!any(reflected)) return sign * zeta;
  const B r = x - rint(x);
  const B own = B(series.factor) * reciprocal_power(r * B(1 / series.unit), n + 1);
  const B before = series.sum(n, B(1) - r) - zeta;
  const B after = series.sum(n, B(1) + r);
  const B all = own + (odd ? after + before : after - before);
  return sign * select(reflected, select(r == B(0), B(kInf), all), zeta);
}

template <std::floating_point T>
T log_gamma(T x) {
  return static_cast<T>(log_gamma_of_any(static_cast<double>(x)));
}
inline double digamma(double x) { return digamma_of_any(x); }
inline double polygamma(int n, double x) { return polygamma_of_any(n, x); }

}  // namespace dualtape::ops::detail
