/// Views: where each value lives. Reshapes, transposes, slices and broadcasts cost nothing at run
/// time.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/array.hpp"
#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

/// Values the outputs depend on, inputs excepted.
std::vector<bool> find_live(const Program& program);

/// Elements of a root value: offset and strides, in elements.
struct View {
  ValueId root = kNoValue;
  std::int64_t offset = 0;
  Dims strides;
};

/// One element of an array: its position, in elements.
struct Load {
  ValueId root;
  std::int64_t offset;
};

/// Equal but for axes of length 1: then elements lie in the same order.
bool same_but_ones(const Dims& a, const Dims& b);

/// Of one element, whatever its number of axes.
inline bool is_scalar(const Type& type) { return element_count(type.shape) == 1; }

/// A root is a value with memory (or a register) of its own: an input, a constant, or computed by a
/// step. Scalars are always roots, or a root as a whole: one taken out of an array is loaded, and
/// so is computed.
class Views {
 public:
  Views(const Program& program, const std::vector<bool>& live);

  ValueId root(ValueId v) const { return root_[v]; }
  /// `v` has all elements of its root, in the same shape; axes of length 1 do not matter.
  bool is_whole(ValueId v) const { return !listed_[v] || root_[v] == v; }
  /// A scalar taken out of an array; source() tells where from.
  bool is_load(ValueId v) const { return listed_[v] && root_[v] == v; }
  const Load& source(ValueId v) const { return loads_[entry(load_ids_, v)]; }
  /// Elements of the root before the first of `v`, which is not whole.
  std::int64_t offset(ValueId v) const { return views_[entry(view_ids_, v)].offset; }
  /// `v` as a view of its root.
  View view_of(ValueId v) const;
  /// Strides of `v` in its root, broadcast to `target`; false if its shape does not fit.
  bool strides_in(ValueId v, const Dims& target, Dims* strides) const;
  /// `v` has all elements of its root in order, maybe in another shape.
  bool is_reshaped(ValueId v) const;

 private:
  bool try_view(ValueId v, View* view) const;
  static std::size_t entry(const std::vector<ValueId>& ids, ValueId v);

  const Program& program_;
  std::vector<ValueId> root_;
  std::vector<bool> listed_;  // among the views or loads, which are few, in ascending order
  std::vector<ValueId> view_ids_, load_ids_;
  std::vector<View> views_;
  std::vector<Load> loads_;
};

}  // namespace dualtape::engine
