#include "kernels/level.hpp"

#include "kernels/abi.hpp"

namespace dualtape::engine {
namespace {

ProductKernel product(DType dtype, const ProductShape& shape) {
  if (is_floating(dtype)) return choose_real_product(dtype, shape);
  if (is_complex(dtype)) return choose_complex_product(dtype, shape);
  return choose_integer_product(dtype, shape);
}

const LinearAlgebra* linear_algebra(DType dtype) {
  switch (dtype) {
    case DType::kFloat64: return linear_algebra_float64();
    case DType::kFloat32: return linear_algebra_float32();
    case DType::kComplex128: return linear_algebra_complex128();
    case DType::kComplex64: return linear_algebra_complex64();
    default: return nullptr;
  }
}

const ChainKernels* chains(DType dtype) {
  switch (dtype) {
    case DType::kFloat64: return chains_float64();
    case DType::kFloat32: return chains_float32();
    default: return nullptr;
  }
}

FftKernel fft(DType real) {
  if (!is_floating(real)) return nullptr;
  return real == DType::kFloat64 ? fft_float64 : fft_float32;
}

constexpr KernelLibrary kLibrary{kKernelAbi,
                                 DUALTAPE_LEVEL,
                                 level::elementwise,
                                 level::broadcast,
                                 level::pair,
                                 chains,
                                 level::convert,
                                 level::reducer,
                                 product,
                                 choose_joint_product,
                                 choose_add_rows,
                                 linear_algebra,
                                 fft,
                                 level::checksum};

}  // namespace
}  // namespace dualtape::engine

/// The one symbol of the library.
extern "C" __attribute__((visibility("default"))) const dualtape::engine::KernelLibrary*
dualtape_kernels() {
  return &dualtape::engine::kLibrary;
}
