// Eigen's products of matrices of tape variables, nodes and statements, against differences of the
// products of numbers, which are polynomials.
#include <dualtape/drivers.hpp>

#include "matrices.hpp"

namespace {

using namespace dualtape;
using namespace matrices;

/// Entries of matrices one after the other, and which product they come from.
template <class T>
struct Results {
  std::vector<T> entries;
  std::vector<const char*> names;

  template <class M>
  void add(const char* name, const M& m) {
    const Matrix<T> plain = m;
    for (const T& entry : plain.reshaped()) entries.push_back(entry), names.push_back(name);
  }
};

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

/// n numbers in [-1, 1].
Eigen::VectorXd numbers(Eigen::Index n, double seed) {
  return Eigen::VectorXd::NullaryExpr(
      n, [=](Eigen::Index i) { return std::sin(seed + 2.3 * static_cast<double>(i)); });
}

/// f'(0) by the central differences that are exact for polynomials of degree 8 or less.
template <class F>
Eigen::VectorXd slope(double step, F f) {
  constexpr std::array kWeights{4.0 / 5, -1.0 / 5, 4.0 / 105, -1.0 / 280};
  Eigen::VectorXd sum;
  for (std::size_t k = 0; k < kWeights.size(); ++k) {
    const double t = step * static_cast<double>(k + 1);
    const Eigen::VectorXd term = kWeights[k] / step * (f(t) - f(-t));
    sum = k == 0 ? term : Eigen::VectorXd(sum + term);
  }
  return sum;
}

/// Calls f(x, x_dot, y, J x_dot).
template <class F>
void for_each_size(F f) {
  for (const int n : kSizes) {
    const Eigen::VectorXd x = numbers(2 * n * n, 0.3), x_dot = numbers(2 * n * n, 1.9);
    const auto value = [&](double t) {
      const std::vector<double> y = products<double>(x + t * x_dot).entries;
      return Eigen::VectorXd(Eigen::Map<const Eigen::VectorXd>(y.data(), std::ssize(y)));
    };
    f(x, x_dot, value(0), slope(0.1, value));
  }
}

void near(double got, double wanted, const std::string& what) {
  check::is_true(std::abs(got - wanted) <= kTolerance * (1 + std::abs(wanted)),
                 what + ": wanted " + check::text(wanted) + ", got " + check::text(got));
}

template <class S>
auto span(S& x) {
  return std::span(x.data(), static_cast<std::size_t>(x.size()));
}
Vector<Var<double>> variables(Tape<double>& tape, const Eigen::VectorXd& x) {
  Vector<Var<double>> result(x.size());
  tape.variables(span(x), span(result));
  return result;
}

void values_and_tangents() {
  for_each_size([](const auto& x, const auto& x_dot, const auto& value, const auto& y_dot) {
    Tape<double> tape;
    const auto recording = tape.record();
    const Vector<Var<double>> inputs = variables(tape, x);
    const auto y = products<Var<double>>(inputs);
    tape.start_sweep(3);
    for (Eigen::Index i = 0; i < x.size(); ++i) {
      tape.set_tangent(inputs[i], x_dot[i], 0), tape.set_tangent(inputs[i], -2 * x_dot[i], 2);
    }
    tape.pushforward();
    check::is_true(std::ssize(y.entries) == value.size(), "as many results");
    for (std::size_t k = 0; k < y.entries.size(); ++k) {
      const auto i = static_cast<Eigen::Index>(k);
      near(y.entries[k].value(), value[i], y.names[k]);
      near(tape.tangent(y.entries[k], 0), y_dot[i], y.names[k]);
      near(tape.tangent(y.entries[k], 2), -2 * y_dot[i], y.names[k]);
      check::is_true(tape.tangent(y.entries[k], 1) == 0, y.names[k]);
    }
  });
}

/// y_bar J x_dot from both sides, for every result by itself.
void cotangents_are_transposed_tangents() {
  for_each_size([](const auto& x, const auto& x_dot, const auto&, const auto& y_dot) {
    Tape<double> tape;
    const auto recording = tape.record();
    const Vector<Var<double>> inputs = variables(tape, x);
    const auto y = products<Var<double>>(inputs);
    const std::size_t count = y.entries.size();
    for (const std::size_t lanes : {std::size_t{1}, std::size_t{11}}) {
      for (std::size_t begin = 0; begin < count; begin += lanes) {
        const std::size_t end = std::min(begin + lanes, count);
        tape.start_sweep(static_cast<int>(lanes));
        for (std::size_t k = begin; k < end; ++k) {
          tape.set_cotangent(y.entries[k], 1, static_cast<int>(k - begin));
        }
        tape.pullback();
        for (std::size_t k = begin; k < end; ++k) {
          Eigen::VectorXd x_bar(x.size());
          tape.cotangents(span(inputs), span(x_bar), static_cast<int>(k - begin));
          near(x_bar.dot(x_dot), y_dot[static_cast<Eigen::Index>(k)], y.names[k]);
        }
      }
    }
  });
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

void second_order() {
  const Eigen::Index n = 2 * kSizes[1] * kSizes[1];
  const Eigen::VectorXd x = numbers(n, 0.3), v = numbers(n, 1.9), u = numbers(n, 0.8);
  const auto gradient_of = [](const auto& z) { return gradient(Squares(), z); };
  const Eigen::VectorXd wanted =
      slope(0.02, [&](double t) { return gradient_of(Eigen::VectorXd(x + t * v)); });
  const auto agree = [&](double got, double reference, const char* what) {
    check::close(got, reference, 1e-10, what);
  };
  agree(u.dot(hvp(Squares(), x, v)), u.dot(wanted), "forward over reverse");
  agree(v.dot(vjp(gradient_of, x, u).derivative), u.dot(wanted), "reverse over reverse");
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
      {"values and tangents", values_and_tangents},
      {"cotangents are transposed tangents", cotangents_are_transposed_tangents},
      {"second order", second_order},
      {"large products take one word", large_products_take_one_word},
      {"infinite entries stay behind zeros", infinite_entries_stay_behind_zeros},
      {"stale variables are refused", stale_variables_are_refused},
  });
}
