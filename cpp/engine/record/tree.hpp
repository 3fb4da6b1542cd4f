/// Pytrees: nested tuples, lists, dicts and None are walked here, all other containers by optree.
///
/// A walk writes the structure it meets as words, so that a structure seen before is found by
/// comparing memory. Leaves come in the order of the walk; a TreeDef has them in optree's order,
/// the entries of a dict sorted by key.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <vector>

#include "program/short_list.hpp"
#include "record/python.hpp"

namespace dualtape::engine {

enum class Leaves { kAlike, kByType };

/// Of a type that is a leaf whatever optree's registry says: an array, a number, a text.
bool is_plain_leaf(PyObject* object);

/// What a walk over arguments wrote. With Leaves::kByType leaves differ by type, dtype and shape.
class TreeWalk {
 public:
  explicit TreeWalk(Leaves leaves);
  ~TreeWalk();
  TreeWalk(const TreeWalk&) = delete;
  TreeWalk& operator=(const TreeWalk&) = delete;

  void add(PyObject* tree);
  /// As add of a tuple of these.
  void add_tuple(std::span<PyObject* const> trees);
  /// As add of the pair of a tuple and a dict, without making them.
  void add_call(std::span<PyObject* const> args, std::span<PyObject* const> names,
                PyObject* const* values);
  /// After the tree: a value that counts as a whole, equal values of one type are the same.
  /// TypeError if it cannot be hashed.
  void add_static(PyObject* value);
  void add_word(std::uint64_t word) { put(word); }

  /// Of the words; not kept, for most walks are equal to the one before.
  std::uint64_t hash() const;
  std::span<const std::uint64_t> words() const { return words_; }
  std::span<PyObject* const> objects() const { return objects_; }
  std::span<PyObject* const> leaves() const { return leaves_; }
  bool has_tracer() const { return has_tracer_; }
  /// Holds a container that optree walked.
  bool has_foreign() const { return has_foreign_; }

 private:
  void put(std::uint64_t word) { words_.push_back(word); }
  void hold(PyObject* object) { objects_.push_back(Py_NewRef(object)); }
  void add_key(PyObject* key);
  void add_leaf(PyObject* leaf);
  bool add_dict(PyObject* dict);
  void add_foreign(PyObject* tree);

  /// A hundred arrays in a dict need no other memory.
  static constexpr std::size_t kWords = 512, kObjects = 160;
  std::array<std::byte, 8 * kWords + 2 * sizeof(PyObject*) * kObjects + 64> stack_;
  std::pmr::monotonic_buffer_resource memory_{stack_.data(), stack_.size()};
  std::pmr::vector<std::uint64_t> words_{&memory_};
  std::pmr::vector<PyObject*> objects_{&memory_};  // owned: keys, types, structures of optree
  std::pmr::vector<PyObject*> leaves_{&memory_};   // owned
  bool by_type_;
  bool has_tracer_ = false;
  bool has_foreign_ = false;
};

/// A walk, kept to recognise others like it.
struct WalkKey {
  explicit WalkKey(const TreeWalk& walk);
  /// May run Python code where keys are equal but not the same.
  bool matches(const TreeWalk& walk) const;
  bool same_words(const TreeWalk& walk) const;

  std::vector<std::uint64_t> words;
  std::vector<Ref> objects;
};

/// A structure, and where its leaves were met: the k-th at place `order[k]` of the walk.
struct Structure {
  Ref treedef;
  std::vector<std::uint32_t> order;
};
/// The structure written by a walk, which may have more words after it.
Structure make_structure(const TreeWalk& walk);
/// The same for a walk with Leaves::kAlike and nothing after the tree: structures met before are
/// kept.
std::shared_ptr<const Structure> structure_of(const TreeWalk& walk);
/// The tree with these leaves; ValueError if their number does not fit.
Ref unflatten(PyObject* treedef, std::span<PyObject* const> leaves);
/// The structure of a lone leaf: always the same object.
PyObject* leaf_treedef();
/// The structure of a tuple of n lone leaves: always the same object; nullptr above kFewLeaves.
PyObject* flat_treedef(std::size_t n);
inline constexpr std::size_t kFewLeaves = 8;
bool is_treedef(PyObject* object);
std::size_t leaf_count(PyObject* treedef);
/// Leaves of each child of the root.
ShortList<std::size_t, 8> child_leaf_counts(PyObject* treedef);

/// Makes the type TreeDef and the function flatten.
void add_tree_type(PyObject* module);

}  // namespace dualtape::engine
