// Eigen's products of matrices of tape variables, nodes and statements, against differences of the
// products of numbers, which are polynomials.
#include "tape_matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

template <class T>
void factors_of_all_kinds(const Matrix<T>& a, const Matrix<T>& b, Results<T>& y) {
  const Eigen::Index n = a.rows();
  y.add("a b", a * b);
  y.add("a^T b", a.transpose() * b);
  y.add("a b^T", a * b.transpose());
  y.add("a^T b^T", a.transpose() * b.transpose());
  y.add("a a", a * a);
  y.add("a a^T", a * a.transpose());
  y.add("blocks", a.block(1, 0, n - 1, n - 1) * b.block(0, 1, n - 1, n - 1));
  y.add("block^T", a.block(1, 0, n - 1, n - 1).transpose() * b.block(0, 1, n - 1, n - 1));
  y.add("a column", a * b.col(1));
  y.add("a^T column", a.transpose() * b.col(1));
  y.add("row a", b.row(1) * a);
  y.add("outer product", a.col(0) * b.row(0));
  y.add("inner product", a.row(0) * b.col(1));
  y.add("expressions", (a + b) * (2.0 * a - b.transpose()));
  y.add("a product's product", a * b * a);
  y.add("numbers a", general(static_cast<int>(n), 0.4) * a);
  y.add("a numbers", a * general(static_cast<int>(n), 0.4));
  y.add("numbers column", general(static_cast<int>(n), 0.4) * b.col(0));
  y.add("reversed", a.rowwise().reverse() * b);
  y.add("one variable", Matrix<T>::Constant(n, n, a(0, 0)) * b);
  Matrix<T> hankel(n, n), mixed = a;
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) hankel(i, j) = a((i + j) % n, (i + j) / n);
  }
  y.add("overlapping", hankel * b);
  mixed(0, 0) = mixed(n - 1, 1) = T(0.5);
  y.add("constants among variables", mixed * b);
  y.add("depth one", a.leftCols(1) * b.topRows(1));
}

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

constexpr std::array kSizes{3, 7};  // statements, nodes

template <class T>
Results<T> products(const Vector<T>& x) {
  const Eigen::Index n = x.size() == 2 * kSizes[0] * kSizes[0] ? kSizes[0] : kSizes[1];
  const Matrix<T> a = x.head(n * n).reshaped(n, n), b = x.tail(n * n).reshaped(n, n);
  Results<T> y;
  factors_of_all_kinds(a, b, y);
  results_of_all_kinds(a, b, y);
  return y;
}

/// Sum of squares of some products' entries: its Hessian needs first and second derivatives.
struct Squares {
  template <class T>
  T operator()(const Vector<T>& x) const {
    constexpr int kN = kSizes[1];
    const Matrix<T> a = x.head(kN * kN).reshaped(kN, kN), b = x.tail(kN * kN).reshaped(kN, kN);
    const Matrix<T> c = a.transpose() - a * b;
    const Vector<T> column = c * b.col(1);
    const Matrix<T> outer = column * b.row(0);
    T sum(0);
    for (const T& entry : outer.reshaped()) sum = sum + square(entry);
    return sum;
  }
};

void every_product() {
  for (const int n : kSizes) {
    const auto f = [](const auto& x) { return products(x); };
    check_derivatives(f, numbers(2 * n * n, 0.3), 0.1, kTolerance);
  }
}

void second_order() {
  check_second_order(Squares(), numbers(2 * kSizes[1] * kSizes[1], 0.3), 0.02, 1e-10);
}

void large_products_take_one_word() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Vector<Var<double>> x = variables(tape, numbers(128, 0.2));
  const Matrix<Var<double>> a = x.head(64).reshaped(8, 8), b = x.tail(64).reshaped(8, 8);
  const auto bytes_of = [&](auto f) {
    const std::size_t before = tape.statement_bytes();
    f();
    return static_cast<double>(tape.statement_bytes() - before);
  };
  check::same(bytes_of([&] { Matrix<Var<double>>(a * b).eval(); }), 12, "a b");
  check::same(bytes_of([&] { (a * general(8, 0.1)).eval(); }), 12, "a numbers");
  // A row by a column: three products to a statement.
  check::same(bytes_of([&] { (a.row(0) * b.col(0)).eval(); }), 12 * (6 + 7 + 2 * 3), "inner");
}

/// What a cotangent of 0 shuts off adds nothing, be it infinite.
void infinite_entries_stay_behind_zeros() {
  Tape<double> tape;
  const auto recording = tape.record();
  Vector<double> values = numbers(128, 0.2);
  values[0] = kInf;
  const Vector<Var<double>> x = variables(tape, values);
  const Matrix<Var<double>> a = x.head(64).reshaped(8, 8), b = x.tail(64).reshaped(8, 8);
  const Matrix<Var<double>> c = a * b;
  tape.start_sweep();
  tape.set_cotangent(c(1, 0), 1);
  tape.pullback();
  for (Eigen::Index i = 0; i < 8; ++i) {
    check::same(tape.cotangent(b(i, 0)), a(1, i).value(), "b");
    check::same(tape.cotangent(a(1, i)), b(i, 0).value(), "a");
  }
}

void stale_variables_are_refused() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Vector<Var<double>> x = variables(tape, numbers(64, 0.2));
  const Matrix<Var<double>> a = x.reshaped(8, 8);
  tape.reset();
  check::throws<std::logic_error>([&] { (a * a).eval(); }, "a reset tape");
  const Vector<Var<double>> z = variables(tape, numbers(64, 0.2));
  const Matrix<Var<double>> b = z.reshaped(8, 8);
  check::throws<std::logic_error>([&] { (a * b).eval(); }, "variables of one tape, got two");
}

}  // namespace

int main() {
  return check::run({
      {"every product", every_product},
      {"second order", second_order},
      {"large products take one word", large_products_take_one_word},
      {"infinite entries stay behind zeros", infinite_entries_stay_behind_zeros},
      {"stale variables are refused", stale_variables_are_refused},
  });
}
