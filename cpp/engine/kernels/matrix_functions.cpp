/// exp, log and sqrt of a matrix, their derivatives, and Sylvester's equation.
///
///   exp   scaling and squaring with the Pade approximant of least sufficient degree
///   sqrt  of the triangular Schur factor, by superdiagonals
///   log   square roots until the factor is near 1, then the Pade approximant as a sum of partial
///         fractions, whose nodes are those of Gauss's quadrature
/// Derivatives: the same for [[A, E], [0, A]]; its Schur form is made of A's.
/// Source: Higham (2005), The scaling and squaring method revisited; Higham (2008), Functions of
/// matrices, 6.3 and 11.5; Bartels and Stewart (1972).
#include <cmath>
#include <string>

#include "kernels/decompose.hpp"
#include "kernels/schur.hpp"
#include "ops/decompositions.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

using namespace dense;

namespace {

template <class T>
double one_norm(const Matrix<T>& a) {
  double largest = 0;
  for (std::int64_t j = 0; j < a.columns(); ++j) {
    double sum = 0;
    for (std::int64_t i = 0; i < a.rows(); ++i) sum += std::abs(a(i, j));
    largest = std::max(largest, sum);
  }
  return largest;
}

/// [m/m] Pade approximant of exp: coefficients b_0 .. b_m.
template <class T>
Matrix<T> pade(const Matrix<T>& a, std::span<const double> b) {
  const std::int64_t n = a.rows();
  const Matrix<T> a2 = a * a;
  Matrix<T> power = Matrix<T>::identity(n, n), odd = b[1] * power, even = b[0] * power;
  for (std::size_t k = 2; k < b.size(); k += 2) {
    power = k == 2 ? a2 : power * a2;
    even += b[k] * power;
    if (k + 1 < b.size()) odd += b[k + 1] * power;
  }
  const Matrix<T> u = a * odd;
  const Matrix<T> divisor = even - u;
  even += u;
  return solve(divisor, even);
}

template <class T>
Matrix<T> exponential(const Matrix<T>& a) {
  static constexpr double b3[] = {120, 60, 12, 1}, b5[] = {30240, 15120, 3360, 420, 30, 1},
                          b7[] = {17297280, 8648640, 1995840, 277200, 25200, 1512, 56, 1},
                          b9[] = {17643225600, 8821612800, 2075673600, 302702400, 30270240,
                                  2162160,     110880,     3960,       90,        1},
                          b13[] = {64764752532480000,
                                   32382376266240000,
                                   7771770303897600,
                                   1187353796428800,
                                   129060195264000,
                                   10559470521600,
                                   670442572800,
                                   33522128640,
                                   1323241920,
                                   40840800,
                                   960960,
                                   16380,
                                   182,
                                   1};
  const double norm = one_norm(a);
  if (norm <= 1.495585217958292e-2) return pade(a, b3);
  if (norm <= 2.539398330063230e-1) return pade(a, b5);
  if (norm <= 9.504178996162932e-1) return pade(a, b7);
  if (norm <= 2.097847961257068e0) return pade(a, b9);
  const int squarings = std::max(0, std::ilogb(norm / 5.371920351148152) + 1);
  Matrix<T> x = pade(std::ldexp(1.0, -squarings) * a, b13);
  for (int k = 0; k < squarings; ++k) x = x * x;
  return x;
}

/// Upper triangular R with R R = T.
Matrix<Complex> triangular_root(const Matrix<Complex>& t) {
  const std::int64_t n = t.rows();
  Matrix<Complex> r(n, n), turned(n, n);  // and its transpose: a column is side by side there
  for (std::int64_t j = 0; j < n; ++j) {
    r(j, j) = turned(j, j) = std::sqrt(t(j, j));
    for (std::int64_t i = j; i-- > 0;) {
      Complex known = 0;
      for (std::int64_t k = i + 1; k < j; ++k) known += r(i, k) * turned(j, k);
      r(i, j) = turned(j, i) = (t(i, j) - known) / (r(i, i) + r(j, j));
    }
  }
  return r;
}

/// x = D^-1 x, D upper triangular.
void solve_upper(const Matrix<Complex>& d, Matrix<Complex>& x) {
  const std::int64_t n = d.rows(), columns = x.columns();
  for (std::int64_t i = n; i-- > 0;) {
    for (std::int64_t j = i + 1; j < n; ++j) add_scaled(x.row(i), -d(i, j), x.row(j), columns);
    for (std::int64_t k = 0; k < columns; ++k) x(i, k) /= d(i, i);
  }
}

/// Seven Gauss points of (0, 1): as accurate as float64 where |T - 1| <= 0.26.
Matrix<Complex> triangular_logarithm(const Matrix<Complex>& t) {
  static constexpr double kNode[] = {0.9491079123427585245, 0.7415311855993944399,
                                     0.4058451513773971669, 0};
  static constexpr double kWeight[] = {0.1294849661688696933, 0.2797053914892766679,
                                       0.3818300505051189449, 0.4179591836734693878};
  const std::int64_t n = t.rows();
  const auto one = Matrix<Complex>::identity(n, n);
  Matrix<Complex> root = t;
  double scale = 1;
  // A zero on the diagonal has no logarithm: its roots never come near 1.
  for (int k = 0; k < 100 && one_norm(root - one) > 0.25; ++k, scale *= 2) {
    root = triangular_root(root);
  }
  const Matrix<Complex> x = root - one;
  Matrix<Complex> sum(n, n);
  for (int k = 0; k < 4; ++k) {
    for (const double side : {1.0, -1.0}) {
      if (kNode[k] == 0 && side < 0) continue;
      const double node = 0.5 * (1 + side * kNode[k]);
      Matrix<Complex> divisor = node * x, part = x;
      divisor += one;
      solve_upper(divisor, part);
      sum += 0.5 * kWeight[k] * part;
    }
  }
  sum = scale * sum;
  // The roots lose digits of the diagonal, which is known.
  for (std::int64_t i = 0; i < n; ++i) sum(i, i) = std::log(t(i, i));
  return sum;
}

/// The result of a function of a matrix of T.
template <class T>
Matrix<T> result_of(const Matrix<Complex>& x, const char* name) {
  if constexpr (kIsComplex<T>) {
    return x;
  } else {
    Matrix<double> y(x.rows(), x.columns());
    double size = 0, imaginary = 0;
    for (std::int64_t k = 0; k < x.rows() * x.columns(); ++k) {
      y.data()[k] = x.data()[k].real();
      size += squared(x.data()[k].real());
      imaginary += squared(x.data()[k].imag());
    }
    if (imaginary > 1e-12 * size) {
      throw FactorizationError(std::string(name) +
                               ": A has a negative eigenvalue, and so a complex result; pass a "
                               "complex A");
    }
    return y;
  }
}

Matrix<Complex> of_triangle(const Matrix<Complex>& t, MatrixFunction which) {
  return which == MatrixFunction::kLog ? triangular_logarithm(t) : triangular_root(t);
}

const char* name_of(MatrixFunction which) {
  return which == MatrixFunction::kLog ? "logm" : "sqrtm";
}

template <class T>
Matrix<T> function_of(const Matrix<T>& a, MatrixFunction which) {
  if (which == MatrixFunction::kExp) return exponential(a);
  const Schur schur = schur_of(Matrix<Complex>(a.all()), name_of(which));
  return result_of<T>(schur.u * of_triangle(schur.t, which) * adjoint(schur.u), name_of(which));
}

/// [[a, e], [0, a]].
template <class T>
Matrix<T> block_of(const Matrix<T>& a, const Matrix<T>& e) {
  const std::int64_t n = a.rows();
  Matrix<T> block(2 * n, 2 * n);
  for (std::int64_t i = 0; i < n; ++i) {
    std::copy_n(a.row(i), n, block.row(i));
    std::copy_n(e.row(i), n, block.row(i) + n);
    std::copy_n(a.row(i), n, block.row(n + i) + n);
  }
  return block;
}

template <class T>
Matrix<T> upper_right(const Matrix<T>& x) {
  const std::int64_t n = x.rows() / 2;
  return Matrix<T>(x.all().part(0, n, n, n));
}

/// Upper right block of f([[A, E], [0, A]]).
template <class T>
Matrix<T> frechet_of(const Matrix<T>& a, const Matrix<T>& e, MatrixFunction which) {
  if (which == MatrixFunction::kExp) return upper_right(exponential(block_of(a, e)));
  const Schur schur = schur_of(Matrix<Complex>(a.all()), name_of(which));
  const Matrix<Complex> back = adjoint(schur.u);
  const Matrix<Complex> block = block_of(schur.t, back * Matrix<Complex>(e.all()) * schur.u);
  return result_of<T>(schur.u * upper_right(of_triangle(block, which)) * back, name_of(which));
}

template <class T>
Matrix<T> matrix_at(const T* x, std::int64_t rows, std::int64_t columns) {
  return Matrix<T>(Window<const T>{x, rows, columns, columns});
}

template <class T>
void put(const Matrix<T>& x, T* out) {
  std::copy_n(x.data(), x.rows() * x.columns(), out);
}

}  // namespace

template <class T>
void apply_matrix_function(const MatrixCall& call) {
  const std::int64_t n = call.n;
  const T* const a = call.in_as<T>(0);
  T* const out = call.out_as<T>();
  if (n == 0 || !all_finite_or_nan(a, n * n, out, n * n)) return;
  put(function_of(matrix_at(a, n, n), static_cast<MatrixFunction>(call.attrs[0])), out);
}

/// Linear in E, which is scaled to the size of A: a large one would cost squarings and digits.
template <class T>
void apply_frechet(const MatrixCall& call) {
  const std::int64_t n = call.n;
  T* const out = call.out_as<T>();
  if (n == 0 || !all_finite_or_nan(call.in_as<T>(0), n * n, out, n * n) ||
      !all_finite_or_nan(call.in_as<T>(1), n * n, out, n * n)) {
    return;
  }
  const Matrix<T> a = matrix_at(call.in_as<T>(0), n, n), e = matrix_at(call.in_as<T>(1), n, n);
  const double size = one_norm(e);
  if (size == 0) {
    std::fill_n(out, n * n, T(0));
    return;
  }
  const int power = std::ilogb(size) - std::ilogb(std::max(one_norm(a), 1e-3));
  const double scale = std::ldexp(1.0, power);
  put(scale * frechet_of(a, (1 / scale) * e, static_cast<MatrixFunction>(call.attrs[0])), out);
}

/// With A = U S U^H and B = V T V^H: S Y + Y T = U^H Q V, column by column; those of Y are rows
/// here.
template <class T>
void solve_sylvester(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.columns;
  T* const out = call.out_as<T>();
  if (m * n == 0 || !all_finite_or_nan(call.in_as<T>(0), m * m, out, m * n) ||
      !all_finite_or_nan(call.in_as<T>(1), n * n, out, m * n) ||
      !all_finite_or_nan(call.in_as<T>(2), m * n, out, m * n)) {
    return;
  }
  const auto complex_at = [&](std::size_t k, std::int64_t rows, std::int64_t columns) {
    return Matrix<Complex>(Window<const T>{call.in_as<T>(k), rows, columns, columns});
  };
  const Schur a = schur_of(complex_at(0, m, m), "solve_sylvester");
  const Schur b = schur_of(complex_at(1, n, n), "solve_sylvester");
  Matrix<Complex> y(n, m);
  const Matrix<Complex> turned = adjoint(a.u) * complex_at(2, m, n) * b.u;
  for (std::int64_t j = 0; j < n; ++j) {
    for (std::int64_t i = 0; i < m; ++i) y(j, i) = turned(i, j);
    for (std::int64_t k = 0; k < j; ++k) add_scaled(y.row(j), -b.t(k, j), y.row(k), m);
    for (std::int64_t i = m; i-- > 0;) {
      for (std::int64_t k = i + 1; k < m; ++k) y(j, i) -= a.t(i, k) * y(j, k);
      const Complex pivot = a.t(i, i) + b.t(j, j);
      if (pivot == 0.0) {
        throw SingularMatrixError("solve_sylvester: A and -B have an eigenvalue in common");
      }
      y(j, i) /= pivot;
    }
  }
  const Matrix<Complex> x = a.u * Matrix<Complex>(y.all().transposed()) * adjoint(b.u);
  for (std::int64_t k = 0; k < m * n; ++k) {
    if constexpr (kIsComplex<T>) {
      out[k] = x.data()[k];
    } else {
      out[k] = x.data()[k].real();
    }
  }
}

template void apply_matrix_function<double>(const MatrixCall&);
template void apply_matrix_function<Complex>(const MatrixCall&);
template void apply_frechet<double>(const MatrixCall&);
template void apply_frechet<Complex>(const MatrixCall&);
template void solve_sylvester<double>(const MatrixCall&);
template void solve_sylvester<Complex>(const MatrixCall&);

}  // namespace dualtape::engine
