/// batch: a program of single examples becomes one of whole batches (vmap). Batched values have a
/// leading batch axis.
#pragma once

#include <span>
#include <vector>

#include "ops/rules.hpp"

namespace dualtape::engine {

/// The outputs of p, where some inputs have a leading batch axis; outputs that need none have none.
std::vector<Batched> batch(const Program& p, std::span<const Batched> inputs, std::int64_t size,
                           Builder& b);

/// The batched program: flagged inputs and all outputs have a leading batch axis.
ProgramPtr batch_program(const Program& p, std::span<const std::uint8_t> batched,
                         std::int64_t size);

}  // namespace dualtape::engine
