/// What kernels see of an array: raw memory and its layout.
#pragma once

#include <cstdint>
#include <span>

#include "program/dims.hpp"
#include "program/dtype.hpp"

namespace dualtape::engine {

/// Element type, shape and strides (in elements; 0 along a broadcast axis).
struct Layout {
  DType dtype = DType::kFloat64;
  bool contiguous = true;  // in C order, without gaps; also true of an empty array
  std::int64_t count = 1;
  Dims shape;
  Dims strides;

  std::size_t item() const { return item_size(dtype); }
};

inline Layout make_layout(DType dtype, std::span<const std::int64_t> shape,
                          std::span<const std::int64_t> strides) {
  Layout layout{dtype, true, element_count(shape), Dims(shape), Dims(strides)};
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0; step *= shape[i]) {
    if (shape[i] != 1 && strides[i] != step) layout.contiguous = false;
  }
  if (layout.count == 0) layout.contiguous = true;
  return layout;
}

inline Layout make_layout(DType dtype, std::span<const std::int64_t> shape) {
  return make_layout(dtype, shape, contiguous_strides(shape));
}

/// An operand or a result; results are always contiguous.
struct Array {
  char* data = nullptr;
  const Layout* layout = nullptr;

  std::int64_t count() const { return layout->count; }
  std::size_t item() const { return layout->item(); }
  const Dims& shape() const { return layout->shape; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data);
  }
};

}  // namespace dualtape::engine
