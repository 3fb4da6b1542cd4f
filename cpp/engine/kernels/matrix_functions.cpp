/// exp, log and sqrt of a matrix, their derivatives, and Sylvester's equation.
///
///   exp   scaling and squaring with the Pade approximant of least sufficient degree
///   sqrt  of the triangular Schur factor, by superdiagonals
///   log   square roots until the factor is near 1, then the Pade approximant as a sum of partial
///         fractions, whose nodes are those of Gauss's quadrature
/// Derivatives: the same for [[A, E], [0, A]]; its Schur form is made of A's.
/// Source: Higham (2005), The scaling and squaring method revisited; Higham (2008), Functions of
/// matrices, 6.3 and 11.5; Bartels and Stewart (1972).
#include <Eigen/Eigenvalues>
#include <Eigen/LU>
#include <cmath>
#include <string>

#include "kernels/decompose.hpp"
#include "ops/decompositions.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Real = Eigen::MatrixXd;
using Complex = Eigen::MatrixXcd;

double one_norm(const Real& a) { return a.cwiseAbs().colwise().sum().maxCoeff(); }

/// [m/m] Pade approximant of exp: coefficients b_0 .. b_m.
Real pade(const Real& a, std::span<const double> b) {
  const Eigen::Index n = a.rows();
  const Real a2 = a * a;
  Real power = Real::Identity(n, n), odd = b[1] * power, even = b[0] * power;
  for (std::size_t k = 2; k < b.size(); k += 2) {
    power = power * a2;
    even += b[k] * power;
    if (k + 1 < b.size()) odd += b[k + 1] * power;
  }
  const Real u = a * odd;
  return (even - u).partialPivLu().solve(even + u);
}

Real exponential(const Real& a) {
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
  Real x = pade(std::ldexp(1.0, -squarings) * a, b13);
  for (int k = 0; k < squarings; ++k) x = x * x;
  return x;
}

/// Upper triangular R with R R = T.
Complex triangular_root(const Complex& t) {
  const Eigen::Index n = t.rows();
  Complex r = Complex::Zero(n, n);
  for (Eigen::Index j = 0; j < n; ++j) {
    r(j, j) = std::sqrt(t(j, j));
    for (Eigen::Index i = j; i-- > 0;) {
      const auto known = r.row(i).segment(i + 1, j - i - 1) * r.col(j).segment(i + 1, j - i - 1);
      r(i, j) = (t(i, j) - known.value()) / (r(i, i) + r(j, j));
    }
  }
  return r;
}

/// Seven Gauss points of (0, 1): as accurate as float64 where |T - 1| <= 0.26.
Complex triangular_logarithm(const Complex& t) {
  static constexpr double kNode[] = {0.9491079123427585245, 0.7415311855993944399,
                                     0.4058451513773971669, 0};
  static constexpr double kWeight[] = {0.1294849661688696933, 0.2797053914892766679,
                                       0.3818300505051189449, 0.4179591836734693878};
  const Eigen::Index n = t.rows();
  const Complex one = Complex::Identity(n, n);
  Complex root = t;
  double scale = 1;
  const auto distance = [&] { return (root - one).cwiseAbs().colwise().sum().maxCoeff(); };
  // A zero on the diagonal has no logarithm: its roots never come near 1.
  for (int k = 0; k < 100 && distance() > 0.25; ++k, scale *= 2) root = triangular_root(root);
  const Complex x = root - one;
  Complex sum = Complex::Zero(n, n);
  for (int k = 0; k < 4; ++k) {
    for (const double side : {1.0, -1.0}) {
      if (kNode[k] == 0 && side < 0) continue;
      const double node = 0.5 * (1 + side * kNode[k]);
      const Complex divisor = one + node * x;
      sum += 0.5 * kWeight[k] * divisor.triangularView<Eigen::Upper>().solve(x);
    }
  }
  sum *= scale;
  // The roots lose digits of the diagonal, which is known.
  for (Eigen::Index i = 0; i < n; ++i) sum(i, i) = std::log(t(i, i));
  return sum;
}

using Schur = Eigen::ComplexSchur<Complex>;

Schur schur_of(const Real& a, const char* name) {
  Schur schur(a.cast<std::complex<double>>());
  if (schur.info() != Eigen::Success) {
    throw FactorizationError(std::string(name) + ": the Schur form did not converge");
  }
  return schur;
}

Real real_part(const Complex& x, const char* name) {
  if (x.imag().norm() > 1e-6 * x.real().norm()) {
    throw FactorizationError(std::string(name) +
                             ": A has a negative eigenvalue, and so a complex result");
  }
  return x.real();
}

Real real_function(const Real& a, MatrixFunction which) {
  if (which == MatrixFunction::kExp) return exponential(a);
  const bool is_log = which == MatrixFunction::kLog;
  const char* const name = is_log ? "logm" : "sqrtm";
  const Schur schur = schur_of(a, name);
  const Complex f =
      is_log ? triangular_logarithm(schur.matrixT()) : triangular_root(schur.matrixT());
  return real_part(schur.matrixU() * f * schur.matrixU().adjoint(), name);
}

/// Upper right block of f([[A, E], [0, A]]).
Real real_frechet(const Real& a, const Real& e, MatrixFunction which) {
  const Eigen::Index n = a.rows();
  if (which == MatrixFunction::kExp) {
    Real block = Real::Zero(2 * n, 2 * n);
    block.topLeftCorner(n, n) = block.bottomRightCorner(n, n) = a;
    block.topRightCorner(n, n) = e;
    return exponential(block).topRightCorner(n, n);
  }
  const bool is_log = which == MatrixFunction::kLog;
  const char* const name = is_log ? "logm" : "sqrtm";
  const Schur schur = schur_of(a, name);
  const Complex& u = schur.matrixU();
  Complex block = Complex::Zero(2 * n, 2 * n);
  block.topLeftCorner(n, n) = block.bottomRightCorner(n, n) = schur.matrixT();
  block.topRightCorner(n, n) = u.adjoint() * e * u;
  const Complex f = is_log ? triangular_logarithm(block) : triangular_root(block);
  return real_part(u * f.topRightCorner(n, n) * u.adjoint(), name);
}

Real matrix_at(const double* x, std::int64_t rows, std::int64_t columns) {
  return Eigen::Map<const Rows>(x, rows, columns);
}

}  // namespace

void apply_matrix_function(const MatrixCall& call) {
  const std::int64_t n = call.n;
  if (n == 0 || !all_finite_or_nan(call.in[0], n * n, call.out, n * n)) return;
  Eigen::Map<Rows>(call.out, n, n) =
      real_function(matrix_at(call.in[0], n, n), static_cast<MatrixFunction>(call.attrs[0]));
}

/// Linear in E, which is scaled to the size of A: a large one would cost squarings and digits.
void apply_frechet(const MatrixCall& call) {
  const std::int64_t n = call.n;
  if (n == 0 || !all_finite_or_nan(call.in[0], n * n, call.out, n * n) ||
      !all_finite_or_nan(call.in[1], n * n, call.out, n * n)) {
    return;
  }
  const Real a = matrix_at(call.in[0], n, n), e = matrix_at(call.in[1], n, n);
  const double size = one_norm(e);
  Eigen::Map<Rows> out(call.out, n, n);
  if (size == 0) {
    out.setZero();
    return;
  }
  const int power = std::ilogb(size) - std::ilogb(std::max(one_norm(a), 1e-3));
  const double scale = std::ldexp(1.0, power);
  out = scale * real_frechet(a, e / scale, static_cast<MatrixFunction>(call.attrs[0]));
}

/// With A = U S U^H and B = V T V^H: S Y + Y T = U^H Q V, column by column.
void solve_sylvester(const MatrixCall& call) {
  const std::int64_t m = call.m, n = call.columns;
  if (m * n == 0 || !all_finite_or_nan(call.in[0], m * m, call.out, m * n) ||
      !all_finite_or_nan(call.in[1], n * n, call.out, m * n) ||
      !all_finite_or_nan(call.in[2], m * n, call.out, m * n)) {
    return;
  }
  const Schur a = schur_of(matrix_at(call.in[0], m, m), "solve_sylvester");
  const Schur b = schur_of(matrix_at(call.in[1], n, n), "solve_sylvester");
  const Complex &s = a.matrixT(), &t = b.matrixT();
  Complex y = a.matrixU().adjoint() * matrix_at(call.in[2], m, n) * b.matrixU();
  for (Eigen::Index j = 0; j < n; ++j) {
    y.col(j) -= y.leftCols(j) * t.col(j).head(j);
    Complex shifted = s;
    shifted.diagonal().array() += t(j, j);
    if ((shifted.diagonal().array() == std::complex<double>(0)).any()) {
      throw SingularMatrixError("solve_sylvester: A and -B have an eigenvalue in common");
    }
    shifted.triangularView<Eigen::Upper>().solveInPlace(y.col(j));
  }
  Eigen::Map<Rows>(call.out, m, n) = (a.matrixU() * y * b.matrixU().adjoint()).real();
}

}  // namespace dualtape::engine
