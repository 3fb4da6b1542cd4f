/// Singular values and what is made of them.
///
///   A = Q B P^H by reflections from the left and from the right, B real and upper bidiagonal: with
///       y = v^H A,  w = A u - conj(tau) v (y u),  A becomes A - conj(tau) v y - tau_u w u^H
///   B = X S Y^T by bidiagonal.cpp, on the rows of Q^T and of P^H
/// A tall matrix is reduced to a triangle first, a wide one turned.
/// Source: Golub and Van Loan (2013), Matrix computations, 8.6.
#include <bit>
#include <numeric>

#include "kernels/bidiagonal.hpp"
#include "kernels/decompose.hpp"
#include "kernels/reflectors.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

using namespace dense;

namespace {

template <class T>
void conjugate(Matrix<T>& x) {
  if constexpr (kIsComplex<T>) {
    for (std::int64_t i = 0; i < x.rows() * x.columns(); ++i) x.data()[i] = conj(x.data()[i]);
  }
}

/// m >= n; d and e come first, then the products of the reflections.
template <class T>
struct Bidiagonal {
  std::vector<double> d, e;
  Reflections<T> left, right;

  explicit Bidiagonal(Window<T> a)
      : d(static_cast<std::size_t>(a.columns)),
        e(static_cast<std::size_t>(a.columns)),
        left(a.columns, a.rows),
        right(std::max<std::int64_t>(a.columns - 1, 0), a.columns) {
    for (std::int64_t k = 0; k < a.columns; ++k) step(a, k);
  }

 private:
  void step(Window<T> a, std::int64_t k) {
    const std::int64_t m = a.rows - k, n = a.columns - k - 1;
    T* const v = left.v.row(k) + k;
    for (std::int64_t i = 0; i < m; ++i) v[i] = a(k + i, k);
    const auto [tau, beta] = Reflection<T>::of(v, m);
    left.tau[static_cast<std::size_t>(k)] = tau;
    d[static_cast<std::size_t>(k)] = beta;
    if (n == 0) return;
    const Window<T> rest = a.part(k, k + 1, m, n);
    std::vector<T> v_conj(v, v + m), y(static_cast<std::size_t>(n)), w(static_cast<std::size_t>(m));
    for (T& x : v_conj) x = conj(x);
    multiply(Window<T>{y.data(), 1, n, n}, Window<const T>{v_conj.data(), 1, m, m}, rest);
    T* const u = right.v.row(k) + k + 1;
    for (std::int64_t j = 0; j < n; ++j) {
      u[j] = conj(rest(0, j) - conj(tau) * y[static_cast<std::size_t>(j)]);
    }
    const auto [turn, side] = Reflection<T>::of(u, n);
    right.tau[static_cast<std::size_t>(k)] = turn;
    e[static_cast<std::size_t>(k)] = side;
    if (m == 1) return;
    multiply(Window<T>{w.data() + 1, m - 1, 1, 1}, rest.part(1, 0, m - 1, n),
             Window<const T>{u, n, 1, 1});
    T along(0);
    for (std::int64_t j = 0; j < n; ++j) along += y[static_cast<std::size_t>(j)] * u[j];
    add_scaled(w.data() + 1, -conj(tau) * along, v + 1, m - 1);
    update(rest, v, w.data(), y, u, conj(tau), turn);
  }
  /// The first row is done.
  static void update(Window<T> a, const T* v, const T* w, const std::vector<T>& y, const T* u,
                     const T& tau, const T& turn) {
    std::vector<T> u_conj(u, u + a.columns);
    for (T& x : u_conj) x = conj(x);
    for (std::int64_t i = 1; i < a.rows; ++i) {
      T* const row = &a(i, 0);
      const T left = tau * v[i], right = turn * w[i];
#pragma GCC ivdep
      for (std::int64_t j = 0; j < a.columns; ++j) {
        row[j] -=
            left * y[static_cast<std::size_t>(j)] + right * u_conj[static_cast<std::size_t>(j)];
      }
    }
  }
};

/// a, m >= n, is overwritten. The rows of `left` are the left vectors, those of `right` the
/// conjugates of the right ones.
template <class T>
SingularFactors<T> tall_factors(Matrix<T>& a) {
  const std::int64_t m = a.rows(), n = a.columns();
  if (m > 2 * n) {
    const Reflections<T> h = reduce_to_triangle(a.all());
    Matrix<T> r(a.all().part(0, 0, n, n));
    for (std::int64_t i = 0; i < n; ++i) std::fill_n(r.row(i), i, T(0));
    SingularFactors<T> f = tall_factors(r);
    const Matrix<T> q = product_of(h, 0, n);
    Matrix<T> left(n, m);
    multiply(left.all(), f.left.all(), q.all().transposed());
    f.left = std::move(left);
    return f;
  }
  Bidiagonal<T> b(a.all());
  SingularFactors<T> f{Matrix<T>(product_of(b.left, 0, n).all().transposed()), std::move(b.d),
                       adjoint(product_of(b.right, 1, n))};
  Sweeps left(f.left), right(f.right);
  f.converged = diagonalise(f.values.data(), b.e.data(), n, left, right);
  return f;
}

/// Values not negative and in descending order.
template <class T>
void put_in_order(SingularFactors<T>& f) {
  const auto k = static_cast<std::int64_t>(f.values.size());
  std::vector<std::int64_t> order(f.values.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  const std::vector<double> found = f.values;
  const auto value = [&](std::int64_t i) { return found[static_cast<std::size_t>(i)]; };
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t i, std::int64_t j) {
    return std::abs(value(i)) > std::abs(value(j));
  });
  const Matrix<T> left = std::move(f.left), right = std::move(f.right);
  f.left = Matrix<T>(k, left.columns());
  f.right = Matrix<T>(k, right.columns());
  for (std::int64_t i = 0; i < k; ++i) {
    const std::int64_t from = order[static_cast<std::size_t>(i)];
    f.values[static_cast<std::size_t>(i)] = std::abs(value(from));
    std::copy_n(left.row(from), left.columns(), f.left.row(i));
    std::copy_n(right.row(from), right.columns(), f.right.row(i));
    if (!std::signbit(value(from))) continue;
    for (std::int64_t j = 0; j < right.columns(); ++j) f.right(i, j) = -f.right(i, j);
  }
}

}  // namespace

template <class T>
SingularFactors<T> singular_factors(const T* x, std::int64_t m, std::int64_t n) {
  const double scale = scale_of(x, m * n);
  Matrix<T> a(Window<const T>{x, m, n, n});
  for (std::int64_t i = 0; i < m * n; ++i) a.data()[i] /= scale;
  if (m < n) a = adjoint(a);
  SingularFactors<T> f = tall_factors(a);
  if (m < n) {
    std::swap(f.left, f.right);
    conjugate(f.left);
    conjugate(f.right);
  }
  put_in_order(f);
  for (double& s : f.values) s *= scale;
  return f;
}

template SingularFactors<double> singular_factors(const double*, std::int64_t, std::int64_t);
template SingularFactors<Complex> singular_factors(const Complex*, std::int64_t, std::int64_t);

namespace {

template <class T>
SingularFactors<T> factors_of(const MatrixCall& call, const char* function) {
  auto f = singular_factors(call.in_as<T>(0), call.m, call.n);
  if (!f.converged) {
    throw FactorizationError(std::string(function) + ": singular values did not converge");
  }
  return f;
}

}  // namespace

/// s, U by rows, Vh by rows.
template <class T>
void decompose_svd(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.n, k = std::min(m, n);
  T* out = call.out_as<T>();
  if (k == 0 || !all_finite_or_nan(call.in_as<T>(0), m * n, out, k + (m + n) * k)) return;
  const SingularFactors<T> f = factors_of<T>(call, "svd");
  out = std::copy(f.values.begin(), f.values.end(), out);
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < k; ++j) *out++ = f.left(j, i);
  }
  std::copy_n(f.right.data(), k * n, out);
}

/// V diag(1 / s) U^H, without the singular values up to the cutoff.
template <class T>
void make_pinv(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.n;
  T* const out = call.out_as<T>();
  if (m * n == 0 || !all_finite_or_nan(call.in_as<T>(0), m * n, out, m * n)) return;
  SingularFactors<T> f = factors_of<T>(call, "pinv");
  const double least = std::bit_cast<double>(call.attrs[0]) * f.values[0];
  for (std::int64_t i = 0; i < f.left.rows(); ++i) {
    const double s = f.values[static_cast<std::size_t>(i)], inverse = s > least ? 1 / s : 0;
    for (std::int64_t j = 0; j < m; ++j) f.left(i, j) *= inverse;
  }
  conjugate(f.left);
  conjugate(f.right);
  multiply(Window<T>{out, n, m, m}, f.right.all().transposed(), f.left.all());
}

template void decompose_svd<double>(const MatrixCall&);
template void decompose_svd<Complex>(const MatrixCall&);
template void make_pinv<double>(const MatrixCall&);
template void make_pinv<Complex>(const MatrixCall&);

}  // namespace dualtape::engine
