#include "plan/schedule.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace dualtape::engine {
namespace {

/// From this size on, the memory an array takes counts more than the cost of one more region.
constexpr std::int64_t kLargeBytes = 64 * 1024;

/// Number of each type's shape: shapes that are equal but for axes of length 1 share it.
std::vector<std::uint32_t> number_shapes(const Program& program) {
  std::unordered_map<std::string, std::uint32_t> known;
  std::vector<std::uint32_t> number;
  for (const Type& type : program.types) {
    Dims longer;
    for (auto n : type.shape) {
      if (n != 1) longer.push_back(n);
    }
    std::string key(reinterpret_cast<const char*>(longer.data()), longer.size() * 8);
    number.push_back(known.emplace(std::move(key), known.size()).first->second);
  }
  return number;
}

/// Assigns instructions to steps in program order. An elementwise instruction joins the newest
/// region of its shape if all it needs from outside was ready when that region opened; else it
/// opens one where the program now stands.
class StepAssigner {
 public:
  StepAssigner(const Program& program, const Views& views, Schedule& schedule)
      : program_(program),
        views_(views),
        schedule_(schedule),
        shape_of_(number_shapes(program)),
        newest_(program.types.size(), 0) {}

  void assign(ValueId v) {
    const OpCode op = program_.instructions[v].op;
    if (op == kInput || op == kConstant || views_.root(v) != v) return;
    std::uint32_t step = 0;
    if (is_elementwise(op) || views_.is_load(v)) {
      step = elementwise_step(v);
    } else if (is_reduction(op)) {
      step = reduction_step(v);
    } else {
      step = open(StepKind::kArray, v);
      close_large(v);
    }
    schedule_.step_of[v] = step;
    ++schedule_.steps[step].count;
  }

 private:
  std::uint32_t open(StepKind kind, ValueId v) {
    schedule_.steps.push_back({kind, program_.instructions[v].type});
    return static_cast<std::uint32_t>(schedule_.steps.size() - 1);
  }
  /// A large region whose results are consumed takes no more instructions: what they computed early
  /// would only wait.
  void close_large(ValueId reader) {
    for (ValueId a : program_.args_of(reader)) {
      const ValueId r = views_.root(a);
      const Type& type = program_.type_of(r);
      const std::int64_t item = static_cast<std::int64_t>(item_size(type.dtype));
      if (element_count(type.shape) * item < kLargeBytes) continue;
      std::uint32_t& newest = newest_[shape_number(r)];
      if (newest != 0 && newest == schedule_.step_of[r]) newest = 0;
    }
  }
  std::uint32_t shape_number(ValueId v) const { return shape_of_[program_.instructions[v].type]; }

  std::uint32_t elementwise_step(ValueId v) {
    std::uint32_t& newest = newest_[shape_number(v)];
    if (newest == 0 || !can_join(v, newest)) {
      const bool scalar = is_scalar(program_.type_of(v));
      newest = open(scalar ? StepKind::kScalars : StepKind::kRegion, v);
    }
    return newest;
  }

  bool can_join(ValueId v, std::uint32_t region) const {
    for (ValueId a : program_.args_of(v)) {
      const ValueId r = views_.root(a);
      const std::uint32_t ready = schedule_.step_of[r];
      if (ready < region) continue;
      if (ready > region || !views_.is_whole(a) || shape_number(r) != shape_number(v)) return false;
    }
    return true;
  }

  std::uint32_t reduction_step(ValueId v) {
    const ValueId x = program_.args_of(v)[0];
    const std::uint32_t step = schedule_.step_of[views_.root(x)];
    ScheduledStep& region = schedule_.steps[step];
    const RowShape rows = row_shape(program_.type_of(x).shape, program_.attrs_of(v));
    // A member of the region, not the result of another of its reductions.
    const bool member = step != 0 && region.kind == StepKind::kRegion && views_.is_whole(x) &&
                        !is_reduction(program_.instructions[views_.root(x)].op);
    if (member && rows.possible) {
      if (rows.kind == ReductionKind::kTotal || region.row == rows.row) return step;
      if (region.row == 0) {
        region.row = rows.row;
        return step;
      }
    }
    close_large(v);
    return open(StepKind::kReduction, v);
  }

  const Program& program_;
  const Views& views_;
  Schedule& schedule_;
  std::vector<std::uint32_t> shape_of_;
  std::vector<std::uint32_t> newest_;  // region of each shape
};

}  // namespace

RowShape row_shape(std::span<const std::int64_t> shape, std::span<const std::int64_t> axes) {
  std::int64_t kept = 1, reduced = 1;
  bool trailing = true, leading = true;  // axes of length 1 may lie anywhere
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const bool is_reduced =
        std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(i)) != axes.end();
    if (shape[i] == 1) continue;
    if (is_reduced) {
      leading &= kept == 1;
      reduced *= shape[i];
    } else {
      trailing &= reduced == 1;
      kept *= shape[i];
    }
  }
  if (kept == 1) return {ReductionKind::kTotal, 0, true};
  if (trailing) return {ReductionKind::kRows, reduced, true};
  return {ReductionKind::kLeading, kept, leading};
}

Schedule::Schedule(const Program& program, const std::vector<bool>& live, const Views& views)
    : step_of(program.size(), 0) {
  assign_steps(program, live, views);
  sort_members(program);
  find_last_uses(program, views);
}

void Schedule::assign_steps(const Program& program, const std::vector<bool>& live,
                            const Views& views) {
  steps.push_back({StepKind::kArray, 0});
  StepAssigner assigner(program, views, *this);
  for (ValueId v = 0; v < program.size(); ++v) {
    if (live[v]) assigner.assign(v);
  }
}

void Schedule::sort_members(const Program& program) {
  std::uint32_t total = 0;
  for (ScheduledStep& step : steps) {
    step.first = total;
    total += step.count;
    step.count = 0;
  }
  members.resize(total);
  const auto place = [&](ValueId v) {
    ScheduledStep& step = steps[step_of[v]];
    members[step.first + step.count++] = v;
  };
  for (ValueId v = 0; v < program.size(); ++v) {
    if (step_of[v] && !is_reduction(program.instructions[v].op)) place(v);
  }
  for (ValueId v = 0; v < program.size(); ++v) {
    if (step_of[v] && is_reduction(program.instructions[v].op)) place(v);
  }
}

void Schedule::find_last_uses(const Program& program, const Views& views) {
  last_use.assign(program.size(), kNever);
  stored.assign(program.size(), false);
  for (std::uint32_t position = 0; position < members.size(); ++position) {
    const ValueId v = members[position];
    for (ValueId a : program.args_of(v)) {
      const ValueId r = views.root(a);
      last_use[r] = position;
      if (step_of[r] != step_of[v] || !views.is_whole(a)) stored[r] = true;
    }
  }
  for (ValueId v : program.outputs) {
    last_use[views.root(v)] = kNever;
    stored[views.root(v)] = true;
  }
}

}  // namespace dualtape::engine
