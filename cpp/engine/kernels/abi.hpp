/// A number that tells whether a kernel library and the engine were built from the same operations
/// and types: opcodes are positions in the registry, so a stale library would compute another
/// function.
#pragma once

#include "dualtape/ops/registry.hpp"
#include "kernels/library.hpp"

namespace dualtape::engine {

constexpr std::uint64_t kernel_abi() {
  std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
  const auto mix = [&](std::uint64_t word) { hash = (hash ^ word) * 0x100000001B3u; };
  for (const ops::OpInfo& info : ops::op_table) {
    for (const char c : info.name) mix(static_cast<unsigned char>(c));
    mix(static_cast<std::uint64_t>(info.arity));
  }
  mix(kArrayOpEnd);
  mix(kDTypeCount);
  mix(sizeof(KernelLibrary));
  mix(sizeof(Reducer));
  mix(sizeof(RowState));
  mix(sizeof(LinearAlgebra));
  mix(sizeof(ChainKernels) + sizeof(ChainLink) + sizeof(ChainSlot) + sizeof(Chain));
  mix(sizeof(FftLines) + sizeof(FftPlan) + sizeof(FftPass));
  mix(sizeof(ProductShape) + sizeof(ProductKernel) + sizeof(JointShape) + sizeof(JointProduct) +
      sizeof(RowBlock));
  return hash;
}

inline constexpr std::uint64_t kKernelAbi = kernel_abi();

}  // namespace dualtape::engine
