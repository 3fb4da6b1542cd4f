/// Registers once the instructions of a region are known: values share blocks.
#include <algorithm>
#include <iterator>

#include "plan/registers.hpp"

namespace dualtape::engine {
namespace {

/// f(register, position, whether it is written) for every register that instructions and links
/// mention, in the order of execution: operands, then the result.
template <class F>
void visit(Region& region, F f) {
  std::uint32_t position = 0;
  for (RegionInstruction& i : region.instructions) {
    if (i.mode != Mode::kChain) {
      for (std::uint32_t& reg : i.in) f(reg, position, false);
      f(i.out, position, true);
      if (i.mode == Mode::kPair) f(i.second, position, true);
      ++position;
      continue;
    }
    RegionChain& chain = region.chains[static_cast<std::size_t>(i.attr)];
    for (const ChainLink& link : chain.links) {
      for (const std::uint16_t slot : link.in) {
        if (slot != kNoSlot) f(chain.regs[slot], position, false);
      }
      if (link.out != kNoSlot) f(chain.regs[link.out], position, true);
      ++position;
    }
  }
}

}  // namespace

/// A single value that only links read, as such, is not written out.
void RegionRegisters::read_fills_in_place() {
  if (region_.fills.empty()) return;
  std::vector<bool> read(blocks_.size() + streams_.size(), false);
  for (const RegionInstruction& i : region_.instructions) {
    if (i.mode == Mode::kChain) continue;
    for (std::uint32_t reg : i.in) read[reg] = true;
  }
  for (const RegionChain& chain : region_.chains) {
    for (std::size_t k = 0; k < chain.regs.size(); ++k) {
      if (chain.slots[k].item) read[chain.regs[k]] = true;
    }
  }
  std::unordered_map<std::uint32_t, std::uint32_t> moved;
  for (const Fill& f : region_.fills) {
    if (read[f.reg]) continue;
    moved[f.reg] = static_cast<std::uint32_t>(blocks_.size() + streams_.size());
    streams_.push_back({.place = f.place});
  }
  if (moved.empty()) return;
  std::erase_if(region_.fills, [&](const Fill& f) { return moved.contains(f.reg); });
  for (RegionChain& chain : region_.chains) {
    for (std::uint32_t& reg : chain.regs) {
      if (const auto at = moved.find(reg); at != moved.end()) reg = at->second;
    }
  }
}

/// Blocks that are filled before the instructions run live as long as the region.
void RegionRegisters::share_blocks() {
  const std::size_t count = blocks_.size();
  if (count == 0) return;
  std::vector<std::uint32_t> last_read(count, 0), shared(count, kNone), free;
  std::vector<Register> kept;
  visit(region_, [&](std::uint32_t reg, std::uint32_t position, bool) {
    if (reg < count) last_read[reg] = position;
  });
  const auto keep = [&](std::uint32_t reg) {
    shared[reg] = static_cast<std::uint32_t>(kept.size());
    kept.push_back(blocks_[reg]);
  };
  for (const Fill& f : region_.fills) keep(f.reg), last_read[f.reg] = kNever;
  for (const Gather& g : region_.gathers) keep(g.reg), last_read[g.reg] = kNever;
  visit(region_, [&](std::uint32_t reg, std::uint32_t position, bool written) {
    if (reg >= count) return;
    if (written && shared[reg] == kNone) {
      const auto fits = std::find_if(free.rbegin(), free.rend(), [&](std::uint32_t k) {
        return kept[k].step == blocks_[reg].step && kept[k].row_step == blocks_[reg].row_step;
      });
      if (fits == free.rend()) return keep(reg);
      shared[reg] = *fits;
      free.erase(std::next(fits).base());
    } else if (!written && last_read[reg] == position) {
      free.push_back(shared[reg]);
      last_read[reg] = kNever;
    }
  });
  const auto number = [&](std::uint32_t& reg) {
    reg = reg < count ? shared[reg] : static_cast<std::uint32_t>(reg - count + kept.size());
  };
  for (RegionInstruction& i : region_.instructions) {
    if (i.mode == Mode::kChain) continue;
    number(i.out);
    if (i.mode == Mode::kPair) number(i.second);
    for (std::uint32_t& reg : i.in) number(reg);
  }
  for (RegionChain& chain : region_.chains) std::ranges::for_each(chain.regs, number);
  for (Reduction& r : region_.reductions) number(r.reg);
  for (Fill& f : region_.fills) number(f.reg);
  for (Gather& g : region_.gathers) number(g.reg);
  blocks_ = std::move(kept);
}

}  // namespace dualtape::engine
