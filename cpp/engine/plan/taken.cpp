#include "plan/taken.hpp"

#include <span>

#include "kernels/strided.hpp"
#include "plan/schedule.hpp"

namespace dualtape::engine {
namespace {

/// Elements one after the other; without the first `skipped` axes, of each row.
bool lies_in_order(const Program& program, const Views& views, ValueId a, std::size_t skipped) {
  const Dims& shape = program.type_of(a).shape;
  const Dims strides = views.view_of(a).strides;
  const std::span<const std::int64_t> rows(shape), steps(strides);
  return make_walk(1, rows.subspan(skipped), steps.subspan(skipped)).is_contiguous();
}

/// Both the rows of the table and the indices lie so that they can be read in place.
bool can_be_taken(const Program& program, const Views& views, ValueId v) {
  if (program.instructions[v].op != kTake || views.root(v) != v) return false;
  const auto args = program.args_of(v);
  // Single values live in slots, and nothing is no work.
  for (const ValueId a : {v, args[0], args[1]}) {
    if (element_count(program.type_of(a).shape) < 2) return false;
  }
  return lies_in_order(program, views, args[0], 1) && lies_in_order(program, views, args[1], 0);
}

bool reads_in_region(const Program& program, const Views& views, ValueId a, ValueId reader) {
  const OpCode op = program.instructions[reader].op;
  const Dims& shape = program.type_of(a).shape;
  if (!views.is_whole(a)) return false;
  if (is_elementwise(op)) return same_but_ones(shape, program.type_of(reader).shape);
  return is_reduction(op) && row_shape(shape, program.attrs_of(reader)).possible;
}

}  // namespace

void mark_taken(const Program& program, const Views& views, const std::vector<bool>& live,
                std::vector<bool>& marked) {
  std::vector<ValueId> takes;
  for (ValueId v = 0; v < program.size(); ++v) {
    if (live[v] && can_be_taken(program, views, v)) takes.push_back(v);
  }
  if (takes.empty()) return;
  marked.resize(program.size(), false);
  for (const ValueId v : takes) marked[v] = true;
  const auto unmark = [&](ValueId root) {
    if (program.instructions[root].op == kTake) marked[root] = false;
  };
  for (ValueId v = 0; v < program.size(); ++v) {
    if (!live[v] || views.root(v) != v) continue;
    for (ValueId a : program.args_of(v)) {
      if (!reads_in_region(program, views, a, v)) unmark(views.root(a));
    }
  }
  for (ValueId v : program.outputs) unmark(views.root(v));
}

RowTable table_of(const Program& program, const Views& views, ValueId v) {
  const ValueId table = program.args_of(v)[0];
  const Type& type = program.type_of(table);
  const auto item = static_cast<std::int64_t>(item_size(type.dtype));
  const std::int64_t rows = type.shape[0];
  return {rows, element_count(type.shape) / rows * item, views.view_of(table).strides[0] * item};
}

}  // namespace dualtape::engine
