// Eigen's products of matrices of tape variables, by where they go, and their second derivatives.
// Apart from test_eigen_tape_products.cpp, which is as much to compile.
#include "tape_matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

template <class T>
void results_of_all_kinds(const Matrix<T>& a, const Matrix<T>& b, Results<T>& y) {
  const Eigen::Index n = a.rows();
  Matrix<T> c = a;
  c = c * b;
  y.add("c = c b", c);
  c *= a;
  y.add("c *= a", c);
  c.noalias() += a * b;
  y.add("c += a b", c);
  c.noalias() -= a * b.transpose();
  y.add("c -= a b", c);
  c += 3.0 * a * b;
  y.add("c += 3 a b", c);
  c = b - a * b;
  y.add("c = b - a b", c);
  c.topLeftCorner(n - 1, n) = a.topRows(n - 1) * b;
  y.add("a block of c", c);
  c.transpose() = a * b;
  y.add("c^T = a b", c);
  c.col(1) = a * b.col(0);
  c.row(0) -= a.row(0) * b;
  y.add("a column and a row", c);
  Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> rows = a;
  y.add("by rows", rows * b * rows.transpose());
  y.add("diagonal", (a * b).diagonal());
  y.add("triangle", Matrix<T>((a * b).template triangularView<Eigen::Lower>()));
  const Eigen::Matrix<T, 3, 3> small = a.template topLeftCorner<3, 3>();
  const Eigen::Matrix<T, 3, 1> column = b.template topLeftCorner<3, 1>();
  y.add("3 x 3", small * small.transpose());
  y.add("3 x 3 column", small * column);
  y.add("3 x 3 numbers", small * Eigen::Matrix3d(general(3, 0.2)));
  y.add("3 x 3 row", column.transpose() * small);
  y.add("3 x n", small * a.template topRows<3>());
  y.add("no depth", a.leftCols(0) * b.topRows(0));
  y.add("no rows", a.topRows(0) * b);
}

void results() {
  check_products([](const auto& a, const auto& b, auto& y) { results_of_all_kinds(a, b, y); });
}

/// Sum of squares of some products' entries: its Hessian needs first and second derivatives.
struct Squares {
  template <class T>
  T operator()(const Vector<T>& x) const {
    constexpr int kN = kProductSizes[1];
    const Matrix<T> a = x.head(kN * kN).reshaped(kN, kN), b = x.tail(kN * kN).reshaped(kN, kN);
    const Matrix<T> c = a.transpose() - a * b;
    const Vector<T> column = c * b.col(1);
    const Matrix<T> outer = column * b.row(0);
    T sum(0);
    for (const T& entry : outer.reshaped()) sum = sum + square(entry);
    return sum;
  }
};

void second_order() {
  check_second_order(Squares(), numbers(2 * kProductSizes[1] * kProductSizes[1], 0.3), 0.02, 1e-10);
}

}  // namespace

int main() {
  return check::run({
      {"results of all kinds", results},
      {"second order", second_order},
  });
}
