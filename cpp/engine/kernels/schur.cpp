/// Hessenberg's form by reflections, then implicit QR sweeps with Wilkinson's shift.
/// Source: Golub and Van Loan (2013), Matrix computations, 7.4 and 7.5.
#include "kernels/schur.hpp"

#include <limits>
#include <string>
#include <utility>

#include "program/errors.hpp"

namespace dualtape::engine::dense {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double size_of(const Complex& x) { return std::abs(x.real()) + std::abs(x.imag()); }

/// [[c, s], [-conj(s), c]] (f, g) = (r, 0).
struct Givens {
  double c;
  Complex s, r;

  static Givens of(const Complex& f, const Complex& g) {
    if (g == 0.0) return {1, 0, f};
    const double f_size = std::sqrt(squared(f)), g_size = std::sqrt(squared(g));
    if (f_size == 0) return {0, conj(g) / g_size, g_size};
    const double r = std::sqrt(f_size * f_size + g_size * g_size);
    const Complex phase = f / f_size;
    return {f_size / r, phase * conj(g) / r, phase * r};
  }
  void turn(Complex* x, Complex* y, std::int64_t n, std::int64_t step = 1) const {
    for (std::int64_t k = 0; k < n * step; k += step) {
      const Complex a = x[k], b = y[k];
      x[k] = c * a + s * b;
      y[k] = c * b - conj(s) * a;
    }
  }
  Givens conjugated() const { return {c, conj(s), r}; }
};

/// The eigenvalue of the last two rows and columns that is nearer to the last entry.
Complex shift_of(const Matrix<Complex>& t, std::int64_t last) {
  const Complex d = t(last, last), half = 0.5 * (t(last - 1, last - 1) - d);
  const Complex product = t(last - 1, last) * t(last, last - 1);
  if (product == 0.0) return d;
  Complex root = std::sqrt(half * half + product);
  if (squared(half + root) < squared(half - root)) root = -root;
  return d - product / (half + root);
}

/// One sweep of rows and columns first .. last; `u` is U^T.
void sweep(Matrix<Complex>& t, Matrix<Complex>& u, std::int64_t first, std::int64_t last,
           const Complex& shift) {
  const std::int64_t n = t.rows();
  Complex f = t(first, first) - shift, g = t(first + 1, first);
  for (std::int64_t k = first; k < last; ++k) {
    const Givens turn = Givens::of(f, g);
    const std::int64_t from = std::max(first, k - 1);
    turn.turn(t.row(k) + from, t.row(k + 1) + from, n - from);
    if (k > first) t(k + 1, k - 1) = 0;
    const Givens other = turn.conjugated();
    other.turn(&t(0, k), &t(0, k + 1), std::min(k + 2, last) + 1, n);
    other.turn(u.row(k), u.row(k + 1), n);
    if (k + 1 == last) return;
    f = t(k + 1, k);
    g = t(k + 2, k);
  }
}

/// Where a sweep may begin: the row above is as good as decoupled.
std::int64_t start_of(const Matrix<Complex>& t, std::int64_t low, std::int64_t high,
                      const Complex& shift) {
  for (std::int64_t m = high - 1; m > low; --m) {
    const double below = std::abs(t(m + 1, m)), gap = size_of(t(m, m) - shift);
    const double around = size_of(t(m, m)) + size_of(t(m + 1, m + 1)), sum = gap + below;
    if (std::abs(t(m, m - 1)) * (below / sum) <= kEps * ((gap / sum) * around)) return m;
  }
  return low;
}

/// Rows and columns `first` .. `last`.
bool iterate(Matrix<Complex>& t, Matrix<Complex>& u, std::int64_t first, std::int64_t last) {
  std::int64_t since = 0;
  for (std::int64_t high = last; high > first;) {
    std::int64_t low = high;
    while (low > first && !is_decoupled(t, low, first, last, size_of)) --low;
    if (low > first) t(low, low - 1) = 0;
    if (low == high) {
      --high;
      since = 0;
      continue;
    }
    if (++since > 30 * std::max<std::int64_t>(10, last - first + 1)) return false;
    // Every tenth time another shift: a matrix of rotations would turn in place.
    Complex shift = shift_of(t, high);
    if (since % 20 == 0) {
      shift = t(high, high) + 0.75 * std::abs(t(high, high - 1));
    } else if (since % 10 == 0) {
      shift = t(low, low) + 0.75 * std::abs(t(low + 1, low));
    }
    sweep(t, u, start_of(t, low, high, shift), high, shift);
  }
  return true;
}

}  // namespace

Schur schur_of(Matrix<Complex> a, std::int64_t first, std::int64_t last, const char* function) {
  const std::int64_t n = a.rows();
  const double scale = scale_of(a.data(), n * n);
  a = (1 / scale) * std::move(a);
  Matrix<Complex> u = reduce_to_hessenberg(a, first, last);
  if (!iterate(a, u, first, last)) {
    throw FactorizationError(std::string(function) + ": the eigenvalues did not converge");
  }
  a = scale * std::move(a);
  return {Matrix<Complex>(u.all().transposed()), std::move(a)};
}

}  // namespace dualtape::engine::dense
