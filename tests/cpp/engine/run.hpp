/// Running programs on vectors of doubles, for the tests of the engine.
#pragma once

#include <functional>
#include <random>
#include <vector>

#include "ops/array_ops.hpp"
#include "ops/elementwise.hpp"
#include "plan/plan.hpp"
#include "transform/derive.hpp"

namespace testing {

using namespace dualtape::engine;  // NOLINT: tests speak the engine's language
using Values = std::vector<double>;

inline Type float64(Dims shape) { return {DType::kFloat64, std::move(shape)}; }

inline Expr input(Builder& b, Dims shape) { return Expr(b, b.input(float64(std::move(shape)))); }

/// Results of a float64 program.
inline std::vector<Values> run(const ProgramPtr& program, const std::vector<Values>& inputs) {
  const auto plan = Plan::compile(program);
  std::vector<const void*> in;
  for (const Values& x : inputs) in.push_back(x.data());
  std::vector<Values> results;
  for (ValueId y : program->outputs) {
    results.emplace_back(static_cast<std::size_t>(element_count(program->type_of(y).shape)));
  }
  std::vector<void*> out;
  for (Values& y : results) out.push_back(y.data());
  plan->run(in, out);
  return results;
}

inline Values normal(std::mt19937& rng, std::size_t n) {
  std::normal_distribution<double> distribution;
  Values x(n);
  for (double& entry : x) entry = distribution(rng);
  return x;
}

}  // namespace testing
