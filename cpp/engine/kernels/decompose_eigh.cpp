/// Eigenvalues of a Hermitian matrix: w, then V by rows.
///
///   A = Q T Q^H by reflections, T real and tridiagonal: with p = tau A v and
///       w = p - tau (p^H v) v / 2,  H^H A H = A - v w^H - w v^H
///   T = Y diag(w) Y^T by tridiagonal.cpp, on the rows of Q^T
/// Source: Golub and Van Loan (2013), Matrix computations, 8.3.
#include <algorithm>
#include <numeric>

#include "kernels/decompose.hpp"
#include "kernels/divided_signs.hpp"
#include "kernels/reflectors.hpp"
#include "ops/decompositions.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

using namespace dense;

namespace {

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

/// i_0 .. i_(n-1) with ascending values, by the exchanges of LAPACK's selection sort: equal values
/// come in its order.
std::vector<std::int64_t> ascending(std::vector<double>& values) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (auto at = values.begin(); at != values.end(); ++at) {
    const auto least = std::min_element(at, values.end());
    std::iter_swap(at, least);
    std::swap(order[static_cast<std::size_t>(at - values.begin())],
              order[static_cast<std::size_t>(least - values.begin())]);
  }
  return order;
}

/// The Hermitian matrix of a's lower triangle; `upper`: rows and columns in the reverse order.
template <class T>
Matrix<T> completed(const T* a, std::int64_t n, double scale, bool upper) {
  Matrix<T> x(n, n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      const std::int64_t row = upper ? n - 1 - i : i, column = upper ? n - 1 - j : j;
      x(row, column) = a[i * n + j] / scale;
      x(column, row) = conj(x(row, column));
    }
  }
  for (std::int64_t i = 0; i < n; ++i) x(i, i) = real(x(i, i));
  return x;
}

}  // namespace

/// With the order and the signs of LAPACK's dsyevd. An upper triangle that it was given is reduced
/// from its last column on: the lower one of the matrix in reverse order.
template <class T>
void decompose_eigh(const MatrixCall& call) {
  const std::int64_t n = call.n;
  const T* const a = call.in_as<T>(0);
  T* const out = call.out_as<T>();
  if (n == 0 || !all_finite_or_nan(a, n * n, out, n + n * n)) return;
  const bool upper = static_cast<Spectrum>(call.attrs[0]) == Spectrum::kHermitianUpper;
  const double scale = scale_of(a, n * n);
  Matrix<T> work = completed(a, n, scale, upper);
  Reflections<T> h(n - 1, n);
  Tridiagonal t = tridiagonalise(work.all(), h);
  Matrix<T> z(product_of(h, 1, n).all().transposed());
  if (upper) {
    std::reverse(t.d.begin(), t.d.end());
    std::reverse(t.e.begin(), t.e.end() - 1);
    std::reverse(z.data(), z.data() + n * n);
  }
  const Tridiagonal before = n > kUndivided ? t : Tridiagonal{};
  const Matrix<T> basis = n > kUndivided ? z : Matrix<T>();
  Sweeps vectors(z);
  if (!diagonalise(t, vectors)) {
    throw FactorizationError("eigh: eigenvalues did not converge");
  }
  if (n > kUndivided) sign_as_divided(before, basis, z);
  const std::vector<std::int64_t> order = ascending(t.d);
  for (std::int64_t j = 0; j < n; ++j) {
    const std::int64_t from = order[static_cast<std::size_t>(j)];
    out[j] = t.d[static_cast<std::size_t>(j)] * scale;
    for (std::int64_t i = 0; i < n; ++i) out[n + i * n + j] = z(from, i);
  }
}

template void decompose_eigh<double>(const MatrixCall&);
template void decompose_eigh<Complex>(const MatrixCall&);

}  // namespace dualtape::engine
