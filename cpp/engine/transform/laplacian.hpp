/// laplacian: the sum of second derivatives along all entries of the inputs, in one forward sweep.
///
/// The second derivative of f along v is a program of x and v whose values are homogeneous in v: of
/// degree 0 (values of x), 1 (first derivatives along v) or 2. For all units v = e_l at once those
/// of degree 1 are terms with lanes (lanes.hpp). Those of degree 2 are summed over l as soon as
/// they arise, in products of two of degree 1: all that follows is linear, so the sum goes through.
///
/// Source: Li et al. (2024), A computational framework for neural network-based variational Monte
/// Carlo with Forward Laplacian.
#pragma once

#include <vector>

#include "program/expr.hpp"

namespace dualtape::engine {

/// sum_l outputs(x, e_l) of `second`, for each output. Inputs of `second`: x, then a direction v
/// for each of `n_directions` inputs; `x`: values of `b`. `chunk`: most dense lanes pushed at a
/// time; 0: all. DerivativeError if an output is not of degree 2 in v.
std::vector<Expr> sum_over_directions(const Program& second, std::span<const Expr> x,
                                      std::size_t n_directions, std::int64_t chunk, Builder& b);

}  // namespace dualtape::engine
