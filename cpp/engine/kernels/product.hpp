/// Matrix products on raw memory; implemented by element type in product_*.cpp.
#pragma once

#include <cstdint>

#include "program/dtype.hpp"

namespace dualtape::engine {

/// A rows x columns matrix; strides in elements, at least one of them 1 (of a vector: that along
/// it).
struct MatrixRef {
  const void* data;
  std::int64_t rows, columns, row_stride, column_stride;
};

/// out (contiguous, rows first) = a b; the inner length may be 0.
using Product = void (*)(void* out, const MatrixRef& a, const MatrixRef& b);

/// Below this many multiplications plain loops beat the packing of a blocked product.
inline constexpr std::int64_t kSmallProduct = 256;

template <class T, class Accumulate>
void product_by_loops(T* out, const MatrixRef& a, const MatrixRef& b, Accumulate&& accumulate) {
  const T* x = static_cast<const T*>(a.data);
  const T* y = static_cast<const T*>(b.data);
  for (std::int64_t i = 0; i < a.rows; ++i) {
    for (std::int64_t j = 0; j < b.columns; ++j) {
      T sum{};
      for (std::int64_t k = 0; k < a.columns; ++k) {
        const T left = x[i * a.row_stride + k * a.column_stride];
        const T right = y[k * b.row_stride + j * b.column_stride];
        sum = accumulate(sum, left, right);
      }
      out[i * b.columns + j] = sum;
    }
  }
}

}  // namespace dualtape::engine
