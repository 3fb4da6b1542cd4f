/// How a walk writes a tree: the mark of a node with the number of its children, then these; of a
/// dict the hashes of its keys first. A leaf's type follows in as many words as it says.
#pragma once

#include <cstdint>

#include "record/python.hpp"

namespace dualtape::engine {

/// Classes registered with optree for this namespace, or for all, are nodes.
inline constexpr char kTreeNamespace[] = "dualtape";

enum class TreeMark : std::uint8_t { kLeaf = 1, kNone, kTuple, kList, kDict, kForeign };

inline std::uint64_t word_of(TreeMark mark, Py_ssize_t count) {
  return static_cast<std::uint64_t>(mark) | static_cast<std::uint64_t>(count) << 8;
}
inline std::uint64_t leaf_word(int words_after, int type_number) {
  return static_cast<std::uint64_t>(TreeMark::kLeaf) |
         static_cast<std::uint64_t>(words_after) << 8 |
         static_cast<std::uint64_t>(type_number) << 32;
}
inline TreeMark mark_of(std::uint64_t word) { return static_cast<TreeMark>(word & 0xFF); }
/// Children of a node; words after that of a leaf.
inline std::size_t count_of(std::uint64_t word) {
  return static_cast<std::size_t>((mark_of(word) == TreeMark::kLeaf ? word & 0xFFFFFFFF : word) >>
                                  8);
}

}  // namespace dualtape::engine
