/// Elements and bytes of each type of a program: every pass over its values asks for them.
#pragma once

#include <cstdint>
#include <vector>

#include "program/program.hpp"

namespace dualtape::engine {

struct TypeSizes {
  explicit TypeSizes(const Program& program) {
    for (TypeId t = 0; t < program.types.size(); ++t) {
      const Type& type = program.types[t];
      count.push_back(element_count(type.shape));
      bytes.push_back(count.back() * static_cast<std::int64_t>(item_size(type.dtype)));
    }
  }
  std::vector<std::int64_t> count, bytes;
};

}  // namespace dualtape::engine
