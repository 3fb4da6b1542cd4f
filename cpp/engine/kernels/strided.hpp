/// Copies between strided arrays, whole or in pieces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/array.hpp"
#include "program/dims.hpp"

namespace dualtape::engine {

/// Arrays of more axes are refused when a plan is made (NumPy's limit is 64 as well).
inline constexpr std::size_t kMaxAxes = 64;

/// How to read a strided array in C order: axes that lie end to end are merged. Strides in bytes.
struct Walk {
  std::size_t item = 8;
  Dims shape;
  Dims strides;

  /// All elements are one and the same.
  bool is_fill() const { return shape.size() == 1 && strides[0] == 0; }
  bool is_contiguous() const {
    return shape.size() == 1 && (strides[0] == static_cast<std::int64_t>(item) || shape[0] == 1);
  }
};

/// `strides` in elements.
Walk make_walk(std::size_t item, std::span<const std::int64_t> shape,
               std::span<const std::int64_t> strides);
inline Walk make_walk(const Layout& layout) {
  return make_walk(layout.item(), layout.shape, layout.strides);
}

/// Neighbours along the last axis lie farther apart than those along the one before it.
bool is_transposed(const Walk& walk);

/// Copies elements [first, first + n), counted in C order, to contiguous memory.
void gather(char* dst, const char* src, const Walk& walk, std::int64_t first, std::int64_t n);

/// Writes each of `rows` values, `step` bytes apart, n times one after the other.
void expand_rows(char* dst, const char* src, std::int64_t step, std::int64_t rows, std::int64_t n,
                 std::size_t item);

/// Copies `src` to contiguous memory; threads share a large copy.
void copy_to_contiguous(char* dst, const Array& src);

/// Writes n copies of the element at `value`.
void fill(char* dst, const char* value, std::int64_t n, std::size_t item);

/// Steps through an index space in C order and keeps an offset for each of N sets of strides.
template <int N>
class Odometer {
 public:
  explicit Odometer(std::span<const std::int64_t> shape) : shape_(shape), index_(shape.size()) {}
  void set_strides(int k, std::span<const std::int64_t> strides) { strides_[k] = strides; }
  std::int64_t offset(int k) const { return offsets_[k]; }
  void next() {
    for (std::size_t axis = shape_.size(); axis-- > 0;) {
      for (int k = 0; k < N; ++k) offsets_[k] += strides_[k][axis];
      if (++index_[axis] < shape_[axis]) return;
      for (int k = 0; k < N; ++k) offsets_[k] -= strides_[k][axis] * shape_[axis];
      index_[axis] = 0;
    }
  }

 private:
  std::span<const std::int64_t> shape_;
  Dims index_;
  std::span<const std::int64_t> strides_[N];
  std::int64_t offsets_[N] = {};
};

}  // namespace dualtape::engine
