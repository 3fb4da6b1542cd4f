#include "sparse/propagate.hpp"

#include <algorithm>

#include "ops/elementwise.hpp"
#include "program/errors.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

using Entries = std::vector<IndexSets::Id>;

EntrySets shared(Entries entries) { return std::make_shared<const Entries>(std::move(entries)); }

/// Calls f(k, offset) for the k-th entry of an array of this shape that lies at start + sum of
/// index * stride.
template <class F>
void for_each_strided(const Dims& shape, const Dims& strides, std::int64_t start, F&& f) {
  const std::size_t rank = shape.size();
  std::size_t k = 0;
  if (rank == 0) return f(k, static_cast<std::size_t>(start));
  if (element_count(shape) == 0) return;
  Dims index(rank);
  std::int64_t offset = start;
  const std::int64_t n = shape[rank - 1], step = strides[rank - 1];
  while (true) {
    for (std::int64_t i = 0; i < n; ++i) f(k++, static_cast<std::size_t>(offset + i * step));
    std::size_t a = rank - 1;
    while (a-- > 0) {
      offset += strides[a];
      if (++index[a] < shape[a]) break;
      offset -= index[a] * strides[a];
      index[a] = 0;
    }
    if (a == static_cast<std::size_t>(-1)) return;
  }
}

/// Where each entry of a part of an array lies: a slice, or what an update writes.
struct Layout {
  Dims strides;
  std::int64_t start = 0;
};

Layout layout_of_slice(const Dims& whole, std::span<const std::int64_t> attrs) {
  const auto at = start_step(attrs);
  Layout layout{contiguous_strides(whole), 0};
  for (std::size_t a = 0; a < whole.size(); ++a) {
    layout.start += at.start[a] * layout.strides[a];
    layout.strides[a] *= at.step[a];
  }
  return layout;
}

Layout layout_of_broadcast(const Dims& from, const Dims& to) {
  Layout layout{Dims(to.size()), 0};
  const Dims strides = contiguous_strides(from);
  const std::size_t lead = to.size() - from.size();
  for (std::size_t a = 0; a < from.size(); ++a) {
    layout.strides[lead + a] = from[a] == 1 ? 0 : strides[a];
  }
  return layout;
}

EntrySets gather(const EntrySets& x, const Dims& shape, const Layout& layout) {
  if (!x) return nullptr;
  Entries y(static_cast<std::size_t>(element_count(shape)));
  for_each_strided(shape, layout.strides, layout.start,
                   [&](std::size_t k, std::size_t at) { y[k] = (*x)[at]; });
  return shared(std::move(y));
}

EntrySets broadcast(const EntrySets& x, const Dims& from, const Dims& to) {
  return from == to ? x : gather(x, to, layout_of_broadcast(from, to));
}

/// The entries of x with some axes last, so that what is combined is contiguous.
struct Rows {
  Entries entries;
  std::size_t width;  // of a row: the product of the last axes' lengths
};

Rows rows_of(const EntrySets& x, const Dims& shape, const Dims& first, const Dims& last) {
  const Dims strides = contiguous_strides(shape);
  Dims lengths, steps;
  std::int64_t width = 1;
  for (const Dims* axes : {&first, &last}) {
    for (auto a : *axes) {
      lengths.push_back(shape[static_cast<std::size_t>(a)]);
      steps.push_back(strides[static_cast<std::size_t>(a)]);
      if (axes == &last) width *= lengths.back();
    }
  }
  Rows rows{Entries(x->size()), static_cast<std::size_t>(width)};
  for_each_strided(lengths, steps, 0,
                   [&](std::size_t k, std::size_t at) { rows.entries[k] = (*x)[at]; });
  return rows;
}

Entries united_rows(const Rows& rows, std::size_t count, IndexSets& sets) {
  Entries y(count);
  for (std::size_t i = 0; i < count; ++i) {
    y[i] = sets.unite(std::span(rows.entries).subspan(i * rows.width, rows.width));
  }
  return y;
}

/// index counted from the start; IndexError where it is out of range, as at run time.
std::size_t wrapped(std::int64_t index, std::size_t n) {
  const auto length = static_cast<std::int64_t>(n);
  if (index < -length || index >= length) {
    throw IndexError("take: index " + std::to_string(index) + " is out of range for length " +
                     std::to_string(n));
  }
  return static_cast<std::size_t>(index < 0 ? index + length : index);
}

}  // namespace

void Propagation::run() {
  std::vector<ValueId> last_use(p_.size(), 0);
  for (ValueId v = 0; v < p_.size(); ++v) {
    for (const ValueId a : p_.args_of(v)) last_use[a] = v;
  }
  for (const ValueId v : p_.outputs) last_use[v] = kNoValue;
  for (ValueId v = 0; v < p_.size(); ++v) {
    if (p_.instructions[v].op == kInput) continue;
    if (std::ranges::any_of(p_.args_of(v), [&](ValueId a) { return values_[a] != nullptr; }) ||
        p_.instructions[v].op == kGet) {
      values_[v] = step(v);
    }
    for (const ValueId a : p_.args_of(v)) {
      if (last_use[a] == v) values_[a] = nullptr;
    }
  }
}

EntrySets Propagation::step(ValueId v) {
  const OpCode op = p_.instructions[v].op;
  if (is_elementwise(op)) return elementwise(v);
  switch (op) {
    case kGet: {
      const auto tuple = tuples_.find(p_.args_of(v)[0]);
      if (tuple == tuples_.end()) return nullptr;
      return tuple->second[static_cast<std::size_t>(p_.attrs_of(v)[0])];
    }
    case kReshape: return operand(v, 0);
    case kTranspose:
    case kBroadcastTo:
    case kSlice: return moved(v);
    case kPad:
    case kUpdateSlice:
    case kAddSlice: return written(v);
    case kConcatenate: return concatenated(v);
    case kSum: return summed(v);
    case kCumSum: return accumulated(v);
    case kDotGeneral: return product(v);
    case kSolve: return solved(v);
    case kExternal: return called(v);
    case kTake: return taken(v);
    case kTakeAdd:
    case kTakeSet: return scattered(v);
    case kCustomLinear: custom_linear(v); return nullptr;
    default: return spread(v);
  }
}

EntrySets Propagation::elementwise(ValueId v) {
  const Dims& shape = p_.type_of(v).shape;
  EntrySets first;
  std::shared_ptr<Entries> sum;
  for (std::size_t k = 0; k < p_.args_of(v).size(); ++k) {
    const EntrySets x = broadcast(operand(v, k), shape_of_operand(v, k), shape);
    if (!x || x == first) continue;
    if (!first) {
      first = x;
      continue;
    }
    if (!sum) sum = std::make_shared<Entries>(*first);
    for (std::size_t i = 0; i < x->size(); ++i) (*sum)[i] = sets_.unite((*sum)[i], (*x)[i]);
  }
  return sum ? EntrySets(sum) : first;
}

EntrySets Propagation::moved(ValueId v) {
  const Dims &from = shape_of_operand(v, 0), &to = p_.type_of(v).shape;
  const auto attrs = p_.attrs_of(v);
  switch (p_.instructions[v].op) {
    case kBroadcastTo: return broadcast(operand(v, 0), from, to);
    case kSlice: return gather(operand(v, 0), to, layout_of_slice(from, attrs));
    default: {
      const Dims strides = contiguous_strides(from);
      Layout layout{Dims(to.size()), 0};
      for (std::size_t a = 0; a < to.size(); ++a) {
        layout.strides[a] = strides[static_cast<std::size_t>(attrs[a])];
      }
      return gather(operand(v, 0), to, layout);
    }
  }
}

/// pad: into nothing; update_slice: over what is there; add_slice: beside it.
EntrySets Propagation::written(ValueId v) {
  const OpCode op = p_.instructions[v].op;
  const std::size_t k = op == kPad ? 0 : 1;
  Entries y(count(v), IndexSets::kEmpty);
  if (op != kPad && operand(v, 0)) y = *operand(v, 0);
  const EntrySets x = operand(v, k);
  const Dims& part = shape_of_operand(v, k);
  const Layout layout = layout_of_slice(p_.type_of(v).shape, p_.attrs_of(v));
  for_each_strided(part, layout.strides, layout.start, [&](std::size_t i, std::size_t at) {
    const auto own = x ? (*x)[i] : IndexSets::kEmpty;
    y[at] = op == kAddSlice ? sets_.unite(y[at], own) : own;
  });
  return shared(std::move(y));
}

EntrySets Propagation::concatenated(ValueId v) {
  const auto axis = static_cast<std::size_t>(p_.attrs_of(v)[0]);
  Entries y(count(v), IndexSets::kEmpty);
  const Dims strides = contiguous_strides(p_.type_of(v).shape);
  std::int64_t start = 0;
  for (std::size_t k = 0; k < p_.args_of(v).size(); ++k) {
    const Dims& part = shape_of_operand(v, k);
    if (const EntrySets x = operand(v, k)) {
      for_each_strided(part, strides, start * strides[axis],
                       [&](std::size_t i, std::size_t at) { y[at] = (*x)[i]; });
    }
    start += part[axis];
  }
  return shared(std::move(y));
}

EntrySets Propagation::summed(ValueId v) {
  const Dims& shape = shape_of_operand(v, 0);
  const Dims axes(p_.attrs_of(v));
  const Rows rows = rows_of(operand(v, 0), shape, free_axes(shape.size(), axes, {}), axes);
  return shared(united_rows(rows, count(v), sets_));
}

EntrySets Propagation::accumulated(ValueId v) {
  const Dims& shape = p_.type_of(v).shape;
  const auto axis = static_cast<std::size_t>(p_.attrs_of(v)[0]);
  const bool reverse = p_.attrs_of(v)[1] != 0;
  Entries y = *operand(v, 0);
  const auto n = static_cast<std::size_t>(shape[axis]);
  const auto step = static_cast<std::size_t>(contiguous_strides(shape)[axis]);
  for (std::size_t k = 0; k < y.size(); ++k) {
    const std::size_t at = reverse ? y.size() - 1 - k : k;
    const std::size_t i = at / step % n;
    if (i == (reverse ? n - 1 : 0)) continue;
    y[at] = sets_.unite(y[at], y[reverse ? at + step : at - step]);
  }
  return shared(std::move(y));
}

/// Entry (b, i, j) depends on row (b, i) of a linear lhs, on column (b, j) of a linear rhs.
EntrySets Propagation::product(ValueId v) {
  const DotDims dims = dot_dims(p_.attrs_of(v));
  std::size_t batch = 1;
  for (auto a : dims.lhs_batch) {
    batch *= static_cast<std::size_t>(shape_of_operand(v, 0)[static_cast<std::size_t>(a)]);
  }
  Entries parts[2];
  std::size_t counts[2];
  for (std::size_t k = 0; k < 2; ++k) {
    const Dims& shape = shape_of_operand(v, k);
    const Dims& contract = k == 0 ? dims.lhs_contract : dims.rhs_contract;
    Dims outer = k == 0 ? dims.lhs_batch : dims.rhs_batch;
    const Dims free = free_axes(shape.size(), contract, outer);
    outer.append(free);
    counts[k] = 1;
    for (auto a : free) counts[k] *= static_cast<std::size_t>(shape[static_cast<std::size_t>(a)]);
    if (const EntrySets x = operand(v, k)) {
      parts[k] = united_rows(rows_of(x, shape, outer, contract), batch * counts[k], sets_);
    } else {
      parts[k].assign(batch * counts[k], IndexSets::kEmpty);
    }
  }
  Entries y(count(v));
  std::size_t at = 0;
  for (std::size_t b = 0; b < batch; ++b) {
    for (std::size_t i = 0; i < counts[0]; ++i) {
      for (std::size_t j = 0; j < counts[1]; ++j) {
        y[at++] = sets_.unite(parts[0][b * counts[0] + i], parts[1][b * counts[1] + j]);
      }
    }
  }
  return shared(std::move(y));
}

/// A^-1 b: every entry of a column of x on the whole column of b.
EntrySets Propagation::solved(ValueId v) {
  if (operand(v, 0) || operand(v, 1) || !operand(v, 2)) return spread(v);
  const Dims& shape = p_.type_of(v).shape;
  const auto rank = static_cast<std::int64_t>(shape.size());
  const Dims column{rank - 2};
  const Rows rows = rows_of(operand(v, 2), shape, free_axes(shape.size(), column, {}), column);
  const auto k = static_cast<std::size_t>(shape.back());
  const Entries united =
      united_rows(rows, rows.width == 0 ? 0 : rows.entries.size() / rows.width, sets_);
  Entries y(count(v));
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = united[i / (rows.width * k) * k + i % k];
  return shared(std::move(y));
}

std::span<const std::int64_t> Propagation::index_of(ValueId v, std::size_t k) const {
  const auto found = known_.find(p_.args_of(v)[k]);
  return found == known_.end() ? std::span<const std::int64_t>() : found->second;
}

Propagation::Entries Propagation::any_row(const Entries& x, std::size_t n, std::size_t width) {
  Entries y(width, IndexSets::kEmpty), column(n);
  for (std::size_t j = 0; j < width; ++j) {
    for (std::size_t i = 0; i < n; ++i) column[i] = x[i * width + j];
    y[j] = sets_.unite(column);
  }
  return y;
}

EntrySets Propagation::taken(ValueId v) {
  const EntrySets x = operand(v, 0);
  const auto n = static_cast<std::size_t>(shape_of_operand(v, 0)[0]);
  Entries y(count(v));
  if (!x || y.empty()) return x ? shared(std::move(y)) : spread(v);
  const std::size_t width = x->size() / n;
  const auto index = index_of(v, 1);
  const Entries any = index.empty() ? any_row(*x, n, width) : Entries();
  for (std::size_t k = 0; k < y.size(); ++k) {
    const std::size_t j = k % width;
    y[k] = index.empty() ? any[j] : (*x)[wrapped(index[k / width], n) * width + j];
  }
  return shared(std::move(y));
}

/// take_add: beside what is there; take_set: over it. At an unknown index anything may be written.
EntrySets Propagation::scattered(ValueId v) {
  Entries y(count(v), IndexSets::kEmpty);
  if (operand(v, 0)) y = *operand(v, 0);
  const auto n = static_cast<std::size_t>(p_.type_of(v).shape[0]);
  const EntrySets x = operand(v, 2);
  const auto m = static_cast<std::size_t>(element_count(shape_of_operand(v, 1)));
  if (y.empty() || m == 0) return shared(std::move(y));
  const std::size_t width = y.size() / n;
  const auto index = index_of(v, 1);
  if (index.empty()) {
    if (!x) return shared(std::move(y));
    const Entries any = any_row(*x, m, width);
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = sets_.unite(y[k], any[k % width]);
    return shared(std::move(y));
  }
  const bool adds = p_.instructions[v].op == kTakeAdd;
  for (std::size_t k = 0; k < m * width; ++k) {
    const auto own = x ? (*x)[k] : IndexSets::kEmpty;
    auto& place = y[wrapped(index[k / width], n) * width + k % width];
    place = adds ? sets_.unite(place, own) : own;
  }
  return shared(std::move(y));
}

/// A C++ model: the vectors of a batch are on their own.
EntrySets Propagation::called(ValueId v) {
  const auto size = static_cast<std::size_t>(p_.type_of(v).shape.back());
  Entries y(count(v), IndexSets::kEmpty);
  for (std::size_t k = 0; k < p_.args_of(v).size(); ++k) {
    const EntrySets x = operand(v, k);
    if (!x) continue;
    const auto width = static_cast<std::size_t>(shape_of_operand(v, k).back());
    for (std::size_t i = 0; i < y.size(); i += size) {
      const IndexSets::Id own = sets_.unite(std::span(*x).subspan(i / size * width, width));
      for (std::size_t j = i; j < i + size; ++j) y[j] = sets_.unite(y[j], own);
    }
  }
  return shared(std::move(y));
}

EntrySets Propagation::spread(ValueId v) {
  Entries all;
  for (std::size_t k = 0; k < p_.args_of(v).size(); ++k) {
    if (const EntrySets x = operand(v, k)) all.push_back(sets_.unite(*x));
  }
  return shared(Entries(count(v), sets_.unite(all)));
}

}  // namespace dualtape::engine
