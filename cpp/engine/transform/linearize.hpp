/// linearize: a program becomes its values and a linear program of its tangents.
///
/// The program runs on duals of expressions: values go to one builder, tangents to a newer one,
/// which by the rule of mixed operations captures the values it multiplies with. These captures are
/// the residuals.
#pragma once

#include <span>
#include <vector>

#include "program/expr.hpp"

namespace dualtape::engine {

/// x_dot -> y_dot. Inputs: the tangents of the chosen inputs, then the residuals.
struct LinearProgram {
  ProgramPtr program;
  std::size_t n_tangents = 0;
  std::vector<ValueId> residuals;  // values of the builder of `Linearized::values`
  std::vector<int> output;         // for each result its output here, -1: structurally zero
};

struct Linearized {
  std::vector<Expr> values;
  LinearProgram linear;
};

/// `wrt`: positions of inputs; only floating ones have tangents. `inputs`: values of `b`.
Linearized linearize(Builder& b, const Program& program, std::span<const Expr> inputs,
                     std::span<const std::uint32_t> wrt);

/// y_dot of each output from the tangents (absent: zero), in the newest of their builders;
/// `residuals` are values of `b`.
std::vector<Tangent> apply_linear(const LinearProgram& linear, std::span<const ValueId> residuals,
                                  std::span<const Tangent> x_dot, Builder& b);

/// x_bar of each tangent input from the cotangents of the results, in `b`; `residuals` are values
/// of `b`. Source: Radul et al. (2022), You only linearize once.
std::vector<Tangent> transpose(const LinearProgram& linear, std::span<const ValueId> residuals,
                               std::span<const Tangent> y_bar, Builder& b);

/// The products that a branch not taken by `where` can reach, with the absolute zero: 0 * inf = 0
/// there.
ProgramPtr mark_absolute_zeros(ProgramPtr linear, std::size_t n_tangents);

}  // namespace dualtape::engine
