/// Singular values and what is made of them.
///
///   A = Q B P^H by reflections from the left and from the right, B real and upper bidiagonal: with
///       y = v^H A,  w = A u - conj(tau) v (y u),  A becomes A - conj(tau) v y - tau_u w u^H
///   B = X S Y^T by bidiagonal.cpp, on the rows of Q^T and of P^H
/// A much taller or wider matrix is reduced to a triangle first; of a wide one A^H is reduced, B is
/// lower and turned. Order and signs are those of LAPACK's dgesdd.
/// Source: Golub and Van Loan (2013), Matrix computations, 8.6.
#include <bit>
#include <functional>
#include <numeric>

#include "kernels/bidiagonal.hpp"
#include "kernels/decompose.hpp"
#include "kernels/divided_signs.hpp"
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

/// The rows of `left` are the left vectors, those of `right` the conjugates of the right ones;
/// values in no order and of any sign. `a` is overwritten.
template <class T>
SingularFactors<T> bidiagonal_factors(Matrix<T> a) {
  const bool wide = a.rows() < a.columns();
  const std::int64_t k = std::min(a.rows(), a.columns());
  if (wide) a = adjoint(a);
  Bidiagonal<T> b(a.all());
  const Matrix<T> tall = product_of(b.left, 0, k), square = product_of(b.right, 1, k);
  SingularFactors<T> f{Matrix<T>((wide ? square : tall).all().transposed()), std::move(b.d),
                       adjoint(wide ? tall : square)};
  Sweeps left(f.left), right(f.right);
  if (wide) turn_upper(f.values.data(), b.e.data(), k, left);
  if (k <= kUndivided) {
    f.converged = diagonalise(f.values.data(), b.e.data(), k, left, right);
    return f;
  }
  left.flush();
  const std::vector<double> d = f.values, e(b.e.begin(), b.e.end() - 1);
  const Matrix<T> basis = f.left;
  f.converged = diagonalise(f.values.data(), b.e.data(), k, left, right);
  sign_as_divided(d, e, basis, f.left, f.right);
  return f;
}

/// From here on a matrix of `shorter` rows or columns is reduced to a triangle first: LAPACK's
/// limits, which the signs depend on.
template <class T>
std::int64_t triangle_from(std::int64_t shorter) {
  return kIsComplex<T> ? shorter * 17 / 9 : shorter * 11 / 6;
}

/// The triangle R of A = Q R; `a` is overwritten.
template <class T>
Matrix<T> triangle_and_rest(Matrix<T>& a, Matrix<T>& q) {
  const std::int64_t n = a.columns();
  const Reflections<T> h = reduce_to_triangle(a.all());
  q = product_of(h, 0, n);
  Matrix<T> r(a.all().part(0, 0, n, n));
  for (std::int64_t i = 0; i < n; ++i) std::fill_n(r.row(i), i, T(0));
  return r;
}

template <class T>
SingularFactors<T> factors_in_no_order(Matrix<T> a) {
  const std::int64_t m = a.rows(), n = a.columns();
  Matrix<T> q;
  if (m >= n && m >= triangle_from<T>(n)) {
    SingularFactors<T> f = bidiagonal_factors(triangle_and_rest(a, q));
    Matrix<T> left(n, m);
    multiply(left.all(), f.left.all(), q.all().transposed());
    f.left = std::move(left);
    return f;
  }
  if (m < n && n >= triangle_from<T>(m)) {
    a = adjoint(a);
    SingularFactors<T> f = bidiagonal_factors(adjoint(triangle_and_rest(a, q)));
    f.right = f.right * adjoint(q);
    return f;
  }
  return bidiagonal_factors(std::move(a));
}

/// Selection sort: of equal values the first changes places.
template <class Before>
void select(std::vector<double>& values, std::vector<std::int64_t>& order, Before before) {
  for (auto at = values.begin(); at != values.end(); ++at) {
    const auto found = std::min_element(at, values.end(), before);
    std::iter_swap(at, found);
    std::iter_swap(order.begin() + (at - values.begin()), order.begin() + (found - values.begin()));
  }
}

/// The order of equal values is LAPACK's, whose routines sort three times: dbdsqr takes the
/// smallest to the end, the last of equal ones, dlasdq sorts upward, dbdsdc downward.
std::vector<std::int64_t> descending(std::vector<double>& values) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::reverse(values.begin(), values.end());
  std::reverse(order.begin(), order.end());
  select(values, order, std::less<>());
  std::reverse(values.begin(), values.end());
  std::reverse(order.begin(), order.end());
  select(values, order, std::less<>());
  select(values, order, std::greater<>());
  return order;
}

/// Values not negative and in descending order.
template <class T>
void put_in_order(SingularFactors<T>& f) {
  const auto k = static_cast<std::int64_t>(f.values.size());
  const auto flip = [](Matrix<T>& x, std::int64_t i) {
    for (std::int64_t j = 0; j < x.columns(); ++j) x(i, j) = -x(i, j);
  };
  for (std::int64_t i = 0; i < k; ++i) {
    double& s = f.values[static_cast<std::size_t>(i)];
    if (s < 0) flip(k == 1 ? f.left : f.right, i);
    s = std::abs(s);
  }
  const std::vector<std::int64_t> order = descending(f.values);
  const Matrix<T> left = std::move(f.left), right = std::move(f.right);
  f.left = Matrix<T>(k, left.columns());
  f.right = Matrix<T>(k, right.columns());
  for (std::int64_t i = 0; i < k; ++i) {
    const std::int64_t from = order[static_cast<std::size_t>(i)];
    std::copy_n(left.row(from), left.columns(), f.left.row(i));
    std::copy_n(right.row(from), right.columns(), f.right.row(i));
  }
}

}  // namespace

template <class T>
SingularFactors<T> singular_factors(const T* x, std::int64_t m, std::int64_t n) {
  const double scale = scale_of(x, m * n);
  Matrix<T> a(Window<const T>{x, m, n, n});
  for (std::int64_t i = 0; i < m * n; ++i) a.data()[i] /= scale;
  SingularFactors<T> f = factors_in_no_order(std::move(a));
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
