/// fmod of blocks, without error as C's.
#pragma once

#include "kernels/simd/double_word.hpp"

namespace dualtape::engine::simd {

namespace detail {

/// Scalar fmod where the mask is true: out of line, rare.
[[gnu::noinline]] inline Block<double> repair_fmod(Mask<double, kLanes<double>> where,
                                                   Block<double> a, Block<double> b,
                                                   Block<double> y) {
  for (int i = 0; i < kLanes<double>; ++i) {
    if (where.v[i]) y.v[i] = std::fmod(a.v[i], b.v[i]);
  }
  return y;
}

}  // namespace detail

/// With q = trunc(|a| / |b|) < 2^52, |a| - q |b| is a double: a multiple of the last bit of b,
/// below |b|. Where the quotient was rounded up to q the difference is negative, and so is a double
/// too.
DUALTAPE_SIMD Block<double> fmod(Block<double> a, Block<double> b) {
  using B = Block<double>;
  const B size = abs(a), unit = abs(b);
  const B quotient = size / unit;
  const auto regular = (quotient < B(0x1p52)) & (unit < B(1e290)) & (unit > B(1e-290));
  const B q = trunc(quotient);
  const auto product = two_product(q, unit);
  const B difference = (size - product.high) - product.low;
  const B r = copysign(select(difference < B(0), difference + unit, difference), a);
  if (any(!regular)) [[unlikely]]
    return detail::repair_fmod(!regular, a, b, r);
  return r;
}

DUALTAPE_SIMD Block<float> fmod(Block<float> a, Block<float> b) {
  return in_double([](Block<double> s, Block<double> t) { return fmod(s, t); }, a, b);
}

}  // namespace dualtape::engine::simd
