/// The Python type TreeDef, and the function flatten.
#include <algorithm>
#include <ranges>
#include <unordered_map>

#include "record/parse.hpp"
#include "record/tree_nodes.hpp"

namespace dualtape::engine {
namespace {

struct TreeDefObject {
  PyObject_HEAD Nodes* nodes;
};
PyTypeObject* treedef_type = nullptr;
PyObject* leaf_object = nullptr;
PyObject* flat_objects[kFewLeaves + 1]{};  // of tuples of so many leaves

const Nodes& nodes_of(PyObject* o) { return *reinterpret_cast<TreeDefObject*>(o)->nodes; }

bool is_flat_tuple(const Nodes& nodes) {
  return nodes[0].mark == TreeMark::kTuple && nodes.size() == nodes[0].children + 1 &&
         std::ranges::all_of(nodes | std::views::drop(1),
                             [](const Node& node) { return node.mark == TreeMark::kLeaf; });
}

Ref make_object(Nodes nodes) {
  if (nodes.size() == 1 && nodes[0].mark == TreeMark::kLeaf && leaf_object) {
    return Ref::borrow(leaf_object);
  }
  const std::size_t n = nodes[0].children;
  if (n <= kFewLeaves && flat_objects[n] && is_flat_tuple(nodes)) {
    return Ref::borrow(flat_objects[n]);
  }
  auto* o = PyObject_New(TreeDefObject, treedef_type);
  if (!o) throw PythonError{};
  o->nodes = new Nodes(std::move(nodes));
  return Ref::steal(reinterpret_cast<PyObject*>(o));
}

// ------------------------------------------------------------ from nodes to trees

/// Trees and structures of optree, built node by node.
class Maker {
 public:
  Maker(const Node* nodes, PyObject* const* leaves) : node_(nodes), leaf_(leaves) {}

  Ref make() {
    const Node& node = *node_++;
    const auto n = static_cast<Py_ssize_t>(node.children);
    switch (node.mark) {
      case TreeMark::kLeaf: return Ref::borrow(*leaf_++);
      case TreeMark::kNone: return Ref::borrow(Py_None);
      case TreeMark::kDict: return make_dict(node);
      case TreeMark::kForeign: return make_foreign(node);
      case TreeMark::kTuple: {
        Ref tuple = Ref::checked(PyTuple_New(n));
        for (Py_ssize_t k = 0; k < n; ++k) PyTuple_SET_ITEM(tuple.get(), k, make().release());
        return tuple;
      }
      default: {
        Ref list = Ref::checked(PyList_New(n));
        for (Py_ssize_t k = 0; k < n; ++k) PyList_SET_ITEM(list.get(), k, make().release());
        return list;
      }
    }
  }

 private:
  Ref make_dict(const Node& node) {
    std::vector<Ref> values;
    values.reserve(node.children);
    for (std::uint32_t k = 0; k < node.children; ++k) values.push_back(make());
    Ref dict = Ref::checked(PyDict_New());
    for (const std::uint32_t k : node.order) {
      PyObject* key = PyTuple_GET_ITEM(node.data.get(), static_cast<Py_ssize_t>(k));
      if (PyDict_SetItem(dict.get(), key, values[k].get()) < 0) throw PythonError{};
    }
    return dict;
  }

  Ref make_foreign(const Node& node) {
    const Ref leaves = Ref::checked(PyList_New(static_cast<Py_ssize_t>(node.leaves)));
    for (std::uint32_t k = 0; k < node.leaves; ++k) {
      PyList_SET_ITEM(leaves.get(), static_cast<Py_ssize_t>(k), Py_NewRef(*leaf_++));
    }
    return Ref::checked(PyObject_CallMethod(node.data.get(), "unflatten", "O", leaves.get()));
  }

  const Node* node_;
  PyObject* const* leaf_;
};

/// optree's structure of the tree at `node`, which is moved behind it.
Ref spec_of(const Node*& node, PyObject* optree) {
  const Node& here = *node++;
  const Ref names = Ref::checked(Py_BuildValue("{s:s}", "namespace", kTreeNamespace));
  const auto call = [&](const char* function, PyObject* args) {
    const Ref owned = Ref::checked(args);
    return Ref::checked(PyObject_Call(attribute(optree, function).get(), owned.get(), names.get()));
  };
  if (here.mark == TreeMark::kForeign) return here.data;
  if (here.mark == TreeMark::kLeaf) return call("treespec_leaf", PyTuple_New(0));
  if (here.mark == TreeMark::kNone) return call("treespec_none", PyTuple_New(0));
  Ref children = Ref::checked(PyList_New(0));
  for (std::uint32_t k = 0; k < here.children; ++k) {
    if (PyList_Append(children.get(), spec_of(node, optree).get()) < 0) throw PythonError{};
  }
  if (here.mark == TreeMark::kTuple)
    return call("treespec_tuple", Py_BuildValue("(O)", children.get()));
  if (here.mark == TreeMark::kList)
    return call("treespec_list", Py_BuildValue("(O)", children.get()));
  const Ref dict = Ref::checked(PyDict_New());
  for (const std::uint32_t k : here.order) {
    if (PyDict_SetItem(dict.get(), PyTuple_GET_ITEM(here.data.get(), static_cast<Py_ssize_t>(k)),
                       PyList_GET_ITEM(children.get(), static_cast<Py_ssize_t>(k))) < 0) {
      throw PythonError{};
    }
  }
  return call("treespec_dict", Py_BuildValue("(O)", dict.get()));
}

// ------------------------------------------------------------ flatten

/// Structures met before, found without building them again.
struct Known {
  WalkKey key;
  std::shared_ptr<const Structure> structure;
};
std::unordered_multimap<std::uint64_t, Known>& known_structures() {
  static auto* const table = new std::unordered_multimap<std::uint64_t, Known>;
  return *table;
}
constexpr std::size_t kMaxKnown = 1024;

PyObject* flatten(PyObject*, PyObject* tree) {
  return guarded([&] {
    TreeWalk walk(Leaves::kAlike);
    walk.add(tree);
    const auto n = static_cast<Py_ssize_t>(walk.leaves().size());
    Ref leaves = Ref::checked(PyList_New(n));
    if (n == 1 && walk.words().size() == 1) {
      PyList_SET_ITEM(leaves.get(), 0, Py_NewRef(walk.leaves()[0]));
      return PyTuple_Pack(2, leaves.get(), leaf_object);
    }
    const auto structure = structure_of(walk);
    for (Py_ssize_t k = 0; k < n; ++k) {
      const std::uint32_t from = structure->order[static_cast<std::size_t>(k)];
      PyList_SET_ITEM(leaves.get(), k, Py_NewRef(walk.leaves()[from]));
    }
    return PyTuple_Pack(2, leaves.get(), structure->treedef.get());
  });
}

// ------------------------------------------------------------ the type

void dealloc(PyObject* self) {
  delete reinterpret_cast<TreeDefObject*>(self)->nodes;
  PyTypeObject* type = Py_TYPE(self);
  PyObject_Free(self);
  Py_DECREF(type);
}

Ref spec(PyObject* self) {
  const Ref optree = Ref::checked(PyImport_ImportModule("optree"));
  const Node* node = nodes_of(self).data();
  return spec_of(node, optree.get());
}

PyObject* compare(PyObject* a, PyObject* b, int op) {
  if (!is_treedef(b) || (op != Py_EQ && op != Py_NE)) return Py_NewRef(Py_NotImplemented);
  return guarded([&] {
    const Nodes& x = nodes_of(a);
    const Nodes& y = nodes_of(b);
    bool equal = a == b || x.size() == y.size();
    for (std::size_t k = 0; a != b && equal && k < x.size(); ++k) {
      equal =
          x[k].mark == y[k].mark && x[k].children == y[k].children && x[k].leaves == y[k].leaves;
      if (!equal || !x[k].data || x[k].data.get() == y[k].data.get()) continue;
      const int same = PyObject_RichCompareBool(x[k].data.get(), y[k].data.get(), Py_EQ);
      if (same < 0) throw PythonError{};
      equal = same == 1;
    }
    return PyBool_FromLong(equal == (op == Py_EQ));
  });
}

Py_hash_t hash(PyObject* self) {
  std::uint64_t h = 0;
  for (const Node& node : nodes_of(self)) {
    h = (h ^ word_of(node.mark, node.children)) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
    if (node.mark != TreeMark::kDict) continue;
    h += static_cast<std::uint64_t>(PyObject_Hash(node.data.get()));
  }
  const auto result = static_cast<Py_hash_t>(h >> 1);
  return result == -1 ? 0 : result;
}

PyObject* text(PyObject* self) {
  return guarded([&] { return PyObject_Str(spec(self).get()); });
}

PyObject* unflatten_method(PyObject* self, PyObject* leaves) {
  return guarded([&] {
    const Ref items = Ref::checked(PySequence_Fast(leaves, "unflatten: a sequence is wanted"));
    return unflatten(self, {PySequence_Fast_ITEMS(items.get()),
                            static_cast<std::size_t>(PySequence_Fast_GET_SIZE(items.get()))})
        .release();
  });
}

PyObject* children(PyObject* self, PyObject*) {
  return guarded([&] {
    const Nodes& nodes = nodes_of(self);
    if (nodes[0].mark == TreeMark::kForeign) {
      raise(PyExc_TypeError, "children: a plain tuple, list or dict is wanted");
    }
    Ref list = Ref::checked(PyList_New(0));
    for (std::size_t k = 1; k < nodes.size(); k += nodes[k].nodes) {
      const auto first = nodes.begin() + static_cast<std::ptrdiff_t>(k);
      const Ref child = make_object(Nodes(first, first + nodes[k].nodes));
      if (PyList_Append(list.get(), child.get()) < 0) throw PythonError{};
    }
    return list.release();
  });
}

PyObject* get_spec(PyObject* self, void*) {
  return guarded([&] { return spec(self).release(); });
}
PyObject* get_num_leaves(PyObject* self, void*) {
  return PyLong_FromUnsignedLong(nodes_of(self)[0].leaves);
}
PyObject* get_num_children(PyObject* self, void*) {
  const Node& root = nodes_of(self)[0];
  if (root.mark != TreeMark::kForeign) return PyLong_FromUnsignedLong(root.children);
  return PyObject_GetAttrString(root.data.get(), "num_children");
}

PyMethodDef methods[] = {
    {"unflatten", unflatten_method, METH_O, "unflatten($self, leaves, /)\n--\n\nThe tree."},
    {"children", children, METH_NOARGS, "children($self, /)\n--\n\nStructures of the children."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef attributes[] = {
    {"spec", get_spec, nullptr, "The structure as optree has it.", nullptr},
    {"num_leaves", get_num_leaves, nullptr, "Number of leaves.", nullptr},
    {"num_children", get_num_children, nullptr, "Number of children.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef functions[] = {
    {"flatten", flatten, METH_O, "flatten(tree, /)\n--\n\nLeaves and structure."},
    {nullptr, nullptr, 0, nullptr}};

}  // namespace

Structure make_structure(const TreeWalk& walk) {
  TreeParts part = read_tree(walk);
  return {make_object(std::move(part.nodes)), std::move(part.leaves)};
}

std::shared_ptr<const Structure> structure_of(const TreeWalk& walk) {
  auto& table = known_structures();
  if (!walk.has_foreign()) {  // Equality of other keys than strings may run Python code.
    auto [first, last] = table.equal_range(walk.hash());
    for (; first != last; ++first) {
      if (first->second.key.matches(walk)) return first->second.structure;
    }
  }
  auto made = std::make_shared<const Structure>(make_structure(walk));
  if (walk.has_foreign()) return made;
  if (table.size() >= kMaxKnown) table.clear();
  table.emplace(walk.hash(), Known{WalkKey(walk), made});
  return made;
}

Ref unflatten(PyObject* treedef, std::span<PyObject* const> leaves) {
  if (leaves.size() <= kFewLeaves && treedef == flat_objects[leaves.size()]) {
    Ref tuple = Ref::checked(PyTuple_New(static_cast<Py_ssize_t>(leaves.size())));
    for (std::size_t k = 0; k < leaves.size(); ++k) {
      PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(k), Py_NewRef(leaves[k]));
    }
    return tuple;
  }
  const Nodes& nodes = nodes_of(treedef);
  if (leaves.size() != nodes[0].leaves) {
    raise(PyExc_ValueError, "unflatten: " + std::to_string(nodes[0].leaves) +
                                " leaves are wanted, got " + std::to_string(leaves.size()));
  }
  return Maker(nodes.data(), leaves.data()).make();
}

PyObject* leaf_treedef() { return leaf_object; }
PyObject* flat_treedef(std::size_t n) { return n <= kFewLeaves ? flat_objects[n] : nullptr; }
bool is_treedef(PyObject* object) { return Py_TYPE(object) == treedef_type; }
std::size_t leaf_count(PyObject* treedef) { return nodes_of(treedef)[0].leaves; }

ShortList<std::size_t, 8> child_leaf_counts(PyObject* treedef) {
  const Nodes& nodes = nodes_of(treedef);
  ShortList<std::size_t, 8> counts;
  for (std::size_t k = 1; k < nodes.size(); k += nodes[k].nodes) counts.push_back(nodes[k].leaves);
  return counts;
}

void add_tree_type(PyObject* module) {
  static const char doc[] = "Structure of a pytree.";
  treedef_type = add_type(module, "dualtape._core.TreeDef", sizeof(TreeDefObject),
                          {{Py_tp_doc, const_cast<char*>(doc)},
                           type_slot(Py_tp_dealloc, dealloc),
                           type_slot(Py_tp_richcompare, compare),
                           type_slot(Py_tp_hash, hash),
                           type_slot(Py_tp_str, text),
                           type_slot(Py_tp_repr, text),
                           {Py_tp_methods, methods},
                           {Py_tp_getset, attributes}});
  const Node leaf{TreeMark::kLeaf, 0, 1, 1, {}, {}};
  leaf_object = make_object({leaf}).release();
  for (std::uint32_t n = 0; n <= kFewLeaves; ++n) {
    Nodes nodes(n + 1, leaf);
    nodes[0] = {TreeMark::kTuple, n, n, n + 1, {}, {}};
    flat_objects[n] = make_object(std::move(nodes)).release();
  }
  if (PyModule_AddObjectRef(module, "LEAF", leaf_object) < 0 ||
      PyModule_AddFunctions(module, functions) < 0) {
    throw PythonError{};
  }
}

}  // namespace dualtape::engine
