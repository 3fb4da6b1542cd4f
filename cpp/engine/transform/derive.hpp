/// The derived programs that the Python layer asks for, each from a program to a program.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "program/program.hpp"
#include "program/short_list.hpp"

namespace dualtape::engine {

/// One step from a program X -> Y to a derived one; all fields are part of its identity.
struct Derivation {
  enum class Kind : std::uint8_t {
    kGrad,       // X -> [d Y[0] / d wrt..., kept Y...]; Y[0] is a floating scalar
    kJvp,        // X + tangents of wrt -> [Y..., Y_dot..., kept Y...]
    kTangent,    // X + tangents of wrt -> Y_dot...
    kCotangent,  // X + cotangents of Y -> wrt_bar...
    kLinearize,  // X -> [Y..., kept Y..., residuals...]; second: [residuals..., tangents of
                 // wrt...] -> Y_dot...
    kVjp,        // X -> [Y..., kept Y..., residuals...]; second: [residuals..., cotangents of Y...]
                 // -> wrt_bar...
    kJacfwd,     // X -> [d Y[o] / d X[i] for o in outputs for i in wrt..., kept Y...]
    kJacrev,
    kJacobian,         // the same in the direction of less work
    kHessian,          // X -> [d2 Y[0] / d X[i] d X[j] for i, j in wrt..., d Y[0] / d X[i]... if
                       // gradient, kept Y...]; Y[0] is a floating scalar
    kHessianDiagonal,  // X -> [the entries [k, k] of d2 Y[0] / d X[i]^2 for i in wrt..., kept Y...]
    kLaplacian,        // X -> [the sum of d2 Y[o] / d x^2 over all entries x of wrt for o in
                       // outputs..., kept Y...]
    kBatch,            // flagged X have a leading batch axis -> all Y have
  };
  Kind kind = Kind::kGrad;
  Positions wrt;                          // floating inputs
  Positions keep;                         // outputs
  ShortList<std::uint8_t, 16> batched{};  // kBatch: a flag for each input
  std::int64_t batch_size = 0;
  std::optional<Positions> outputs{};  // those differentiated; absent: all
  std::int64_t chunk = 0;              // most dense lanes pushed at a time; 0: all
  bool gradient = false;               // kHessian: also the gradient
  friend bool operator==(const Derivation&, const Derivation&) = default;
};

struct Derived {
  ProgramPtr first;
  ProgramPtr second;  // kLinearize, kVjp
};

Derived derive(const Program& base, const Derivation& how);

}  // namespace dualtape::engine
