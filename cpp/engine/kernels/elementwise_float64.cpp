#include "kernels/elementwise.hpp"

namespace dualtape::engine {

const KernelTable& kernels_float64() {
  static constexpr KernelTable kTable = elementwise::make_table<double, elementwise::Always>();
  return kTable;
}

const KernelTable& broadcast_kernels_float64(Broadcast which) {
  static constexpr KernelTable kLeft =
      elementwise::make_broadcast_table<double, Broadcast::kLeft>();
  static constexpr KernelTable kRight =
      elementwise::make_broadcast_table<double, Broadcast::kRight>();
  return which == Broadcast::kLeft ? kLeft : kRight;
}

}  // namespace dualtape::engine
