/// What the sources of a kernel library offer each other; level.cpp makes the table of it. The
/// engine itself asks through kernels.hpp and library.hpp.
#pragma once

#include "kernels/library.hpp"

namespace dualtape::engine {

namespace level {
Kernel elementwise(OpCode op, DType dtype);
Kernel broadcast(OpCode op, DType dtype, Broadcast which);
PairKernel pair(OpCode first, OpCode second, DType dtype);
Kernel convert(DType from, DType to);
const Reducer* reducer(OpCode op, DType dtype);
std::uint64_t checksum(const void* data, std::size_t bytes);
}  // namespace level

// Of shapes without empty results; null for other types.
ProductKernel choose_real_product(DType dtype, const ProductShape& shape);
ProductKernel choose_complex_product(DType dtype, const ProductShape& shape);
ProductKernel choose_integer_product(DType dtype, const ProductShape& shape);
JointProduct choose_joint_product(DType dtype, const JointShape& shape);
AddRows choose_add_rows(DType dtype);

const ChainKernels* chains_float64();
const ChainKernels* chains_float32();
void fft_float64(const FftLines& lines, void* scratch);
void fft_float32(const FftLines& lines, void* scratch);

const LinearAlgebra* linear_algebra_float64();
const LinearAlgebra* linear_algebra_float32();
const LinearAlgebra* linear_algebra_complex128();
const LinearAlgebra* linear_algebra_complex64();

}  // namespace dualtape::engine
