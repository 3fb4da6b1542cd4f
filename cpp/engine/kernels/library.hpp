/// A kernel library: the numerical loops compiled for one instruction set.
///
/// Each is a shared library that exports one symbol, `dualtape_kernels`, and stands beside the
/// binary that holds the engine. Only raw pointers, strides and plain structs cross: what one side
/// allocates it frees itself, and no exception leaves a library.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernels/chain.hpp"
#include "kernels/fft.hpp"
#include "kernels/kernels.hpp"
#include "kernels/linalg.hpp"
#include "kernels/product.hpp"
#include "kernels/reduce.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

/// Lookups give null for what does not exist, as those of kernels.hpp.
struct KernelLibrary {
  std::uint64_t abi;  // kKernelAbi of the sources it was built from
  const char* level;  // "x86-64-v3", "generic"
  Kernel (*elementwise)(OpCode op, DType dtype);
  Kernel (*broadcast)(OpCode op, DType dtype, Broadcast which);
  PairKernel (*pair)(OpCode first, OpCode second, DType dtype);
  const ChainKernels* (*chains)(DType dtype);  // null unless floating
  Kernel (*convert)(DType from, DType to);
  const Reducer* (*reducer)(OpCode op, DType dtype);
  ProductKernel (*product)(DType dtype, const ProductShape& shape);     // the fastest for the shape
  JointProduct (*joint_product)(DType dtype, const JointShape& shape);  // null: by themselves
  AddRows (*add_rows)(DType dtype);                                     // null unless floating
  const LinearAlgebra* (*linear_algebra)(DType dtype);                  // null unless inexact
  FftKernel (*fft)(DType real);                                         // null unless floating
  // Over all bytes, the same at every level; a changed word changes it.
  std::uint64_t (*checksum)(const void* data, std::size_t bytes);
};

/// One step of a checksum. One to one in `h`: a changed word goes on to change all that follows.
inline std::uint64_t mixed(std::uint64_t h, std::uint64_t word) {
  return (h ^ (h >> 32) ^ word) * 0x9E3779B97F4A7C15u;
}

/// No kernel library fits: unknown level, one the CPU lacks, or a file that is missing or foreign.
struct KernelLibraryError : Error {
  using Error::Error;
};

/// The one in use, for as long as the process lives: the best the CPU has, or the level that the
/// environment variable DUALTAPE_KERNELS names. Throws KernelLibraryError.
const KernelLibrary& kernels();

/// Names of the levels that this CPU can run, the best first.
std::vector<std::string_view> usable_levels();

}  // namespace dualtape::engine
