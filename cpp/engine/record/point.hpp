/// Arguments of a function to be differentiated or mapped, and the function recorded in them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "record/recording.hpp"
#include "record/rerun.hpp"
#include "record/tree.hpp"

namespace dualtape::engine {

/// What a vectorcall was given: the named values stand behind the positional ones.
struct GivenCall {
  std::span<PyObject* const> args;
  PyObject* names = nullptr;  // a tuple; nullptr: none
};

/// A tree, or several as a tuple of trees: its leaves, in the order of its structure.
class Point {
 public:
  explicit Point(PyObject* tree);
  explicit Point(std::span<PyObject* const> trees);
  ~Point() {
    for (PyObject* leaf : few_) Py_DECREF(leaf);
  }
  Point(const Point&) = delete;
  Point& operator=(const Point&) = delete;

  std::size_t size() const { return walk_ ? walk_->leaves().size() : few_.size(); }
  PyObject* leaf(std::size_t k) const {
    return walk_ ? walk_->leaves()[structure_->order[k]] : few_[k];
  }
  /// The structure of the tree; always the same object for plain containers.
  PyObject* treedef() const { return treedef_; }
  /// A tree of this structure with other leaves.
  Ref fill(std::span<PyObject* const> leaves) const {
    return treedef_ == leaf_treedef() ? Ref::borrow(leaves[0]) : unflatten(treedef_, leaves);
  }

 private:
  bool take_few(std::span<PyObject* const> leaves);
  void keep_structure();

  PyObject* treedef_ = nullptr;
  ShortList<PyObject*, kFewLeaves> few_;  // owned: a lone leaf or a tuple of few; else a walk's
  std::optional<TreeWalk> walk_;
  std::shared_ptr<const Structure> structure_;
};

/// The positional arguments that are traced: one, or a tuple of them.
class Chosen {
 public:
  /// All of n arguments.
  explicit Chosen(std::size_t n_args);
  /// An int or a tuple of ints among n arguments.
  Chosen(PyObject* argnums, std::size_t n_args);

  /// False if a position does not exist or comes twice.
  bool exists() const { return exists_; }
  bool is_single() const { return is_single_; }
  std::size_t size() const { return positions_.size(); }
  /// From zero.
  std::size_t operator[](std::size_t k) const { return static_cast<std::size_t>(positions_[k]); }
  Point of(std::span<PyObject* const> args) const;

 private:
  bool is_single_;
  bool exists_ = true;
  ShortList<Py_ssize_t, 8> positions_;
};

/// What a function must return.
enum class Wanted { kScalar, kFloating, kInexact, kArrays };

/// How a function is recorded.
struct Tracing {
  PyObject* fun;
  Ref title;
  GivenCall given;
  const Chosen& chosen;
  const Point& point;
  Wanted wanted;
  /// check(title, result) raises, or lets results pass that are not traced.
  PyObject* check;
  /// For each leaf its batch axis, or kUntraced; empty: no batch axes.
  std::span<const int> axes{};
  /// fun returns (result, aux).
  bool has_aux = false;

  static constexpr int kUntraced = -2;
};

/// What a function returns beside its result: traced leaves are computed along, everything else
/// passes as it is.
struct Aux {
  explicit Aux(PyObject* tree);

  Point tree;
  std::vector<std::size_t> traced;  // leaves
  ValueKinds kinds;                 // of those
  /// The tree with these values in place of the traced leaves.
  Ref fill(std::span<PyObject* const> values) const;
};

/// A recorded function: its program, what that is bound to, and the structure of the result.
struct Traced {
  Traced() = default;
  Traced(Traced&&) = default;
  ~Traced() {
    // A tracer that is kept keeps the recorder, not the arrays.
    if (recorder.get()) recorder.get()->bindings().clear();
  }

  RecorderRef recorder;  // has finished
  ExecutablePtr executable;
  ValueKinds kinds;          // of the result's leaves, the first outputs
  Ref treedef;               // of the result
  std::unique_ptr<Aux> aux;  // its traced leaves are the outputs behind; null: there is none

  /// What the inputs are bound to, the leaves of the point first.
  Bindings& inputs() { return recorder.get()->bindings(); }
  const Bindings& inputs() const { return recorder.get()->bindings(); }
  const Type& output_type(std::size_t k) const {
    return executable->program()->type_of(executable->program()->outputs[k]);
  }
  Ref fill(std::span<PyObject* const> leaves) const {
    return treedef.get() == leaf_treedef() ? Ref::borrow(leaves[0])
                                           : unflatten(treedef.get(), leaves);
  }
};
Traced trace(const Tracing& how);

}  // namespace dualtape::engine
