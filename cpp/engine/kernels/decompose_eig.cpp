/// Eigenvalues and eigenvectors of any square matrix, with the order, signs and phases of LAPACK's
/// dgeev and zgeev: balanced, brought to Schur's form, its vectors by substitution.
#include <limits>

#include "kernels/balance.hpp"
#include "kernels/decompose.hpp"
#include "kernels/schur.hpp"
#include "ops/decompositions.hpp"

namespace dualtape::engine {

using namespace dense;

namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

double size_of(const Complex& x) { return std::abs(x.real()) + std::abs(x.imag()); }

/// x / gap: eigenvalues that are equal get parallel vectors, not infinite ones.
Complex quotient(const Complex& x, const Complex& gap, double least) {
  return x / (size_of(gap) < least ? Complex(least) : gap);
}

/// Keeps the vectors of a defective matrix in range.
void keep_in_range(Complex* v, std::int64_t from, std::int64_t to) {
  if (size_of(v[from]) <= 1e100) return;
  for (std::int64_t j = from; j < to; ++j) v[j] *= 1e-100;
}

/// T x = w x from row `end` - 1 up, x known from there on; up to `length` it is not zero. T is
/// triangular but for pairs of rows.
template <class T>
void substitute(const Matrix<T>& t, const Complex& w, Complex* x, std::int64_t end,
                std::int64_t length) {
  const double least = std::max(kEps * size_of(w), 1e-100);  // of a scaled matrix
  for (std::int64_t i = end; i-- > 0;) {
    const auto rest = [&](std::int64_t row) {
      Complex sum = 0;
      for (std::int64_t j = i + 1; j < length; ++j) sum -= t(row, j) * x[j];
      return sum;
    };
    const Complex lower = rest(i);
    if (i == 0 || t(i, i - 1) == T(0)) {
      x[i] = quotient(lower, t(i, i) - w, least);
      keep_in_range(x, i, length);
      continue;
    }
    const Complex upper = rest(i - 1), a = t(i - 1, i - 1) - w, d = t(i, i) - w;
    const Complex determinant = a * d - t(i - 1, i) * t(i, i - 1);
    const double size = std::max(std::abs(t(i - 1, i)), std::abs(t(i, i - 1)));
    x[i] = quotient(a * lower - t(i, i - 1) * upper, determinant, least * size);
    x[i - 1] = quotient(d * upper - t(i - 1, i) * lower, determinant, least * size);
    keep_in_range(x, i, length);
    --i;
    keep_in_range(x, i, length);
  }
}

/// Length one, and the largest entry real: positive, or as its real part was.
void normalise(Complex* v, std::int64_t n, bool keep_sign) {
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
  const double sign = keep_sign && leader.real() < 0 ? -1 : 1;
  const Complex factor = sign * conj(leader) / (std::sqrt(largest) * std::sqrt(total));
  for (std::int64_t i = 0; i < n; ++i) {
    const bool led = v[i] == leader;
    v[i] *= factor;
    if (led) v[i] = v[i].real();
  }
}

struct Eigen {
  std::vector<Complex> values;
  Matrix<Complex> vectors;  // the rows, in the basis of Schur's form
};

Eigen eigen_of(const Matrix<Complex>& t) {
  const std::int64_t n = t.rows();
  Eigen e{std::vector<Complex>(static_cast<std::size_t>(n)), Matrix<Complex>(n, n)};
  for (std::int64_t k = 0; k < n; ++k) {
    e.values[static_cast<std::size_t>(k)] = t(k, k);
    e.vectors(k, k) = 1;
    substitute(t, t(k, k), e.vectors.row(k), k, k + 1);
  }
  return e;
}

Eigen eigen_of(const Matrix<double>& t) {
  const std::int64_t n = t.rows();
  Eigen e{std::vector<Complex>(static_cast<std::size_t>(n)), Matrix<Complex>(n, n)};
  for (std::int64_t k = 0; k < n; ++k) {
    Complex* const x = e.vectors.row(k);
    Complex& w = e.values[static_cast<std::size_t>(k)];
    w = t(k, k);
    if (k + 1 == n || t(k + 1, k) == 0) {
      x[k] = 1;
      substitute(t, w, x, k, k + 1);
      continue;
    }
    const double upper = t(k, k + 1), lower = t(k + 1, k);
    const double turn = std::sqrt(std::abs(upper)) * std::sqrt(std::abs(lower));
    w = {t(k, k), turn};
    const bool by_upper = std::abs(upper) >= std::abs(lower);
    x[k] = by_upper ? 1 : -turn / lower;
    x[k + 1] = {0, by_upper ? turn / upper : 1};
    substitute(t, w, x, k, k + 2);
    e.values[static_cast<std::size_t>(k + 1)] = conj(w);
    ++k;
  }
  return e;
}

Schur form_of(Matrix<Complex> a, const Balance<Complex>& b) {
  return schur_of(std::move(a), b.first(), b.last(), "eig");
}
RealSchur form_of(Matrix<double> a, const Balance<double>& b) {
  return real_schur_of(std::move(a), b.first(), b.last(), "eig");
}

/// w, then V by rows. A real matrix has pairs of conjugate values and vectors, the first with the
/// positive imaginary part.
template <class T>
void decompose(Matrix<T> a, Complex* out) {
  const std::int64_t n = a.rows();
  const double scale = scale_of(a.data(), n * n);
  a = (1 / scale) * std::move(a);
  const Balance<T> balance(a);
  const auto schur = form_of(std::move(a), balance);
  const Eigen e = eigen_of(schur.t);
  Matrix<Complex> vectors(n, n);
  const Matrix<Complex> u(schur.u.all());
  multiply(vectors.all(), e.vectors.all(), u.all().transposed());
  balance.undo(vectors);
  for (std::int64_t k = 0; k < n; ++k) {
    const Complex w = e.values[static_cast<std::size_t>(k)];
    const bool is_second = !kIsComplex<T> && w.imag() < 0;
    Complex* const v = vectors.row(is_second ? k - 1 : k);
    if (!is_second) normalise(v, n, !kIsComplex<T>);
    out[k] = w * scale;
    for (std::int64_t i = 0; i < n; ++i) out[n + i * n + k] = is_second ? conj(v[i]) : v[i];
  }
}

}  // namespace

void decompose_eig(const MatrixCall& call) {
  const std::int64_t n = call.n;
  const Complex* const a = call.in_as<Complex>(0);
  Complex* const out = call.out_as<Complex>();
  if (n == 0 || !all_finite_or_nan(a, n * n, out, n + n * n)) return;
  const Window<const Complex> entries{a, n, n, n};
  if (static_cast<Spectrum>(call.attrs[0]) == Spectrum::kComplex)
    return decompose(Matrix<Complex>(entries), out);
  Matrix<double> parts(n, n);
  for (std::int64_t i = 0; i < n * n; ++i) parts.data()[i] = a[i].real();
  decompose(std::move(parts), out);
}

}  // namespace dualtape::engine
