#include "kernels/elementwise.hpp"

namespace dualtape::engine {

const KernelTable& kernels_float32() {
  static constexpr KernelTable kTable = elementwise::make_table<float, elementwise::Always>();
  return kTable;
}

const KernelTable& broadcast_kernels_float32(Broadcast which) {
  static constexpr KernelTable kLeft = elementwise::make_broadcast_table<float, Broadcast::kLeft>();
  static constexpr KernelTable kRight =
      elementwise::make_broadcast_table<float, Broadcast::kRight>();
  return which == Broadcast::kLeft ? kLeft : kRight;
}

}  // namespace dualtape::engine
