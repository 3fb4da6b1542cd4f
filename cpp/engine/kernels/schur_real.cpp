/// Francis' double-shift QR sweeps on a real Hessenberg matrix: two conjugate shifts, or twice the
/// better one of two real ones, in real arithmetic. Shifts, starts of sweeps and the form of two
/// rows are LAPACK's of dlahqr and dlanv2: they decide on the order of the eigenvalues.
/// Source: Golub and Van Loan (2013), Matrix computations, 7.5; Bai and Demmel (1989), On a block
/// implementation of Hessenberg multishift QR iteration.
#include <string>
#include <utility>

#include "kernels/schur.hpp"
#include "program/errors.hpp"

namespace dualtape::engine::dense {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double size_of(double x) { return std::abs(x); }
double sign_of(double x) { return std::copysign(1.0, x); }

/// The rotation [[c, s], [-s, c]] that gives two rows their form.
struct TwoByTwo {
  double c = 1, s = 0;

  static TwoByTwo of(double& a, double& b, double& c, double& d) {
    TwoByTwo turn;
    if (c == 0 || (a == d && sign_of(b) != sign_of(c) && b != 0)) return turn;
    if (b == 0) {  // lower triangular
      std::swap(a, d);
      b = -c;
      c = 0;
      return {0, 1};
    }
    const double half = (a - d) / 2, most = std::max(std::abs(b), std::abs(c));
    const double least = std::min(std::abs(b), std::abs(c)) * sign_of(b) * sign_of(c);
    const double scale = std::max(std::abs(half), most);
    const double square = (half / scale) * half + (most / scale) * least;
    if (square < 4 * kEps) return equal_diagonal(a, b, c, d);
    const double z = half + std::copysign(std::sqrt(scale) * std::sqrt(square), half);
    const double size = std::hypot(c, z);
    turn = {z / size, c / size};
    a = d + z;
    d -= (most / z) * least;
    b -= c;
    c = 0;
    return turn;
  }

 private:
  /// Complex eigenvalues, or real ones that are nearly equal.
  static TwoByTwo equal_diagonal(double& a, double& b, double& c, double& d) {
    const double sigma = b + c, gap = a - d, size = std::hypot(sigma, gap);
    TwoByTwo turn;
    turn.c = std::sqrt((1 + std::abs(sigma) / size) / 2);
    turn.s = -(gap / 2 / (size * turn.c)) * sign_of(sigma);
    const double left = a * turn.c + b * turn.s, right = b * turn.c - a * turn.s;
    const double lower = c * turn.c + d * turn.s, corner = d * turn.c - c * turn.s;
    b = right * turn.c + corner * turn.s;
    c = lower * turn.c - left * turn.s;
    a = (left * turn.c + lower * turn.s + (corner * turn.c - right * turn.s)) / 2;
    d = a;
    if (c == 0) return turn;
    if (b == 0) {
      b = -c;
      c = 0;
      return {-turn.s, turn.c};
    }
    if (sign_of(b) != sign_of(c)) return turn;
    const double upper_root = std::sqrt(std::abs(b)), lower_root = std::sqrt(std::abs(c));
    const double apart = std::copysign(upper_root * lower_root, c);
    const double scale = 1 / std::sqrt(std::abs(b + c));
    a += apart;
    d -= apart;
    b -= c;
    c = 0;
    const double c_more = upper_root * scale, s_more = lower_root * scale;
    return {turn.c * c_more - turn.s * s_more, turn.c * s_more + turn.s * c_more};
  }
};

struct Shifts {
  double first, second, imaginary;

  static Shifts of(double a, double b, double c, double d) {
    const double scale = std::abs(a) + std::abs(b) + std::abs(c) + std::abs(d);
    if (scale == 0) return {0, 0, 0};
    a /= scale;
    b /= scale;
    c /= scale;
    d /= scale;
    const double middle = (a + d) / 2, determinant = (a - middle) * (d - middle) - b * c;
    const double root = std::sqrt(std::abs(determinant));
    if (determinant >= 0) return {middle * scale, middle * scale, root * scale};
    const double up = middle + root, down = middle - root;
    const double shift = (std::abs(up - d) <= std::abs(down - d) ? up : down) * scale;
    return {shift, shift, 0};
  }
};

/// The iteration on rows and columns `first` .. `last`.
struct Iteration {
  Matrix<double>&t, &u;
  std::int64_t first, last;

  Shifts shifts(std::int64_t low, std::int64_t high, std::int64_t since) const {
    // Every tenth time other shifts: some matrices would turn in place.
    const std::int64_t at = since % 20 == 0 ? high : low;
    if (since % 10 != 0) {
      return Shifts::of(t(high - 1, high - 1), t(high - 1, high), t(high, high - 1), t(high, high));
    }
    const double s = since % 20 == 0 ? std::abs(t(high, high - 1)) + std::abs(t(high - 1, high - 2))
                                     : std::abs(t(low + 1, low)) + std::abs(t(low + 2, low + 1));
    const double corner = 0.75 * s + t(at, at);
    return Shifts::of(corner, -0.4375 * s, s, corner);
  }

  /// The first column of (T - shift_1)(T - shift_2) from row m on.
  void begin(double* v, std::int64_t m, const Shifts& shift) const {
    const double gap = t(m, m) - shift.second;
    const double scale = std::abs(gap) + std::abs(shift.imaginary) + std::abs(t(m + 1, m));
    const double below = t(m + 1, m) / scale;
    v[0] = below * t(m, m + 1) + (t(m, m) - shift.first) * (gap / scale) +
           shift.imaginary * (shift.imaginary / scale);
    v[1] = below * (t(m, m) + t(m + 1, m + 1) - shift.first - shift.second);
    v[2] = below * t(m + 2, m + 1);
    const double sum = std::abs(v[0]) + std::abs(v[1]) + std::abs(v[2]);
    for (int i = 0; i < 3; ++i) v[i] /= sum;
  }

  /// Where a sweep may begin: the row above is as good as decoupled.
  std::int64_t start(double* v, std::int64_t low, std::int64_t high, const Shifts& shift) const {
    for (std::int64_t m = high - 2;; --m) {
      begin(v, m, shift);
      if (m == low) return m;
      const double around =
          std::abs(t(m - 1, m - 1)) + std::abs(t(m, m)) + std::abs(t(m + 1, m + 1));
      if (std::abs(t(m, m - 1)) * (std::abs(v[1]) + std::abs(v[2])) <=
          kEps * std::abs(v[0]) * around) {
        return m;
      }
    }
  }

  /// Rows and columns k .. k + count - 1 of T, rows of U^T: x - tau v (v^T x).
  void reflect(const double* v, double tau, std::int64_t k, std::int64_t count,
               std::int64_t high) const {
    const std::int64_t n = t.rows();
    const double t1 = tau, t2 = tau * v[1], t3 = count == 3 ? tau * v[2] : 0;
    const auto turn_rows = [&](Matrix<double>& x, std::int64_t from) {
      double *const x1 = x.row(k), *const x2 = x.row(k + 1);
      double* const x3 = count == 3 ? x.row(k + 2) : x2;
      const double third = count == 3 ? v[2] : 0;
      for (std::int64_t j = from; j < n; ++j) {
        const double sum = x1[j] + v[1] * x2[j] + third * x3[j];
        x1[j] -= sum * t1;
        x2[j] -= sum * t2;
        if (count == 3) x3[j] -= sum * t3;
      }
    };
    turn_rows(t, k);
    for (std::int64_t j = 0; j <= std::min(k + 3, high); ++j) {
      double* const x = t.row(j) + k;
      const double sum = x[0] + v[1] * x[1] + (count == 3 ? v[2] * x[2] : 0);
      x[0] -= sum * t1;
      x[1] -= sum * t2;
      if (count == 3) x[2] -= sum * t3;
    }
    turn_rows(u, 0);
  }

  void sweep(std::int64_t low, std::int64_t high, const Shifts& shift) const {
    double v[3];
    const std::int64_t from = start(v, low, high, shift);
    for (std::int64_t k = from; k < high; ++k) {
      const std::int64_t count = std::min<std::int64_t>(3, high - k + 1);
      if (k > from) {
        for (std::int64_t i = 0; i < count; ++i) v[i] = t(k + i, k - 1);
      }
      const auto [tau, beta] = Reflection<double>::of(v, count);
      if (k > from) {
        t(k, k - 1) = beta;
        for (std::int64_t i = 1; i < count; ++i) t(k + i, k - 1) = 0;
      } else if (from > low) {
        t(k, k - 1) *= 1 - tau;
      }
      reflect(v, tau, k, count, high);
    }
  }

  /// Rows k - 1 and k decouple.
  void split(std::int64_t k) const {
    const std::int64_t n = t.rows();
    double *const upper = t.row(k - 1), *const lower = t.row(k);
    const auto turn = TwoByTwo::of(upper[k - 1], upper[k], lower[k - 1], lower[k]);
    const auto rotate = [&](double& x, double& y) {
      const double old = x;
      x = turn.c * old + turn.s * y;
      y = turn.c * y - turn.s * old;
    };
    for (std::int64_t j = k + 1; j < n; ++j) rotate(upper[j], lower[j]);
    for (std::int64_t i = 0; i < k - 1; ++i) rotate(t(i, k - 1), t(i, k));
    for (std::int64_t j = 0; j < n; ++j) rotate(u(k - 1, j), u(k, j));
  }

  bool run() const {
    std::int64_t since = 0;
    for (std::int64_t high = last; high > first;) {
      std::int64_t low = high;
      while (low > first && !is_decoupled(t, low, first, last, size_of)) --low;
      if (low > first) t(low, low - 1) = 0;
      if (low >= high - 1) {
        if (low == high - 1) split(high);
        high = low - 1;
        since = 0;
        continue;
      }
      if (++since > 30 * std::max<std::int64_t>(10, last - first + 1)) return false;
      sweep(low, high, shifts(low, high, since));
    }
    return true;
  }
};

}  // namespace

RealSchur real_schur_of(Matrix<double> a, std::int64_t first, std::int64_t last,
                        const char* function) {
  Matrix<double> u = reduce_to_hessenberg(a, first, last);
  if (!Iteration{a, u, first, last}.run()) {
    throw FactorizationError(std::string(function) + ": the eigenvalues did not converge");
  }
  return {Matrix<double>(u.all().transposed()), std::move(a)};
}

}  // namespace dualtape::engine::dense
