#include "kernels/elementwise.hpp"

namespace dualtape::engine {
namespace {

template <class Op>
struct HasInteger : std::bool_constant<Op::integral> {};

/// NumPy refuses -, sign and powers of booleans, and so do we.
template <class Op>
struct HasBool
    : std::bool_constant<Op::integral && !is_parametric<Op> && !std::is_same_v<Op, ops::Subtract> &&
                         !std::is_same_v<Op, ops::Negative> && !std::is_same_v<Op, ops::Sign> &&
                         !std::is_same_v<Op, ops::FloorDivide> &&
                         !std::is_same_v<Op, ops::Remainder> && !std::is_same_v<Op, ops::Fmod>> {};

template <class T>
const KernelTable& table() {
  if constexpr (std::is_same_v<T, bool>) {
    static constexpr KernelTable kTable = elementwise::make_table<bool, HasBool>();
    return kTable;
  } else {
    static constexpr KernelTable kTable = elementwise::make_table<T, HasInteger>();
    return kTable;
  }
}

}  // namespace

const KernelTable& kernels_integer(DType dtype) {
  return *dispatch(dtype, []<class T>(T) -> const KernelTable* {
    if constexpr (std::is_integral_v<T>) return &table<T>();
    return nullptr;
  });
}

}  // namespace dualtape::engine
