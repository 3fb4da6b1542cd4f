/// materialize: a linear program becomes its matrix, by pushing lanes (lanes.hpp) and not an
/// identity.
///
/// Forward, the lanes are the entries of an input; in reverse, those of an output, pushed through
/// the transposed program.
#pragma once

#include <vector>

#include "transform/linearize.hpp"

namespace dualtape::engine {

enum class Direction { kForward, kReverse, kCheaper };

struct MatrixOptions {
  Direction direction = Direction::kForward;
  std::int64_t chunk = 0;  // most dense lanes pushed at a time; 0: all
  /// Output k is the derivative of one function in input k: block (k, i) is block (i, k)
  /// transposed.
  bool symmetric = false;
};

/// Blocks d values[o] / d x[i] for o in `outputs`, output by output, input by input; shape
/// values[o].shape + x[i].shape. `x`: the inputs differentiated in. `f` is in terms of values of
/// `b`.
std::vector<Expr> materialize(const Linearized& f, std::span<const std::uint32_t> outputs,
                              const MatrixOptions& options, Builder& b);
/// The entries [i, i] of block (k, k), shaped as x[k], for every input.
std::vector<Expr> materialize_diagonal(const Linearized& f, std::span<const Expr> x,
                                       std::int64_t chunk, Builder& b);

}  // namespace dualtape::engine
