/// Kernels on whole arrays that look at the layouts themselves; see prepared.hpp for the others.
#pragma once

#include "kernels/kernels.hpp"

namespace dualtape::engine {

using Arrays = std::span<const Array>;
using Attrs = std::span<const std::int64_t>;

ArrayKernel lookup_scan_kernel(OpCode op, DType dtype);  // cumsum, argmax, argmin

}  // namespace dualtape::engine
