// Products, sums and the like as one node, against the complex step and exact numbers.
#include <dualtape/drivers.hpp>
#include <dualtape/reductions.hpp>

#include "check.hpp"
#include "numeric.hpp"

namespace {

using namespace dualtape;
using numeric::close;
using numeric::Vector;
using V = Var<double>;

const auto product_of = [](const auto& x) { return prod(x); };
const auto product_by_loop = [](const auto& x) {
  std::decay_t<decltype(x[0])> y(1);
  for (const auto& factor : x) y *= factor;
  return y;
};

void products_of_every_length() {
  for (std::size_t n = 0; n < 12; ++n) {
    Vector x;
    for (std::size_t i = 0; i < n; ++i) x.push_back(0.4 + 0.3 * static_cast<double>((5 * i) % 7));
    Tape<double> tape;
    const auto recording = tape.record();
    const auto v = tape.variables(x);
    const V y = prod(v);
    check::same(y.value(), product_by_loop(x), "as a loop multiplies");
    check::same(prod(x), product_by_loop(x));
    check::is_true(y.is_recorded() == (n > 0), "no factor, no variable");
    if (n > 0) close(numeric::pulled(tape, v, y), numeric::gradient(product_by_loop, x), 1e-14);
  }
}

void zeros_among_the_factors() {
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(Vector{2, 0, 3, 5, 7});
  close(numeric::pulled(tape, v, prod(v)), {0, 210, 0, 0, 0}, 0);
  const auto w = tape.variables(Vector{2, 0, 3, 0, 7});
  close(numeric::pulled(tape, w, prod(w)), {0, 0, 0, 0, 0}, 0);
  const std::array<double, 4> x{2, 0, 3, 0};
  const auto h = hessian(product_of, x);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      const bool both = (i == 1 && j == 3) || (i == 3 && j == 1);
      check::same(h(i, j), both ? 6 : 0, "second derivative");
    }
  }
}

template <class F, class G>
void check_orders(const F& f, const G& loop, const Vector& point) {
  std::array<double, 5> x{};
  std::copy(point.begin(), point.end(), x.begin());
  const auto g = gradient(f, x);
  close(Vector(g.begin(), g.end()), numeric::gradient(loop, point), 1e-13);
  const auto wanted = numeric::hessian(loop, point);
  const auto forward_over_reverse = hessian(f, x);
  const auto reverse_over_reverse = jacobian([&](const auto& z) { return gradient(f, z); }, x);
  const auto reverse_over_forward = [&](int j) {
    std::array<double, 5> unit{};
    unit[static_cast<std::size_t>(j)] = 1;
    return gradient([&](const auto& z) { return jvp(f, z, unit).derivative; }, x);
  };
  for (int j = 0; j < 5; ++j) {
    const auto column = reverse_over_forward(j);
    for (int i = 0; i < 5; ++i) {
      const auto k = static_cast<std::size_t>(i);
      const double h = wanted[k][static_cast<std::size_t>(j)];
      const auto is_h = [&](double got, const char* what) {
        check::is_true(std::abs(got - h) < 1e-8, what);
      };
      is_h(forward_over_reverse(i, j), "hessian");
      is_h(reverse_over_reverse(i, j), "Var<Var>");
      is_h(column[k], "Dual<Var>");
    }
  }
}

void every_order() {
  const Vector x{0.7, -1.2, 0.4, 1.9, 0.3};
  check_orders(product_of, product_by_loop, x);
  const auto square = [](const auto& z) { return dot(z, z); };
  const auto square_by_loop = [](const auto& z) {
    std::decay_t<decltype(z[0])> y(0);
    for (const auto& entry : z) y += entry * entry;
    return y;
  };
  check_orders(square, square_by_loop, x);
  check_orders([](const auto& z) { return logsumexp(z); },
               [](const auto& z) {
                 std::decay_t<decltype(z[0])> y(0);
                 for (const auto& entry : z) y += std::exp(entry);
                 return std::log(y);
               },
               x);
  check_orders([](const auto& z) { return sum(z) * prod(z); },
               [&](const auto& z) {
                 std::decay_t<decltype(z[0])> y(0);
                 for (const auto& entry : z) y += entry;
                 return y * product_by_loop(z);
               },
               x);
}

void dots_of_variables_and_numbers() {
  Tape<double> tape;
  const auto recording = tape.record();
  const Vector a{1, 2, 3}, b{-4, 5, 0.5};
  const auto v = tape.variables(a);
  const std::vector<V> w{tape.variable(b[0]), V(b[1]), tape.variable(b[2])};
  const V y = dot(v, w);
  check::same(y.value(), 7.5);
  close(numeric::pulled(tape, v, y), b, 0);
  close(numeric::pulled(tape, w, y), {1, 0, 3}, 0);
  close(numeric::pulled(tape, v, dot(v, b)), b, 0);
  close(numeric::pulled(tape, v, dot(b, v)), b, 0);
  close(numeric::pulled(tape, v, sum(v)), {1, 1, 1}, 0);
  check::same(dot(a, b), 7.5);
  check::throws<std::invalid_argument>([&] { (void)dot(v, std::span(w).first(2)); },
                                       "dot: wanted columns of 3 entries, got one of 2");
  check::same(dot(std::vector<V>(), std::vector<V>()).value(), 0);
}

void exponentials_do_not_overflow() {
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(Vector{1000, 1001, -2000});
  const V y = logsumexp(v);
  const double e = std::exp(1.0);
  check::close(y.value(), 1001 + std::log1p(1 / e), 1e-15);
  close(numeric::pulled(tape, v, y), {1 / (1 + e), e / (1 + e), 0}, 1e-14);
  check::same(logsumexp(Vector{-kInf, -kInf}), -kInf);
  check::same(logsumexp(Vector{kInf, 0}), kInf);
}

void lanes_tangents_and_a_long_product() {
  Vector x(1500, 1.0);
  x[3] = 2, x[1400] = 0.25;
  Tape<double> tape;
  const auto recording = tape.record();
  const auto v = tape.variables(x);
  const auto begin = tape.position();
  for (int repeat = 0; repeat < 2; ++repeat) {
    const V y = prod(v);
    tape.start_sweep(9);
    for (int lane = 0; lane < 9; ++lane) tape.set_cotangent(y, lane, lane);
    tape.pullback();
    for (std::size_t i = 0; i < x.size(); ++i) {
      check::same(tape.cotangent(v[i], 8), 8 * 0.5 / x[i]);
      check::same(tape.cotangent(v[i], 0), 0);
    }
    tape.start_sweep();
    tape.set_tangent(v[1400], 3);
    tape.pushforward();
    check::same(tape.tangent(y), 6);
    tape.rewind(begin);
  }
}

void variables_of_other_tapes_are_refused() {
  Tape<double> tape, other;
  const auto recording = tape.record();
  auto v = tape.variables(Vector{1, 2, 3});
  {
    const auto inner = other.record();
    const auto w = other.variables(Vector{1, 2, 3});
    check::throws<std::logic_error>([&] { (void)prod(v); }, "active tape");
    check::throws<std::logic_error>([&] { (void)dot(v, w); }, "got two");
    v[1] = w[0];
  }
  check::throws<std::logic_error>([&] { (void)logsumexp(v); }, "got two");
}

}  // namespace

int main() {
  return check::run({
      {"products of every length", products_of_every_length},
      {"zeros among the factors", zeros_among_the_factors},
      {"every order", every_order},
      {"dots of variables and numbers", dots_of_variables_and_numbers},
      {"exponentials do not overflow", exponentials_do_not_overflow},
      {"lanes, tangents and a long product", lanes_tangents_and_a_long_product},
      {"variables of other tapes are refused", variables_of_other_tapes_are_refused},
  });
}
