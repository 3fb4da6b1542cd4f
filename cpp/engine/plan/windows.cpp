#include "plan/windows.hpp"

#include "kernels/strided.hpp"

namespace dualtape::engine {

std::optional<std::int64_t> run_offset(const Program& program, ValueId v) {
  const Dims& part = program.type_of(program.args_of(v).back()).shape;
  const auto attrs = program.attrs_of(v);
  Dims strides = contiguous_strides(program.type_of(v).shape);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    offset += attrs[2 * i] * strides[i];
    strides[i] *= attrs[2 * i + 1];
  }
  if (element_count(part) < 2 || !make_walk(1, part, strides).is_contiguous()) return {};
  return offset;
}

}  // namespace dualtape::engine
