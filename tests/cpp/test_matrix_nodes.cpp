// Products and solves recorded as one node, against Eigen's own algorithms on tape variables.
#include <dualtape/matrix.hpp>

#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;
using V = Var<double>;

Matrix<V> variables(Tape<double>& tape, const Eigen::MatrixXd& x) {
  return x.unaryExpr([&](double value) { return tape.variable(value); });
}
Eigen::MatrixXd cotangents(const Tape<double>& tape, const Matrix<V>& x, int lane = 0) {
  return x.unaryExpr([&](const V& v) { return tape.cotangent(v, lane); });
}
void pull(Tape<double>& tape, const Matrix<V>& y, const Eigen::MatrixXd& y_bar) {
  tape.start_sweep(2);
  for (Eigen::Index i = 0; i < y.size(); ++i) tape.set_cotangent(y(i), y_bar(i), 1);
  tape.pullback();
}

void a_product_is_one_node() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Matrix<V> a = variables(tape, kA), b = variables(tape, kB.leftCols(3));
  const std::size_t before = tape.statement_bytes();
  const Matrix<V> c = product(a, b);
  check::same(static_cast<double>(tape.statement_bytes() - before), 12, "bytes");
  const Eigen::MatrixXd c_bar = kBDot.leftCols(3);
  pull(tape, c, c_bar);
  close(cotangents(tape, a, 1), c_bar * kB.leftCols(3).transpose(), "A_bar");
  close(cotangents(tape, b, 1), kA.transpose() * c_bar, "B_bar");
  check::same(cotangents(tape, a, 0).norm(), 0, "the other lane");
  const Matrix<V> with_numbers = product(kA, b);
  pull(tape, with_numbers, c_bar);
  close(cotangents(tape, b, 1), kA.transpose() * c_bar, "numbers times B");
}

void solves_are_one_node() {
  const Eigen::MatrixXd s = positive(5, 0.4), y_bar = kBDot.leftCols(2), b = kB.leftCols(2);
  Tape<double> tape;
  const auto recording = tape.record();
  const auto check_solve = [&](const Eigen::MatrixXd& m, auto solver, const char* name) {
    const Matrix<V> a = variables(tape, m), rhs = variables(tape, b);
    const Matrix<V> x = solver(a, rhs);
    const Eigen::MatrixXd value = m.partialPivLu().solve(b);
    close(x.unaryExpr([](const V& v) { return v.value(); }), value, name);
    pull(tape, x, y_bar);
    const Eigen::MatrixXd b_bar = m.transpose().partialPivLu().solve(y_bar);
    close(cotangents(tape, rhs, 1), b_bar, name);
    close(cotangents(tape, a, 1), -b_bar * value.transpose(), name);
  };
  check_solve(kA, [](const auto& a, const auto& r) { return solve(a, r); }, "solve");
  check_solve(s, [](const auto& a, const auto& r) { return solve_positive(a, r); }, "Cholesky");
}

void tangents_go_through_nodes() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Matrix<V> a = variables(tape, kA), b = variables(tape, kB);
  const Matrix<V> x = product(solve(a, b), b);
  tape.start_sweep();
  for (Eigen::Index i = 0; i < a.size(); ++i) tape.set_tangent(a(i), kADot(i));
  tape.pushforward();
  const Eigen::MatrixXd wanted = -kA.inverse() * kADot * kA.inverse() * kB * kB;
  close(x.unaryExpr([&](const V& v) { return tape.tangent(v); }), wanted, "X_dot");
}

void shapes_are_checked() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Matrix<V> a = variables(tape, kA.topRows(3));
  check::throws<std::invalid_argument>([&] { (void)solve(a, a); },
                                       "solve: A must be (n, n) and B (n, k), got (3, 5)");
}

}  // namespace

int main() {
  return check::run({
      {"a product is one node", a_product_is_one_node},
      {"solves are one node", solves_are_one_node},
      {"tangents go through nodes", tangents_go_through_nodes},
      {"shapes are checked", shapes_are_checked},
  });
}
