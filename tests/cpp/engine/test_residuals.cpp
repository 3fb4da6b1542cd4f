/// Plans that compute residuals again against plans that keep all of them: the same bits, and no
/// more memory, on gradients of random programs. A program of many small arrays is searched for
/// them when it runs a second time.

#include <array>
#include <cstdio>
#include <cstring>

#include "cache/executable.hpp"
#include "check.hpp"
#include "engine/run.hpp"
#include "plan/residuals.hpp"
#include "transform/inline.hpp"

namespace {

using namespace dualtape;
using namespace testing;

constexpr std::int64_t kRows = 64, kColumns = 96;

/// Layers of elementwise operations between products and sums of either axis.
class RandomProgram {
 public:
  explicit RandomProgram(unsigned seed) : rng_(seed) {
    const Dims shape = {kRows, kColumns};
    pool_ = {input(b_, shape), input(b_, shape)};
    weights_ = input(b_, {kColumns, kColumns});
    for (int i = 0; i < 16; ++i) pool_.push_back(step(pool_.back()));
    const ValueId out[] = {sum(pool_.back() * pool_[6], {0, 1}).id()};
    gradient_ = derive(*b_.finish(out), {Derivation::Kind::kGrad, {0, 1}, {}}).first;
  }

  const ProgramPtr& gradient() const { return gradient_; }
  std::vector<Values> inputs() {
    std::vector<Values> values;
    for (std::int64_t rows : {kRows, kRows, kColumns}) {
      values.push_back(normal(rng_, static_cast<std::size_t>(rows * kColumns)));
    }
    return values;
  }

 private:
  std::int64_t below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>(0, n - 1)(rng_);
  }
  const Expr& older() {
    return pool_[static_cast<std::size_t>(below(static_cast<std::int64_t>(pool_.size())))];
  }
  Expr column(const Expr& x) { return reshape(x, {kRows, 1}); }

  Expr step(const Expr& x) {
    const Expr& y = older();
    switch (below(11)) {
      case 0:
      case 1:
      case 2: return matmul(x, weights_) * 0.05;
      case 3: return exp(-square(x - column(max(x, {1})) * 0.1));
      case 4: return x / (column(sum(square(y), {1})) + 1.0);
      case 5: return where(less(x, y), x * 0.7, x * y);
      case 6: return x / (square(y) + 1.0);
      case 7: return sin(x) + y * 0.5;
      case 9: return x / (sum(square(y), {0}) + 1.0);
      case 8: return -x / (x * x + 2.0) - y;
      default: return sqrt(square(x) + square(y) + 1.0);
    }
  }

  std::mt19937 rng_;
  Builder b_{Builder::Mode::kDerive};
  std::vector<Expr> pool_;
  Expr weights_;
  ProgramPtr gradient_;
};

std::vector<Values> run_as(const Analysed& planned, const std::vector<Values>& inputs) {
  const auto code = generate(*planned.program, *planned.analysis);
  std::vector<const void*> in;
  for (const Values& x : inputs) in.push_back(x.data());
  std::vector<Values> results(2, Values(static_cast<std::size_t>(kRows * kColumns)));
  void* const out[] = {results[0].data(), results[1].data()};
  execute(*code, in, out);
  return results;
}

/// Whether anything is computed again.
bool both_plans_agree(unsigned seed) {
  RandomProgram random(seed);
  const ProgramPtr flat = inline_calls(random.gradient());
  const Analysed plain{flat, std::make_unique<const Analysis>(*flat)};
  const Analysed lean = analyse(flat);
  if (lean.program == flat) return false;
  const std::string name = "seed " + std::to_string(seed);
  check::is_true(lean.analysis->storage.arena_bytes <= plain.analysis->storage.arena_bytes,
                 name + ": no more memory");
  const auto inputs = random.inputs();
  const auto wanted = run_as(plain, inputs), got = run_as(lean, inputs);
  for (std::size_t k = 0; k < wanted.size(); ++k) {
    check::is_true(
        std::memcmp(wanted[k].data(), got[k].data(), wanted[k].size() * sizeof(double)) == 0,
        name + ": the same bits of gradient " + std::to_string(k) + "\n" + lean.program->str());
  }
  return true;
}

/// Of a recurrence of gates: 3 arrays of 1 KiB to keep or to compute again for each of its steps.
ProgramPtr gates(int steps) {
  Builder b(Builder::Mode::kDerive);
  Expr h = input(b, {8, 16});
  const Expr weights = input(b, {16, 16});
  for (int i = 0; i < steps; ++i) h = 1.0 / (exp(-matmul(h, weights)) + 1.0);
  const ValueId out[] = {sum(h * h, {0, 1}).id()};
  return derive(*b.finish(out), {Derivation::Kind::kGrad, {0, 1}, {}}).first;
}

void many_runs_have_the_leaner_plan() {
  const ProgramPtr program = gates(400);
  std::mt19937 rng(1);
  const std::vector<Values> inputs = {normal(rng, 8 * 16), normal(rng, 16 * 16)};
  const Executable executable(program), asked(program);
  const PlanPtr first = executable.plan_to_run(), second = executable.plan_to_run();
  check::is_true(!first->is_final() && second->is_final(), "the second run has its final plan");
  check::is_true(second->peak_bytes() < first->peak_bytes(), "which takes less memory");
  check::is_true(&executable.plan() == second.get() && executable.plan_to_run() == second,
                 "and serves from then on");
  check::is_true(&asked.plan() == asked.plan_to_run().get() &&
                     asked.plan().peak_bytes() == second->peak_bytes(),
                 "the plan that was asked for runs");
  std::array<std::vector<Values>, 2> results;
  for (std::size_t k = 0; k < 2; ++k) {
    results[k] = {Values(8 * 16), Values(16 * 16)};
    const void* const in[] = {inputs[0].data(), inputs[1].data()};
    void* const out[] = {results[k][0].data(), results[k][1].data()};
    (k == 0 ? first : second)->run(in, out);
  }
  check::is_true(results[0] == results[1] && results[0][1][0] != 0, "with the same bits");
}

void large_arrays_are_searched_for_at_once() {
  const Executable executable(RandomProgram(0).gradient());
  check::is_true(executable.plan_to_run()->is_final(), "the first run of large arrays gains");
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned first = argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 0;
  const unsigned count = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 200;
  many_runs_have_the_leaner_plan();
  large_arrays_are_searched_for_at_once();
  unsigned changed = 0;
  for (unsigned seed = first; seed < first + count && check::failures() < 3; ++seed) {
    changed += both_plans_agree(seed);
  }
  check::is_true(2 * changed > count, "most programs have something to compute again");
  std::printf("%u of %u programs compute residuals again, %d failures\n", changed, count,
              check::failures());
  return check::failures() != 0;
}
