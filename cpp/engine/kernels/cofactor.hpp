/// Cofactors and further derivatives of det, see cofactor.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "program/dtype.hpp"

namespace dualtape::engine {

/// One matrix after the other, and its derivatives in some directions.
struct Cofactors {
  virtual ~Cofactors() = default;
  /// `factors` as `lu` gives them, or null; they serve without directions, of wide matrices.
  virtual void run(void* out, const void* a, const void* factors,
                   std::span<const void* const> directions) = 0;
};
/// For matrices (n, n), contiguous.
std::unique_ptr<Cofactors> make_cofactors(DType dtype, std::int64_t n);

}  // namespace dualtape::engine
