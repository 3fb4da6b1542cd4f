/// Times derivatives by Dual and Tape beside the plain function and a hand-written derivative.
/// Every answer is checked before it is timed. Prints one line per contestant, ratios to the plain
/// function; exits with 1 if an answer is wrong.

#include <dualtape/dualtape.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

namespace {

using Vector = Eigen::VectorXd;
using Clock = std::chrono::steady_clock;

/// The compiler must think that the value is used.
template <class T>
void keep(const T& value) {
  asm volatile("" : : "g"(&value) : "memory");
}

struct Contestant {
  std::string name;
  std::function<void()> run;
  std::vector<double> seconds{};  // one entry per round
};

double seconds_of(const std::function<void()>& run, int repetitions) {
  const auto start = Clock::now();
  for (int i = 0; i < repetitions; ++i) run();
  return std::chrono::duration<double>(Clock::now() - start).count() / repetitions;
}

/// Rounds in which each contestant runs for about 5 ms, so that a slow spell of the machine meets
/// all of them; the median over the rounds is printed.
void compare(const std::string& title, std::vector<Contestant> contestants) {
  constexpr int kRounds = 11;
  std::vector<int> repetitions;
  for (const Contestant& c : contestants) {
    const double once = seconds_of(c.run, 3);
    repetitions.push_back(std::max(1, static_cast<int>(5e-3 / once)));
  }
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t i = 0; i < contestants.size(); ++i) {
      Contestant& c = contestants[i];
      c.seconds.push_back(seconds_of(c.run, repetitions[i]));
    }
  }
  std::printf("%s\n", title.c_str());
  double plain = 0;
  for (Contestant& c : contestants) {
    std::sort(c.seconds.begin(), c.seconds.end());
    const double median = c.seconds[kRounds / 2];
    if (plain == 0) plain = median;
    std::printf("  %-28s %10.3f us  %6.2f x  (%.3f to %.3f)\n", c.name.c_str(), median * 1e6,
                median / plain, c.seconds.front() * 1e6, c.seconds.back() * 1e6);
  }
}

bool near(const Vector& given, const Vector& wanted, const char* what) {
  const double error = (given - wanted).cwiseAbs().maxCoeff();
  const double scale = std::max(1.0, wanted.cwiseAbs().maxCoeff());
  if (error <= 1e-12 * scale) return true;
  std::printf("%s: wrong answer, error %g\n", what, error);
  return false;
}

template <class X>
auto rosenbrock(const X& x) {
  using T = typename X::Scalar;
  T sum(0);
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const T valley = x[i + 1] - x[i] * x[i];
    const T slope = 1.0 - x[i];
    sum += 100.0 * valley * valley + slope * slope;
  }
  return sum;
}

Vector rosenbrock_gradient(const Vector& x) {
  Vector g = Vector::Zero(x.size());
  for (Eigen::Index i = 0; i + 1 < x.size(); ++i) {
    const double valley = x[i + 1] - x[i] * x[i];
    g[i] += -400 * x[i] * valley - 2 * (1 - x[i]);
    g[i + 1] += 200 * valley;
  }
  return g;
}

template <class X>
auto transcendental(const X& x) {
  using dualtape::exp, dualtape::sin, dualtape::tanh;
  using std::exp, std::sin, std::tanh;
  using T = typename X::Scalar;
  T sum(0);
  for (Eigen::Index i = 0; i < x.size(); ++i) sum += sin(x[i]) * exp(x[i]) + tanh(x[i]);
  return sum;
}

Vector transcendental_gradient(const Vector& x) {
  Vector g(x.size());
  for (Eigen::Index i = 0; i < x.size(); ++i) {
    const double e = std::exp(x[i]);
    const double c = std::cosh(x[i]);
    g[i] = e * (std::sin(x[i]) + std::cos(x[i])) + 1 / (c * c);
  }
  return g;
}

template <class F, class G>
bool gradients(const std::string& name, Eigen::Index n, F f, G by_hand) {
  const Vector x = Vector::LinSpaced(n, -1.2, 1.1);
  dualtape::Tape<double> tape;
  const auto with_tape = [&] { return dualtape::value_and_gradient(f, x, tape).derivative; };
  const auto with_duals = [&] {
    Vector g(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      g[i] = dualtape::jvp(f, x, Vector(Vector::Unit(n, i))).derivative;
    }
    return g;
  };
  const Vector wanted = by_hand(x);
  if (!near(with_tape(), wanted, name.c_str())) return false;
  std::vector<Contestant> contestants{
      {"plain function", [&] { keep(f(x)); }},
      {"gradient by hand", [&] { keep(by_hand(x)); }},
      {"gradient by Tape", [&] { keep(with_tape()); }},
      {"one jvp by Dual", [&] { keep(dualtape::jvp(f, x, x)); }},
      {"Hessian-vector product", [&] { keep(dualtape::hvp(f, x, x)); }},
  };
  if (n <= 16) {
    if (!near(with_duals(), wanted, name.c_str())) return false;
    contestants.push_back({"gradient by n Duals", [&] { keep(with_duals()); }});
    contestants.push_back({"Hessian", [&] { keep(dualtape::hessian(f, x)); }});
  }
  compare(name + ", n = " + std::to_string(n), std::move(contestants));
  return true;
}

}  // namespace

int main() {
  const auto rosen = [](const auto& x) { return rosenbrock(x); };
  const auto smooth = [](const auto& x) { return transcendental(x); };
  bool right = true;
  for (const Eigen::Index n : {10, 1000, 100000}) {
    right &= gradients("Rosenbrock", n, rosen, rosenbrock_gradient);
    right &= gradients("sum(sin x exp x + tanh x)", n, smooth, transcendental_gradient);
  }
  return right ? 0 : 1;
}
