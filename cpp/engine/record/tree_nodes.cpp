#include "record/tree_nodes.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace dualtape::engine {
namespace {

class Reader {
 public:
  explicit Reader(const TreeWalk& walk) : walk_(walk) {}

  TreeParts read() {
    const std::uint64_t word = walk_.words()[word_++];
    TreeParts part;
    part.nodes.push_back({mark_of(word), static_cast<std::uint32_t>(count_of(word)), 0, 1, {}, {}});
    Node& node = part.nodes[0];
    switch (node.mark) {
      case TreeMark::kLeaf:
        word_ += count_of(word);
        node.children = 0;
        part.leaves.push_back(leaf_++);
        break;
      case TreeMark::kForeign: read_foreign(part); break;
      case TreeMark::kDict: read_dict(part); break;
      default:
        for (std::size_t k = count_of(word); k-- > 0;) part.append(read());
    }
    part.nodes[0].leaves = static_cast<std::uint32_t>(part.leaves.size());
    part.nodes[0].nodes = static_cast<std::uint32_t>(part.nodes.size());
    return part;
  }

 private:
  void read_foreign(TreeParts& part) {
    part.nodes[0].data = Ref::borrow(walk_.objects()[object_++]);
    for (std::uint32_t k = std::exchange(part.nodes[0].children, 0); k-- > 0;) {
      part.leaves.push_back(read().leaves[0]);
    }
  }

  void read_dict(TreeParts& part) {
    const std::size_t n = part.nodes[0].children;
    word_ += n;
    std::vector<PyObject*> keys(walk_.objects().begin() + static_cast<std::ptrdiff_t>(object_),
                                walk_.objects().begin() + static_cast<std::ptrdiff_t>(object_ + n));
    object_ += n;
    std::vector<TreeParts> children;
    for (std::size_t k = 0; k < n; ++k) children.push_back(read());
    std::vector<std::uint32_t> sorted(n);
    std::iota(sorted.begin(), sorted.end(), 0u);
    std::ranges::sort(sorted, [&](std::uint32_t a, std::uint32_t b) {
      return PyUnicode_Compare(keys[a], keys[b]) < 0;
    });
    Ref names = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(n)));
    std::vector<std::uint32_t> order(n);
    for (std::uint32_t k = 0; k < n; ++k) {
      PyTuple_SET_ITEM(names.get(), static_cast<Py_ssize_t>(k), Py_NewRef(keys[sorted[k]]));
      order[sorted[k]] = k;
      part.append(std::move(children[sorted[k]]));
    }
    part.nodes[0].data = std::move(names);
    part.nodes[0].order = std::move(order);
  }

  const TreeWalk& walk_;
  std::size_t word_ = 0, object_ = 0;
  std::uint32_t leaf_ = 0;
};

}  // namespace

void TreeParts::append(TreeParts&& o) {
  std::ranges::move(o.nodes, std::back_inserter(nodes));
  leaves.insert(leaves.end(), o.leaves.begin(), o.leaves.end());
}

TreeParts read_tree(const TreeWalk& walk) { return Reader(walk).read(); }

}  // namespace dualtape::engine
