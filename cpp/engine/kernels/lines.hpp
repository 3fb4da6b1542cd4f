/// The lines of an array along one axis.
#pragma once

#include <cstdint>

#include "kernels/array.hpp"
#include "kernels/strided.hpp"

namespace dualtape::engine {

/// How the lines of operands along an axis lie: `inner` lines side by side for each of the indices
/// before the axis. The result is contiguous: its line (i, j) begins at (i * length * inner + j).
struct Lines {
  std::int64_t length = 0, inner = 1, outer = 1;

  Lines(const Dims& shape, std::size_t axis) : length(shape[axis]) {
    for (std::size_t i = 0; i < axis; ++i) outer *= shape[i];
    for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= shape[i];
  }
  std::int64_t count() const { return inner * outer; }
  std::int64_t start_in_result(std::int64_t line) const {
    return line / inner * inner * length + line % inner;
  }
};

/// Where line number `line` begins in a strided operand, in elements.
inline std::int64_t start_of_line(const Layout& x, std::size_t axis, std::int64_t line) {
  std::int64_t start = 0;
  for (std::size_t i = x.shape.size(); i-- > 0;) {
    if (i == axis) continue;
    start += line % x.shape[i] * x.strides[i];
    line /= x.shape[i];
  }
  return start;
}

}  // namespace dualtape::engine
