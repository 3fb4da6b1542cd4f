/// Eigenvalues of a Hermitian matrix: w, then V by rows.
///
///   A = Q T Q^H by reflections, T real and tridiagonal: with p = tau A v and
///       w = p - tau (p^H v) v / 2,  H^H A H = A - v w^H - w v^H
///   T = Y diag(w) Y^T by implicit QL sweeps with Wilkinson's shift, on the rows of Q^T
/// Source: Golub and Van Loan (2013), Matrix computations, 8.3.
#include <limits>
#include <numeric>

#include "kernels/decompose.hpp"
#include "kernels/reflectors.hpp"
#include "kernels/sweeps.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

using namespace dense;

namespace {

struct Tridiagonal {
  std::vector<double> d, e;  // e_i beside d_i and d_(i+1)
};

/// A -= v w^H + w v^H.
template <class T>
void update_pair(Window<T> a, const T* v, const T* w) {
  std::vector<T> v_conj(v, v + a.rows), w_conj(w, w + a.rows);
  for (T& x : v_conj) x = conj(x);
  for (T& x : w_conj) x = conj(x);
  for (std::int64_t i = 0; i < a.rows; ++i) {
    T* const row = &a(i, 0);
    const T left = v[i], right = w[i];
#pragma GCC ivdep
    for (std::int64_t j = 0; j < a.rows; ++j) row[j] -= left * w_conj[j] + right * v_conj[j];
  }
}

/// Of all of a, which is Hermitian; the reflections are H_0 .. H_(n-2), H_i from row i + 1.
template <class T>
Tridiagonal tridiagonalise(Window<T> a, Reflections<T>& h) {
  const std::int64_t n = a.rows;
  Tridiagonal t{std::vector<double>(static_cast<std::size_t>(n)),
                std::vector<double>(static_cast<std::size_t>(n))};
  std::vector<T> p(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k + 1 < n; ++k) {
    const std::int64_t m = n - k - 1;
    T* const v = h.v.row(k) + k + 1;
    for (std::int64_t i = 0; i < m; ++i) v[i] = a(k + 1 + i, k);
    const auto [tau, beta] = Reflection<T>::of(v, m);
    h.tau[static_cast<std::size_t>(k)] = tau;
    t.d[static_cast<std::size_t>(k)] = real(a(k, k));
    t.e[static_cast<std::size_t>(k)] = beta;
    if (tau == T(0)) continue;
    const Window<T> rest = a.part(k + 1, k + 1, m, m);
    multiply(Window<T>{p.data(), m, 1, 1}, rest, Window<const T>{v, m, 1, 1});
    T product(0);
    for (std::int64_t i = 0; i < m; ++i) {
      p[static_cast<std::size_t>(i)] *= tau;
      product += conj(p[static_cast<std::size_t>(i)]) * v[i];
    }
    add_scaled(p.data(), T(-0.5) * tau * product, v, m);
    update_pair(rest, v, p.data());
  }
  t.d[static_cast<std::size_t>(n - 1)] = real(a(n - 1, n - 1));
  return t;
}

/// One sweep of the block [first, last], from its end: rotations of rows i + 1 and i.
void sweep_up(double* d, double* e, std::int64_t first, std::int64_t last, Sweeps& vectors) {
  const double half = (d[first + 1] - d[first]) / (2 * e[first]);
  const double root = std::copysign(std::sqrt(half * half + 1), half);
  double g = d[last] - (d[first] - e[first] / (half + root));  // the first column of T - shift
  double c = 1, s = 1, moved = 0;
  vectors.begin(last, -1);
  for (std::int64_t i = last - 1; i >= first; --i) {
    const double f = s * e[i], b = c * e[i];
    const double r = std::sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r == 0) {  // The block falls apart here.
      d[i + 1] -= moved;
      e[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    const double corner = d[i + 1] - moved;
    const double t = (d[i] - corner) * s + 2 * c * b;
    moved = s * t;
    d[i + 1] = corner + moved;
    g = c * t - b;
    vectors.add(c, s);
  }
  d[first] -= moved;
  e[first] = g;
  e[last] = 0;
}

/// The rows of z become those of Y^T z; false: no convergence.
template <class T>
bool diagonalise(Tridiagonal& t, Matrix<T>& z) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  const std::int64_t n = z.rows();
  double* const d = t.d.data();
  double* const e = t.e.data();
  std::int64_t left = 60 * n;
  Sweeps vectors(z);
  for (std::int64_t first = 0; first < n;) {
    std::int64_t last = first;
    while (last + 1 < n && std::abs(e[last]) > eps * (std::abs(d[last]) + std::abs(d[last + 1])) &&
           std::abs(e[last]) > eps * eps) {  // of a matrix whose largest entry is near one
      ++last;
    }
    if (last == first) {
      ++first;
    } else {
      if (left-- == 0) return false;
      sweep_up(d, e, first, last, vectors);
    }
  }
  vectors.flush();
  return true;
}

}  // namespace

template <class T>
void decompose_eigh(const MatrixCall& call) {
  const std::int64_t n = call.n;
  const T* const a = call.in_as<T>(0);
  T* const out = call.out_as<T>();
  if (n == 0 || !all_finite_or_nan(a, n * n, out, n + n * n)) return;
  const double scale = scale_of(a, n * n);
  Matrix<T> work(n, n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      work(i, j) = a[i * n + j] / scale;
      work(j, i) = conj(work(i, j));
    }
    work(i, i) = real(work(i, i));
  }
  Reflections<T> h(n - 1, n);
  Tridiagonal t = tridiagonalise(work.all(), h);
  Matrix<T> z(product_of(h, 1, n).all().transposed());
  if (!diagonalise(t, z)) throw FactorizationError("eigh: eigenvalues did not converge");
  std::vector<std::int64_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const auto value = [&](std::int64_t i) { return t.d[static_cast<std::size_t>(i)]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t i, std::int64_t j) { return value(i) < value(j); });
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int64_t from = order[static_cast<std::size_t>(j)];
    out[j] = value(from) * scale;
    for (std::int64_t i = 0; i < n; ++i) out[n + i * n + j] = z(from, i);
  }
}

template void decompose_eigh<double>(const MatrixCall&);
template void decompose_eigh<Complex>(const MatrixCall&);

}  // namespace dualtape::engine
