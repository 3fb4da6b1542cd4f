/// The derived programs that the Python layer asks for, each from a program to a program.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "program/program.hpp"

namespace dualtape::engine {

/// One step from a program X -> Y to a derived one; all fields are part of its identity.
struct Derivation {
  enum class Kind : std::uint8_t {
    kGrad,       // X -> [d Y[0] / d wrt..., kept Y...]; Y[0] is a floating scalar
    kJvp,        // X + tangents of wrt -> [Y..., Y_dot...]
    kLinearize,  // X -> [Y..., residuals...]; second: [residuals..., tangents of wrt...] ->
                 // Y_dot...
    kVjp,     // X -> [Y..., residuals...]; second: [residuals..., cotangents of Y...] -> wrt_bar...
    kJacfwd,  // X -> [d Y[o] / d X[i] for o in Y for i in wrt..., kept Y...]
    kJacrev,
    kBatch,  // flagged X have a leading batch axis -> all Y have
  };
  Kind kind = Kind::kGrad;
  std::vector<std::uint32_t> wrt;       // positions of floating inputs
  std::vector<std::uint32_t> keep;      // positions of outputs
  std::vector<std::uint8_t> batched{};  // kBatch: a flag for each input
  std::int64_t batch_size = 0;
  friend bool operator==(const Derivation&, const Derivation&) = default;
};

struct Derived {
  ProgramPtr first;
  ProgramPtr second;  // kLinearize, kVjp
};

Derived derive(const Program& base, const Derivation& how);

}  // namespace dualtape::engine
