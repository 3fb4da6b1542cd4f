/// Sparse Jacobians and Hessians: against closed forms, against the dense drivers, patterns that
/// change, and how many products they take.

#include <dualtape/sparse.hpp>

#include <random>

#include "check.hpp"

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;
template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

VectorXd random_vector(Eigen::Index n, unsigned seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<double> uniform(0.2, 1.7);
  return VectorXd::NullaryExpr(n, [&] { return uniform(rng); });
}

void same_matrix(const Eigen::SparseMatrix<double>& got, const MatrixXd& wanted,
                 const check::Where& where = check::Where::current()) {
  const MatrixXd dense = got;
  check::is_true(dense.rows() == wanted.rows() && dense.cols() == wanted.cols(), "shape", where);
  for (Eigen::Index j = 0; j < wanted.cols(); ++j) {
    for (Eigen::Index i = 0; i < wanted.rows(); ++i) {
      check::close(dense(i, j), wanted(i, j), 1e-13,
                   "(" + std::to_string(i) + ", " + std::to_string(j) + ")", where);
    }
  }
}

const auto rosenbrock = [](const auto& x) {
  using dualtape::square;
  auto sum = 0.0 * x[0];
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * square(x[i + 1] - x[i] * x[i]) + square(1 - x[i]);
  }
  return sum;
};

void hessian_of_rosenbrock_is_tridiagonal() {
  const VectorXd x = random_vector(50, 1);
  MatrixXd wanted = MatrixXd::Zero(50, 50);
  for (int i = 0; i < 50; ++i) {
    if (i < 49) {
      wanted(i, i) += 1200 * x[i] * x[i] - 400 * x[i + 1] + 2;
      wanted(i, i + 1) = wanted(i + 1, i) = -400 * x[i];
    }
    if (i > 0) wanted(i, i) += 200;
  }
  dualtape::SparseHessian hessian(rosenbrock, x);
  const auto& h = hessian(x);
  same_matrix(h, wanted);
  check::is_true(h.nonZeros() == 148, "entries, got " + std::to_string(h.nonZeros()));
  check::is_true(hessian.products() <= 3, "three products");
  check::is_true(MatrixXd(h) == MatrixXd(h).transpose(), "symmetric to the last bit");
  same_matrix(dualtape::sparse_hessian(rosenbrock, x), wanted);
}

/// An arrow: one column and one row full, else a diagonal. Columns alone would need n products.
void an_arrow_takes_products_from_both_sides() {
  const auto arrow = [](const auto& x) {
    using T = typename std::decay_t<decltype(x)>::Scalar;
    Vector<T> y(x.size());
    y[0] = x[0];
    for (Eigen::Index i = 1; i < x.size(); ++i) {
      y[0] += x[i] * x[i];
      y[i] = sin(x[i]) * x[0];
    }
    return y;
  };
  const VectorXd x = random_vector(40, 2);
  MatrixXd wanted = MatrixXd::Zero(40, 40);
  wanted(0, 0) = 1;
  for (int i = 1; i < 40; ++i) {
    wanted(0, i) = 2 * x[i];
    wanted(i, 0) = std::sin(x[i]);
    wanted(i, i) = std::cos(x[i]) * x[0];
  }
  dualtape::SparseJacobian jacobian(arrow, x);
  same_matrix(jacobian(x), wanted);
  check::is_true(jacobian.forward_products() + jacobian.reverse_products() == 3,
                 "products, got " + std::to_string(jacobian.forward_products()) + " and " +
                     std::to_string(jacobian.reverse_products()));
}

/// Sums and products of entries picked at random: all operations whose second derivatives differ.
struct Random {
  unsigned seed;
  Eigen::Index outputs;

  template <class X>
  auto operator()(const X& x) const {
    using T = typename std::decay_t<X>::Scalar;
    std::mt19937 rng(seed);
    const auto pick = [&] { return x[static_cast<Eigen::Index>(rng() % 12)]; };
    Vector<T> y = Vector<T>::Zero(outputs);
    for (Eigen::Index i = 0; i < outputs; ++i) {
      for (int term = 0; term < 3; ++term) {
        const T a = pick(), b = pick(), c = pick();
        switch (rng() % 8) {
          case 0: y[i] += a * b + 2.0 * c; break;
          case 1: y[i] += (a + b) / c; break;
          case 2: y[i] -= sin(a) * (b - c); break;
          case 3: y[i] += maximum(a, b) * 3.0 - c; break;
          case 4: y[i] += where(a < b, a * c, b); break;
          case 5: y[i] += clip(a * b, 0.3, 1.1) / 7.0; break;
          case 6: y[i] += 1.0 / a + abs(b - c) * 0.5; break;
          default: y[i] += power(a, b) + floor(c) * a; break;
        }
      }
    }
    return y;
  }
};

void random_functions_agree_with_the_dense_drivers() {
  for (unsigned seed = 0; seed < 30; ++seed) {
    const VectorXd x = random_vector(12, seed), other = random_vector(12, 1000 + seed);
    const Random f{seed, 1 + seed % 15};
    dualtape::SparseJacobian jacobian(f, x);
    same_matrix(jacobian(x), dualtape::jacobian(f, x));
    same_matrix(jacobian(other), dualtape::jacobian(f, other));
    const auto sum = [&](const auto& z) { return f(z).sum(); };
    dualtape::SparseHessian hessian(sum, x);
    same_matrix(hessian(x), dualtape::hessian(sum, x));
    same_matrix(hessian(other), dualtape::hessian(sum, other));
  }
}

void linear_functions_have_no_hessian() {
  const auto f = [](const auto& x) {
    return 3.0 * x[0] - x[2] / 4.0 + where(x[1] < 0.5, x[0], x[1]);
  };
  const VectorXd x = random_vector(3, 5);
  check::is_true(dualtape::sparse_hessian(f, x).nonZeros() == 0, "no entries");
  check::is_true(dualtape::sparse_jacobian(f, x).nonZeros() == 3, "both branches");
}

/// An `if` that goes another way later: the pattern must grow, or a derivative would be lost.
void branches_taken_later_are_found() {
  const auto f = [](const auto& x) {
    using T = typename std::decay_t<decltype(x)>::Scalar;
    Vector<T> y(2);
    y[0] = x[0] > 1.0 ? T(x[1] * x[2]) : T(x[1] + x[0]);
    y[1] = x[2];
    return y;
  };
  const VectorXd below = Eigen::Vector3d(0.5, 2, 3), above = Eigen::Vector3d(1.5, 2, 3);
  dualtape::SparseJacobian jacobian(f, below);
  same_matrix(jacobian(below), Eigen::Matrix<double, 2, 3>{{1, 1, 0}, {0, 0, 1}});
  same_matrix(jacobian(above), Eigen::Matrix<double, 2, 3>{{0, 3, 2}, {0, 0, 1}});
  same_matrix(jacobian(below), Eigen::Matrix<double, 2, 3>{{1, 1, 0}, {0, 0, 1}});

  // Of the same variables, only the operation differs.
  const auto g = [](const auto& x) {
    using T = typename std::decay_t<decltype(x)>::Scalar;
    return x[0] > 1.0 ? T(x[1] * x[2]) : T(x[1] + x[2]);
  };
  dualtape::SparseHessian hessian(g, below);
  check::is_true(hessian(below).nonZeros() == 0, "none below");
  same_matrix(hessian(above), MatrixXd{{0, 0, 0}, {0, 0, 1}, {0, 1, 0}});
  same_matrix(hessian(below), MatrixXd::Zero(3, 3));
}

/// sqrt has slope inf at 0, which no other column may feel.
void infinite_slopes_stay_in_their_column() {
  const auto f = [](const auto& x) {
    using T = typename std::decay_t<decltype(x)>::Scalar;
    Vector<T> y(3);
    y << sqrt(x[0]) + x[1], x[1] * x[2], x[2] + x[0];
    return y;
  };
  same_matrix(dualtape::sparse_jacobian(f, VectorXd(Eigen::Vector3d(0, 2, 3))),
              MatrixXd{{dualtape::kInf, 1, 0}, {0, 3, 2}, {1, 0, 1}});
}

void other_containers_and_sizes() {
  const std::array<double, 3> x{0.5, 2, 3};
  const auto f = [](const auto& z) {
    using T = typename std::decay_t<decltype(z)>::value_type;
    return std::array<T, 2>{z[0] * z[1], exp(z[2])};
  };
  same_matrix(dualtape::sparse_jacobian(f, x), MatrixXd{{2, 0.5, 0}, {0, 0, std::exp(3.0)}});
  const auto norm = [](const auto& m) { return m.squaredNorm(); };
  const MatrixXd m = MatrixXd{{1, 2}, {3, 4}};
  same_matrix(dualtape::sparse_hessian(norm, m), 2 * MatrixXd::Identity(4, 4));
  const auto whole = [](const auto& z) { return z; };
  check::is_true(dualtape::sparse_jacobian(whole, VectorXd()).size() == 0, "of nothing");
  using check::throws;
  bool longer = false;
  const auto fickle = [&longer](const auto& z) { return z.head(longer ? 2 : 1).eval(); };
  const VectorXd two = random_vector(2, 1);
  dualtape::SparseJacobian jacobian(fickle, two);
  longer = true;
  throws<std::invalid_argument>([&] { jacobian(two); }, "was 1 x 2, now it is 2 x 2");
}

/// Five-point stencil: a known colouring of about five groups, whatever the size.
void a_grid_takes_few_products() {
  constexpr Eigen::Index n = 20;
  const auto bratu = [](const auto& u) {
    using T = typename std::decay_t<decltype(u)>::Scalar;
    Vector<T> r(n * n);
    const auto at = [&](Eigen::Index i, Eigen::Index j) {
      return i < 0 || j < 0 || i >= n || j >= n ? T(0) : T(u[i * n + j]);
    };
    for (Eigen::Index i = 0; i < n; ++i) {
      for (Eigen::Index j = 0; j < n; ++j) {
        r[i * n + j] = 4.0 * at(i, j) - at(i - 1, j) - at(i + 1, j) - at(i, j - 1) - at(i, j + 1) -
                       0.01 * exp(at(i, j));
      }
    }
    return r;
  };
  const VectorXd u = random_vector(n * n, 9);
  dualtape::SparseJacobian jacobian(bratu, u);
  const MatrixXd j = jacobian(u);
  check::is_true(jacobian.forward_products() + jacobian.reverse_products() <= 8, "few products");
  check::close(j(21, 21), 4 - 0.01 * std::exp(u[21]), 1e-14);
  check::is_true(jacobian(u).nonZeros() == 5 * n * n - 4 * n, "five a row");
  same_matrix(jacobian(u), dualtape::jacobian(bratu, u));
}

}  // namespace

int main() {
  return check::run({
      {"hessian of rosenbrock is tridiagonal", hessian_of_rosenbrock_is_tridiagonal},
      {"an arrow takes products from both sides", an_arrow_takes_products_from_both_sides},
      {"random functions agree with the dense drivers",
       random_functions_agree_with_the_dense_drivers},
      {"linear functions have no hessian", linear_functions_have_no_hessian},
      {"branches taken later are found", branches_taken_later_are_found},
      {"infinite slopes stay in their column", infinite_slopes_stay_in_their_column},
      {"other containers and sizes", other_containers_and_sizes},
      {"a grid takes few products", a_grid_takes_few_products},
  });
}
