/// Jacobians by lanes against unit tangents one by one, entry for entry, on random programs: chains
/// of views, moves, reductions and products whose axes split, merge, shift and repeat.

#include <algorithm>
#include <cstdio>
#include <limits>

#include "check.hpp"
#include "engine/run.hpp"

namespace {

using namespace dualtape;
using namespace testing;
using Kind = Derivation::Kind;

/// Rounding errors, each value's at most some eps of the sum of terms through it.
constexpr double kTerms = 8 * std::numeric_limits<double>::epsilon();

class RandomProgram {
 public:
  explicit RandomProgram(unsigned seed) : rng_(seed) {
    const Dims shapes[] = {{4}, {6}, {2, 3}, {3, 1}, {2, 2, 2}, {1}, {}};
    const Dims shape = shapes[below(7)];
    Expr x = input(b_, shape);
    values_ = {normal(rng_, static_cast<std::size_t>(element_count(shape)))};
    pool_ = {x};
    const std::int64_t length = 2 + below(6);
    for (std::int64_t i = 0; i < length; ++i)
      pool_.push_back(step(pool_[pool_.size() - 1 - pick_old()]));
    const ValueId out[] = {pool_.back().id()};
    program_ = b_.finish(out);
  }

  const ProgramPtr& program() const { return program_; }
  const Values& x() const { return values_[0]; }

 private:
  std::int64_t below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>(0, n - 1)(rng_);
  }
  std::size_t pick_old() {
    return below(4) == 0 ? static_cast<std::size_t>(below(static_cast<std::int64_t>(pool_.size())))
                         : 0;
  }

  Expr data(const Dims& shape) {
    Expr sum = full(b_, 0.5 + 0.1 * static_cast<double>(below(9)), float64(shape));
    for (std::size_t a = 0; a < shape.size(); ++a) {
      Dims column(shape.size(), 1);
      column[a] = shape[a];
      const Expr index = convert(iota(b_, shape[a]), DType::kFloat64);
      sum = sum + reshape(sin(index * (1.0 + static_cast<double>(a))), column);
    }
    return sum;
  }

  Expr step(const Expr& x) {
    switch (below(19)) {
      case 0: return sliced(x);
      case 1: return padded(x);
      case 2: return reshaped(x);
      case 3: return transposed(x);
      case 4: return broadcast(x);
      case 5: return x.rank() ? sum(x, Dims{below(static_cast<std::int64_t>(x.rank()))}) : x * x;
      case 6: return x * data(x.shape());
      case 7: return tanh(x);
      case 8: return product(x, false);
      case 9: return product(x, true);
      case 10: return joined(x);
      case 11: return updated(x);
      case 12: return x.rank() ? cumsum(x, below(static_cast<std::int64_t>(x.rank()))) : -x;
      case 13: return with_older(x);
      case 14: return gathered(x);
      case 15: return gathered(x);
      case 16: return scattered(x);
      case 17: return solved(x);
      default: return where(less(x, data(x.shape()) - 1.0), x * x, -x);
    }
  }

  Expr sliced(const Expr& x) {
    Dims start, count, step;
    for (auto n : x.shape()) {
      const std::int64_t k = 1 + below(n), stride = k > 1 ? 1 + below((n - 1) / (k - 1)) : 1;
      const std::int64_t span = (k - 1) * stride, first = below(n - span);
      const bool down = below(3) == 0;
      start.push_back(down ? first + span : first);
      count.push_back(k);
      step.push_back(down ? -stride : stride);
    }
    return slice(x, start, count, step);
  }
  Expr padded(const Expr& x) {
    if (element_count(x.shape()) > 60) return sliced(x);
    Dims shape, start, step;
    for (auto n : x.shape()) {
      const std::int64_t stride = 1 + below(2), first = below(2);
      const std::int64_t span = (n - 1) * stride;
      const bool down = below(4) == 0;
      start.push_back(down ? first + span : first);
      step.push_back(down ? -stride : stride);
      shape.push_back(first + span + 1 + below(2));
    }
    return pad(x, shape, start, step);
  }
  Expr reshaped(const Expr& x) {
    std::int64_t rest = element_count(x.shape());
    Dims shape;
    for (std::int64_t factor : {2, 3, 2}) {
      if (rest % factor == 0 && below(2) == 0) {
        shape.push_back(factor);
        rest /= factor;
      } else if (below(4) == 0) {
        shape.push_back(1);
      }
    }
    shape.insert(static_cast<std::size_t>(below(static_cast<std::int64_t>(shape.size()) + 1)),
                 rest);
    return reshape(x, shape);
  }
  Expr transposed(const Expr& x) {
    Dims p = iota_dims(x.rank());
    std::shuffle(p.begin(), p.end(), rng_);
    return transpose(x, p);
  }
  Expr broadcast(const Expr& x) {
    if (element_count(x.shape()) > 40 || x.rank() > 3) return -x;
    Dims shape{1 + below(2)};
    for (auto n : x.shape()) shape.push_back(n == 1 ? 1 + below(3) : n);
    return broadcast_to(x, shape);
  }
  /// Contracts one or two axes with a matrix; a common batch axis half of the time.
  Expr product(const Expr& x, bool on_the_right) {
    if (x.rank() == 0) return x * x;
    const auto r = static_cast<std::int64_t>(x.rank());
    Dims axes = iota_dims(x.rank());
    std::shuffle(axes.begin(), axes.end(), rng_);
    const std::int64_t n_contract = 1 + below(std::min<std::int64_t>(2, r));
    const std::int64_t n_batch = r > n_contract ? below(2) : 0;
    Dims contract(axes.data(), axes.data() + n_contract);
    Dims batch(axes.data() + n_contract, axes.data() + n_contract + n_batch);
    Dims c_shape{1 + below(3)}, c_contract, c_batch;
    for (auto a : contract) {
      c_contract.push_back(static_cast<std::int64_t>(c_shape.size()));
      c_shape.push_back(x.shape()[static_cast<std::size_t>(a)]);
    }
    for (auto a : batch) {
      c_batch.push_back(static_cast<std::int64_t>(c_shape.size()));
      c_shape.push_back(x.shape()[static_cast<std::size_t>(a)]);
    }
    const Expr c = data(c_shape);
    return on_the_right ? dot_general(c, x, {c_contract, contract, c_batch, batch})
                        : dot_general(x, c, {contract, c_contract, batch, c_batch});
  }
  Expr joined(const Expr& x) {
    if (x.rank() == 0 || element_count(x.shape()) > 40) return -x;
    const Expr parts[] = {x, data(x.shape()), tanh(x)};
    return concatenate(parts, below(static_cast<std::int64_t>(x.rank())));
  }
  Expr updated(const Expr& x) {
    const Expr part = sliced(x);
    Dims start, step(x.rank(), 1);
    for (std::size_t a = 0; a < x.rank(); ++a)
      start.push_back(below(x.shape()[a] - part.shape()[a] + 1));
    return below(2) ? update_slice(x, part * 2.0, start, step)
                    : add_slice(x, part * 2.0, start, step);
  }
  /// Indices in [-n, n) that repeat, of one or two axes.
  Expr indices(std::int64_t count, std::int64_t n) {
    const auto number = [](std::int64_t k) { return Expr(static_cast<double>(k)); };
    const Expr spread = iota(b_, count) * number(1 + below(5)) + number(below(4));
    return dualtape::apply<ops::Remainder>(spread, number(2 * n)) - number(n);
  }
  Expr gathered(const Expr& x) {
    if (x.rank() == 0) return -x;
    const std::int64_t count = 1 + below(5);
    const Expr index = indices(count, x.shape()[0]);
    return take(x, count == 4 && below(2) ? reshape(index, Dims{2, 2}) : index);
  }
  Expr scattered(const Expr& x) {
    if (x.rank() == 0) return x * 2.0;
    Dims shape = x.shape();
    const std::int64_t count = shape[0];
    shape[0] = 1 + below(5);
    const Expr index = indices(count, shape[0]);
    const Expr base = shape == x.shape() ? tanh(x) : data(shape);
    return below(2) ? take_add(base, index, x) : take_set(base, index, x);
  }
  Expr solved(const Expr& x) {
    if (x.rank() == 0) return x * 3.0;
    const std::int64_t n = x.shape()[0];
    const std::int64_t k = element_count(x.shape()) / std::max<std::int64_t>(n, 1);
    const Expr a = data({n, n}) + eye(b_, n, n, DType::kFloat64) * 9.0;
    return solve(a, reshape(x, Dims{n, k}), below(2) == 0);
  }
  Expr with_older(const Expr& x) {
    for (const Expr& old : pool_) {
      if (old.shape() == x.shape() && !same_value(old, x)) return old * x + x;
    }
    return x + x;
  }

  std::mt19937 rng_;
  Builder b_{Builder::Mode::kRecord};
  std::vector<Expr> pool_;
  std::vector<Values> values_;
  ProgramPtr program_;
};

/// For each entry of the Jacobian the sum over all values v on the way of |dy / dv| |dv / dx|: what
/// the rounding errors of each count by. Where terms cancel it is more than the entry itself.
Values sum_of_terms(const Program& p, const Values& x, std::size_t n_out) {
  Values sum(n_out * x.size());
  for (ValueId v = 0; v < p.size(); ++v) {
    if (p.type_of(v).dtype != DType::kFloat64 || v == p.inputs[0]) continue;
    const ValueId there[] = {v}, both[] = {p.inputs[0], v};
    const ProgramPtr before = extract(p, p.inputs, there);
    const ProgramPtr after = extract(p, both, p.outputs);
    const Values value = run(before, {x})[0];
    const Values v_dot = run(derive(*before, {Kind::kJacfwd, {0}, {}}).first, {x})[0];
    const Values y_v = run(derive(*after, {Kind::kJacrev, {1}, {}}).first, {x, value})[0];
    for (std::size_t i = 0; i < n_out; ++i) {
      for (std::size_t e = 0; e < value.size(); ++e) {
        const double slope = std::abs(y_v[i * value.size() + e]);
        for (std::size_t k = 0; k < x.size(); ++k) {
          sum[i * x.size() + k] += slope * std::abs(v_dot[e * x.size() + k]);
        }
      }
    }
  }
  return sum;
}

void jacobians_have_the_columns_of_unit_tangents(unsigned seed) {
  const RandomProgram random(seed);
  const ProgramPtr& p = random.program();
  const Values& x = random.x();
  const auto jvp = Plan::compile(derive(*p, {Kind::kJvp, {0}, {}}).first);
  const auto n_out = static_cast<std::size_t>(element_count(p->type_of(p->outputs[0]).shape));
  Values wanted(n_out * x.size()), y(n_out), y_dot(n_out);
  double scale = 1e-300;
  for (std::size_t k = 0; k < x.size(); ++k) {
    Values unit(x.size());
    unit[k] = 1;
    const void* in[] = {x.data(), unit.data()};
    void* out[] = {y.data(), y_dot.data()};
    jvp->run(in, out);
    for (std::size_t i = 0; i < n_out; ++i) {
      wanted[i * x.size() + k] = y_dot[i];
      scale = std::max(scale, std::abs(y_dot[i]));
    }
  }
  for (Kind kind : {Kind::kJacfwd, Kind::kJacrev}) {
    const auto got = run(derive(*p, {kind, {0}, {}}).first, {x})[0];
    double error = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
      error = std::max(error, std::abs(got[i] - wanted[i]));
    if (error <= 1e-13 * scale) continue;
    const Values terms = sum_of_terms(*p, x, n_out);
    double excess = 0;
    for (std::size_t i = 0; i < got.size(); ++i)
      excess = std::max(excess, std::abs(got[i] - wanted[i]) / (kTerms * terms[i] + 1e-300));
    check::is_true(excess <= 1, "seed " + std::to_string(seed) + ", error " +
                                    check::text(error / scale) + ", " + check::text(excess) +
                                    " of what cancellation allows\n" + p->str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const unsigned first = argc > 1 ? static_cast<unsigned>(std::stoul(argv[1])) : 0;
  const unsigned count = argc > 2 ? static_cast<unsigned>(std::stoul(argv[2])) : 400;
  for (unsigned seed = first; seed < first + count && check::failures() < 3; ++seed) {
    jacobians_have_the_columns_of_unit_tangents(seed);
  }
  std::printf("%u random programs, %d failures\n", count, check::failures());
  return check::failures() != 0;
}
