/// Numerical kernel of erfc in double precision.
#pragma once

#include <dualtape/ops/polynomial.hpp>

#include <cmath>
#include <concepts>

namespace dualtape::ops::detail {

/// h(t) with exp(x^2) erfc(x) = h / (1 + 2x), t = (x - 3)/(x + 3), 1/2 <= x <= 28, error 6e-17.
template <class B>
B scaled_erfc_numerator(const B& x) {
  constexpr std::array kH{1.2530080582697296,      -0.13562110612458134,    -0.04756229435345058,
                          0.1296451587027835,      -0.11927366341532432,    0.06830802734307077,
                          -0.023770514918036445,   0.002529391832675186,    0.0018886903466049378,
                          -0.0007798324398793133,  -0.0001051596522473519,  0.00012510037313823361,
                          4.9484535339192485e-06,  -2.0104454851557477e-05, -7.270603109882931e-07,
                          3.481686983452046e-06,   3.4482536968247793e-07,  -6.299129103282541e-07,
                          -1.2169240627639653e-07, 1.1177528463195771e-07,  2.292393009921899e-08,
                          -1.541055292474667e-08};
  return horner((x - B(3)) / (x + B(3)), kH);
}

/// erfc: up to 1/2 1 - x p(x^2), error of p 2e-17; from there exp(-x^2) h / (1 + 2x); 2 - erfc(-x)
/// below 0. With x = g + d, g a multiple of 2^-16, g^2 is exact and exp(-x^2) = exp(-g^2) exp(-d (x
/// + g)), the last argument at most 5e-4: its series.
template <class B>
B erfc_of_any(const B& x) {
  using std::abs;
  using std::exp;
  using std::rint;
  constexpr std::array kP{1.1283791670955126,     -0.3761263890318375,     0.1128379167095487,
                          -0.02686617064499972,   0.0052239776220169365,   -0.0008548326510724796,
                          0.00012055286202005714, -1.4923003368152099e-05, 1.637123442577e-06,
                          -1.462091340945174e-07};
  constexpr std::array kExp{1.0, 0.5, 1.0 / 6, 1.0 / 24};
  const auto near = abs(x) < B(0.5);
  B y = B(0);
  if (any(near)) y = B(1) - x * horner(x * x, kP);
  if (any(!near)) {
    const B a = select(abs(x) < B(28), abs(x), select(x == x, B(28), x));
    const B g = rint(a * B(0x1p16)) * B(0x1p-16);
    // Relatively small corrections, added last: exp(d) - 1 and what 1 + 2a lost.
    const B d = (g - a) * (a + g);
    const B s = B(1) + (a + a), lost = B(1) - (s - (a + a));
    const B correction = d * horner(d, kExp) - lost / s;
    const B product = exp(-(g * g)) * (scaled_erfc_numerator(a) / s);
    const B tail = multiply_add(product, correction, product);
    y = select(near, y, select(x < B(0), B(2) - tail, tail));
  }
  return y;
}

template <std::floating_point T>
T erfc(T x) {
  if constexpr (sizeof(T) > sizeof(double)) return std::erfc(x);
  return static_cast<T>(erfc_of_any(static_cast<double>(x)));
}

}  // namespace dualtape::ops::detail
