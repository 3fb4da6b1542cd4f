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

/// From so many multiplications on threads share a product.
inline constexpr std::int64_t kSharedProducts = 1 << 22;

/// A matrix whose rows have unit stride, and two vectors: with one as long as a row the product has
/// an entry for each row, with one as long as a column one for each column. The former come first.
struct JointShape {
  std::int64_t rows, columns, row;  // row: from one to the next, in elements
  bool along_rows[2];
  std::int64_t step[2];  // of the vectors
};

/// out[i] = the matrix, or its transpose, times in[i]; the matrix is read once. Entries have
/// the bits of the products by themselves. No `run`: they are not slower so.
struct JointProduct {
  void (*run)(const JointShape& shape, void* const* out, const void* matrix, const void* const* in,
              void* scratch) = nullptr;
  std::int64_t scratch_bytes = 0;  // aligned to 64
};

/// A block of rows of unit stride; the rows after them are brought to the cache meanwhile.
struct RowBlock {
  const void* matrix;
  std::int64_t rows, columns, row;  // row: from one to the next, in elements
};

/// sums[columns] += the rows, each times its factor; one after the other, as vector_times.
using AddRows = void (*)(void* sums, const void* factors, const RowBlock& block);

}  // namespace dualtape::engine
