/// Sums and products with their rounding errors, and floats computed in double.
///
/// Sources: Dekker (1971), A floating-point technique for extending the available precision;
/// Knuth (1969), The Art of Computer Programming 2, section 4.2.2.
#pragma once

#include "kernels/simd/round.hpp"

namespace dualtape::engine::simd {

/// An unevaluated sum, |low| at most half an ulp of high.
template <class B>
struct DoubleWord {
  B high, low;
};

/// a + b without error.
template <class B>
DUALTAPE_SIMD DoubleWord<B> two_sum(B a, B b) {
  const B sum = a + b;
  const B of_b = sum - a;
  return {sum, (a - (sum - of_b)) + (b - of_b)};
}
/// The same for |a| >= |b|.
template <class B>
DUALTAPE_SIMD DoubleWord<B> fast_two_sum(B a, B b) {
  const B sum = a + b;
  return {sum, b - (sum - a)};
}

/// The upper 26 (float: 12) bits of x.
template <class B>
DUALTAPE_SIMD B upper_half(B x) {
  using T = typename B::value_type;
  const B scaled = x * B(sizeof(T) == 8 ? 134217729.0 : 4097.0);
  return scaled - (scaled - x);
}

/// a b without error, unless a part over- or underflows.
template <class B>
DUALTAPE_SIMD DoubleWord<B> two_product(B a, B b) {
  const B product = a * b;
  if constexpr (kFused) {
    return {product, multiply_add(a, b, -product)};
  } else {
    const B ah = upper_half(a), bh = upper_half(b);
    const B al = a - ah, bl = b - bh;
    return {product, al * bl - (((product - ah * bh) - al * bh) - ah * bl)};
  }
}

template <class B>
DUALTAPE_SIMD DoubleWord<B> operator*(DoubleWord<B> a, DoubleWord<B> b) {
  const DoubleWord<B> p = two_product(a.high, b.high);
  return fast_two_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

using HalfBlock [[gnu::vector_size(kRegisterBytes / 2)]] = float;

/// f, a function of doubles, on floats: two halves.
template <class F>
DUALTAPE_SIMD Block<float> in_double(F f, Block<float> x) {
  using Wide = Block<double>::Vector;
  HalfBlock halves[2];
  std::memcpy(halves, &x.v, sizeof halves);
  for (int i = 0; i < 2; ++i) {
    const Block<double> wide(__builtin_convertvector(halves[i], Wide));
    const Block<double> y = f(wide);
    halves[i] = __builtin_convertvector(y.v, HalfBlock);
  }
  std::memcpy(&x.v, halves, sizeof halves);
  return x;
}

template <class F>
DUALTAPE_SIMD Block<float> in_double(F f, Block<float> a, Block<float> b) {
  using Wide = Block<double>::Vector;
  HalfBlock halves_a[2], halves_b[2];
  std::memcpy(halves_a, &a.v, sizeof halves_a);
  std::memcpy(halves_b, &b.v, sizeof halves_b);
  for (int i = 0; i < 2; ++i) {
    const Block<double> wide_a(__builtin_convertvector(halves_a[i], Wide));
    const Block<double> wide_b(__builtin_convertvector(halves_b[i], Wide));
    const Block<double> y = f(wide_a, wide_b);
    halves_a[i] = __builtin_convertvector(y.v, HalfBlock);
  }
  std::memcpy(&a.v, halves_a, sizeof halves_a);
  return a;
}

}  // namespace dualtape::engine::simd
