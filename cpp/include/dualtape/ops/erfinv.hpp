/// Numerical kernel of the inverse error functions in double precision.
#pragma once

#include <dualtape/ops/polynomial.hpp>

#include <cmath>
#include <concepts>
#include <numbers>

namespace dualtape::ops::detail {

/// y with erf(y) = x and erfc(|y|) = c = 1 - |x|, both given because either may lose the digits of
/// the other. With w = -log(1 - x^2) = -log(c (2 - c)) up to 6.25 x p(w), beyond, with s = sqrt(w),
/// x s q(s): q on [2.5, 4] and [4, 7], on [7, 27.5] in 1 / (s + 1). Errors of the polynomials 2e-17
/// to 5e-17.
/// The idea: Giles (2011), Approximating the erfinv function.
template <class B>
B erfinv_of_parts(const B& x, const B& c) {
  using std::log;
  using std::sqrt;
  constexpr std::array kNear{
      1.6536545626831027,      0.7504943200799635,     -0.058922567103777745,
      -0.0226044474534427,     0.0178083618182855,     -0.00413731437763532,
      -0.0012716922681254177,  0.0012324855718632934,  -0.0002643936728808268,
      -0.00011688886556874711, 9.336742725235734e-05,  -1.5027582849378318e-05,
      -1.1257494271261306e-05, 7.129642900560496e-06,  -6.831540544487464e-07,
      -1.0584174019720957e-06, 5.382078862956802e-07,  -1.1520113194027481e-08,
      -9.687946564826672e-08,  4.0471163864192175e-08, 3.028556497072415e-09,
      -9.393027907670336e-09,  2.647531226541269e-09,  1.07174842186996e-09,
      -6.725570072690255e-10,  -4.858347047596898e-11, 6.429272956364003e-11};
  constexpr std::array kMiddle{
      0.9488878801514525,      0.013008712509856793,    -0.0020724292141593593,
      -8.682824240760475e-06,  0.0002445599906120196,   -0.00017970944351638392,
      9.367603217710162e-05,   -3.619964624336503e-05,  9.094030723148306e-06,
      -5.209885122970338e-07,  -6.997090543136195e-07,  3.234662858656357e-07,
      -4.606149668616115e-08,  -1.8519671506777735e-08, 1.2392414765039608e-08,
      -2.954221338870739e-09,  -6.985604176517546e-11,  3.0398169380278735e-10,
      -1.1097394316760957e-10, 1.4199146466237892e-11,  6.4092645535802856e-12,
      -3.7761886974473626e-12, 3.5411883849853947e-13,  1.4416517128555141e-13};
  constexpr std::array kFar{
      0.9736362315713808,      0.009926411147251792,    -0.002857829178410431,
      0.0007163451740812435,   -0.00015834402396903107, 2.9250541495615518e-05,
      -3.4556343764375325e-06, -4.1618523504884034e-07, 5.032570410416732e-07,
      -2.4729983278873196e-07, 1.005302932041434e-07,   -4.0233940364457514e-08,
      1.8401745687001636e-08,  -1.047520671858131e-08,  6.9234374781566935e-09,
      -4.677383118671063e-09,  2.926088888117392e-09,   -1.5706371300595577e-09,
      7.13771038686419e-10,    -2.9238090251744215e-10, 7.655045902293262e-11,
      3.29041111266544e-11,    -3.9179450570497234e-11, 1.0368166056026799e-11};
  constexpr std::array kFarthest{
      0.9911948740408956,      -0.008452870511485864,   -0.0015933967694860133,
      0.00014746343393898378,  -1.187152654594724e-05,  5.413441202572835e-06,
      -1.4467024503308244e-06, 4.821184443064703e-07,   -1.7294023614394853e-07,
      6.561934657740121e-08,   -2.6057245691993216e-08, 1.072532293491835e-08,
      -4.548407621913795e-09,  1.974887182930608e-09,   -8.655310750995352e-10,
      3.8971502878411456e-10,  -1.9728809309809938e-10, 9.220924466074562e-11,
      -1.7286122707734982e-11, 7.468136005481997e-12,   -2.7599252001576992e-11,
      1.3763033364818814e-11,  7.657054018634996e-12,   -3.910899733070662e-12,
      -3.0603568563723727e-12, 1.5408674829020481e-12};
  const B w = -log(c * (B(2) - c));
  const auto near = w < B(6.25);
  const B inside = select(near, w, B(6.25));
  B y = x * horner(inside * B(0.32) - B(1), kNear);
  if (any(!near)) {
    const B s = sqrt(select(near, B(6.25), w));
    B q = horner((s - B(3.25)) * B(1 / 0.75), kMiddle);
    const auto far = s > B(4);
    if (any(far)) {
      q = select(far, horner((s - B(5.5)) * B(1 / 1.5), kFar), q);
      const auto farthest = s > B(7);
      if (any(farthest)) {
        const B t = (B(1) / (s + B(1)) - B((1.0 / 28.5 + 0.125) / 2)) * B(2 / (0.125 - 1.0 / 28.5));
        q = select(farthest, horner(t, kFarthest), q);
      }
    }
    y = select(near, y, x * s * q);
  }
  return y;
}

/// erf's inverse: infinite at -1 and 1, NaN beyond.
template <class B>
B erfinv_of_any(const B& x) {
  using std::abs;
  const B c = B(1) - abs(x);
  const B y = erfinv_of_parts(x, select(c > B(0), c, B(1)));
  return select(c > B(0), y, select(c == B(0), x * B(kInf), B(kNaN)));
}

/// erfc's inverse: inf at 0, -inf at 2, NaN outside.
template <class B>
B erfcinv_of_any(const B& p) {
  const B c = select(p < B(1), p, B(2) - p);
  const B y = erfinv_of_parts(B(1) - p, select(c > B(0), c, B(1)));
  return select(c > B(0), y, select(c == B(0), (B(1) - p) * B(kInf), B(kNaN)));
}

template <std::floating_point T>
T erfinv(T x) {
  return static_cast<T>(erfinv_of_any(static_cast<double>(x)));
}
template <std::floating_point T>
T erfcinv(T p) {
  return static_cast<T>(erfcinv_of_any(static_cast<double>(p)));
}

}  // namespace dualtape::ops::detail
