/// Householder's reflections H = 1 - tau v v^H, v_0 = 1, one by one and in blocks.
///
/// A product of k reflections is 1 - V T V^H with T upper triangular, so that a block of them is
/// applied by two products of matrices. Source: Schreiber and Van Loan (1989), A storage-efficient
/// WY representation for products of Householder transformations.
#pragma once

#include <cmath>

#include "kernels/dense.hpp"

namespace dualtape::engine::dense {

/// H^H x = (beta, 0 .. 0) with beta real, as LAPACK's: beta has the sign opposite to Re(x_0), and
/// H = 1 where x is that already. x becomes v.
template <class T>
struct Reflection {
  T tau{};
  double beta = 0;

  static Reflection of(T* x, std::int64_t n) {
    double rest = 0;
    for (std::int64_t i = 1; i < n; ++i) rest += squared(x[i]);
    const T first = x[0];
    // Squares that have lost digits would make a v that is not of its length.
    if (const double total = rest + squared(first); total < 1e-280 || total > 1e280) {
      const double up = 1 / scale_of(x, n);
      if (up != 1) {
        for (std::int64_t i = 0; i < n; ++i) x[i] *= up;
        const Reflection scaled = of(x, n);
        return {scaled.tau, scaled.beta / up};
      }
    }
    x[0] = T(1);
    const double turned = squared(first) - real(first) * real(first);
    if (rest == 0 && !(turned > 0)) return {T(0), real(first)};
    const double beta = -std::copysign(std::sqrt(rest + squared(first)), real(first));
    const T scale = T(1) / (first - beta);
    for (std::int64_t i = 1; i < n; ++i) x[i] *= scale;
    return {(beta - first) / beta, beta};
  }
};

/// H_0 H_1 .. H_(k-1); the v of each is a row, zeros before its one.
template <class T>
struct Reflections {
  Matrix<T> v;
  std::vector<T> tau;

  Reflections(std::int64_t count, std::int64_t length)
      : v(count, length), tau(static_cast<std::size_t>(count)) {}
  std::int64_t count() const { return v.rows(); }
};

namespace detail {

/// x of one reflection, without its zeros: (1 - tau v v^H) a, from the row where v begins.
template <class T>
void reflect(Window<T> a, const T* v, const T& tau) {
  if (tau == T(0)) return;
  std::vector<T> w(static_cast<std::size_t>(a.columns));
  for (std::int64_t i = 0; i < a.rows; ++i) add_scaled(w.data(), conj(v[i]), &a(i, 0), a.columns);
  for (std::int64_t i = 0; i < a.rows; ++i) add_scaled(&a(i, 0), -tau * v[i], w.data(), a.columns);
}

/// T of the reflections [first, first + k), from the products of their vectors.
template <class T>
Matrix<T> triangle_of(const Reflections<T>& h, std::int64_t first, std::int64_t k,
                      const Matrix<T>& v_conj, Window<const T> v) {
  Matrix<T> products(k, k), t(k, k);
  multiply(products.all(), v_conj.all(), v.transposed());
  for (std::int64_t j = 0; j < k; ++j) {
    const T tau = h.tau[static_cast<std::size_t>(first + j)];
    t(j, j) = tau;
    for (std::int64_t i = 0; i < j; ++i) {
      T sum(0);
      for (std::int64_t l = i; l < j; ++l) sum += t(i, l) * products(l, j);
      t(i, j) = -tau * sum;
    }
  }
  return t;
}

}  // namespace detail

/// a = (H_first .. H_(first+k-1)) a, or the adjoint of this product; rows before the one where
/// H_first begins, `from`, do not change.
template <class T>
void apply_block(const Reflections<T>& h, std::int64_t first, std::int64_t k, std::int64_t from,
                 bool adjoint, Window<T> a) {
  const std::int64_t m = a.rows - from, n = a.columns;
  const Window<T> below = a.part(from, 0, m, n);
  if (k < 4 || n < 4) {
    for (std::int64_t step = 0; step < k; ++step) {
      const std::int64_t i = first + (adjoint ? step : k - 1 - step), at = from + i - first;
      const T tau = h.tau[static_cast<std::size_t>(i)];
      detail::reflect(a.part(at, 0, a.rows - at, n), h.v.row(i) + at, adjoint ? conj(tau) : tau);
    }
    return;
  }
  const Window<const T> v = h.v.all().part(first, from, k, m);
  Matrix<T> v_conj(v);
  for (std::int64_t i = 0; kIsComplex<T> && i < k * m; ++i)
    v_conj.data()[i] = conj(v_conj.data()[i]);
  const Matrix<T> t = detail::triangle_of(h, first, k, v_conj, v);
  Matrix<T> inner(k, n), turned(k, n), change(m, n);
  multiply(inner.all(), v_conj.all(), below);
  if (adjoint) {
    turned = dense::adjoint(t) * inner;
  } else {
    multiply(turned.all(), t.all(), inner.all());
  }
  multiply(change.all(), v.transposed(), turned.all());
  for (std::int64_t i = 0; i < m; ++i) add_scaled(&below(i, 0), T(-1), change.row(i), n);
}

inline constexpr std::int64_t kReflectionBlock = 32;

/// a becomes R, with anything below the diagonal.
template <class T>
Reflections<T> reduce_to_triangle(Window<T> a);

/// H_0 H_1 .. H_(k-1) of the first `columns` columns of the identity; H_i begins in row i + shift.
template <class T>
Matrix<T> product_of(const Reflections<T>& h, std::int64_t shift, std::int64_t columns) {
  const std::int64_t m = h.v.columns(), k = h.count();
  Matrix<T> q = Matrix<T>::identity(m, columns);
  for (std::int64_t end = k; end > 0;) {
    const std::int64_t first = (end - 1) / kReflectionBlock * kReflectionBlock,
                       from = first + shift;
    // Columns before `from` are still those of the identity, with nothing in these rows.
    apply_block(h, first, end - first, from, false, q.all().part(0, from, m, columns - from));
    end = first;
  }
  return q;
}

}  // namespace dualtape::engine::dense
