#include "kernels/simd/loops.hpp"
#include "kernels/simd/pairs.hpp"

namespace dualtape::engine {

const KernelTable& kernels_float64() {
  static constexpr KernelTable kTable = simd::make_table<double>();
  return kTable;
}

const KernelTable& broadcast_kernels_float64(Broadcast which) {
  static constexpr KernelTable kLeft = simd::make_broadcast_table<double, 1>();
  static constexpr KernelTable kRight = simd::make_broadcast_table<double, 2>();
  return which == Broadcast::kLeft ? kLeft : kRight;
}

PairKernel pair_float64(OpCode first, OpCode second) {
  return simd::find_pair<double>(first, second, simd::Pairs{});
}

}  // namespace dualtape::engine
