/// QR by Householder reflections, with LAPACK's signs: Q by rows, then R by rows.
#include "kernels/decompose.hpp"
#include "kernels/reflectors.hpp"

namespace dualtape::engine {

using namespace dense;

template <class T>
Reflections<T> dense::reduce_to_triangle(Window<T> a) {
  const std::int64_t m = a.rows, n = a.columns, k = std::min(m, n);
  Reflections<T> h(k, m);
  for (std::int64_t first = 0; first < k; first += kReflectionBlock) {
    const std::int64_t last = std::min(first + kReflectionBlock, k);
    for (std::int64_t j = first; j < last; ++j) {
      T* const v = h.v.row(j) + j;
      for (std::int64_t i = j; i < m; ++i) v[i - j] = a(i, j);
      const auto reflection = Reflection<T>::of(v, m - j);
      h.tau[static_cast<std::size_t>(j)] = reflection.tau;
      a(j, j) = reflection.beta;
      detail::reflect(a.part(j, j + 1, m - j, last - j - 1), v, conj(reflection.tau));
    }
    apply_block(h, first, last - first, first, true, a.part(0, last, m, n - last));
  }
  return h;
}

template Reflections<double> dense::reduce_to_triangle(Window<double>);
template Reflections<Complex> dense::reduce_to_triangle(Window<Complex>);

template <class T>
void decompose_qr(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.n, k = std::min(m, n);
  if (k == 0) return;
  Matrix<T> a(Window<const T>{call.in_as<T>(0), m, n, n});
  const Reflections<T> h = reduce_to_triangle(a.all());
  T* const out = call.out_as<T>();
  const Matrix<T> q = product_of(h, 0, k);
  std::copy_n(q.data(), m * k, out);
  T* r = out + m * k;
  for (std::int64_t i = 0; i < k; ++i, r += n) {
    std::fill_n(r, i, T(0));
    std::copy_n(a.row(i) + i, n - i, r + i);
  }
}

template void decompose_qr<double>(const MatrixCall&);
template void decompose_qr<Complex>(const MatrixCall&);

}  // namespace dualtape::engine
