#include "plan/storage.hpp"

#include <algorithm>
#include <bit>
#include <complex>
#include <cstring>
#include <map>
#include <tuple>

#include "plan/arena.hpp"
#include "plan/pass.hpp"
#include "plan/placement.hpp"
#include "plan/type_sizes.hpp"
#include "plan/windows.hpp"

namespace dualtape::engine {
namespace {

/// attrs: bits of re and im; a double for inexact types, an integer else.
ConstantBits constant_bits(DType dtype, std::span<const std::int64_t> attrs) {
  const double re = std::bit_cast<double>(attrs[0]);
  const double im = attrs.size() > 1 ? std::bit_cast<double>(attrs[1]) : 0.0;
  ConstantBits bits{};
  dispatch(dtype, [&]<class T>(T) {
    T value;
    if constexpr (std::is_integral_v<T>) {
      value = static_cast<T>(attrs[0]);
    } else if constexpr (std::is_floating_point_v<T>) {
      value = static_cast<T>(re);
    } else {
      using Real = typename T::value_type;
      value = T(static_cast<Real>(re), static_cast<Real>(im));
    }
    std::memcpy(bits.data(), &value, sizeof value);
  });
  return bits;
}

/// Gives homes in order of execution. Buffers only get lifetimes here; offsets follow when all are
/// known, for an output's buffer may have begun as the buffer of a value updated in place.
class HomeAssigner {
 public:
  HomeAssigner(const Program& program, const Views& views, const OrderedSchedule& schedule,
               Storage& out)
      : program_(program),
        views_(views),
        schedule_(schedule),
        sizes_(program),
        out_(out),
        placements_(program, views, schedule) {}

  void prepare();
  void assign_step(std::uint32_t step);

 private:
  bool is_scalar(ValueId v) const { return sizes_.count[program_.instructions[v].type] == 1; }
  std::int64_t bytes_of(ValueId v) const { return sizes_.bytes[program_.instructions[v].type]; }
  bool is_input(ValueId v) const { return program_.instructions[v].op == kInput; }
  std::span<const ValueId> roots_read(ValueId reader);
  std::uint32_t new_slot();
  void release_slot(std::uint32_t slot);
  void give_home(ValueId v);
  void release_scalars(ValueId reader, std::uint32_t position);
  void assign_scalars(std::uint32_t step);
  void collect_gathered(std::uint32_t step);
  void assign_region(std::uint32_t step);
  void assign_array(std::uint32_t step);
  void assign_joint(std::uint32_t step);
  void end_buffers(std::uint32_t step);
  void extend_buffers(ValueId reader);
  void collect_dead(ValueId v, std::uint32_t position);
  bool take_over(ValueId v);
  bool ends_in_arena(ValueId root, std::uint32_t position) const;
  bool place(ValueId v);

  const Program& program_;
  const Views& views_;
  const OrderedSchedule& schedule_;
  const TypeSizes sizes_;
  Storage& out_;
  Placements placements_;
  static constexpr std::uint32_t kSlotBlock = 256;
  std::uint32_t first_slot_ = 0;            // after those of constants and inputs
  std::uint32_t next_slot_ = 0;             // from there; at the end of a block: none is begun
  std::vector<std::uint32_t> alive_slots_;  // of each block
  std::vector<std::uint32_t> free_blocks_;
  std::vector<ValueId> roots_;     // of roots_read()
  std::vector<ValueId> gathered_;  // roots read other than element by element
  StepRange alive_;                // the steps for which this step's buffers must be
  std::vector<ValueId> dead_;      // roots of arrays read for the last time in this region so far
};

/// Slots are given one after the other, for the interpreter of scalars writes them so, in blocks:
/// one whose values are all dead is used again. The newest slots lie in the last block, which may
/// be a part of one.
std::uint32_t HomeAssigner::new_slot() {
  if (next_slot_ % kSlotBlock == 0) {
    next_slot_ = static_cast<std::uint32_t>(alive_slots_.size()) * kSlotBlock;
    if (!free_blocks_.empty()) {
      next_slot_ = free_blocks_.back() * kSlotBlock;
      free_blocks_.pop_back();
    } else {
      alive_slots_.push_back(0);
    }
  }
  ++alive_slots_[next_slot_ / kSlotBlock];
  const std::uint32_t slot = first_slot_ + next_slot_++;
  out_.slot_count = std::max(out_.slot_count, slot + 1);
  return slot;
}

void HomeAssigner::release_slot(std::uint32_t slot) {
  const std::uint32_t block = (slot - first_slot_) / kSlotBlock;
  // A block that is being filled ends with a value that dies later.
  const bool filling = next_slot_ % kSlotBlock != 0 && block == next_slot_ / kSlotBlock;
  if (--alive_slots_[block] == 0 && !filling) {
    free_blocks_.push_back(block);
  }
}

void HomeAssigner::prepare() {
  std::map<std::tuple<DType, std::uint64_t, std::uint64_t>, std::uint32_t> known;
  for (ValueId v = 0; v < program_.size(); ++v) {
    if (is_scalar(v) && program_.type_of(v).dtype == DType::kComplex128) out_.slot_bytes = 16;
    if (program_.instructions[v].op != kConstant) continue;
    const DType dtype = program_.type_of(v).dtype;
    const ConstantBits bits = constant_bits(dtype, program_.attrs_of(v));
    const auto [at, is_new] = known.try_emplace({dtype, bits[0], bits[1]}, out_.slot_count);
    if (is_new) {
      out_.constants.push_back(bits);
      ++out_.slot_count;
    }
    out_.home[v] = at->second;
  }
  for (ValueId v : program_.inputs) {
    out_.input_slots.push_back(is_scalar(v) ? out_.slot_count++ : kNone);
    out_.home[v] = out_.input_slots.back();
  }
  first_slot_ = out_.slot_count;
}

void HomeAssigner::give_home(ValueId v) {
  if (is_scalar(v)) {
    out_.home[v] = new_slot();
    return;
  }
  out_.home[v] = static_cast<std::uint32_t>(out_.buffers.size());
  out_.buffers.push_back({bytes_of(v), alive_.first, alive_.last});
}

/// The roots of an instruction's operands, each once; valid until the next call.
std::span<const ValueId> HomeAssigner::roots_read(ValueId reader) {
  roots_.clear();
  const auto args = program_.args_of(reader);
  for (ValueId a : args) roots_.push_back(views_.root(a));
  if (args.size() < 2) return roots_;
  if (args.size() == 2) {
    if (roots_[0] == roots_[1]) {
      roots_.pop_back();
    } else if (roots_[0] > roots_[1]) {
      std::swap(roots_[0], roots_[1]);
    }
    return roots_;
  }
  std::sort(roots_.begin(), roots_.end());
  roots_.erase(std::unique(roots_.begin(), roots_.end()), roots_.end());
  return roots_;
}

/// Frees the slots of scalars that `reader`, at `position`, reads as the last one.
void HomeAssigner::release_scalars(ValueId reader, std::uint32_t position) {
  const auto args = program_.args_of(reader);
  const auto ends = [&](ValueId r) {
    return schedule_.last_use[r] == position && schedule_.step_of[r] != 0 && is_scalar(r);
  };
  if (args.size() <= 2) {
    // Nearly all: without making a list.
    const ValueId first = args.empty() ? kNoValue : views_.root(args[0]);
    const ValueId second = args.size() < 2 ? first : views_.root(args[1]);
    if (first != kNoValue && ends(first)) release_slot(out_.home[first]);
    if (second != first && ends(second)) release_slot(out_.home[second]);
    return;
  }
  if (std::ranges::none_of(args, [&](ValueId a) { return ends(views_.root(a)); })) return;
  for (ValueId r : roots_read(reader)) {
    if (ends(r)) release_slot(out_.home[r]);
  }
}

void HomeAssigner::assign_scalars(std::uint32_t step) {
  std::uint32_t position = schedule_.steps[step].first;
  for (ValueId v : schedule_.members_of(schedule_.steps[step])) {
    // An operation reads its operands before it writes: its result may take the slot of one.
    release_scalars(v, position++);
    if (views_.is_load(v)) extend_buffers(v);
    give_home(v);
  }
}

/// A buffer that nobody reads after `position` and that is ours to overwrite.
bool HomeAssigner::ends_in_arena(ValueId root, std::uint32_t position) const {
  return !is_scalar(root) && schedule_.step_of[root] != 0 && out_.home[root] != kNone &&
         schedule_.last_use[root] == position;
}

void HomeAssigner::collect_dead(ValueId v, std::uint32_t position) {
  for (ValueId r : roots_read(v)) {
    if (schedule_.step_of[r] == schedule_.step_of[v] || !ends_in_arena(r, position)) continue;
    if (!std::binary_search(gathered_.begin(), gathered_.end(), r)) dead_.push_back(r);
  }
}

bool HomeAssigner::take_over(ValueId v) {
  const DType dtype = program_.type_of(v).dtype;
  // The newest are likely to fit, and looking at few keeps this linear.
  const std::size_t oldest = dead_.size() > 8 ? dead_.size() - 8 : 0;
  for (std::size_t i = dead_.size(); i-- > oldest;) {
    const DType other = program_.type_of(dead_[i]).dtype;
    if (bytes_of(dead_[i]) != bytes_of(v) || item_size(other) != item_size(dtype)) continue;
    out_.home[v] = out_.home[dead_[i]];
    out_.buffers[out_.home[v]].last = alive_.last;
    dead_.erase(dead_.begin() + static_cast<std::ptrdiff_t>(i));
    return true;
  }
  return false;
}

/// In a part of the array that is made of `v`; the first part to be made brings its memory.
bool HomeAssigner::place(ValueId v) {
  const Placement* placement = placements_.of(v);
  if (!placement) return false;
  const ValueId reader = placement->reader;
  const bool update = program_.instructions[reader].op == kUpdateSlice;
  const ValueId whole = update ? views_.root(program_.args_of(reader)[0]) : reader;
  if (out_.home[whole] == kNone) give_home(whole);
  const std::uint32_t buffer = out_.home[whole];
  give_home(v);
  out_.buffers.back().whole = buffer;
  out_.buffers.back().offset = placement->offset;
  return true;
}

/// Roots that a step reads other than element by element.
void HomeAssigner::collect_gathered(std::uint32_t step) {
  const ScheduledStep& s = schedule_.steps[step];
  const std::int64_t count = sizes_.count[s.type];
  for (ValueId v : schedule_.members_of(s)) {
    for (ValueId a : program_.args_of(v)) {
      const ValueId r = views_.root(a);
      const bool aligned = s.kind == StepKind::kRegion && views_.is_whole(a) &&
                           program_.instructions[v].op != kTake &&
                           sizes_.count[program_.instructions[r].type] == count;
      if (!aligned && !is_scalar(r)) gathered_.push_back(r);
    }
  }
}

/// Block by block each element of an operand is read before the same element of a result is
/// written: a result may take the memory of an operand last read by its own or an earlier
/// instruction. So do the steps of a pass.
void HomeAssigner::assign_region(std::uint32_t step) {
  const ScheduledStep& region = schedule_.steps[step];
  gathered_.clear();
  dead_.clear();
  const bool reuse = region.kind == StepKind::kRegion;
  for (std::uint32_t k = alive_.first; reuse && k <= alive_.last; ++k) collect_gathered(k);
  std::sort(gathered_.begin(), gathered_.end());
  std::uint32_t position = region.first;
  for (ValueId v : schedule_.members_of(region)) {
    const OpCode op = program_.instructions[v].op;
    const bool element = reuse && is_elementwise(op);
    if (reuse) collect_dead(v, position);
    ++position;
    if (is_window(op)) {
      if (op == kPad)
        give_home(v);
      else
        out_.home[v] = out_.home[program_.args_of(v)[0]];
      continue;
    }
    if (reuse && !schedule_.stored[v]) continue;
    if (element && (place(v) || take_over(v))) continue;
    give_home(v);
  }
  end_buffers(step);
}

void HomeAssigner::assign_array(std::uint32_t step) {
  const std::uint32_t position = schedule_.steps[step].first;
  const ValueId v = schedule_.members[position];
  const OpCode op = program_.instructions[v].op;
  bool in_place = false;
  if (op == kUpdateSlice || op == kAddSlice || op == kTakeAdd || op == kTakeSet) {
    const auto args = program_.args_of(v);
    const ValueId x = views_.root(args[0]);
    in_place = views_.is_reshaped(args[0]) && ends_in_arena(x, position);
    for (std::size_t i = 1; i < args.size(); ++i) in_place &= views_.root(args[i]) != x;
    if (in_place) {
      out_.home[v] = out_.home[x];
      out_.buffers[out_.home[v]].last = alive_.last;
    }
  }
  if (out_.home[v] != kNone) {
    out_.buffers[out_.home[v]].last = alive_.last;  // parts of it are there already
  } else if (!in_place) {
    give_home(v);
  }
  end_buffers(step);
}

void HomeAssigner::assign_joint(std::uint32_t step) {
  for (ValueId v : schedule_.members_of(schedule_.steps[step])) give_home(v);
  end_buffers(step);
}

/// Marks what this step reads or makes as used up to here, and frees slots after it.
void HomeAssigner::end_buffers(std::uint32_t step) {
  std::uint32_t position = schedule_.steps[step].first;
  for (ValueId v : schedule_.members_of(schedule_.steps[step])) {
    release_scalars(v, position++);
    extend_buffers(v);
  }
}

/// The buffers that `reader` reads live until this step at least.
void HomeAssigner::extend_buffers(ValueId reader) {
  for (ValueId a : program_.args_of(reader)) {
    const ValueId r = views_.root(a);
    if (is_scalar(r) || schedule_.step_of[r] == 0 || out_.home[r] == kNone) continue;
    out_.buffers[out_.home[r]].last = alive_.last;
  }
}

void HomeAssigner::assign_step(std::uint32_t step) {
  alive_ = pass_of(schedule_, step);
  switch (schedule_.steps[step].kind) {
    case StepKind::kScalars: return assign_scalars(step);
    case StepKind::kRegion:
    case StepKind::kReduction: return assign_region(step);
    case StepKind::kArray:
    case StepKind::kPass: return assign_array(step);
    case StepKind::kJoint: return assign_joint(step);
  }
}

/// A result that fills a buffer is made in the caller's memory; all others are copied there at the
/// end.
void bind_outputs(const Program& program, const Views& views, const OrderedSchedule& schedule,
                  Storage& storage) {
  for (std::size_t k = 0; k < program.outputs.size(); ++k) {
    const ValueId v = program.outputs[k];
    const ValueId r = views.root(v);
    if (schedule.step_of[r] == 0 || is_scalar(program.type_of(r))) continue;
    Buffer& buffer = storage.buffers[storage.home[r]];
    buffer.last = kNever;
    if (buffer.output == kNone && views.is_reshaped(v)) {
      buffer.output = static_cast<std::uint32_t>(k);
    }
  }
}

void assign_offsets(Storage& storage, std::size_t step_count) {
  OffsetAllocator arena(align(static_cast<std::int64_t>(storage.slot_count) * storage.slot_bytes));
  // Lists of the buffers that end with each step.
  std::vector<std::uint32_t> ending(step_count, kNone), also(storage.buffers.size(), kNone);
  std::uint32_t next = 0;
  for (std::uint32_t step = 1; step < step_count && next < storage.buffers.size(); ++step) {
    for (; next < storage.buffers.size() && storage.buffers[next].first == step; ++next) {
      Buffer& buffer = storage.buffers[next];
      if (buffer.output != kNone || buffer.whole != kNone) continue;
      buffer.offset = arena.allocate(align(buffer.bytes));
      if (buffer.last == kNever) continue;
      also[next] = ending[buffer.last];
      ending[buffer.last] = next;
    }
    for (std::uint32_t b = ending[step]; b != kNone; b = also[b]) {
      arena.release(storage.buffers[b].offset, align(storage.buffers[b].bytes));
    }
  }
  storage.arena_bytes = arena.end();
}

}  // namespace

Storage::Storage(const Program& program, const Views& views, const OrderedSchedule& schedule)
    : home(program.size(), kNone) {
  HomeAssigner assigner(program, views, schedule, *this);
  assigner.prepare();
  for (std::uint32_t step = 1; step < schedule.steps.size(); ++step) assigner.assign_step(step);
  bind_outputs(program, views, schedule, *this);
  assign_offsets(*this, schedule.steps.size());
}

}  // namespace dualtape::engine
