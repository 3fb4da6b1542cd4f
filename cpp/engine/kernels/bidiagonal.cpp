/// Implicit QR sweeps on an upper bidiagonal matrix: with a shift, and without one where an entry
/// of the diagonal is zero or the shift would not be felt.
/// Source: Demmel and Kahan (1990), Accurate singular values of bidiagonal matrices.
#include "kernels/bidiagonal.hpp"

#include <limits>

namespace dualtape::engine::dense {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

struct Turn {
  double c, s, r;
};
/// (f, g) becomes (r, 0). The matrix is scaled: squares do not overflow.
Turn turn(double f, double g) {
  if (g == 0) return {1, 0, f};
  const double r = std::sqrt(f * f + g * g);
  if (r == 0) return {1, 0, 0};
  return {f / r, g / r, r};
}

/// The smaller singular value of [[f, g], [0, h]].
double smaller(double f, double g, double h) {
  f = std::abs(f);
  h = std::abs(h);
  const double larger =
      (std::sqrt((f + h) * (f + h) + g * g) + std::sqrt((f - h) * (f - h) + g * g)) / 2;
  return larger == 0 ? 0 : std::min(f, h) * (std::max(f, h) / larger);
}

/// One block [first, last] of the matrix, no e in it zero.
struct Block {
  double *d, *e;
  std::int64_t first, last;
  Sweeps &left, &right;

  void sweep(double shift) const {
    double f = (std::abs(d[first]) - shift) * (std::copysign(1.0, d[first]) + shift / d[first]);
    double g = e[first];
    for (std::int64_t i = first; i < last; ++i) {
      const Turn columns = turn(f, g);
      if (i > first) e[i - 1] = columns.r;
      f = columns.c * d[i] + columns.s * e[i];
      e[i] = columns.c * e[i] - columns.s * d[i];
      g = columns.s * d[i + 1];
      d[i + 1] *= columns.c;
      const Turn rows = turn(f, g);
      d[i] = rows.r;
      f = rows.c * e[i] + rows.s * d[i + 1];
      d[i + 1] = rows.c * d[i + 1] - rows.s * e[i];
      if (i + 1 < last) {
        g = rows.s * e[i + 1];
        e[i + 1] *= rows.c;
      }
      right.add(columns.c, columns.s);
      left.add(rows.c, rows.s);
    }
    e[last - 1] = f;
  }

  void sweep_without_shift() const {
    Turn columns{1, 0, 0}, rows{1, 0, 0};
    for (std::int64_t i = first; i < last; ++i) {
      columns = turn(d[i] * columns.c, e[i]);
      if (i > first) e[i - 1] = rows.s * columns.r;
      rows = turn(rows.c * columns.r, d[i + 1] * columns.s);
      d[i] = rows.r;
      right.add(columns.c, columns.s);
      left.add(rows.c, rows.s);
    }
    const double rest = d[last] * columns.c;
    d[last] = rest * rows.c;
    e[last - 1] = rest * rows.s;
  }

  void step(double tiny) const {
    left.begin(first, 1);
    right.begin(first, 1);
    const double shift = smaller(d[last - 1], e[last - 1], d[last]);
    const double ratio = d[first] == 0 ? 0 : shift / d[first];
    bool singular = ratio * ratio < kEps;
    for (std::int64_t i = first; i <= last; ++i) singular |= std::abs(d[i]) <= tiny;
    if (singular) {
      sweep_without_shift();
    } else {
      sweep(shift);
    }
  }
};

}  // namespace

bool diagonalise(double* d, double* e, std::int64_t n, Sweeps& left, Sweeps& right) {
  double largest = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    largest = std::max({largest, std::abs(d[i]), i + 1 < n ? std::abs(e[i]) : 0});
  }
  const double tiny = kEps * largest;
  for (std::int64_t i = 0; i < n; ++i) {
    if (std::abs(d[i]) <= tiny * kEps) d[i] = 0;  // far below what rounding has left of it
  }
  const auto is_zero = [&](std::int64_t i) {
    return std::abs(e[i]) <= kEps * (std::abs(d[i]) + std::abs(d[i + 1])) ||
           std::abs(e[i]) <= tiny * 0.125;
  };
  std::int64_t steps = 60 * n;
  for (std::int64_t last = n - 1; last > 0;) {
    if (is_zero(last - 1)) {
      e[--last] = 0;
      continue;
    }
    std::int64_t first = last - 1;
    while (first > 0 && !is_zero(first - 1)) --first;
    if (first > 0) e[first - 1] = 0;
    if (steps-- == 0) return false;
    Block{d, e, first, last, left, right}.step(tiny * 0.125);
  }
  left.flush();
  right.flush();
  return true;
}

}  // namespace dualtape::engine::dense
