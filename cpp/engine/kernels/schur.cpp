/// Hessenberg's form by reflections, then implicit QR sweeps with Wilkinson's shift.
/// Source: Golub and Van Loan (2013), Matrix computations, 7.4 and 7.5.
#include "kernels/schur.hpp"

#include <limits>
#include <string>
#include <utility>

#include "kernels/decompose.hpp"
#include "kernels/reflectors.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace dense {
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

void reduce_to_hessenberg(Matrix<Complex>& a, Reflections<Complex>& h) {
  const std::int64_t n = a.rows();
  for (std::int64_t k = 0; k + 2 < n; ++k) {
    const std::int64_t m = n - k - 1;
    Complex* const v = h.v.row(k) + k + 1;
    for (std::int64_t i = 0; i < m; ++i) v[i] = a(k + 1 + i, k);
    const auto [tau, beta] = Reflection<Complex>::of(v, m);
    h.tau[static_cast<std::size_t>(k)] = tau;
    a(k + 1, k) = beta;
    for (std::int64_t i = k + 2; i < n; ++i) a(i, k) = 0;
    detail::reflect(a.all().part(k + 1, k + 1, m, m), v, conj(tau));
    std::vector<Complex> v_conj(v, v + m);
    for (Complex& x : v_conj) x = conj(x);
    for (std::int64_t i = 0; i < n; ++i) {
      Complex* const row = a.row(i) + k + 1;
      Complex sum = 0;
      for (std::int64_t j = 0; j < m; ++j) sum += row[j] * v[j];
      add_scaled(row, -tau * sum, v_conj.data(), m);
    }
  }
}

bool iterate(Matrix<Complex>& t, Matrix<Complex>& u) {
  const std::int64_t n = t.rows();
  std::int64_t since = 0;
  for (std::int64_t last = n - 1; last > 0;) {
    std::int64_t first = last;
    for (; first > 0; --first) {
      const double beside = size_of(t(first, first)) + size_of(t(first - 1, first - 1));
      const double below = size_of(t(first, first - 1));
      // The largest entry is near one: what is far below its rounding, and that squared, is zero.
      if (below <= kEps * beside || below <= kEps * kEps) {
        t(first, first - 1) = 0;
        break;
      }
    }
    if (first == last) {
      --last;
      since = 0;
      continue;
    }
    if (++since > 90) return false;
    // Every tenth time another shift: a matrix of rotations would turn in place.
    const Complex shift =
        since % 10 == 0 ? t(last, last) + 0.75 * size_of(t(last, last - 1)) : shift_of(t, last);
    sweep(t, u, first, last, shift);
  }
  return true;
}

}  // namespace

Schur schur_of(Matrix<Complex> a, const char* function) {
  const std::int64_t n = a.rows();
  const double scale = scale_of(a.data(), n * n);
  for (std::int64_t i = 0; i < n * n; ++i) a.data()[i] /= scale;
  Reflections<Complex> h(std::max<std::int64_t>(n - 2, 0), n);
  reduce_to_hessenberg(a, h);
  Matrix<Complex> u(product_of(h, 1, n).all().transposed());
  if (!iterate(a, u)) {
    throw FactorizationError(std::string(function) + ": the eigenvalues did not converge");
  }
  for (std::int64_t i = 0; i < n * n; ++i) a.data()[i] *= scale;
  return {Matrix<Complex>(u.all().transposed()), std::move(a)};
}

}  // namespace dense

using namespace dense;

namespace {

/// Columns x with T x = T_kk x, of length one and their largest entry positive: U x the rows.
Matrix<Complex> triangular_vectors(Matrix<Complex> t) {
  const std::int64_t n = t.rows();
  const double scale = scale_of(t.data(), n * n);
  t = (1 / scale) * std::move(t);
  Matrix<Complex> x(n, n);  // a vector a row
  for (std::int64_t k = 0; k < n; ++k) {
    Complex* const v = x.row(k);
    v[k] = 1;
    for (std::int64_t i = k; i-- > 0;) {
      Complex sum = 0;
      for (std::int64_t j = i + 1; j <= k; ++j) sum += t(i, j) * v[j];
      const Complex gap = t(k, k) - t(i, i);
      v[i] = sum / (size_of(gap) < kEps ? Complex(kEps) : gap);
      if (size_of(v[i]) > 1e100) {  // of a defective matrix: keep it in range
        for (std::int64_t j = i; j <= k; ++j) v[j] *= 1e-100;
      }
    }
  }
  return x;
}

void normalise(Complex* v, std::int64_t n) {
  double total = 0, largest = 0;
  Complex leader = 1;
  for (std::int64_t i = 0; i < n; ++i) {
    total += squared(v[i]);
    // Not the later of two that differ by rounding.
    if (squared(v[i]) > largest * (1 + 1e-10)) {
      largest = squared(v[i]);
      leader = v[i];
    }
  }
  const Complex factor = conj(leader) / (std::sqrt(largest) * std::sqrt(total));
  for (std::int64_t i = 0; i < n; ++i) v[i] *= factor;
}

}  // namespace

/// w, then V by rows.
void decompose_eig(const MatrixCall& call) {
  const std::int64_t n = call.n;
  const Complex* const a = call.in_as<Complex>(0);
  Complex* const out = call.out_as<Complex>();
  if (n == 0 || !all_finite_or_nan(a, n * n, out, n + n * n)) return;
  const Schur schur = schur_of(Matrix<Complex>(Window<const Complex>{a, n, n, n}), "eig");
  Matrix<Complex> vectors(n, n);
  multiply(vectors.all(), triangular_vectors(schur.t).all(), schur.u.all().transposed());
  for (std::int64_t k = 0; k < n; ++k) {
    normalise(vectors.row(k), n);
    out[k] = schur.t(k, k);
    for (std::int64_t i = 0; i < n; ++i) out[n + i * n + k] = vectors(k, i);
  }
}

}  // namespace dualtape::engine
