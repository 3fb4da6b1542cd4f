/// Matrix products on raw memory; implemented by element type in product_*.cpp.
#pragma once

#include <cstdint>

#include "program/dtype.hpp"

namespace dualtape::engine {

/// out[rows, columns] = a[rows, inner] b[inner, columns]; strides in elements, any of them; the
/// columns of `out` have stride 1.
struct ProductShape {
  std::int64_t rows, columns, inner;
  std::int64_t a_row, a_column, b_row, b_column, out_row;
};

/// Each entry of `out` is a sum whose order depends on `inner` alone: ranges of rows or columns may
/// be computed by themselves, with the kernel chosen for the whole.
using Product = void (*)(const ProductShape& shape, void* out, const void* a, const void* b,
                         void* scratch);

struct ProductKernel {
  Product run = nullptr;
  std::int64_t scratch_bytes = 0;  // aligned to 64
};

}  // namespace dualtape::engine
