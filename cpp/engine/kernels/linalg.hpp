/// Linear algebra on raw matrices; implemented by element type in linalg_*.cpp.
#pragma once

#include <cstdint>

#include "program/dtype.hpp"

namespace dualtape::engine {

/// How a kernel ended that can fail: no exception leaves a kernel library.
enum class Status : std::int32_t { kOk, kSingular, kNoMemory };

/// All matrices are contiguous, rows first; A is (n, n).
struct LinearAlgebra {
  /// x = A^-1 b, or A^-T b if `transposed`; b and x are (n, columns).
  Status (*solve)(void* x, const void* a, const void* b, std::int64_t n, std::int64_t columns,
                  bool transposed);
  Status (*inverse)(void* y, const void* a, std::int64_t n);
  Status (*determinant)(void* y, const void* a, std::int64_t n);
};

}  // namespace dualtape::engine
