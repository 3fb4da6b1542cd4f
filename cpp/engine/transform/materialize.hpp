/// materialize: a linear program becomes its matrix.
///
/// Forward, an identity goes through the linear program; in reverse, through its transpose: one
/// batched run for each input or output. Which is cheaper is the caller's to say (forward for few
/// inputs, reverse for few outputs).
#pragma once

#include <vector>

#include "transform/linearize.hpp"

namespace dualtape::engine {

enum class Direction { kForward, kReverse };

/// Blocks d values[o] / d x[i], output by output, input by input; shape values[o].shape +
/// x[i].shape. `x`: the inputs differentiated in. `linear` is in terms of values of `b`.
std::vector<Expr> materialize(const Linearized& f, std::span<const Expr> x, Direction direction,
                              Builder& b);

}  // namespace dualtape::engine
