/// Factorisations: each matrix is decomposed once.
#pragma once

#include "program/program.hpp"

namespace dualtape::engine {

/// `program`, whose decompositions of one value are one instruction; where a determinant, inverse
/// or cofactor is the only reader of factors, it makes them itself and they are not written.
/// Itself if there is nothing to do. Programs that are recorded do not share what is equal.
ProgramPtr share_factors(ProgramPtr program);

}  // namespace dualtape::engine
