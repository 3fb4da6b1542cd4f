/// What rules elsewhere need of reading and writing at indices.
#pragma once

#include "ops/array_ops.hpp"

namespace dualtape::engine {

/// Mask over index: its entry is the last one written to its place in an axis of length n.
Expr last_writes(const Expr& index, std::int64_t n);

}  // namespace dualtape::engine
