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
ArrayKernel lookup_product_kernel();                     // dot_general

ArrayKernel lookup_linalg_kernel(OpCode op, DType dtype);  // solve, inv, det, cofactor

/// One matrix; a source for each kind of type, for they compile slowly.
using Cofactor = void (*)(void* out, const void* a, std::int64_t n);
Cofactor lookup_real_cofactor(DType dtype);
Cofactor lookup_complex_cofactor(DType dtype);

}  // namespace dualtape::engine
