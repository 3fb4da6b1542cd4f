#include "plan/chains.hpp"

#include <algorithm>
#include <atomic>
#include <span>
#include <utility>

#include "dualtape/ops/registry.hpp"

namespace dualtape::engine {
namespace {

constexpr std::size_t kMostLinks = 96;
/// So few elements take one vector of a kernel: a chain, which starts with a tile, is slower.
constexpr std::int64_t kOneVector = 8;

bool is_predicate(OpCode op) {
  return op < kFirstArrayOp && ops::op_table[op].kind == Kind::kPredicate;
}

class ChainBuilder {
 public:
  explicit ChainBuilder(Region& region)
      : region_(region),
        last_read_(region.registers.size(), 0),
        next_(region.registers.size(), kNever),
        is_fill_(region.registers.size(), false),
        run_of_(region.registers.size(), 0) {
    for (std::uint32_t i = 0; i < region.instructions.size(); ++i) {
      for (std::uint32_t reg : region.instructions[i].in) last_read_[reg] = i;
    }
    for (const Fill& f : region.fills) is_fill_[f.reg] = true;
  }

  void build() {
    std::vector<RegionInstruction> all = std::move(region_.instructions);
    region_.instructions.clear();
    for (std::size_t first = 0; first < all.size();) {
      const std::size_t count = run_length(std::span(all).subspan(first));
      if (!chained(std::span(all).subspan(first, count), first)) {
        const auto at = all.begin() + static_cast<std::ptrdiff_t>(first);
        region_.instructions.insert(region_.instructions.end(), at,
                                    at + static_cast<std::ptrdiff_t>(count));
      }
      first += count;
    }
  }

 private:
  /// A value in an accumulator.
  struct Held {
    std::uint32_t reg = kNone;
    std::uint32_t next = kNever;  // instruction of the run that reads it next
    bool stored = false;
    bool mask = false;
  };

  bool can_link(const RegionInstruction& i) const {
    if (i.operands == 0) return false;
    if (i.mode == Mode::kByRows && region_.row < kChainedRow) return false;
    return can_chain(i.op, i.dtype);
  }
  /// An instruction that adds to what a window of the same array may just have been stored in, at
  /// another offset, waits until that is done.
  static bool adds_in_place(const RegionInstruction& i) { return i.in[0] == i.out; }

  /// Up to the first instruction that cannot go on, or needs more slots than there are.
  std::size_t run_length(std::span<const RegionInstruction> all) {
    if (!can_link(all[0])) return 1;
    ++run_;
    std::size_t slots = 0, count = 0;
    for (; count < all.size() && count < kMostLinks; ++count) {
      const RegionInstruction& i = all[count];
      const bool goes_on = count == 0 || (i.dtype == all[0].dtype && !adds_in_place(i));
      if (!goes_on || !can_link(i)) break;
      for (std::uint32_t reg : {i.in[0], i.in[1], i.in[2], i.out}) {
        slots += run_of_[reg] != run_;
        run_of_[reg] = run_;
      }
      if (slots > kMostSlots) break;
    }
    return count;
  }

  bool chained(std::span<const RegionInstruction> run, std::size_t first);
  void add(const RegionInstruction& i, std::uint32_t position);
  void find_operands(const RegionInstruction& i, std::uint32_t position, Place* in);
  Place choose_accumulator(std::uint32_t next);
  void store(Place from);
  void emit(const RegionInstruction& i, Place out, const Place* in);
  std::uint16_t slot(std::uint32_t reg, bool single, bool written);
  bool is_single(std::uint32_t reg) const { return region_.registers[reg].step == 0; }

  Region& region_;
  std::vector<std::uint32_t> last_read_;  // of each register: its last reader
  std::vector<std::uint32_t> next_;       // its next reader in the run
  std::vector<bool> is_fill_;
  std::vector<std::uint32_t> run_of_;  // the last run that mentions it
  std::uint32_t run_ = 0;
  std::vector<std::array<std::uint32_t, 4>> uses_;  // next readers of operands and result
  std::uint32_t end_ = 0;                           // of the run
  std::size_t passed_ = 0;                          // operands found in accumulators
  Held held_[2];
  RegionChain chain_;
};

/// Backwards over the run: who reads each value next.
bool ChainBuilder::chained(std::span<const RegionInstruction> run, std::size_t first) {
  if (run.size() < 2) return false;
  uses_.assign(run.size(), {kNever, kNever, kNever, kNever});
  for (auto position = static_cast<std::uint32_t>(run.size()); position-- > 0;) {
    const RegionInstruction& i = run[position];
    uses_[position][3] = next_[i.out];
    for (std::size_t k = 0; k < i.operands; ++k) uses_[position][k] = next_[i.in[k]];
    for (std::size_t k = 0; k < i.operands; ++k) next_[i.in[k]] = position;
  }
  for (const RegionInstruction& i : run) {
    for (std::size_t k = 0; k < i.operands; ++k) next_[i.in[k]] = kNever;
  }
  end_ = static_cast<std::uint32_t>(first + run.size());
  chain_ = {};
  chain_.links.reserve(run.size() + 2);
  chain_.kernels = lookup_chains(run[0].dtype);
  passed_ = 0;
  for (std::uint32_t position = 0; position < run.size(); ++position) add(run[position], position);
  held_[0] = held_[1] = {};
  if (passed_ == 0) return false;
  chain_.links.push_back({chain_.kernels->end, {kNoSlot, kNoSlot, kNoSlot}, kNoSlot});
  RegionInstruction code{};
  code.mode = Mode::kChain;
  code.attr = static_cast<std::int64_t>(region_.chains.size());
  region_.chains.push_back(std::move(chain_));
  region_.instructions.push_back(code);
  return true;
}

void ChainBuilder::add(const RegionInstruction& i, std::uint32_t position) {
  chain_.by_rows |= i.mode == Mode::kByRows;
  Place in[3] = {};
  find_operands(i, position, in);
  for (Held& held : held_) {
    if (held.next == kNever) held = {};
  }
  const std::uint32_t next = uses_[position][3];
  if (next == kNever) return emit(i, Place::kMemory, in);
  const Place out = choose_accumulator(next);
  emit(i, out, in);
  if (out == Place::kMemory) return;
  held_[static_cast<std::size_t>(out)] = {i.out, next, false, is_predicate(i.op)};
  const bool read_later = last_read_[i.out] >= end_;
  if (read_later || i.out >= region_.block_count) store(out);
}

void ChainBuilder::find_operands(const RegionInstruction& i, std::uint32_t position, Place* in) {
  for (std::size_t k = 0; k < i.operands; ++k) {
    const std::uint32_t reg = i.in[k];
    const bool mask = k == 0 && i.operands == 3;
    in[k] = !mask && (is_single(reg) || is_fill_[reg]) ? Place::kSingle : Place::kMemory;
    for (std::size_t a = 0; a < 2; ++a) {
      if (held_[a].reg != reg) continue;
      in[k] = static_cast<Place>(a);
      held_[a].next = uses_[position][k];
      ++passed_;
    }
  }
  if (chain_.kernels->link(i.op, false, Place::kMemory, in)) return;
  // Of single values there is no link: one of them is written out.
  for (std::size_t k = 0; k < i.operands; ++k) {
    if (is_fill_[i.in[k]]) in[k] = Place::kMemory;
  }
}

/// For a value read next at `next`: a free one, or that of the value which is read later than any
/// other; else the value goes to memory.
Place ChainBuilder::choose_accumulator(std::uint32_t next) {
  for (std::size_t a = 0; a < 2; ++a) {
    if (held_[a].reg == kNone) return static_cast<Place>(a);
  }
  const auto latest = static_cast<Place>(held_[1].next > held_[0].next);
  const Held& victim = held_[static_cast<std::size_t>(latest)];
  if (victim.next <= next) return Place::kMemory;
  if (!victim.stored) store(latest);
  return latest;
}

void ChainBuilder::store(Place from) {
  Held& held = held_[static_cast<std::size_t>(from)];
  const Place in[3] = {from, Place::kFirst, Place::kFirst};
  const ChainStep step = chain_.kernels->link(kConvert, held.mask, Place::kMemory, in);
  chain_.links.push_back({step, {kNoSlot, kNoSlot, kNoSlot}, slot(held.reg, false, true)});
  held.stored = true;
}

void ChainBuilder::emit(const RegionInstruction& i, Place out, const Place* in) {
  const ChainStep step = chain_.kernels->link(i.op, false, out, in);
  ChainLink link{step, {kNoSlot, kNoSlot, kNoSlot}, kNoSlot};
  for (std::size_t k = 0; k < i.operands; ++k) {
    if (in[k] == Place::kMemory) link.in[k] = slot(i.in[k], false, false);
    if (in[k] == Place::kSingle) link.in[k] = slot(i.in[k], true, false);
  }
  if (out == Place::kMemory) link.out = slot(i.out, false, true);
  chain_.links.push_back(link);
}

std::uint16_t ChainBuilder::slot(std::uint32_t reg, bool single, bool written) {
  const std::size_t item = single ? 0 : region_.registers[reg].step;
  std::size_t k = 0;
  while (k < chain_.slots.size() && (chain_.regs[k] != reg || chain_.slots[k].item != item)) ++k;
  if (k == chain_.slots.size()) {
    chain_.regs.push_back(reg);
    chain_.slots.push_back({static_cast<std::uint8_t>(item), !written, false});
  }
  chain_.slots[k].written |= written;
  return static_cast<std::uint16_t>(k);
}

}  // namespace

namespace {

bool has_link(const ChainKernels& kernels, OpCode op) {
  Place in[3] = {};
  for (Place& operand : in) {
    operand = Place::kMemory;
    if (kernels.link(op, false, Place::kMemory, in)) return true;
  }
  return false;
}

}  // namespace

bool can_chain(OpCode op, DType dtype) {
  const ChainKernels* kernels = lookup_chains(dtype);
  if (!kernels) return false;
  enum : std::uint8_t { kUnknown, kMissing, kPresent };
  // Asked for every instruction of every region; found once.
  static std::atomic<std::uint8_t> known[kDTypeCount][kArrayOpEnd];
  std::atomic<std::uint8_t>& answer = known[static_cast<std::size_t>(dtype)][op];
  if (answer.load(std::memory_order_relaxed) == kUnknown) {
    answer.store(has_link(*kernels, op) ? kPresent : kMissing, std::memory_order_relaxed);
  }
  return answer.load(std::memory_order_relaxed) == kPresent;
}

void form_chains(Region& region) {
  const auto links = std::ranges::count_if(
      region.instructions, [](const RegionInstruction& i) { return i.operands > 0; });
  if (links > 1 && region.count > kOneVector) ChainBuilder(region).build();
}

}  // namespace dualtape::engine
