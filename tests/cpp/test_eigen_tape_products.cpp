// Eigen's products of matrices of tape variables, nodes and statements, by what their factors are;
// test_eigen_tape_results.cpp has them by where they go.
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

void factors() {
  check_products([](const auto& a, const auto& b, auto& y) { factors_of_all_kinds(a, b, y); });
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
      {"factors of all kinds", factors},
      {"large products take one word", large_products_take_one_word},
      {"infinite entries stay behind zeros", infinite_entries_stay_behind_zeros},
      {"stale variables are refused", stale_variables_are_refused},
  });
}
