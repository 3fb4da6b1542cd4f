/// The kernels a plan is made of. Plain loops; every result depends on the values of its operands
/// alone.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/array.hpp"
#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

/// Elementwise: n unit-stride elements; `out` may be one of the operands, but not overlap one
/// otherwise. `attrs` points at the integer of a parametric operation.
using Kernel = void (*)(void* out, const void* const* in, std::int64_t n,
                        const std::int64_t* attrs);

/// Two functions of one operand, which either result may overwrite.
using PairKernel = void (*)(void* first, void* second, const void* x, std::int64_t n);

/// Kernel of a registry operation or `zero_multiply`; `dtype` is that of the operands, of `where`
/// that of its branches. Null if the operation does not exist for the type.
Kernel lookup_kernel(OpCode op, DType dtype);

/// Which operands of a binary kernel are single values instead of blocks.
enum class Broadcast : std::uint8_t { kLeft, kRight };
/// Variant of a binary kernel that reads one operand as a single value; null where there is none.
Kernel lookup_broadcast_kernel(OpCode op, DType dtype, Broadcast which);

/// Both functions at once, each with the bits of its own kernel; null if they are no pair, in this
/// order, or have no such kernel.
PairKernel lookup_pair_kernel(OpCode first, OpCode second, DType dtype);

/// Conversion by C++'s rules (NumPy's astype for values in range); null from complex to real.
Kernel lookup_convert(DType from, DType to);

/// An operation on whole arrays that looks at the layouts at run time. `out` is contiguous and
/// overlaps no operand.
using ArrayKernel = void (*)(const Array& out, std::span<const Array> in,
                             std::span<const std::int64_t> attrs);

}  // namespace dualtape::engine
