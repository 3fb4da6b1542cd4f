#include <type_traits>

#include "kernels/level.hpp"
#include "kernels/product.hpp"

namespace dualtape::engine {
namespace {

/// Integers wrap around; a product of booleans is "any of both".
template <class T>
void integer_product(void* out, const MatrixRef& a, const MatrixRef& b) {
  product_by_loops(static_cast<T*>(out), a, b, [](T sum, T left, T right) {
    if constexpr (std::is_same_v<T, bool>) {
      return static_cast<T>(sum | (left & right));
    } else {
      const auto term = static_cast<std::uint64_t>(left) * static_cast<std::uint64_t>(right);
      return static_cast<T>(static_cast<std::uint64_t>(sum) + term);
    }
  });
}

}  // namespace

Product lookup_integer_product(DType dtype) {
  return dispatch(dtype, []<class T>(T) -> Product {
    if constexpr (std::is_integral_v<T>) return integer_product<T>;
    return nullptr;
  });
}

}  // namespace dualtape::engine
