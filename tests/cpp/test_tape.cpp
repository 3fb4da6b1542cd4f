// Tape and Var: both directions, lanes, reuse, what is skipped, and the errors.
#include <dualtape/drivers.hpp>

#include <atomic>
#include <cstdlib>
#include <new>
#include <thread>

#include "check.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

// Counts every allocation of the program, for sweeps_and_reuse_do_not_allocate.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

using namespace dualtape;
using V = Var<double>;
constexpr double kEps = std::numeric_limits<double>::epsilon();

template <class X>
X helix(const X& a, const X& b, const X& c) {
  return sin(a * b) / c + log1p(exp(b)) * hypot(a, c) - 2 * power(c, 1.5) + a;
}

void backward_equals_forward() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V a = tape.variable(0.7), b = tape.variable(-1.3), c = tape.variable(2.1);
  const V y = helix(a, b, c);
  tape.start_sweep();
  tape.set_cotangent(y, 2.0);
  tape.pullback();
  const double backward = tape.cotangent(a) * 0.3 + tape.cotangent(b) * 0.5 - tape.cotangent(c);
  tape.start_sweep();
  tape.set_tangent(a, 0.3);
  tape.set_tangent(b, 0.5);
  tape.set_tangent(c, -1.0);
  tape.pushforward();
  check::close(2 * tape.tangent(y), backward, 16 * kEps);
  using D = Dual<double>;
  const auto dual = [](double x, double x_dot) { return D(x, D::Tangent(x_dot)); };
  const D z = helix(dual(0.7, 0.3), dual(-1.3, 0.5), dual(2.1, -1));
  check::close(tape.tangent(y), z.tangent(0), 16 * kEps);
  check::same(y.value(), z.value());
}

void lanes_are_separate_sweeps() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(2), y = tape.variable(3);
  const V p = x * y, q = x / y, r = p * q;
  tape.start_sweep(3);
  tape.set_cotangent(p, 1, 0);
  tape.set_cotangent(q, 1, 1);
  tape.set_cotangent(r, 1, 2);
  tape.pullback();
  check::same(tape.cotangent(x, 0), 3);
  check::close(tape.cotangent(x, 1), 1.0 / 3, kEps);
  check::close(tape.cotangent(x, 2), 4, kEps);
  check::same(tape.cotangent(y, 0), 2);
  check::close(tape.cotangent(y, 1), -2.0 / 9, kEps);
  check::is_true(std::abs(tape.cotangent(y, 2)) < kEps, "x^2 does not depend on y");
  tape.start_sweep(2);
  tape.set_tangent(x, 1, 0);
  tape.set_tangent(y, 1, 1);
  tape.pushforward();
  check::close(tape.tangent(r, 0), 4, kEps);
  check::same(tape.tangent(p, 1), 2);
}

void constants_are_not_recorded() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(2);
  const V c = V(3) * 4 + 1;
  check::is_true(!c.is_recorded(), "constants alone give a constant");
  check::same(static_cast<double>(tape.size()), 1);
  const V y = power(x - 5, V(3));
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  // The constant exponent of a negative base has no derivative and needs none.
  check::same(tape.cotangent(x), 27);
  check::same(tape.cotangent(c), 0);
}

void sweeps_and_reuse_do_not_allocate() {
  Tape<double> tape;
  std::array<double, 20> x{};
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.1 * static_cast<double>(i);
  const auto f = [](const auto& v) {
    auto sum = v[0] * 0;
    for (std::size_t i = 1; i < v.size(); ++i) sum += sin(v[i] * v[i - 1]) + exp(-v[i]);
    return sum;
  };
  const auto first = value_and_gradient(f, x, tape);
  const std::size_t bytes = tape.capacity_bytes();
  const std::size_t before = allocations;
  auto second = first;
  for (int repeat = 0; repeat < 5; ++repeat) second = value_and_gradient(f, x, tape);
  check::same(static_cast<double>(allocations - before), 0, "allocations");
  check::same(static_cast<double>(tape.capacity_bytes() - bytes), 0, "growth");
  for (std::size_t i = 0; i < x.size(); ++i) {
    check::same(second.derivative[i], first.derivative[i]);
  }
  check::is_true(bytes < 300 * tape.size(), "at most 300 bytes an operation");
}

void a_zero_cotangent_is_skipped() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(0), z = tape.variable(1);
  // The root's slope is infinite, but the branch is not taken.
  const V y = select(x > 0, sqrt(x), 3 * x) + z;
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  check::same(tape.cotangent(x), 3);
  check::same(tape.cotangent(z), 1);
  const V w = sqrt(x);
  const V product = w * 0 + z;
  tape.start_sweep();
  tape.set_cotangent(product, 1);
  tape.pullback();
  check::same(tape.cotangent(x), 0);
}

void forward_skips_what_no_tangent_reaches() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(0), z = tape.variable(1);
  const V y = sqrt(x) + z;
  tape.start_sweep();
  tape.set_tangent(z, 1);
  tape.pushforward();
  check::same(tape.tangent(y), 1);
}

void errors_name_what_was_wanted() {
  Tape<double> tape, other;
  const auto recording = tape.record();
  const V x = tape.variable(2);
  const V y = x * x;
  V foreign;
  {
    const auto inner = other.record();
    foreign = other.variable(1);
    check::throws<std::logic_error>([&] { (void)V(x * 2); },
                                    "assignment: wanted variables of this thread's active tape");
    check::throws<std::logic_error>([&] { (void)V(x + foreign); },
                                    "assignment: wanted variables of one tape, got two");
    check::throws<std::logic_error>([&] { (void)V(x * y + exp(foreign)); }, "one tape, got two");
  }
  check::throws<std::logic_error>([&] { (void)V(exp(foreign)); }, "of this thread's active tape");
  check::throws<std::logic_error>([&] { tape.pullback(); }, "pullback: wanted start_sweep");
  check::throws<std::invalid_argument>([&] { tape.start_sweep(0); },
                                       "start_sweep: lanes must be at least 1, got 0");
  tape.start_sweep(2);
  check::throws<std::logic_error>([&] { tape.set_cotangent(y, 1, 2); }, "lane below 2");
  check::throws<std::invalid_argument>([&] { tape.set_tangent(y, 1); },
                                       "set_tangent: wanted an input, got a computed variable");
  check::throws<std::logic_error>([&] { (void)tape.cotangent(foreign); },
                                  "cotangent: wanted a variable of this tape's recording");
  const V z = x + y;
  check::throws<std::logic_error>([&] { tape.pullback(); }, "pullback: wanted start_sweep");
  check::throws<std::logic_error>([&] { (void)tape.cotangent(z); }, "started after recording");
  tape.reset();
  check::throws<std::logic_error>([&] { (void)V(x * 2); }, "of another or a reset tape");
}

void an_inner_tape_gives_the_outer_one_back() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(3);
  // A derivative of numbers within a recording: the outer tape is not disturbed.
  const double inner = gradient([](const auto& v) { return v[0] * v[0]; }, std::array{5.0})[0];
  const V y = inner * x;
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  check::same(tape.cotangent(x), 10);
}

void tapes_of_a_thread_take_turns() {
  Tape<double> first, second;
  std::array<V, 2> x, y;
  for (std::size_t k = 0; k < 2; ++k) x[k] = y[k] = (k ? second : first).variable(1.5);
  for (int i = 0; i < 1000; ++i) {  // several blocks of both
    for (std::size_t k = 0; k < 2; ++k) {
      const auto recording = (k ? second : first).record();
      y[k] = y[k] * x[k] / (k ? 1.5 : 1.25);
    }
    if (i % 300 == 0) {
      first.start_sweep();  // sweeps do not ask which tape is active
      first.set_cotangent(y[0], 1);
      first.pullback();
    }
  }
  for (std::size_t k = 0; k < 2; ++k) {
    Tape<double>& tape = k ? second : first;
    tape.start_sweep();
    tape.set_cotangent(y[k], 1);
    tape.pullback();
    check::close(tape.cotangent(x[k]), 1001 * y[k].value() / 1.5, 1e-12);
  }
}

void an_exception_leaves_tapes_usable() {
  Tape<double> outer, inner;
  const auto recording = outer.record();
  const V x = outer.variable(3);
  const auto failing = [](const auto& v) {
    auto y = v[0] * v[0];
    if (y > 0) throw std::domain_error("not for positive numbers");
    return y;
  };
  check::throws<std::domain_error>(
      [&] { (void)value_and_gradient(failing, std::array{2.0}, inner); }, "not for positive");
  const V y = x * x;  // the outer tape is the active one again
  outer.start_sweep();
  outer.set_cotangent(y, 1);
  outer.pullback();
  check::same(outer.cotangent(x), 6);
  const auto square = [](const auto& v) { return v[0] * v[0]; };
  check::same(value_and_gradient(square, std::array{2.0}, inner).derivative[0], 4);
}

/// Recorded in one thread, swept in a second, gone on with in a third.
void a_tape_goes_from_thread_to_thread() {
  Tape<double> tape;
  V x, y;
  double slope = 0;
  std::thread([&] {
    const auto recording = tape.record();
    x = tape.variable(2);
    y = x * x;
  }).join();
  const auto sweep = [&] {
    tape.start_sweep();
    tape.set_cotangent(y, 1);
    tape.pullback();
    slope = tape.cotangent(x);
  };
  std::thread(sweep).join();
  check::same(slope, 4);
  std::thread([&] {
    const auto recording = tape.record();
    y = y * x;
    sweep();
  }).join();
  check::same(slope, 12);
}

void threads_have_tapes_of_their_own() {
  std::array<double, 4> slopes{};
  std::vector<std::thread> threads;
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    threads.emplace_back([k, &slopes] {
      Tape<double> tape;
      for (int repeat = 0; repeat < 200; ++repeat) {
        slopes[k] = value_and_gradient(
                        [&](const auto& v) {
                          auto y = v[0];
                          for (std::size_t i = 0; i < k + 20; ++i) y = y * v[0];
                          return y;
                        },
                        std::array{1.0}, tape)
                        .derivative[0];
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (std::size_t k = 0; k < slopes.size(); ++k) {
    check::same(slopes[k], static_cast<double>(k) + 21);
  }
}

void a_long_chain_does_not_recurse() {
  Tape<double> tape;
  const auto recording = tape.record();
  const V x = tape.variable(1);
  V y = x;
  for (int i = 0; i < 1'000'000; ++i) y = y + 1e-6 * x;
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  check::close(tape.cotangent(x), 2, 1e-9);
}

}  // namespace

int main() {
  return check::run({
      {"backward equals forward", backward_equals_forward},
      {"lanes are separate sweeps", lanes_are_separate_sweeps},
      {"constants are not recorded", constants_are_not_recorded},
      {"sweeps and reuse do not allocate", sweeps_and_reuse_do_not_allocate},
      {"a zero cotangent is skipped", a_zero_cotangent_is_skipped},
      {"forward skips what no tangent reaches", forward_skips_what_no_tangent_reaches},
      {"errors name what was wanted", errors_name_what_was_wanted},
      {"an inner tape gives the outer one back", an_inner_tape_gives_the_outer_one_back},
      {"tapes of a thread take turns", tapes_of_a_thread_take_turns},
      {"an exception leaves tapes usable", an_exception_leaves_tapes_usable},
      {"a tape goes from thread to thread", a_tape_goes_from_thread_to_thread},
      {"threads have tapes of their own", threads_have_tapes_of_their_own},
      {"a long chain does not recurse", a_long_chain_does_not_recurse},
  });
}
