/// Kernels that move elements: one function an operation, signature `ArrayKernel`.
#pragma once

#include "kernels/kernels.hpp"

namespace dualtape::engine {

using Arrays = std::span<const Array>;
using Attrs = std::span<const std::int64_t>;

void pad_kernel(const Array& out, Arrays in, Attrs attrs);
void update_slice_kernel(const Array& out, Arrays in, Attrs attrs);
void concatenate_kernel(const Array& out, Arrays in, Attrs attrs);
void iota_kernel(const Array& out, Arrays in, Attrs attrs);
void eye_kernel(const Array& out, Arrays in, Attrs attrs);

void take_kernel(const Array& out, Arrays in, Attrs attrs);
void take_add_kernel(const Array& out, Arrays in, Attrs attrs);
void take_set_kernel(const Array& out, Arrays in, Attrs attrs);

ArrayKernel lookup_scan_kernel(OpCode op, DType dtype);  // cumsum, argmax, argmin
ArrayKernel lookup_product_kernel(DType dtype);          // dot_general

// solve, inv, det, cofactor: a source for each element type, for they compile slowly
ArrayKernel lookup_linalg_float64(OpCode op);
ArrayKernel lookup_linalg_float32(OpCode op);
ArrayKernel lookup_linalg_complex128(OpCode op);
ArrayKernel lookup_linalg_complex64(OpCode op);

}  // namespace dualtape::engine
