#include "plan/views.hpp"

#include <algorithm>
#include <utility>

namespace dualtape::engine {

std::vector<bool> find_live(const Program& program) {
  std::vector<bool> live(program.size(), false);
  for (ValueId v : program.outputs) live[v] = true;
  for (std::size_t i = program.size(); i-- > 0;) {
    if (!live[i]) continue;
    for (ValueId a : program.args_of(static_cast<ValueId>(i))) live[a] = true;
  }
  return live;
}

bool same_but_ones(const Dims& a, const Dims& b) {
  std::size_t i = 0, k = 0;
  for (;; ++i, ++k) {
    while (i < a.size() && a[i] == 1) ++i;
    while (k < b.size() && b[k] == 1) ++k;
    if (i == a.size() || k == b.size()) return i == a.size() && k == b.size();
    if (a[i] != b[k]) return false;
  }
}

namespace {

/// Strides of the same elements in another shape; false if they do not lie so. As in NumPy, runs of
/// axes of equal size are matched, each run of old axes having to lie end to end.
bool reshape_strides(const Dims& shape, const Dims& strides, const Dims& target, Dims* result) {
  Dims old_shape, old_strides;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    old_shape.push_back(shape[i]);
    old_strides.push_back(strides[i]);
  }
  *result = contiguous_strides(target);
  if (element_count(target) == 0) return true;
  std::size_t o = 0, t = 0;
  while (o < old_shape.size() && t < target.size()) {
    std::size_t o_end = o + 1, t_end = t + 1;
    std::int64_t old_size = old_shape[o], new_size = target[t];
    while (old_size != new_size) {
      if (old_size < new_size) {
        old_size *= old_shape[o_end++];
      } else {
        new_size *= target[t_end++];
      }
    }
    for (std::size_t i = o; i + 1 < o_end; ++i) {
      if (old_strides[i] != old_shape[i + 1] * old_strides[i + 1]) return false;
    }
    std::int64_t step = old_strides[o_end - 1];
    for (std::size_t i = t_end; i-- > t; step *= target[i]) (*result)[i] = step;
    o = o_end;
    t = t_end;
  }
  for (; t < target.size(); ++t) (*result)[t] = 1;  // axes of length 1
  return true;
}

Dims broadcast_strides(const Dims& shape, const Dims& strides, const Dims& target) {
  Dims result(target.size());
  const std::size_t lead = target.size() - shape.size();
  for (std::size_t i = 0; i < shape.size(); ++i) {
    result[lead + i] = shape[i] == target[lead + i] ? strides[i] : 0;
  }
  return result;
}

bool moves(OpCode op) {
  return op == kReshape || op == kTranspose || op == kBroadcastTo || op == kSlice;
}

bool may_be_view(OpCode op) {
  return moves(op) || op == kStopGradient || (op >= kSum && op <= kAny);
}

/// A reduction over axes of length 1 only.
bool is_squeeze(const Program& program, ValueId v) {
  const OpCode op = program.instructions[v].op;
  if (op < kSum || op > kAny) return false;
  const Dims& shape = program.type_of(program.args_of(v)[0]).shape;
  for (auto axis : program.attrs_of(v)) {
    if (shape[static_cast<std::size_t>(axis)] != 1) return false;
  }
  return true;
}

}  // namespace

Views::Views(const Program& program, const std::vector<bool>& live)
    : program_(program), root_(program.size()), listed_(program.size(), false) {
  for (ValueId v = 0; v < program.size(); ++v) {
    root_[v] = v;
    if (!live[v] || !may_be_view(program.instructions[v].op)) continue;
    View view;
    if (!try_view(v, &view)) continue;
    const Type& type = program.type_of(v);
    const Type& root_type = program.type_of(view.root);
    const Layout layout = make_layout(type.dtype, type.shape, view.strides);
    const bool load = is_scalar(type) && !is_scalar(root_type);
    if (!load) root_[v] = view.root;
    const bool in_order = layout.contiguous && view.offset == 0;
    if (in_order && same_but_ones(type.shape, root_type.shape)) continue;
    listed_[v] = true;
    if (load) {
      load_ids_.push_back(v);
      loads_.push_back({view.root, view.offset});
    } else {
      view_ids_.push_back(v);
      views_.push_back(std::move(view));
    }
  }
}

std::size_t Views::entry(const std::vector<ValueId>& ids, ValueId v) {
  return static_cast<std::size_t>(std::lower_bound(ids.begin(), ids.end(), v) - ids.begin());
}

View Views::view_of(ValueId v) const {
  if (is_whole(v)) return {root_[v], 0, contiguous_strides(program_.type_of(v).shape)};
  return views_[entry(view_ids_, v)];
}

bool Views::strides_in(ValueId v, const Dims& target, Dims* strides) const {
  const Dims& shape = program_.type_of(v).shape;
  if (shape.size() > target.size()) return false;
  const Dims* own = is_whole(v) ? nullptr : &views_[entry(view_ids_, v)].strides;
  const std::size_t lead = target.size() - shape.size();
  *strides = Dims(target.size());
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    const bool stretched = shape[i] == 1 && target[lead + i] != 1;
    if (!stretched && shape[i] != target[lead + i]) return false;
    if (!stretched) (*strides)[lead + i] = own ? (*own)[i] : step;
    step *= shape[i];
  }
  return true;
}

bool Views::is_reshaped(ValueId v) const {
  if (is_whole(v)) return true;
  const View& view = views_[entry(view_ids_, v)];
  const Type& type = program_.type_of(v);
  const Layout layout = make_layout(type.dtype, type.shape, view.strides);
  return view.offset == 0 && layout.contiguous &&
         layout.count == element_count(program_.type_of(view.root).shape);
}

bool Views::try_view(ValueId v, View* view) const {
  const OpCode op = program_.instructions[v].op;
  const bool squeezes = is_squeeze(program_, v);
  if (!moves(op) && !squeezes && op != kStopGradient) return false;
  const ValueId x = program_.args_of(v)[0];
  *view = view_of(x);
  if (op == kStopGradient) return true;
  const Dims& shape = program_.type_of(x).shape;
  const Dims& target = program_.type_of(v).shape;
  const auto attrs = program_.attrs_of(v);
  Dims strides(target.size());
  switch (squeezes ? OpCode{kReshape} : op) {
    case kReshape:
      if (!reshape_strides(shape, view->strides, target, &strides)) return false;
      break;
    case kTranspose:
      for (std::size_t i = 0; i < target.size(); ++i) {
        strides[i] = view->strides[static_cast<std::size_t>(attrs[i])];
      }
      break;
    case kBroadcastTo: strides = broadcast_strides(shape, view->strides, target); break;
    default:
      for (std::size_t i = 0; i < target.size(); ++i) {
        view->offset += attrs[2 * i] * view->strides[i];
        strides[i] = attrs[2 * i + 1] * view->strides[i];
      }
  }
  view->strides = std::move(strides);
  return true;
}

}  // namespace dualtape::engine
