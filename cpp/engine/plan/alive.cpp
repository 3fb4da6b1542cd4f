#include "plan/alive.hpp"

#include <algorithm>
#include <vector>

#include "plan/type_sizes.hpp"

namespace dualtape::engine {

namespace {

/// Its results may take the memory of what it reads last.
bool writes_in_place(const Program& program, const Schedule& schedule, const ScheduledStep& step) {
  if (step.kind != StepKind::kArray) return step.kind == StepKind::kRegion;
  const OpCode op = program.instructions[schedule.members[step.first]].op;
  return op == kUpdateSlice || op == kAddSlice || op == kTakeAdd || op == kTakeSet;
}

}  // namespace

std::int64_t bytes_alive(const Program& program, const Arrangement& arranged, std::int64_t least) {
  const Schedule& schedule = arranged.schedule;
  const TypeSizes sizes(program);
  const auto bytes_of = [&](ValueId v) {
    const TypeId type = program.instructions[v].type;
    return schedule.stored[v] && sizes.count[type] != 1 ? sizes.bytes[type] : 0;
  };
  std::int64_t all = 0;
  for (ValueId v : schedule.members) all += bytes_of(v);
  if (all < least) return all;
  std::vector<std::uint32_t> last(program.size(), 0);
  for (ValueId v : schedule.members) {
    for (ValueId a : program.args_of(v)) last[arranged.views.root(a)] = schedule.step_of[v];
  }
  for (ValueId v : program.outputs) last[arranged.views.root(v)] = 0;  // memory of the caller
  std::vector<std::int64_t> change(schedule.steps.size() + 1, 0);
  for (ValueId v : schedule.members) {
    if (last[v] == 0) continue;
    change[schedule.step_of[v]] += bytes_of(v);
    const ScheduledStep& reader = schedule.steps[last[v]];
    change[last[v] + !writes_in_place(program, schedule, reader)] -= bytes_of(v);
  }
  std::int64_t alive = 0, most = 0;
  for (std::int64_t bytes : change) most = std::max(most, alive += bytes);
  return most;
}

}  // namespace dualtape::engine
