/// The cotangent of an array that is read in parts.
#pragma once

#include "ops/rules.hpp"

namespace dualtape::engine {

/// Adds y_bar at start + i * step of each axis to x_bar, the cotangent of an x of `type`: what
/// reading that slice transposes to. Few parts that do not meet are written side by side, and
/// joined by one concatenate when they cover x; others are added in place. Costs O(1) instructions.
void accumulate_window(Tangent& x_bar, const Expr& y_bar, const Type& type, const Dims& start,
                       const Dims& step);

}  // namespace dualtape::engine
