/// The nodes of a tree, as a TreeDef keeps them.
#pragma once

#include <cstdint>
#include <vector>

#include "record/tree.hpp"
#include "record/tree_words.hpp"

namespace dualtape::engine {

/// A node, before its children; those of a dict are sorted by key.
struct Node {
  TreeMark mark;
  std::uint32_t children = 0;
  std::uint32_t leaves = 0;
  std::uint32_t nodes = 1;           // in this tree
  Ref data;                          // keys of a dict, in order; the structure optree gave
  std::vector<std::uint32_t> order;  // of a dict as it was filled: places among its sorted keys
};
using Nodes = std::vector<Node>;

/// Of a tree: its nodes, and the places of their leaves among those of the walk.
struct TreeParts {
  Nodes nodes;
  std::vector<std::uint32_t> leaves;

  void append(TreeParts&& o);
};

/// Reads the words of a walk; leaves and nodes come out in the order of a TreeDef.
TreeParts read_tree(const TreeWalk& walk);

}  // namespace dualtape::engine
