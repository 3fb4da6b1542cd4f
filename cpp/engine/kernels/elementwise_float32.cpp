#include "kernels/simd/loops.hpp"
#include "kernels/simd/pairs.hpp"

namespace dualtape::engine {

const KernelTable& kernels_float32() {
  static constexpr KernelTable kTable = simd::make_table<float>();
  return kTable;
}

const KernelTable& broadcast_kernels_float32(Broadcast which) {
  static constexpr KernelTable kLeft = simd::make_broadcast_table<float, 1>();
  static constexpr KernelTable kRight = simd::make_broadcast_table<float, 2>();
  return which == Broadcast::kLeft ? kLeft : kRight;
}

PairKernel pair_float32(OpCode first, OpCode second) {
  return simd::find_pair<float>(first, second, simd::Pairs{});
}

}  // namespace dualtape::engine
