/// materialize: a linear program becomes its matrix, by pushing lanes (lanes.hpp) and not an
/// identity.
///
/// Forward, the lanes are the entries of an input; in reverse, those of an output, pushed through
/// the transposed program.
#pragma once

#include <vector>

#include "transform/linearize.hpp"

namespace dualtape::engine {

enum class Direction { kForward, kReverse };

/// Blocks d values[o] / d x[i], output by output, input by input; shape values[o].shape +
/// x[i].shape. `x`: the inputs differentiated in. `f` is in terms of values of `b`.
std::vector<Expr> materialize(const Linearized& f, std::span<const Expr> x, Direction direction,
                              Builder& b);

}  // namespace dualtape::engine
