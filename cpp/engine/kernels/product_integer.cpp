#include <algorithm>
#include <type_traits>

#include "kernels/level.hpp"
#include "kernels/product.hpp"

namespace dualtape::engine {
namespace {

/// sum + x y. Integers wrap around; a product of booleans is "any of both".
template <class T>
T add_product(T sum, T x, T y) {
  if constexpr (std::is_same_v<T, bool>) {
    return static_cast<T>(sum | (x & y));
  } else {
    const auto term = static_cast<std::uint64_t>(x) * static_cast<std::uint64_t>(y);
    return static_cast<T>(static_cast<std::uint64_t>(sum) + term);
  }
}

template <class T>
void integer_product(const ProductShape& s, void* out, const void* a, const void* b, void*) {
  for (std::int64_t i = 0; i < s.rows; ++i) {
    T* c = static_cast<T*>(out) + i * s.out_row;
    const T* x = static_cast<const T*>(a) + i * s.a_row;
    std::fill_n(c, s.columns, T(0));
    for (std::int64_t k = 0; k < s.inner; ++k) {
      const T factor = x[k * s.a_column];
      const T* y = static_cast<const T*>(b) + k * s.b_row;
      if (s.b_column == 1) {
        for (std::int64_t j = 0; j < s.columns; ++j) c[j] = add_product(c[j], factor, y[j]);
      } else {
        for (std::int64_t j = 0; j < s.columns; ++j) {
          c[j] = add_product(c[j], factor, y[j * s.b_column]);
        }
      }
    }
  }
}

}  // namespace

ProductKernel choose_integer_product(DType dtype, const ProductShape&) {
  return dispatch(dtype, []<class T>(T) -> ProductKernel {
    if constexpr (std::is_integral_v<T>) return {integer_product<T>, 0};
    return {};
  });
}

}  // namespace dualtape::engine
