/// Kernels on whole arrays that look at the layouts themselves; see prepared.hpp for the others.
#pragma once

#include "kernels/kernels.hpp"

namespace dualtape::engine {

using Arrays = std::span<const Array>;
using Attrs = std::span<const std::int64_t>;

ArrayKernel lookup_scan_kernel(OpCode op, DType dtype);  // cumsum, argmax, argmin

/// One matrix; a source for each kind of type, for they compile slowly.
using Cofactor = void (*)(void* out, const void* a, std::int64_t n);
Cofactor lookup_real_cofactor(DType dtype);
Cofactor lookup_complex_cofactor(DType dtype);

}  // namespace dualtape::engine
