/// Kernels on whole arrays that look at the layouts themselves; see prepared.hpp for the others.
#pragma once

#include <memory>

#include "kernels/kernels.hpp"

namespace dualtape::engine {

using Arrays = std::span<const Array>;
using Attrs = std::span<const std::int64_t>;

ArrayKernel lookup_scan_kernel(OpCode op, DType dtype);  // cumsum, argmax, argmin

/// Cofactors of one matrix after the other, and their derivatives in some directions.
struct Cofactors {
  virtual ~Cofactors() = default;
  virtual void run(void* out, const void* a, std::span<const void* const> directions) = 0;
};
using CofactorsPtr = std::unique_ptr<Cofactors>;
// A source for each kind of type, for they compile slowly.
CofactorsPtr make_real_cofactors(DType dtype, std::int64_t n);
CofactorsPtr make_complex_cofactors(DType dtype, std::int64_t n);

}  // namespace dualtape::engine
