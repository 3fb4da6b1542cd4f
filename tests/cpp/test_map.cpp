// Functions at many places as nodes of the tape, against the complex step and formulas by hand.
#include <dualtape/drivers.hpp>
#include <dualtape/map.hpp>

#include "check.hpp"
#include "numeric.hpp"

namespace {

using namespace dualtape;
using numeric::close;
using numeric::EntryOf;
using numeric::points;
using numeric::span_of;
using numeric::Vector;
using V = Var<double>;

/// Of neighbours, a scalar that is the same at all places, and numbers.
struct Term {
  template <class A, class B, class P, class N>
  auto operator()(const A& a, const B& b, const P& p, const N& weight) const {
    using std::exp, std::sin;
    using T = std::decay_t<decltype(a)>;
    const T s = sin(a * p) + b * b;
    return T(exp(-s) * weight + a / (b * b + 2.0));
  }
};
const Vector kWeights = points(2100, 0.5, 2);

/// The sum of Term over neighbours of all entries but the last, which is the scalar.
struct SumOfTerms {
  template <class X>
  auto operator()(const X& x) const {
    const auto all = span_of(x);
    const std::size_t n = x.size() - 2;
    return map_sum(Term{}, all.first(n), all.subspan(1, n), x[n + 1], std::span(kWeights).first(n));
  }
};
/// The same by a loop, every number weighted as in the sum of squares of the terms.
struct LoopOfTerms {
  bool squares = false;
  template <class X>
  auto operator()(const X& x) const {
    EntryOf<X> sum(0);
    for (std::size_t i = 0; i + 2 < x.size(); ++i) {
      const EntryOf<X> y = Term{}(x[i], x[i + 1], x.back(), kWeights[i]);
      if (squares) {
        sum += y * y;
      } else {
        sum += y;
      }
    }
    return sum;
  }
};
/// The sum of squares of a map.
struct SumOfSquares {
  template <class X>
  auto operator()(const X& x) const {
    const auto all = span_of(x);
    const std::size_t n = x.size() - 2;
    const auto y =
        map(Term{}, all.first(n), all.subspan(1, n), x[n + 1], std::span(kWeights).first(n));
    return map_sum([](const auto& z) { return z * z; }, y);
  }
};

void sums_of_every_length() {
  for (const std::size_t n : std::initializer_list<std::size_t>{2, 3, 5, 9, 10, 11, 18, 40}) {
    const Vector x = points(n);
    Tape<double> tape;
    const auto recording = tape.record();
    const auto v = tape.variables(x);
    const V y = SumOfTerms{}(v), z = SumOfSquares{}(v);
    // But for a b + c in one rounding, where the compiler may, the order of the terms is the same.
    check::close(y.value(), SumOfTerms{}(x), 1e-15);
    check::close(z.value(), SumOfSquares{}(x), 1e-15);
    check::close(y.value(), LoopOfTerms{}(x), 1e-14);
    close(numeric::pulled(tape, v, y), numeric::gradient(LoopOfTerms{}, x), 1e-12);
    close(numeric::pulled(tape, v, z), numeric::gradient(LoopOfTerms{true}, x), 1e-12);
  }
}

void long_columns_take_several_nodes() {
  const Vector x = points(2100);
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(x);
  const std::size_t before = tape.statement_bytes();
  const V y = SumOfTerms{}(v);
  check::is_true(tape.statement_bytes() - before < 2100 * 2 * 12 + 1000, "bytes");
  check::close(y.value(), SumOfTerms{}(x), 1e-15);
  close(numeric::pulled(tape, v, y), numeric::gradient(LoopOfTerms{}, x), 1e-11);
  const V z = SumOfSquares{}(v);
  close(numeric::pulled(tape, v, z), numeric::gradient(LoopOfTerms{true}, x), 1e-11);
  check::is_true(tape.all_partials_finite(), "finite");
}

void lanes_and_tangents() {
  const Vector x = points(23);
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(x);
  const V y = SumOfSquares{}(v);
  const Vector wanted = numeric::gradient(LoopOfTerms{true}, x);
  tape.start_sweep(11);
  for (int lane = 0; lane < 11; ++lane) tape.set_cotangent(y, lane, lane);
  tape.pullback();
  for (int lane = 0; lane < 11; ++lane) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      check::close(tape.cotangent(v[i], lane), lane * wanted[i], 1e-12, "lane");
    }
  }
  tape.start_sweep(3);
  for (const std::size_t i : std::initializer_list<std::size_t>{0, 11, 22})
    tape.set_tangent(v[i], 1, static_cast<int>(i / 11));
  tape.pushforward();
  for (const std::size_t i : std::initializer_list<std::size_t>{0, 11, 22}) {
    check::close(tape.tangent(y, static_cast<int>(i / 11)), wanted[i], 1e-12, "tangent");
  }
}

void second_order_of_every_kind() {
  const std::array<double, 12> x{0.3, 0.7, -0.4, 1.1, 0.2, -0.8, 0.5, 0.9, -0.1, 0.6, 1.3, 0.8};
  const auto wanted = numeric::hessian(LoopOfTerms{true}, Vector(x.begin(), x.end()));
  const SumOfSquares f;
  const auto forward_over_reverse = hessian(f, x);
  const auto reverse_over_reverse = jacobian([&](const auto& z) { return gradient(f, z); }, x);
  for (const int j : {0, 3, 11}) {
    std::array<double, 12> unit{};
    unit[static_cast<std::size_t>(j)] = 1;
    const auto product = hvp(f, x, unit);
    const auto reverse_over_forward =
        gradient([&](const auto& z) { return jvp(f, z, unit).derivative; }, x);
    for (int i = 0; i < 12; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double h = wanted[k][static_cast<std::size_t>(j)];
      const auto same = [&](double got, const char* what) {
        check::is_true(std::abs(got - h) < 1e-8, what);
      };
      same(forward_over_reverse(i, j), "hessian");
      same(reverse_over_reverse(i, j), "Var<Var>");
      same(product[k], "hvp");
      same(reverse_over_forward[k], "Dual<Var>");
    }
  }
}

void variables_in_any_order_and_constants() {
  const Vector x = points(20);
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(x);
  std::vector<V> mixed;
  for (std::size_t i = 0; i < 20; ++i) mixed.push_back(i % 3 == 1 ? V(x[i]) : v[(7 * i) % 20]);
  const auto f = [](const auto& a, const auto& b) { return a * a * b; };
  const V y = map_sum(f, mixed, v);
  Vector wanted(20);
  for (std::size_t i = 0; i < 20; ++i) {
    const double a = mixed[i].value();
    wanted[i] += a * a;
    if (i % 3 != 1) wanted[(7 * i) % 20] += 2 * a * x[i];
  }
  close(numeric::pulled(tape, v, y), wanted, 1e-13);
  const auto each = map(f, mixed, v);
  V sum = 0;
  for (const V& entry : each) sum += entry;
  close(numeric::pulled(tape, v, sum), wanted, 1e-13);

  const std::vector<V> constants(20, V(2));
  const std::size_t size = tape.size();
  check::is_true(!map_sum(f, constants, constants).is_recorded() && tape.size() == size,
                 "of constants");
  // One variable in both columns, and a scalar that is a constant.
  close(
      numeric::pulled(tape, v, map_sum(f, v, v)),
      [&] {
        Vector cubes;
        for (const double entry : x) cubes.push_back(3 * entry * entry);
        return cubes;
      }(),
      1e-13);
  const V scaled = map_sum(f, V(3), v);
  close(numeric::pulled(tape, v, scaled), Vector(20, 9), 1e-15);
  const V numbers = map_sum([](const auto&) { return 1.5; }, v);
  check::same(numbers.value(), 30);
}

/// Code that branches runs place by place where the branches differ.
void branches() {
  const Vector x = points(21);
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(x);
  const auto check_slopes = [&](const auto& f, const auto& slope) {
    Vector wanted;
    for (const double entry : x) wanted.push_back(slope(entry));
    close(numeric::pulled(tape, v, map_sum(f, v)), wanted, 1e-14);
  };
  const auto slope = [](double a) { return a > 0.2 ? 2 * a : -3; };
  check_slopes(
      [](const auto& a) {
        using T = std::decay_t<decltype(a)>;
        if (a > 0.2) return T(a * a);
        return T(-3 * a);
      },
      slope);
  check_slopes([](const auto& a) { return select(a > 0.2, a * a, -3 * a); }, slope);
  check_slopes([](const auto& a) { return a * (base_value(a) > 0.2 ? 2.0 : 3.0); },
               [](double a) { return a > 0.2 ? 2.0 : 3.0; });
  check_slopes(
      [](const auto& a) {
        std::decay_t<decltype(a)> power = a;
        for (int k = 0; !(power > 5.0) && k < 4; ++k) power = power * (a + 2.0);
        return power;
      },
      [](double a) {
        double power = a, slope_of_power = 1;
        for (int k = 0; !(power > 5.0) && k < 4; ++k) {
          slope_of_power = slope_of_power * (a + 2) + power, power *= a + 2;
        }
        return slope_of_power;
      });
  check_slopes([](const auto& a) { return maximum(a, 0.2) + abs(a) * sqrt(a * a + 1.0); },
               [](double a) {
                 const double root = std::sqrt(a * a + 1);
                 return (a > 0.2 ? 1 : 0) + (a < 0 ? -1 : 1) * (root + a * a / root);
               });
}

void infinite_slopes_are_recorded_as_statements() {
  Tape<double> tape;
  const auto recording = tape.record();
  const auto a = tape.variables(Vector{4, 0, 1, 9, 16, 25, 36, 49, 64, 81});
  const auto b = tape.variables(points(10));
  const auto f = [](const auto& u, const auto& w) { return sqrt(u) + w * w; };
  const auto y = map(f, a, b);
  close(numeric::pulled(tape, {a[1], b[1]}, y[1]), {kInf, 2 * b[1].value()}, 0);
  close(numeric::pulled(tape, {a[0], b[0]}, y[0]), {0.25, 2 * b[0].value()}, 1e-15);
  check::same(tape.cotangent(a[1]), 0, "skipped");
  close(numeric::pulled(tape, {a[1], b[1]}, map_sum(f, a, b)), {kInf, 2 * b[1].value()}, 0);
}

void floats() {
  Tape<float> tape;
  const auto recording = tape.record();
  std::vector<float> x;
  for (int i = 0; i < 37; ++i) x.push_back(0.1f * static_cast<float>(i));
  const auto v = tape.variables(x);
  const Var<float> y = map_sum([](const auto& a) { return a * a * a; }, v);
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  for (std::size_t i = 0; i < x.size(); ++i) {
    check::close(tape.cotangent(v[i]), 3 * x[i] * x[i], 1e-6);
  }
}

void rewound_and_reused() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Vector x = points(300);
  const auto v = tape.variables(x);
  const auto begin = tape.position();
  const Vector wanted = numeric::gradient(LoopOfTerms{true}, x);
  for (int repeat = 0; repeat < 3; ++repeat) {
    const V y = SumOfSquares{}(v);
    close(numeric::pulled(tape, v, y), wanted, 1e-12);
    tape.rewind(begin);
    check::same(static_cast<double>(tape.size()), 300);
  }
}

void eigen_columns() {
  const Eigen::VectorXd x = Eigen::VectorXd::LinSpaced(19, -1, 2);
  const auto f = [](const auto& z) {
    return map_sum([](const auto& a, const auto& b) { return a * b * b; }, z.head(18), z.tail(18));
  };
  const Eigen::VectorXd g = gradient(f, x);
  for (Eigen::Index i = 0; i < 19; ++i) {
    double wanted = 0;
    if (i < 18) wanted += x[i + 1] * x[i + 1];
    if (i > 0) wanted += 2 * x[i - 1] * x[i];
    check::is_true(std::abs(g[i] - wanted) < 1e-14, "entry");
  }
}

void a_function_that_throws_leaves_no_unrecorded_results() {
  for (const std::size_t bad : {std::size_t{3}, std::size_t{150}, std::size_t{300}}) {
    Tape<double> tape;
    const auto recording = tape.record();
    const auto v = tape.variables(points(3000));
    std::vector<V> y(v.size(), V(7));
    std::size_t calls = 0;
    const auto f = [&](const auto& a) {
      if (calls++ == bad) throw std::runtime_error("diverged");
      return a * a;
    };
    check::throws<std::runtime_error>([&] { map_into(y, f, v); }, "diverged");
    // What goes on from here meets variables that are recorded, or constants that show.
    const V z = 3 * v[0] + v[1];
    V total = z;
    std::size_t finished = 0;
    for (const V& result : y) {
      if (result.value() != result.value()) continue;
      total = total + result;
      ++finished;
    }
    check::is_true(finished < y.size(), "some are lost");
    tape.start_sweep();
    tape.set_cotangent(total, 1.0);
    tape.pullback();
    for (std::size_t i = 0; i < v.size(); ++i) {
      const bool is_square = y[i].value() == v[i].value() * v[i].value();
      const double of_z = i == 0 ? 3 : i == 1 ? 1 : 0;
      check::same(tape.cotangent(v[i]), of_z + (is_square ? 2 * v[i].value() : 0));
    }
  }
}

void mistakes_are_refused() {
  Tape<double> tape, other;
  const auto recording = tape.record();
  const auto v = tape.variables(points(12));
  const auto f = [](const auto& a, const auto& b) { return a * b; };
  const auto short_column = std::span(v).first(5);
  check::throws<std::invalid_argument>([&] { (void)map_sum(f, v, short_column); },
                                       "map_sum: wanted columns of 12 entries, got one of 5");
  check::throws<std::invalid_argument>([&] { (void)map(f, short_column, v); },
                                       "map: wanted columns of 5 entries, got one of 12");
  std::vector<V> y(4);
  check::throws<std::invalid_argument>([&] { map_into(y, f, v, v); },
                                       "map_into: wanted columns of 4 entries, got one of 12");
  std::vector<V> own = v;
  check::throws<std::invalid_argument>(
      [&] { map_into(std::span(own).first(11), f, std::span(own).last(11), 2.0); },
      "map_into: wanted results apart from the arguments");
  check::is_true(map(f, std::vector<V>(), std::vector<V>()).empty(), "no places");
  check::same(map_sum(f, std::vector<V>(), std::vector<V>()).value(), 0);
  check::throws<std::logic_error>(
      [&] { (void)map_sum([&](const auto& a) { return a * V(v[0] * v[1]).value(); }, v); },
      "records variables it captures");
  std::vector<V> foreign;
  {
    const auto inner = other.record();
    foreign = other.variables(points(12));
    check::throws<std::logic_error>([&] { (void)map(f, v, v); }, "active tape");
  }
  check::throws<std::logic_error>([&] { (void)map(f, v, foreign); }, "got two");
  check::throws<std::logic_error>([&] { (void)map_sum(f, foreign, foreign); }, "active tape");
}

}  // namespace

int main() {
  return check::run({
      {"sums of every length", sums_of_every_length},
      {"long columns take several nodes", long_columns_take_several_nodes},
      {"lanes and tangents", lanes_and_tangents},
      {"second order of every kind", second_order_of_every_kind},
      {"variables in any order and constants", variables_in_any_order_and_constants},
      {"branches", branches},
      {"infinite slopes are recorded as statements", infinite_slopes_are_recorded_as_statements},
      {"floats", floats},
      {"rewound and reused", rewound_and_reused},
      {"Eigen columns", eigen_columns},
      {"a function that throws leaves no unrecorded results",
       a_function_that_throws_leaves_no_unrecorded_results},
      {"mistakes are refused", mistakes_are_refused},
  });
}
