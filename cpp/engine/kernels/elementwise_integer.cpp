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

/// On bytes: of a loop over `bool` GCC makes no vector code.
void logical_not(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const auto* x = static_cast<const std::uint8_t*>(in[0]);
  auto* y = static_cast<std::uint8_t*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] == 0;
}

constexpr KernelTable make_bool_table() {
  KernelTable table = elementwise::make_table<bool, HasBool>();
  table[static_cast<std::size_t>(ops::op_index<ops::LogicalNot>)] = logical_not;
  return table;
}

template <class T>
const KernelTable& table() {
  if constexpr (std::is_same_v<T, bool>) {
    static constexpr KernelTable kTable = make_bool_table();
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
