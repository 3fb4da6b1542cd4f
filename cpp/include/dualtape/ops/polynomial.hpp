/// What numerical kernels are written with: B is double or a block of lanes of the array engine,
/// and where `any` lane asks for it blocks take what is a branch of the scalar code.
///
/// Coefficients are by Chebyshev interpolation with mpmath at 60 digits.
#pragma once

#include <dualtape/ops/functions.hpp>

#include <array>

namespace dualtape::ops::detail {

inline bool any(bool condition) { return condition; }
inline double multiply_add(double a, double b, double c) { return a * b + c; }
/// Horner's scheme on the even and the odd powers: half its chain of dependent operations.
template <class B, std::size_t n>
B horner(const B& x, const std::array<double, n>& c) {
  const B z = x * x;
  B even = B(c[(n - 1) / 2 * 2]), odd = B(c[n / 2 * 2 - 1]);
  for (std::size_t i = (n - 1) / 2 * 2; i >= 2; i -= 2) even = multiply_add(even, z, B(c[i - 2]));
  for (std::size_t i = n / 2 * 2 - 1; i >= 3; i -= 2) odd = multiply_add(odd, z, B(c[i - 2]));
  return multiply_add(odd, x, even);
}

}  // namespace dualtape::ops::detail
