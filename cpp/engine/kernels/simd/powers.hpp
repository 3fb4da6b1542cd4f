/// Integer powers of blocks.
#pragma once

#include "kernels/simd/double_word.hpp"

namespace dualtape::engine::simd {

namespace detail {

/// x^n for n >= 1 by squaring.
template <class X>
DUALTAPE_SIMD X by_squaring(unsigned n, X base) {
  while (n % 2 == 0) {
    base = base * base;
    n /= 2;
  }
  X result = base;
  for (n /= 2; n > 0; n /= 2) {
    base = base * base;
    if (n % 2 == 1) result = result * base;
  }
  return result;
}

/// Scalar pow where the mask is true: out of line, rare.
[[gnu::noinline]] inline Block<double> repair_powers(Mask<double, kLanes<double>> where, int n,
                                                     Block<double> x, Block<double> y) {
  for (int i = 0; i < kLanes<double>; ++i) {
    if (where.v[i]) y.v[i] = std::pow(x.v[i], n);
  }
  return y;
}

}  // namespace detail

/// Up to n = 4 as the scalar rule; else the product of n factors in twice the precision, and where
/// that may leave its range, scalar pow.
DUALTAPE_SIMD Block<double> power_of_integer(int n, Block<double> x) {
  using B = Block<double>;
  if (n == 0) return B(1);
  if (n == 1) return x;
  if (n == 2) return x * x;
  if (n == 3) return x * x * x;
  if (n == 4) return (x * x) * (x * x);
  if (n == -1) return B(1) / x;
  const unsigned factors = n < 0 ? 0u - static_cast<unsigned>(n) : static_cast<unsigned>(n);
  const auto p = detail::by_squaring(factors, DoubleWord<B>{x, B(0)});
  const B size = abs(p.high);
  const auto regular = (size > B(1e-280)) & (size < B(1e280));
  // 0, infinities and NaN.
  const B sign_of_power = factors % 2 == 1 ? x : abs(x);
  const auto extreme = (x == B(0)) | !(x - x == B(0));
  B y;
  if (n > 0) {
    y = select(extreme, sign_of_power, p.high);
  } else {
    const B q = B(1) / p.high;
    const auto product = two_product(q, p.high);
    const B residual = ((B(1) - product.high) - product.low) - q * p.low;
    y = select(extreme, B(1) / sign_of_power, q + q * residual);
  }
  const auto rest = !(regular | extreme);
  if (any(rest)) [[unlikely]]
    return detail::repair_powers(rest, n, x, y);
  return y;
}

/// Products in double: their range holds every power of a float that is one again.
DUALTAPE_SIMD Block<float> power_of_integer(int n, Block<float> x) {
  if (n == 0) return Block<float>(1);
  if (n == 1) return x;
  if (n == 2) return x * x;
  if (n == 3) return x * x * x;
  if (n == 4) return (x * x) * (x * x);
  const unsigned factors = n < 0 ? 0u - static_cast<unsigned>(n) : static_cast<unsigned>(n);
  return in_double(
      [=](Block<double> wide) __attribute__((always_inline)) {
        const Block<double> p = detail::by_squaring(factors, wide);
        return n < 0 ? Block<double>(1) / p : p;
      },
      x);
}

}  // namespace dualtape::engine::simd
