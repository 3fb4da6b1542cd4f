#include "plan/schedule.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "kernels/strided.hpp"
#include "plan/joint.hpp"
#include "plan/order.hpp"
#include "plan/pass.hpp"
#include "plan/scalar.hpp"
#include "plan/taken.hpp"
#include "plan/type_sizes.hpp"
#include "plan/windows.hpp"

namespace dualtape::engine {
namespace {

/// From this size on, the memory an array takes counts more than the cost of one more region.
constexpr std::int64_t kLargeBytes = 64 * 1024;

/// Number of each type's shape: shapes that are equal but for axes of length 1 share it.
std::vector<std::uint32_t> number_shapes(const Program& program) {
  std::unordered_map<std::string, std::uint32_t> known;
  std::vector<std::uint32_t> number;
  for (TypeId t = 0; t < program.types.size(); ++t) {
    Dims longer;
    for (auto n : program.types[t].shape) {
      if (n != 1) longer.push_back(n);
    }
    std::string key(reinterpret_cast<const char*>(longer.data()), longer.size() * 8);
    number.push_back(known.emplace(std::move(key), known.size()).first->second);
  }
  return number;
}

/// Rows up to this length may be reduced and used again while they are in the cache.
constexpr std::int64_t kLongestRow = 4096;

/// Assigns instructions to steps in program order. An elementwise instruction joins the newest
/// region of its shape if all it needs from outside was ready when that region opened; else it
/// opens one where the program now stands. Results of a region's rows, and what is computed of
/// them, belong to the region too, so that it can go on with a row it has reduced.
class StepAssigner {
 public:
  StepAssigner(const Program& program, const std::vector<bool>& live, const Views& views,
               const std::vector<bool>& copies, Schedule& schedule)
      : program_(program),
        views_(views),
        waiting_(copies),
        schedule_(schedule),
        sizes_(program),
        shape_of_(number_shapes(program)),
        newest_(program.types.size(), 0),
        host_(program.types.size(), 0),
        readers_(program.size(), 0) {
    for (ValueId v = 0; v < program.size(); ++v) {
      if (!live[v]) continue;
      for (ValueId a : program.args_of(v)) ++readers_[a];
    }
    for (ValueId v : program.outputs) ++readers_[v];
    mark_taken(program, views, live, waiting_);
    open_prologue(live);
  }

  void assign(ValueId v) {
    const OpCode op = program_.instructions[v].op;
    if (op == kInput || op == kConstant || views_.root(v) != v) return;
    std::uint32_t step = 0;
    if (is_waiting(v)) {
      // Ready with its operands, until a reader takes it to its own region.
      for (ValueId a : program_.args_of(v)) step = std::max(step, ready(a));
      schedule_.step_of[v] = step;
      return;
    }
    if (is_elementwise(op) || views_.is_load(v)) {
      step = elementwise_step(v);
    } else if (is_reduction(op)) {
      step = reduction_step(v);
    } else if (is_window(op) && joins_as_window(v)) {
      step = ready(program_.args_of(v).back());
    } else {
      step = open(StepKind::kArray, v);
      close_large(v);
    }
    enter(v, step);
  }

 private:
  bool is_waiting(ValueId v) const { return !waiting_.empty() && waiting_[v]; }
  bool is_take(ValueId v) const { return program_.instructions[v].op == kTake; }
  void enter(ValueId v, std::uint32_t step) {
    schedule_.step_of[v] = step;
    ++schedule_.steps[step].count;
    if (waiting_.empty()) return;
    for (ValueId a : program_.args_of(v)) {
      const ValueId r = views_.root(a);
      if (!waiting_[r]) continue;
      waiting_[r] = false;
      schedule_.of_rows[r] = schedule_.of_rows[v] && !is_reduction(program_.instructions[v].op);
      mark_whole_rows(r, step);
      enter(r, step);
    }
  }
  /// Of a region that reads its own results of rows.
  void mark_whole_rows(ValueId v, std::uint32_t step) {
    for (ValueId a : program_.args_of(v)) {
      if (schedule_.of_rows[views_.root(a)] && ready(a) == step) {
        schedule_.steps[step].whole_rows = true;
      }
    }
  }
  /// Scalars that depend on nothing computed come first: then all regions may read them.
  void open_prologue(const std::vector<bool>& live) {
    const auto is_given = [&](ValueId a) {
      const OpCode op = program_.instructions[views_.root(a)].op;
      return op == kInput || op == kConstant;
    };
    for (ValueId v = 0; v < program_.size(); ++v) {
      const bool scalar = live[v] && views_.root(v) == v && is_scalar(program_.type_of(v)) &&
                          (is_elementwise(program_.instructions[v].op) || views_.is_load(v));
      if (!scalar || !std::ranges::all_of(program_.args_of(v), is_given)) continue;
      prologue_ = open(StepKind::kScalars, v);
      return;
    }
  }
  std::uint32_t open(StepKind kind, ValueId shaped_like) {
    schedule_.steps.push_back({kind, program_.instructions[shaped_like].type});
    return static_cast<std::uint32_t>(schedule_.steps.size() - 1);
  }
  /// A large region whose results are consumed takes no more instructions: what they computed early
  /// would only wait.
  void close_large(ValueId reader) {
    for (ValueId a : program_.args_of(reader)) {
      const ValueId r = views_.root(a);
      if (sizes_.bytes[program_.instructions[r].type] < kLargeBytes) continue;
      std::uint32_t& newest = newest_[shape_number(r)];
      if (newest != 0 && newest == schedule_.step_of[r]) newest = 0;
    }
  }
  std::uint32_t shape_number(ValueId v) const { return shape_of_[program_.instructions[v].type]; }
  std::uint32_t ready(ValueId a) const { return schedule_.step_of[views_.root(a)]; }

  std::uint32_t elementwise_step(ValueId v) {
    const bool scalar = sizes_.count[program_.instructions[v].type] == 1;
    if (scalar && prologue_ != 0 && can_join(v, prologue_)) return prologue_;
    const std::uint32_t host = host_[shape_number(v)];
    if (host != 0 && can_join_rows(v, host)) {
      schedule_.of_rows[v] = true;
      schedule_.steps[host].whole_rows = true;
      return host;
    }
    std::uint32_t& newest = newest_[shape_number(v)];
    if (newest == 0 || !can_join(v, newest)) {
      newest = open(scalar ? StepKind::kScalars : StepKind::kRegion, v);
    }
    mark_whole_rows(v, newest);
    return newest;
  }

  bool can_join(ValueId v, std::uint32_t region) const {
    for (ValueId a : program_.args_of(v)) {
      const ValueId r = views_.root(a);
      if (is_waiting(r) && (!is_element(a, v) || !can_join(r, region))) return false;
      if (is_waiting(r) || ready(a) < region) continue;
      if (ready(a) > region || is_take(v)) return false;
      if (schedule_.of_rows[r] ? !is_column(a, v, region) : !is_element(a, v)) return false;
    }
    return true;
  }
  /// The value of `a` at the same position, made in the same region.
  bool is_element(ValueId a, ValueId v) const {
    return views_.is_whole(a) && shape_number(views_.root(a)) == shape_number(v);
  }
  /// One value for each row of `v`, in order.
  bool is_column(ValueId a, ValueId v, std::uint32_t region) const {
    const Dims& shape = program_.type_of(v).shape;
    Dims strides;
    if (!views_.strides_in(a, shape, &strides) || views_.view_of(a).offset != 0) return false;
    const Walk walk = make_walk(1, shape, strides);
    return walk.shape.size() == 2 && walk.shape[1] == schedule_.steps[region].row &&
           walk.strides[0] == 1 && walk.strides[1] == 0;
  }
  /// Computed of the results of rows, and of what was ready before and lies so.
  bool can_join_rows(ValueId v, std::uint32_t region) const {
    for (ValueId a : program_.args_of(v)) {
      const ValueId r = views_.root(a);
      if (is_waiting(r) && !(is_take(r) && ready(a) < region)) return false;
      if (is_waiting(r)) continue;
      if (ready(a) > region) return false;
      if (ready(a) == region) {
        if (!schedule_.of_rows[r] || !is_element(a, v)) return false;
      } else if (!lies_in_order(a, v) && !is_scalar(program_.type_of(r))) {
        return false;
      }
    }
    return true;
  }
  bool lies_in_order(ValueId a, ValueId v) const {
    const Dims& shape = program_.type_of(v).shape;
    Dims strides;
    if (!views_.strides_in(a, shape, &strides)) return false;
    return make_walk(1, shape, strides).is_contiguous();
  }

  /// The region that makes the part writes it where it belongs, into an array that nobody else
  /// reads.
  bool joins_as_window(ValueId v) const {
    const auto args = program_.args_of(v);
    const ValueId part = args.back(), r = views_.root(part);
    const std::uint32_t step = ready(part);
    const bool made_here = step != 0 && schedule_.steps[step].kind == StepKind::kRegion &&
                           is_elementwise(program_.instructions[r].op) && is_element(part, part) &&
                           !schedule_.of_rows[r];
    if (!made_here) return false;
    const auto offset = run_offset(program_, v);
    if (!offset || args.size() == 1) return offset.has_value();
    const ValueId base = args[0];
    return views_.root(base) == base && ready(base) == step &&
           is_window(program_.instructions[base].op) && readers_[base] == 1 &&
           *offset <= *run_offset(program_, base);
  }

  /// In the region that made its operand; or in the newest of the operand's shape, if the operand
  /// was ready before; or by itself. Large rows are reduced in the order of memory.
  std::uint32_t reduction_step(ValueId v) {
    const ValueId x = program_.args_of(v)[0];
    const RowShape rows = row_shape(program_.type_of(x).shape, program_.attrs_of(v));
    const std::uint32_t number = shape_of_[program_.instructions[x].type];
    std::uint32_t step = ready(x);
    const bool waits = is_waiting(views_.root(x));
    if (rows.possible && is_element(x, x) && !waits && step != 0 && can_reduce(step, x, rows)) {
      return reduce_in(step, v, rows);
    }
    step = newest_[number];
    const bool in_order = rows.possible && lies_in_order(x, x);
    if (in_order && step > ready(x) && can_reduce(step, x, rows)) return reduce_in(step, v, rows);
    close_large(v);
    if (!waits && (!in_order || !fits_cache(x, rows))) return open(StepKind::kReduction, v);
    newest_[number] = open(StepKind::kRegion, x);
    return reduce_in(newest_[number], v, rows);
  }
  bool can_reduce(std::uint32_t step, ValueId x, const RowShape& rows) const {
    const ScheduledStep& region = schedule_.steps[step];
    const ValueId r = views_.root(x);
    if (region.kind != StepKind::kRegion) return false;
    // Made here: an element, not the result of another reduction, of rows, or an array of windows.
    if (ready(x) == step && (!is_by_element(program_.instructions[r].op) || schedule_.of_rows[r])) {
      return false;
    }
    return rows.kind != ReductionKind::kRows || region.row == 0 || region.row == rows.row;
  }
  bool fits_cache(ValueId x, const RowShape& rows) const {
    return rows.kind == ReductionKind::kRows && rows.row > 0 && rows.row <= kLongestRow &&
           element_count(program_.type_of(x).shape) != 0;
  }
  std::uint32_t reduce_in(std::uint32_t step, ValueId v, const RowShape& rows) {
    if (rows.kind != ReductionKind::kRows) return step;
    schedule_.steps[step].row = rows.row;
    if (fits_cache(program_.args_of(v)[0], rows)) {
      schedule_.of_rows[v] = true;
      host_[shape_number(v)] = step;
    }
    return step;
  }

  const Program& program_;
  const Views& views_;
  std::vector<bool> waiting_;  // copies, and rows of a table, that no reader has taken yet
  Schedule& schedule_;
  const TypeSizes sizes_;
  std::vector<std::uint32_t> shape_of_;
  std::vector<std::uint32_t> newest_;   // region of each shape
  std::vector<std::uint32_t> host_;     // newest region whose rows have results of each shape
  std::vector<std::uint32_t> readers_;  // of each value
  std::uint32_t prologue_ = 0;
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

Schedule::Schedule(const Program& program, const std::vector<bool>& live, const Views& views,
                   const std::vector<bool>& copies)
    : step_of(program.size(), 0), of_rows(program.size(), false) {
  assign_steps(program, live, views, copies);
  sort_members(program);
  find_passes(program, views, *this);
  join_products(program, views, *this);
  find_stored(program, views);
}

OrderedSchedule::OrderedSchedule(Schedule&& schedule, const Program& program, const Views& views)
    : Schedule(std::move(schedule)) {
  position.resize(program.size());
  for (const ScheduledStep& step : steps) {
    const std::span values{members.data() + step.first, step.count};
    if (step.kind == StepKind::kRegion) order_region(program, views, of_rows, values);
    if (step.kind != StepKind::kScalars) continue;
    for (std::uint32_t k = 0; k < step.count; ++k) position[values[k]] = step.first + k;
    order_scalars(program, views, *this, position, values);
  }
  last_use.assign(program.size(), kNever);
  for (std::uint32_t k = 0; k < members.size(); ++k) {
    position[members[k]] = k;
    for (ValueId a : program.args_of(members[k])) last_use[views.root(a)] = k;
  }
  for (ValueId v : program.outputs) last_use[views.root(v)] = kNever;
}

void Schedule::assign_steps(const Program& program, const std::vector<bool>& live,
                            const Views& views, const std::vector<bool>& copies) {
  steps.push_back({StepKind::kArray, 0});
  StepAssigner assigner(program, live, views, copies, *this);
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
  for (ValueId v = 0; v < program.size(); ++v) {
    if (!step_of[v]) continue;
    ScheduledStep& step = steps[step_of[v]];
    members[step.first + step.count++] = v;
  }
}

void Schedule::reorder(std::uint32_t first, std::span<const std::uint32_t> order) {
  std::vector<ScheduledStep> moved;
  std::vector<ValueId> values;
  const std::uint32_t begin = steps[first].first;
  for (const std::uint32_t step : order) {
    const auto of = members_of(steps[step]);
    moved.push_back(steps[step]);
    moved.back().first = begin + static_cast<std::uint32_t>(values.size());
    for (ValueId v : of) step_of[v] = first + static_cast<std::uint32_t>(moved.size()) - 1;
    values.insert(values.end(), of.begin(), of.end());
  }
  std::ranges::copy(values, members.begin() + begin);
  std::ranges::copy(moved, steps.begin() + first);
}

void Schedule::find_stored(const Program& program, const Views& views) {
  stored.assign(program.size(), false);
  for (ValueId v : members) {
    for (ValueId a : program.args_of(v)) {
      const ValueId r = views.root(a);
      if (step_of[r] != step_of[v]) stored[r] = true;
    }
  }
  for (ValueId v : program.outputs) stored[views.root(v)] = true;
}

}  // namespace dualtape::engine
