/// Sparse Jacobians of recordings.
#pragma once

#include "record/recording.hpp"

namespace dualtape::engine {

PyMethodDef sparse_method();
/// Whether derivatives of the program follow rules of its user's.
bool has_custom_rules(const Program& p);

}  // namespace dualtape::engine
