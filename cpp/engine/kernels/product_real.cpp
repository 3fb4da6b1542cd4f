#include <algorithm>

#include "kernels/level.hpp"
#include "kernels/product_direct.hpp"
#include "kernels/product_joint.hpp"
#include "kernels/product_packed.hpp"

namespace dualtape::engine {
namespace product {
namespace {

template <class T>
void empty_sums(const ProductShape& s, void* out, const void*, const void*, void*) {
  for (std::int64_t i = 0; i < s.rows; ++i) {
    std::fill_n(static_cast<T*>(out) + i * s.out_row, s.columns, T(0));
  }
}

/// Matrix times vector; neither is empty.
template <class T>
ProductKernel choose_times_vector(const ProductShape& s) {
  const auto copy_bytes = [&](std::int64_t stride) {
    return stride == 1 ? 0 : s.inner * static_cast<std::int64_t>(sizeof(T));
  };
  const bool few = s.inner < kWidth<T> && s.rows > 1;
  if (s.a_column == 1 && !few) return {times_vector<T>, copy_bytes(s.b_row)};
  if (s.rows == 1 && s.b_row == 1) return {turned<times_vector<T>>, copy_bytes(s.a_column)};
  if (s.a_row == 1 && s.inner > 8) {
    return {is_narrow<T>(s.rows) ? turned<narrow_vector_times<T>> : turned<vector_times<T>>, 0};
  }
  if (s.a_row == 1) return {turned<direct<T>>, 0};
  return {direct<T>, 0};
}

/// Where packing does not pay: b fits the L2 cache beside a, or few rows pass over it.
inline constexpr std::int64_t kDirectBytes = 65536, kDirectRows = 2 * kTileRows;
/// From this many columns on, each read of a packed block of a is repeated often enough.
inline constexpr std::int64_t kPackColumns = 256;

template <class T>
ProductKernel choose(const ProductShape& s) {
  if (s.inner == 0) return {empty_sums<T>, 0};
  if (s.columns == 1) return choose_times_vector<T>(s);
  if (s.rows == 1) {
    if (s.b_column == 1 && s.inner > 8) {
      return {is_narrow<T>(s.columns) ? narrow_vector_times<T> : vector_times<T>, 0};
    }
    if (s.b_column == 1) return {direct<T>, 0};
    const ProductKernel kernel = choose_times_vector<T>(
        {s.columns, 1, s.inner, s.b_column, s.b_row, s.a_column, s.a_row, 1});
    // b is not of unit stride across: the transposed product is one of these two.
    return {kernel.run == direct<T> ? turned<direct<T>> : turned<times_vector<T>>,
            kernel.scratch_bytes};
  }
  const std::int64_t b_bytes = s.inner * s.columns * static_cast<std::int64_t>(sizeof(T));
  if (s.b_column == 1 && (s.rows <= kDirectRows || b_bytes <= kDirectBytes)) return {direct<T>, 0};
  return {s.columns < kPackColumns ? packed<T, false> : packed<T, true>, packed_scratch<T>(s)};
}

}  // namespace
}  // namespace product

ProductKernel choose_real_product(DType dtype, const ProductShape& shape) {
  if (dtype == DType::kFloat64) return product::choose<double>(shape);
  if (dtype == DType::kFloat32) return product::choose<float>(shape);
  return {};
}

JointProduct choose_joint_product(DType dtype, const JointShape& shape) {
  if (dtype == DType::kFloat64) return product::choose_joint<double>(shape);
  if (dtype == DType::kFloat32) return product::choose_joint<float>(shape);
  return {};
}

AddRows choose_add_rows(DType dtype) {
  if (dtype == DType::kFloat64) return product::add_row_block<double>;
  if (dtype == DType::kFloat32) return product::add_row_block<float>;
  return nullptr;
}

}  // namespace dualtape::engine
