/// Every array operation through grad, jvp, both Jacobians of the gradient, and batch. The loss
/// sum(w (y + y^2)) makes the second order depend on the first.

#include <algorithm>
#include <cstdio>

#include "check.hpp"
#include "engine/run.hpp"

namespace {

using namespace dualtape;
using namespace testing;
using Function = std::function<Expr(const std::vector<Expr>&)>;
using Kind = Derivation::Kind;

struct Case {
  const char* name;
  std::vector<Dims> shapes;
  Function function;
};

Expr indices(Builder& b, const std::vector<std::int64_t>& list) {
  std::vector<Expr> parts;
  for (auto i : list) {
    parts.push_back(reshape(Expr(b, b.constant(i, 0, DType::kInt64)), Dims{1}));
  }
  return concatenate(parts, 0);
}

/// Well conditioned: 4 on the diagonal more.
Expr shifted_matrix(const Expr& a) {
  const auto n = a.shape().back();
  return a + eye(a.builder(), n, n, DType::kFloat64) * 4.0;
}

double largest(const Values& x) {
  double m = 1e-300;
  for (double entry : x) m = std::max(m, std::abs(entry));
  return m;
}

double difference(const Values& a, const Values& b) {
  double m = 0;
  for (std::size_t i = 0; i < a.size(); ++i) m = std::max(m, std::abs(a[i] - b[i]));
  return m;
}

class Checker {
 public:
  explicit Checker(const Case& c) : name_(c.name) {
    Builder b(Builder::Mode::kRecord);
    std::vector<Expr> x;
    for (const Dims& shape : c.shapes) {
      wrt_.push_back(static_cast<std::uint32_t>(x.size()));
      x.push_back(input(b, shape));
      add_values(shape);
    }
    const Expr y = c.function(x);
    const Expr w = input(b, y.shape());
    add_values(y.shape());
    const Expr term = y * w + y * y * w;
    const ValueId out[] = {sum(term, iota_dims(term.rank())).id()};
    loss_ = b.finish(out);
    grad_ = derive(*loss_, {Kind::kGrad, wrt_, {}}).first;
  }

  void all() {
    gradient_is_slope_of_loss();
    jvp_is_gradient_dot_tangent();
    hessian_is_same_both_ways_and_slope_of_gradient();
    batch_is_loop();
  }

 private:
  void add_values(const Dims& shape) {
    values_.push_back(normal(rng_, static_cast<std::size_t>(element_count(shape))));
  }

  /// Central difference of all results of p in one entry.
  std::vector<Values> slope(const ProgramPtr& p, std::size_t argument, std::size_t entry) {
    constexpr double h = 1e-5;
    auto up = values_, down = values_;
    up[argument][entry] += h;
    down[argument][entry] -= h;
    auto high = run(p, up);
    const auto low = run(p, down);
    for (std::size_t k = 0; k < high.size(); ++k) {
      for (std::size_t i = 0; i < high[k].size(); ++i) {
        high[k][i] = (high[k][i] - low[k][i]) / (2 * h);
      }
    }
    return high;
  }

  void bound(double error, double scale, double rtol, const char* what) {
    check::is_true(error <= rtol * scale, name_ + ": " + what + ", error " + check::text(error) +
                                              " of " + check::text(scale));
  }

  void gradient_is_slope_of_loss() {
    const auto g = run(grad_, values_);
    for (std::size_t i = 0; i < g.size(); ++i) {
      Values slopes;
      for (std::size_t k = 0; k < g[i].size(); ++k) slopes.push_back(slope(loss_, i, k)[0][0]);
      bound(difference(slopes, g[i]), std::max(1.0, largest(slopes)), 1e-6, "gradient");
    }
  }

  void jvp_is_gradient_dot_tangent() {
    const auto g = run(grad_, values_);
    auto inputs = values_;
    double dot = 0, terms = 1e-300;
    for (const Values& gradient : g) {
      inputs.push_back(normal(rng_, gradient.size()));
      for (std::size_t k = 0; k < gradient.size(); ++k) {
        dot += gradient[k] * inputs.back()[k];
        terms += std::abs(gradient[k] * inputs.back()[k]);
      }
    }
    const auto jvp = run(derive(*loss_, {Kind::kJvp, wrt_, {}}).first, inputs);
    bound(std::abs(jvp[1][0] - dot), terms, 1e-12, "jvp");
  }

  void hessian_is_same_both_ways_and_slope_of_gradient() {
    const auto forward = run(derive(*grad_, {Kind::kJacfwd, wrt_, {}}).first, values_);
    const auto reverse = run(derive(*grad_, {Kind::kJacrev, wrt_, {}}).first, values_);
    for (std::size_t k = 0; k < forward.size(); ++k) {
      bound(difference(forward[k], reverse[k]), largest(forward[k]), 1e-11, "forward = reverse");
    }
    const std::size_t n = values_[0].size();
    for (std::size_t k = 0; k < n; ++k) {
      const Values column = slope(grad_, 0, k)[0];
      for (std::size_t r = 0; r < n; ++r) {
        bound(std::abs(column[r] - forward[0][r * n + k]), std::max(1.0, largest(forward[0])), 1e-5,
              "hessian");
      }
    }
  }

  void batch_is_loop() {
    constexpr std::size_t kSize = 3;
    decltype(Derivation::batched) flags(values_.size(), 1);
    flags[values_.size() - 1] = 0;
    std::vector<std::vector<Values>> singles(kSize, values_);
    auto inputs = values_;
    for (std::size_t i = 0; i + 1 < inputs.size(); ++i) {
      inputs[i].clear();
      for (auto& single : singles) {
        single[i] = normal(rng_, single[i].size());
        inputs[i].insert(inputs[i].end(), single[i].begin(), single[i].end());
      }
    }
    const auto batched = run(derive(*grad_, {Kind::kBatch, {}, {}, flags, kSize}).first, inputs);
    for (std::size_t row = 0; row < kSize; ++row) {
      const auto single = run(grad_, singles[row]);
      for (std::size_t i = 0; i < single.size(); ++i) {
        const auto first = batched[i].begin() + static_cast<std::ptrdiff_t>(row * single[i].size());
        const Values part(first, first + static_cast<std::ptrdiff_t>(single[i].size()));
        bound(difference(part, single[i]), largest(single[i]), 1e-12, "batch");
      }
    }
  }

  std::string name_;
  std::mt19937 rng_{1};
  Positions wrt_;
  std::vector<Values> values_;
  ProgramPtr loss_, grad_;
};

using Xs = const std::vector<Expr>&;

std::vector<Case> movement_cases() {
  return {
      {"add, broadcast", {{3, 4}, {4}}, [](Xs x) { return x[0] + x[1]; }},
      {"multiply, broadcast", {{3, 1}, {1, 4}}, [](Xs x) { return x[0] * x[1]; }},
      {"divide", {{4}, {4}}, [](Xs x) { return x[0] / (square(x[1]) + 1.0); }},
      {"tanh exp", {{2, 3}}, [](Xs x) { return tanh(x[0]) * exp(x[0]); }},
      {"scalar", {{}}, [](Xs x) { return sin(x[0]) * x[0]; }},
      {"empty", {{0, 3}}, [](Xs x) { return x[0] * x[0]; }},
      {"reshape, transpose",
       {{2, 3}},
       [](Xs x) { return transpose(reshape(transpose(x[0], {1, 0}), {2, 3}), {1, 0}); }},
      {"broadcast_to", {{3, 1}}, [](Xs x) { return broadcast_to(x[0], {2, 3, 4}); }},
      {"slice, negative step", {{5, 4}}, [](Xs x) { return slice(x[0], {4, 1}, {3, 2}, {-2, 2}); }},
      {"overlapping slices",
       {{6}},
       [](Xs x) { return slice_axis(x[0], 0, 1, 5) * slice_axis(x[0], 0, 0, 5); }},
      {"pad", {{3}}, [](Xs x) { return pad(x[0], {8}, {1}, {2}); }},
      {"update_slice", {{5}, {2}}, [](Xs x) { return update_slice(x[0], x[1] * x[1], {1}, {2}); }},
      {"add_slice", {{5}, {2}}, [](Xs x) { return add_slice(x[0], x[1] * x[1], {1}, {2}); }},
      {"concatenate",
       {{2, 3}, {2, 1}},
       [](Xs x) {
         const Expr parts[] = {x[0], x[1] * x[1]};
         return concatenate(parts, 1);
       }},
      {"take", {{5, 2}}, [](Xs x) { return take(x[0], indices(x[0].builder(), {0, -1, 2, 2})); }},
      {"take_add",
       {{5, 2}, {3, 2}},
       [](Xs x) { return take_add(x[0], indices(x[0].builder(), {0, -1, 0}), x[1]); }},
      {"take_set, last write wins",
       {{5}, {3}},
       [](Xs x) { return take_set(x[0], indices(x[0].builder(), {1, -1, 1}), x[1]); }},
  };
}

std::vector<Case> reduction_cases() {
  return {
      {"sum", {{3, 4}}, [](Xs x) { return sum(x[0], {0}); }},
      {"prod", {{3, 5}}, [](Xs x) { return prod(x[0], {1}); }},
      {"prod, both axes", {{3, 3}}, [](Xs x) { return prod(x[0], {0, 1}); }},
      {"max", {{3, 4}}, [](Xs x) { return testing::max(x[0], {1}); }},
      {"min", {{3, 4}}, [](Xs x) { return testing::min(x[0], {0, 1}); }},
      {"cumsum", {{3, 4}}, [](Xs x) { return cumsum(x[0], 1); }},
      {"where",
       {{4}, {4}},
       [](Xs x) { return where(less(x[0], zeros_like(x[0])), x[0] * x[1], sin(x[1])); }},
  };
}

std::vector<Case> product_cases() {
  return {
      {"matmul", {{3, 4}, {4, 2}}, [](Xs x) { return matmul(x[0], x[1]); }},
      {"matrix vector", {{3, 4}, {4}}, [](Xs x) { return matmul(x[0], x[1]); }},
      {"vector batch", {{4}, {2, 4, 3}}, [](Xs x) { return matmul(x[0], x[1]); }},
      {"matmul, broadcast batch",
       {{2, 1, 3, 4}, {5, 4, 2}},
       [](Xs x) { return matmul(x[0], x[1]); }},
      {"dot_general",
       {{2, 3, 4}, {4, 5, 3, 2}},
       [](Xs x) { return dot_general(x[0], x[1], {{1, 2}, {2, 0}, {0}, {3}}); }},
      {"inner", {{4}, {4}}, [](Xs x) { return dot(x[0], x[1]); }},
      {"outer", {{4}, {3}}, [](Xs x) { return tensordot(x[0], x[1], {}, {}); }},
      {"solve", {{3, 3}, {3, 2}}, [](Xs x) { return solve(shifted_matrix(x[0]), x[1]); }},
      {"solve, transposed",
       {{3, 3}, {3, 2}},
       [](Xs x) { return solve(shifted_matrix(x[0]), x[1], true); }},
      {"solve, batch",
       {{2, 3, 3}, {3}},
       [](Xs x) { return linalg_solve(shifted_matrix(x[0]), x[1]); }},
      {"inv", {{3, 3}}, [](Xs x) { return inv(shifted_matrix(x[0])); }},
      {"det", {{3, 3}}, [](Xs x) { return det(x[0]); }},
      {"det 2 x 2, batch", {{4, 2, 2}}, [](Xs x) { return det(x[0]); }},
      {"det 1 x 1", {{1, 1}}, [](Xs x) { return det(x[0]); }},
  };
}

Expr through_call(Xs x) {
  Builder b(Builder::Mode::kRecord);
  const Expr y = sin(input(b, {3}));
  const ValueId out[] = {(y * input(b, {})).id()};
  return call(b.finish(out), x, x[0].builder())[0] * x[0];
}

}  // namespace

int main() {
  auto cases = movement_cases();
  for (auto& group : {reduction_cases(), product_cases()}) {
    cases.insert(cases.end(), group.begin(), group.end());
  }
  cases.push_back({"call", {{3}, {}}, through_call});
  std::vector<check::Test> tests;
  for (const Case& c : cases) tests.push_back({c.name, [&c] { Checker(c).all(); }});
  return check::run(tests);
}
