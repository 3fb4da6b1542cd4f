/// Schur forms of matrices.
#pragma once

#include "kernels/reflectors.hpp"

namespace dualtape::engine::dense {

/// A = U T U^H, T upper triangular.
struct Schur {
  Matrix<Complex> u, t;
};

/// Of finite A[n, n]; below the diagonal it has entries in rows and columns `first` .. `last`
/// alone. FactorizationError, which names the function, if it does not converge.
Schur schur_of(Matrix<Complex> a, std::int64_t first, std::int64_t last, const char* function);
inline Schur schur_of(Matrix<Complex> a, const char* function) {
  const std::int64_t n = a.rows();
  return schur_of(std::move(a), 0, n - 1, function);
}

/// A = U T U^T, T upper triangular but for blocks of two rows, whose diagonal entries are equal and
/// whose others have opposite signs: a pair of conjugate eigenvalues. In the order and with the
/// signs of LAPACK's dhseqr up to n = 75.
struct RealSchur {
  Matrix<double> u, t;
};
RealSchur real_schur_of(Matrix<double> a, std::int64_t first, std::int64_t last,
                        const char* function);

/// Below its diagonal a keeps the neighbours alone; U^T of A = U H U^H.
template <class T>
Matrix<T> reduce_to_hessenberg(Matrix<T>& a, std::int64_t first, std::int64_t last) {
  const std::int64_t n = a.rows();
  Reflections<T> h(std::max<std::int64_t>(n - 2, 0), n);
  for (std::int64_t k = first; k + 1 < last; ++k) {
    const std::int64_t m = last - k;
    T* const v = h.v.row(k) + k + 1;
    for (std::int64_t i = 0; i < m; ++i) v[i] = a(k + 1 + i, k);
    const auto [tau, beta] = Reflection<T>::of(v, m);
    h.tau[static_cast<std::size_t>(k)] = tau;
    a(k + 1, k) = beta;
    for (std::int64_t i = k + 2; i <= last; ++i) a(i, k) = 0;
    detail::reflect(a.all().part(k + 1, k + 1, m, n - k - 1), v, conj(tau));
    std::vector<T> v_conj(v, v + m);
    for (T& x : v_conj) x = conj(x);
    for (std::int64_t i = 0; i <= last; ++i) {
      T* const row = a.row(i) + k + 1;
      T sum = 0;
      for (std::int64_t j = 0; j < m; ++j) sum += row[j] * v[j];
      add_scaled(row, -tau * sum, v_conj.data(), m);
    }
  }
  return Matrix<T>(product_of(h, 1, n).all().transposed());
}

/// Whether the entry left of t_kk is as good as zero: Ahues and Tisseur (1997), A new deflation
/// criterion for the QR algorithm. `size` gives magnitudes.
template <class T, class Size>
bool is_decoupled(const Matrix<T>& t, std::int64_t k, std::int64_t first, std::int64_t last,
                  Size size) {
  constexpr double eps = std::numeric_limits<double>::epsilon();
  constexpr double least = 1e-140;  // of a scaled matrix; squares of what is larger are normal
  const double below = std::abs(t(k, k - 1));
  if (below <= least) return true;
  double beside = size(t(k - 1, k - 1)) + size(t(k, k));
  if (beside == 0) {
    if (k - 2 >= first) beside += std::abs(t(k - 1, k - 2));
    if (k + 1 <= last) beside += std::abs(t(k + 1, k));
  }
  if (below > eps * beside) return false;
  const double above = size(t(k - 1, k)), entry = size(t(k, k));
  const double gap = size(t(k - 1, k - 1) - t(k, k));
  const double sum = std::max(entry, gap) + std::max(below, above);
  return std::min(below, above) * (std::max(below, above) / sum) <=
         std::max(least, eps * (std::min(entry, gap) * (std::max(entry, gap) / sum)));
}

}  // namespace dualtape::engine::dense
