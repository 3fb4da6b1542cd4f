// Eigen's decompositions and triangular solves of tape variables, nodes and statements, against
// differences of those of numbers; test_eigen_tape_density.cpp has their second derivatives.
#include <Eigen/Cholesky>
#include <Eigen/LU>

#include "tape_matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

template <class T>
Results<T> solves(const Vector<T>& x) {
  const SolveArguments<T> m(x);
  Results<T> y;
  const Eigen::PartialPivLU<Matrix<T>> lu(m.a);
  y.add("LU", lu.matrixLU());
  y.add("LU solve", lu.solve(m.b));
  y.add("LU solve of a column", lu.solve(m.b.col(1)));
  y.add("LU transposed solve", lu.transpose().solve(m.b));
  y.add("determinant", Matrix<T>::Constant(1, 1, lu.determinant()));
  y.add("inverse", m.a.inverse());
  const Eigen::PartialPivLU<Eigen::Matrix<T, -1, -1, Eigen::RowMajor>> by_rows(m.a);
  y.add("LU by rows", by_rows.solve(m.b));
  const Eigen::LLT<Matrix<T>> llt(m.positive);
  y.add("L", Matrix<T>(llt.matrixL()));
  y.add("LLT solve", llt.solve(m.b));
  y.add("LLT solve of a column", llt.solve(m.b.col(0)));
  const Eigen::LLT<Matrix<T>, Eigen::Upper> upper(m.positive);
  y.add("U", Matrix<T>(upper.matrixU()));
  y.add("U solve", upper.solve(m.b));
  const Matrix<T> l = llt.matrixL();
  y.add("lower", l.template triangularView<Eigen::Lower>().solve(m.b));
  y.add("unit lower", m.a.template triangularView<Eigen::UnitLower>().solve(m.b));
  y.add("upper", l.transpose().template triangularView<Eigen::Upper>().solve(m.b));
  y.add("unit upper", m.a.template triangularView<Eigen::UnitUpper>().solve(m.b));
  Matrix<T> rows = m.b.transpose();
  l.template triangularView<Eigen::Lower>().template solveInPlace<Eigen::OnTheRight>(rows);
  y.add("from the right", rows);
  m.a.transpose().template triangularView<Eigen::UnitLower>().solveInPlace(rows.transpose());
  y.add("in place, transposed", rows);
  return y;
}

void every_solve() {
  for (const int n : kSolveSizes) {
    const auto f = [](const auto& x) { return solves(x); };
    check_derivatives(f, numbers(n * (n + 2), 0.3), 0.01, 1e-10);
  }
}

/// Of numbers by variables.
void factors_of_numbers() {
  const Eigen::MatrixXd s = positive(17, 0.4);
  const auto f = [&](const auto& x) {
    using T = std::decay_t<decltype(x[0])>;
    Results<T> y;
    const Eigen::MatrixXd l = s.llt().matrixL();
    Matrix<T> z = x.reshaped(17, 2);
    l.triangularView<Eigen::Lower>().solveInPlace(z);
    y.add("numbers", z);
    return y;
  };
  check_derivatives(f, numbers(2 * 17, 0.3), 0.01, 1e-11);
}

void decompositions_take_few_words() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Vector<Var<double>> x = variables(tape, numbers(17 * 19, 0.2));
  const SolveArguments<Var<double>> m(x);
  const std::size_t before = tape.statement_bytes();
  const Matrix<Var<double>> y = m.a.partialPivLu().solve(m.b);
  // Eigen finds the norm of A first: a statement of one or two variables for each entry.
  const auto bytes = static_cast<double>(tape.statement_bytes() - before);
  check::is_true(bytes <= 289 * 3 * 12 + 3 * 12, "bytes: " + check::text(bytes));
}

void matrices_that_are_not_positive() {
  Tape<double> tape;
  const auto recording = tape.record();
  for (const int n : kSolveSizes) {
    Eigen::MatrixXd s = positive(n, 0.4);
    s(n - 1, n - 1) = -1;
    const Matrix<Var<double>> a = variables(tape, s.reshaped()).reshaped(n, n);
    check::is_true(a.llt().info() == Eigen::NumericalIssue, "info");
  }
}

}  // namespace

int main() {
  return check::run({
      {"every solve", every_solve},
      {"factors of numbers", factors_of_numbers},
      {"decompositions take few words", decompositions_take_few_words},
      {"matrices that are not positive", matrices_that_are_not_positive},
  });
}
