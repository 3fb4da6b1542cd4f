/// Plans that compute residuals again against plans that keep all of them: the same bits, and no
/// more memory, on gradients of random programs.

#include <cstdio>
#include <cstring>

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

}  // namespace

int main(int argc, char** argv) {
  const unsigned first = argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 0;
  const unsigned count = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 200;
  unsigned changed = 0;
  for (unsigned seed = first; seed < first + count && check::failures() < 3; ++seed) {
    changed += both_plans_agree(seed);
  }
  check::is_true(2 * changed > count, "most programs have something to compute again");
  std::printf("%u of %u programs compute residuals again, %d failures\n", changed, count,
              check::failures());
  return check::failures() != 0;
}
