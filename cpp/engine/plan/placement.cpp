#include "plan/placement.hpp"

#include "kernels/strided.hpp"
#include "plan/windows.hpp"

namespace dualtape::engine {
namespace {

/// An update looks so many instructions back for readers of what it overwrites.
constexpr std::uint32_t kFarthest = 256;

bool makes_of_parts(OpCode op) { return op == kPad || op == kUpdateSlice || op == kConcatenate; }

}  // namespace

Placements::Placements(const Program& program, const Views& views, const OrderedSchedule& schedule)
    : program_(program), views_(views), schedule_(schedule) {
  for (const ScheduledStep& step : schedule.steps) {
    if (step.kind != StepKind::kArray || step.count == 0) continue;
    const ValueId v = schedule.members[step.first];
    if (!makes_of_parts(program.instructions[v].op)) continue;
    if (uses_.empty()) count_uses();
    place_parts(v);
  }
}

void Placements::count_uses() {
  uses_.assign(program_.size(), 0);
  for (ValueId v : schedule_.members) {
    for (ValueId a : program_.args_of(v)) ++uses_[views_.root(a)];
  }
  for (ValueId v : program_.outputs) ++uses_[views_.root(v)];
}

void Placements::place_parts(ValueId reader) {
  const auto args = program_.args_of(reader);
  const auto attrs = program_.attrs_of(reader);
  const Dims& whole = program_.type_of(reader).shape;
  const OpCode op = program_.instructions[reader].op;
  if (op != kConcatenate) {
    const ValueId part = args[op == kPad ? 0 : 1];
    const auto offset = window_offset(whole, program_.type_of(part).shape, attrs);
    if (offset) place(part, reader, *offset);
    return;
  }
  const auto axis = static_cast<std::size_t>(attrs[0]);
  if (element_count({whole.data(), axis}) != 1) return;
  std::int64_t offset = 0;
  for (ValueId part : args) {
    place(part, reader, offset);
    offset += element_count(program_.type_of(part).shape);
  }
}

/// A result of a region that nobody else reads.
void Placements::place(ValueId part, ValueId reader, std::int64_t offset) {
  const ValueId r = views_.root(part);
  const std::uint32_t step = schedule_.step_of[r];
  if (step == 0 || schedule_.steps[step].kind != StepKind::kRegion) return;
  const Type& type = program_.type_of(r);
  const bool alone = uses_[r] == 1 && views_.is_reshaped(part) && !is_scalar(type) &&
                     element_count(type.shape) != 0;
  if (!alone || schedule_.of_rows[r] || !is_elementwise(program_.instructions[r].op)) return;
  const bool update = program_.instructions[reader].op == kUpdateSlice;
  if (update && !can_overwrite(program_.args_of(reader)[0], r, reader, offset)) return;
  placed_[r] = {reader, offset * static_cast<std::int64_t>(item_size(type.dtype))};
}

/// The array that is updated dies in the update; from the region that makes the part on it is read
/// at the same elements only, each before it is overwritten.
bool Placements::can_overwrite(ValueId x, ValueId part, ValueId update, std::int64_t offset) const {
  const ValueId r = views_.root(x);
  const std::uint32_t made = schedule_.step_of[part];
  const std::uint32_t begin = schedule_.steps[made].first;
  const std::uint32_t end = schedule_.steps[schedule_.step_of[update]].first;
  const bool dies = views_.is_reshaped(x) && schedule_.step_of[r] != 0 &&
                    schedule_.step_of[r] < made && schedule_.last_use[r] == end;
  if (!dies || is_scalar(program_.type_of(r)) || end - begin > kFarthest) return false;
  bool before = true;
  for (std::uint32_t position = begin; position < end; ++position) {
    const ValueId v = schedule_.members[position];
    for (ValueId a : program_.args_of(v)) {
      if (views_.root(a) != r) continue;
      const Dims& shape = program_.type_of(v).shape;
      Dims strides;
      const bool same = before && is_elementwise(program_.instructions[v].op) &&
                        element_count(shape) == element_count(program_.type_of(part).shape) &&
                        views_.strides_in(a, shape, &strides) &&
                        views_.view_of(a).offset == offset &&
                        make_walk(1, shape, strides).is_contiguous();
      if (!same) return false;
    }
    if (v == part) before = false;
  }
  return true;
}

}  // namespace dualtape::engine
