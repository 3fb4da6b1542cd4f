/// Implicit QL or QR sweeps with Wilkinson's shift: from the end of a block whose entry is larger,
/// so that graded matrices keep their small eigenvalues; two rows at once by their own formula.
/// Source: Golub and Van Loan (2013), Matrix computations, 8.3; the choices are those of LAPACK's
/// dsteqr and dlaev2, whose vectors' signs follow from them.
#include "kernels/tridiagonal.hpp"

#include <limits>

#include "kernels/plane_rotation.hpp"

namespace dualtape::engine::dense {
namespace {

// LAPACK's: that of rounding to nearest.
constexpr double kEps = std::numeric_limits<double>::epsilon() / 2;

/// [[c, s], [-s, c]] [[a, b], [b, d]] [[c, -s], [s, c]] = diag(larger, smaller), by absolute value.
struct TwoByTwo {
  double larger, smaller, c, s;

  static TwoByTwo of(double a, double b, double d) {
    const double sum = a + d, gap = a - d, twice = 2 * b;
    const double root = std::hypot(gap, twice);
    TwoByTwo t{};
    const bool negative = sum < 0;
    if (sum == 0) {
      t.larger = root / 2;
      t.smaller = -root / 2;
    } else {
      t.larger = (negative ? sum - root : sum + root) / 2;
      const double high = std::abs(a) > std::abs(d) ? a : d, low = high == a ? d : a;
      t.smaller = (high / t.larger) * low - (b / t.larger) * b;
    }
    const bool falls = gap < 0;
    const double lead = falls ? gap - root : gap + root;
    if (std::abs(lead) > std::abs(twice)) {
      const double cotangent = -twice / lead;
      t.s = 1 / std::sqrt(1 + cotangent * cotangent);
      t.c = cotangent * t.s;
    } else if (twice == 0) {
      t.c = 1;
      t.s = 0;
    } else {
      const double tangent = -lead / twice;
      t.c = 1 / std::sqrt(1 + tangent * tangent);
      t.s = tangent * t.c;
    }
    if (negative == falls) {
      const double c = t.c;
      t.c = -t.s;
      t.s = c;
    }
    return t;
  }
};

/// A part of the matrix between zeros of e, worked on from `at` towards `end`; `step` is 1 in QL
/// sweeps, -1 in QR sweeps.
struct Block {
  double *d, *e;
  std::int64_t at, end, step;
  Sweeps& vectors;

  /// e between i and its neighbour towards `end`.
  double& beside(std::int64_t i) const { return e[step > 0 ? i : i - 1]; }

  /// The last entry that is coupled with `at`.
  std::int64_t coupled() const {
    constexpr double least = std::numeric_limits<double>::min();
    std::int64_t last = at;
    for (; last != end; last += step) {
      const double x = std::abs(beside(last));
      if (x * x <= kEps * kEps * std::abs(d[last]) * std::abs(d[last + step]) + least) {
        beside(last) = 0;
        break;
      }
    }
    return last;
  }

  void solve_two() {
    const std::int64_t low = std::min(at, at + step);
    const auto t = TwoByTwo::of(d[low], e[low], d[low + 1]);
    vectors.begin(low, 1);
    vectors.add(t.c, t.s);
    d[low] = t.larger;
    d[low + 1] = t.smaller;
    e[low] = 0;
    at += 2 * step;
  }

  void sweep(std::int64_t last) const {
    const double half = (d[at + step] - d[at]) / (2 * beside(at));
    const double root = std::copysign(std::sqrt(half * half + 1), half);
    double g = d[last] - d[at] + beside(at) / (half + root);  // the first column of T - shift
    double c = 1, s = 1, moved = 0;
    vectors.begin(last, -step);
    for (std::int64_t i = last - step; i != at - step; i -= step) {
      const double f = s * beside(i), b = c * beside(i);
      const auto turn = PlaneRotation::of(g, f);
      c = turn.c;
      s = turn.s;
      if (i + step != last) beside(i + step) = turn.r;
      const double corner = d[i + step] - moved;
      const double t = (d[i] - corner) * s + 2 * c * b;
      moved = s * t;
      d[i + step] = corner + moved;
      g = c * t - b;
      vectors.add(c, s);
    }
    d[at] -= moved;
    beside(at) = g;
  }
};

}  // namespace

bool diagonalise(Tridiagonal& t, Sweeps& vectors) {
  const auto n = static_cast<std::int64_t>(t.d.size());
  double* const d = t.d.data();
  double* const e = t.e.data();
  std::int64_t left = 60 * n;
  for (std::int64_t first = 0; first < n;) {
    std::int64_t last = first;
    for (; last + 1 < n; ++last) {
      if (std::abs(e[last]) <=
          std::sqrt(std::abs(d[last])) * std::sqrt(std::abs(d[last + 1])) * kEps) {
        e[last] = 0;
        break;
      }
    }
    const bool from_end = std::abs(d[last]) < std::abs(d[first]);
    Block block{d, e, from_end ? last : first, from_end ? first : last, from_end ? -1 : 1, vectors};
    while ((block.end - block.at) * block.step > 0) {
      const std::int64_t coupled = block.coupled();
      if (coupled == block.at) {
        block.at += block.step;
      } else if (coupled == block.at + block.step) {
        block.solve_two();
      } else if (left-- == 0) {
        return false;
      } else {
        block.sweep(coupled);
      }
    }
    first = last + 1;
  }
  vectors.flush();
  return true;
}

}  // namespace dualtape::engine::dense
