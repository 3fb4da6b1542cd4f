#include "plan/windows.hpp"

#include "kernels/strided.hpp"

namespace dualtape::engine {

std::optional<std::int64_t> window_offset(const Dims& whole, const Dims& part,
                                          std::span<const std::int64_t> attrs) {
  Dims strides = contiguous_strides(whole);
  std::int64_t offset = 0;
  for (std::size_t axis = 0; axis < strides.size(); ++axis) {
    offset += attrs[2 * axis] * strides[axis];
    strides[axis] *= attrs[2 * axis + 1];
  }
  if (!make_walk(1, part, strides).is_contiguous()) return {};
  return offset;
}

std::optional<std::int64_t> run_offset(const Program& program, ValueId v) {
  const Dims& part = program.type_of(program.args_of(v).back()).shape;
  if (element_count(part) < 2) return {};
  return window_offset(program.type_of(v).shape, part, program.attrs_of(v));
}

}  // namespace dualtape::engine
