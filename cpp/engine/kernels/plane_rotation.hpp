/// A plane rotation that takes (f, g) to (r, 0), with LAPACK's signs since 3.10: c >= 0 and r has
/// the sign of f.
/// Source: Anderson (2017), Algorithm 978: safe scaling in the level 1 BLAS.
#pragma once

#include <cmath>

namespace dualtape::engine::dense {

struct PlaneRotation {
  double c = 1, s = 0, r = 0;

  /// f and g are entries of a scaled matrix: squares do not overflow.
  static PlaneRotation of(double f, double g) {
    if (g == 0) return {1, 0, f};
    if (f == 0) return {0, std::copysign(1.0, g), std::abs(g)};
    const double squares = f * f + g * g;
    const double size = squares > 1e-280 ? std::sqrt(squares) : std::hypot(f, g);
    const double r = std::copysign(size, f);
    return {std::abs(f) / size, g / r, r};
  }
};

}  // namespace dualtape::engine::dense
