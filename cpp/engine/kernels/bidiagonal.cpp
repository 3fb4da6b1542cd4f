/// Implicit QR sweeps on an upper bidiagonal matrix, from the end of a block whose entry is larger:
/// with a shift, and without one where it would spoil the small values; two rows at once by their
/// own formula. All values have small relative errors.
/// Source: Demmel and Kahan (1990), Accurate singular values of bidiagonal matrices; LAPACK's
/// dbdsqr and dlasv2.
#include "kernels/bidiagonal.hpp"

#include <limits>

#include "kernels/plane_rotation.hpp"

namespace dualtape::engine::dense {
namespace {

// LAPACK's: that of rounding to nearest.
constexpr double kEps = std::numeric_limits<double>::epsilon() / 2;
const double kTolerance = std::clamp(std::pow(kEps, -0.125), 10.0, 100.0) * kEps;

/// The smaller singular value of [[f, g], [0, h]].
double smaller(double f, double g, double h) {
  f = std::abs(f);
  h = std::abs(h);
  const double larger =
      (std::sqrt((f + h) * (f + h) + g * g) + std::sqrt((f - h) * (f - h) + g * g)) / 2;
  return larger == 0 ? 0 : std::min(f, h) * (std::max(f, h) / larger);
}

double sign_of(double x) { return std::copysign(1.0, x); }

/// [[cl, sl], [-sl, cl]] [[f, g], [0, h]] [[cr, -sr], [sr, cr]] = diag(larger, smaller).
struct TwoByTwo {
  double larger, smaller, cl, sl, cr, sr;

  static TwoByTwo of(double f, double g, double h) {
    const bool swap = std::abs(h) > std::abs(f);
    TwoByTwo t = swap ? graded(h, g, f) : graded(f, g, h);
    if (swap) {
      std::swap(t.cl, t.sr);
      std::swap(t.sl, t.cr);
    }
    // The signs by the largest of the three.
    double sign = 0;
    if (std::abs(g) > std::max(std::abs(f), std::abs(h))) {
      sign = sign_of(t.sr) * sign_of(t.cl) * sign_of(g);
    } else {
      sign = swap ? sign_of(t.sr) * sign_of(t.sl) * sign_of(h)
                  : sign_of(t.cr) * sign_of(t.cl) * sign_of(f);
    }
    t.larger = std::copysign(t.larger, sign);
    t.smaller = std::copysign(t.smaller, sign * sign_of(f) * sign_of(h));
    return t;
  }

 private:
  /// |f| >= |h|. Values without their signs.
  static TwoByTwo graded(double f, double g, double h) {
    const double fa = std::abs(f), ga = std::abs(g), ha = std::abs(h);
    if (ga == 0) return {fa, ha, 1, 0, 1, 0};
    if (ga > fa && fa / ga < kEps) {
      return {ga, ha > 1 ? fa / (ga / ha) : (fa / ga) * ha, 1, h / g, f / g, 1};
    }
    const double gap = fa - ha, l = gap == fa ? 1 : gap / fa, m = g / f, t = 2 - l;
    const double s = std::sqrt(t * t + m * m), r = l == 0 ? std::abs(m) : std::sqrt(l * l + m * m);
    const double a = (s + r) / 2;
    double tangent = (m / (s + t) + m / (r + l)) * (1 + a);
    if (m * m == 0) {
      tangent = l == 0 ? std::copysign(2.0, f) * sign_of(g) : g / std::copysign(gap, f) + m / t;
    }
    const double root = std::sqrt(tangent * tangent + 4);
    const double cr = 2 / root, sr = tangent / root;
    return {fa * a, ha / a, (cr + sr * m) / a, (h / f) * sr / a, cr, sr};
  }
};

/// One block of the matrix, no e in it zero, worked through from `first` to `last`: downward, or
/// upward as the transpose with rows and columns in reverse.
struct Block {
  double *d, *e;
  std::int64_t first, last, step;
  Sweeps &rows, &columns;

  double& beside(std::int64_t i) const { return e[step > 0 ? i : i - 1]; }

  /// The least value that B with these entries may have, but for a factor; `negligible`: an e was
  /// so small beside it that it is now zero.
  double least_value(bool& negligible) const {
    double& end = beside(last - step);
    negligible = std::abs(end) <= kTolerance * std::abs(d[last]);
    if (negligible) {
      end = 0;
      return 0;
    }
    double mu = std::abs(d[first]), least = mu;
    for (std::int64_t i = first; i != last; i += step) {
      double& x = beside(i);
      negligible = std::abs(x) <= kTolerance * mu;
      if (negligible) {
        x = 0;
        return 0;
      }
      mu = std::abs(d[i + step]) * (mu / (mu + std::abs(x)));
      least = std::min(least, mu);
    }
    return least;
  }

  double shift_of(std::int64_t n, double least, double largest) const {
    const double felt = std::max(kEps, 0.01 * kTolerance);
    if (static_cast<double>(n) * kTolerance * (least / largest) <= felt) return 0;
    const double shift = smaller(d[last - step], beside(last - step), d[last]);
    const double ratio = shift / std::abs(d[first]);
    return ratio * ratio < kEps ? 0 : shift;
  }

  void sweep(double shift) const {
    rows.begin(first, step);
    columns.begin(first, step);
    double f = (std::abs(d[first]) - shift) * (sign_of(d[first]) + shift / d[first]);
    double g = beside(first);
    for (std::int64_t i = first; i != last; i += step) {
      double &x = beside(i), &next = d[i + step];
      const auto column = PlaneRotation::of(f, g);
      if (i != first) beside(i - step) = column.r;
      f = column.c * d[i] + column.s * x;
      x = column.c * x - column.s * d[i];
      g = column.s * next;
      next *= column.c;
      const auto row = PlaneRotation::of(f, g);
      d[i] = row.r;
      f = row.c * x + row.s * next;
      next = row.c * next - row.s * x;
      if (i + step != last) {
        g = row.s * beside(i + step);
        beside(i + step) *= row.c;
      }
      columns.add(column.c, column.s);
      rows.add(row.c, row.s);
    }
    beside(last - step) = f;
  }

  void sweep_without_shift() const {
    rows.begin(first, step);
    columns.begin(first, step);
    PlaneRotation column, row;
    for (std::int64_t i = first; i != last; i += step) {
      column = PlaneRotation::of(d[i] * column.c, beside(i));
      if (i != first) beside(i - step) = row.s * column.r;
      row = PlaneRotation::of(row.c * column.r, d[i + step] * column.s);
      d[i] = row.r;
      columns.add(column.c, column.s);
      rows.add(row.c, row.s);
    }
    const double rest = d[last] * column.c;
    d[last] = rest * row.c;
    beside(last - step) = rest * row.s;
  }
};

/// What is far below all singular values.
double threshold_of(const double* d, const double* e, std::int64_t n) {
  double mu = std::abs(d[0]), least = mu;
  for (std::int64_t i = 1; i < n && least != 0; ++i) {
    mu = std::abs(d[i]) * (mu / (mu + std::abs(e[i - 1])));
    least = std::min(least, mu);
  }
  const auto size = static_cast<double>(n);
  return std::max(kTolerance * least / std::sqrt(size),
                  6 * size * size * std::numeric_limits<double>::min());
}

void solve_two(double* d, double* e, std::int64_t first, Sweeps& left, Sweeps& right) {
  const auto t = TwoByTwo::of(d[first], e[first], d[first + 1]);
  right.begin(first, 1);
  right.add(t.cr, t.sr);
  left.begin(first, 1);
  left.add(t.cl, t.sl);
  d[first] = t.larger;
  d[first + 1] = t.smaller;
  e[first] = 0;
}

}  // namespace

void turn_upper(double* d, double* e, std::int64_t n, Sweeps& left) {
  left.begin(0, 1);
  for (std::int64_t i = 0; i + 1 < n; ++i) {
    const auto row = PlaneRotation::of(d[i], e[i]);
    d[i] = row.r;
    e[i] = row.s * d[i + 1];
    d[i + 1] *= row.c;
    left.add(row.c, row.s);
  }
}

bool diagonalise(double* d, double* e, std::int64_t n, Sweeps& left, Sweeps& right) {
  const double threshold = threshold_of(d, e, n);
  std::int64_t steps = 60 * n, old_first = n, old_last = -1;
  bool down = true;
  for (std::int64_t last = n - 1; last > 0;) {
    std::int64_t first = last;
    double largest = std::abs(d[last]);
    for (; first > 0 && std::abs(e[first - 1]) > threshold; --first) {
      largest = std::max({largest, std::abs(d[first - 1]), std::abs(e[first - 1])});
    }
    if (first > 0) e[first - 1] = 0;
    if (first == last) {
      --last;
      continue;
    }
    if (first + 1 == last) {
      solve_two(d, e, first, left, right);
      last -= 2;
      continue;
    }
    if (first > old_last || last < old_first) down = std::abs(d[first]) >= std::abs(d[last]);
    const Block block =
        down ? Block{d, e, first, last, 1, left, right} : Block{d, e, last, first, -1, right, left};
    bool negligible = false;
    const double least = block.least_value(negligible);
    if (negligible) continue;
    old_first = first;
    old_last = last;
    if (steps-- == 0) return false;
    if (const double shift = block.shift_of(n, least, largest); shift == 0) {
      block.sweep_without_shift();
    } else {
      block.sweep(shift);
    }
    double& end = block.beside(block.last - block.step);
    if (std::abs(end) <= threshold) end = 0;
  }
  left.flush();
  right.flush();
  return true;
}

}  // namespace dualtape::engine::dense
