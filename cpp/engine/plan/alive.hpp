/// Memory that values take, before it is laid out.
#pragma once

#include <cstdint>

#include "plan/code.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

/// Bytes of arrays between the steps that are alive at once, at most: nearly the arena's. If all of
/// them have less than `least`: the bytes of all.
std::int64_t bytes_alive(const Program& program, const Arrangement& arranged, std::int64_t least);

}  // namespace dualtape::engine
