#include "plan/registers.hpp"

#include <algorithm>
#include <numeric>
#include <string>

#include "plan/chains.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// Bytes of first-level cache that the blocks of a region, and what is read and written in place,
/// may take; limits of a block, in elements.
constexpr std::int64_t kBlockBudget = 16 * 1024;
constexpr std::int64_t kSmallestBlock = kChunk;
constexpr std::int64_t kLargestBlock = 1024;

/// Running a kernel row by row costs a call a row; for shorter rows a copy is cheaper.
constexpr std::int64_t kLongRow = 16;
/// Rows that lie evenly are worth reading in place from so many elements on.
constexpr std::int64_t kLongSpan = 256;
/// An operand that repeats after so many elements is copied once, even if it could stay in place.
constexpr std::int64_t kShortPeriod = 128;
/// The same if it cannot.
constexpr std::int64_t kLongPeriod = 1024;
/// A transposed operand with longer rows than this is copied in panels of several rows, unless
/// these take too much of the second-level cache.
constexpr std::int64_t kPanelRow = 128;
constexpr std::int64_t kPanelRows = 8;
constexpr std::int64_t kLargestPanel = 256 * 1024;  // bytes
/// Up to this length a block has whole rows of a sum of rows; if they are shorter than registers
/// take, they are combined before they are added.
constexpr std::int64_t kWholeRow = 256;
constexpr std::int64_t kFoldedRow = 24;

/// Set in a register number until the number of blocks is known: streams come after the blocks.
constexpr std::uint32_t kStreamBit = 1u << 31;

/// Elements after which an operand repeats; 0: never.
std::int64_t period_of(const Walk& walk) {
  if (walk.shape.size() < 2 || walk.strides[0] != 0) return 0;
  return element_count(walk.shape) / walk.shape[0];
}

}  // namespace

std::uint32_t RegionRegisters::new_block(std::size_t item, Lie lie) {
  const auto bytes = static_cast<std::uint32_t>(item);
  const std::uint32_t step = lie == Lie::kElements ? bytes : 0;
  const std::int64_t row_step = lie == Lie::kElements ? region_.row * bytes : bytes;
  blocks_.push_back({.step = step, .row_step = row_step});
  return static_cast<std::uint32_t>(blocks_.size() - 1);
}

PlaceId RegionRegisters::new_place(const Ref& symbol) {
  region_.places.push_back(symbol);
  return static_cast<PlaceId>(region_.places.size() - 1);
}

std::uint32_t RegionRegisters::new_stream(PlaceId place, std::size_t item, Lie lie) {
  const auto bytes = static_cast<std::uint32_t>(item);
  Register stream{.place = place};
  if (lie == Lie::kElements)
    stream = {.step = bytes, .place = place, .row_step = region_.row * bytes};
  if (lie == Lie::kColumn) stream.row_step = bytes;
  streams_.push_back(stream);
  return kStreamBit | static_cast<std::uint32_t>(streams_.size() - 1);
}

bool RegionRegisters::rows_are_long() const { return region_.row >= kLongRow; }

/// The operand broadcast to the shape of an instruction of the region.
Walk RegionRegisters::walk_of(ValueId a, ValueId reader) const {
  const Dims& target = generator_.type_of(reader).shape;
  const Type& type = generator_.type_of(a);
  Dims strides;
  if (target.size() > kMaxAxes || !generator_.views().strides_in(a, target, &strides)) {
    throw ShapeError("plan: operand of shape " + to_string(type.shape) + " does not broadcast to " +
                     to_string(target));
  }
  return make_walk(item_size(type.dtype), target, strides);
}

bool RegionRegisters::is_single(ValueId a) const {
  const Dims& shape = generator_.type_of(a).shape;
  if (generator_.views().is_whole(a)) return element_count(shape) == 1;
  const View view = generator_.views().view_of(a);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1 && view.strides[i] != 0) return false;
  }
  return true;
}

const Placed* PlacedValues::find(std::uint64_t key) const {
  for (const auto& [known, placed] : few_) {
    if (known == key) return &placed;
  }
  if (many_.empty()) return nullptr;
  const auto at = many_.find(key);
  return at == many_.end() ? nullptr : &at->second;
}

Placed PlacedValues::add(std::uint64_t key, Placed placed) {
  if (few_.size() < kFew) {
    few_.emplace_back(key, placed);
  } else {
    many_.emplace(key, placed);
  }
  return placed;
}

void RegionRegisters::reserve(std::size_t instructions) {
  streams_.reserve(instructions + 2);
  blocks_.reserve(instructions);
}

bool RegionRegisters::is_aligned(ValueId a) const {
  return generator_.views().is_whole(a) &&
         element_count(generator_.type_of(a).shape) == region_.count;
}

/// Read in place by rows of this length: they lie evenly over a long span, each contiguous or one
/// value. All lengths in question are products of trailing axes: the longer are multiples of the
/// shorter.
bool RegionRegisters::can_stay(const Walk& walk, std::int64_t row) const {
  const std::int64_t inner = walk.shape.back(), step = walk.strides.back();
  if (row < kLongRow || inner % row != 0) return false;
  if (step != 0 && step != static_cast<std::int64_t>(walk.item)) return false;
  if (period_of(walk) && period_of(walk) <= kShortPeriod) return false;
  const std::size_t axes = walk.shape.size();
  const std::int64_t span = inner > row ? inner : inner * walk.shape[axes - 2];
  return span >= kLongSpan || span == region_.count;
}

void RegionRegisters::consider_row(ValueId a, ValueId reader) {
  if (is_aligned(a) || is_single(a) || region_.count == 0) return;
  const Walk walk = walk_of(a, reader);
  if (walk.is_contiguous() || walk.is_fill()) return;
  const std::int64_t row = walk.shape.back();
  if (can_stay(walk, row) && (region_.row == 0 || row < region_.row)) region_.row = row;
}

Placed RegionRegisters::outside(ValueId a, ValueId reader) {
  // Shapes in a region differ in axes of length 1, which matter to an operand that is really
  // broadcast.
  const bool aligned = is_aligned(a);
  const bool plain = aligned || is_single(a);
  const std::uint64_t type = plain ? 0 : generator_.program().instructions[reader].type + 1;
  const std::uint64_t key = std::uint64_t{a} << 32 | type << 1;
  if (const Placed* known = outside_.find(key)) return *known;
  if (!aligned) return outside_.add(key, place(a, walk_of(a, reader), false));
  const std::size_t item = item_size(generator_.type_of(a).dtype);
  const std::uint32_t reg = new_stream(place_of(a), item, Lie::kElements);
  return outside_.add(key, {reg, Lie::kElements});
}

std::uint32_t RegionRegisters::outside_elements(ValueId a, ValueId reader) {
  const Placed in_place = outside(a, reader);
  if (in_place.lie == Lie::kElements) return in_place.reg;
  const std::uint64_t type = generator_.program().instructions[reader].type + 1;
  const std::uint64_t key = std::uint64_t{a} << 32 | type << 1 | 1;
  if (const Placed* known = outside_.find(key)) return known->reg;
  return outside_.add(key, place(a, walk_of(a, reader), true)).reg;
}

std::uint32_t RegionRegisters::outside_elements(ValueId a, const Walk& walk) {
  return place(a, walk, true).reg;
}

Placed RegionRegisters::outside_of_rows(ValueId a) {
  const PlaceId place = place_of(a);
  if (is_single(a)) return {new_stream(place, 0, Lie::kSingle), Lie::kSingle};
  const std::size_t item = item_size(generator_.type_of(a).dtype);
  return {new_stream(place, item, Lie::kColumn), Lie::kColumn};
}

Placed RegionRegisters::outside_filled_rows(ValueId a) {
  const auto item = static_cast<std::uint32_t>(item_size(generator_.type_of(a).dtype));
  blocks_.push_back({.row_step = item});
  const auto reg = static_cast<std::uint32_t>(blocks_.size() - 1);
  region_.fills.push_back({reg, item, place_of(a)});
  return {reg, Lie::kColumn};
}

Placed RegionRegisters::place(ValueId a, const Walk& walk, bool as_elements) {
  const PlaceId place = place_of(a);
  if (walk.is_contiguous() || region_.count == 0) {
    return {new_stream(place, walk.item, Lie::kElements), Lie::kElements};
  }
  if (!as_elements) {
    if (walk.is_fill()) return {new_stream(place, walk.item, Lie::kSingle), Lie::kSingle};
    if (can_stay(walk, region_.row)) return stay(place, walk);
  }
  // Blocks of operands are not given back: they are filled before the first instruction.
  const auto item = static_cast<std::uint32_t>(walk.item);
  blocks_.push_back({.step = item, .row_step = region_.row * item});
  const auto reg = static_cast<std::uint32_t>(blocks_.size() - 1);
  if (walk.is_fill()) {
    region_.fills.push_back({reg, item, place});
  } else {
    const std::int64_t period = period_of(walk);
    const bool once = period != 0 && period <= kLongPeriod;
    region_.gathers.push_back({reg, once, 0, place, walk});
  }
  return {reg, Lie::kElements};
}

Placed RegionRegisters::stay(PlaceId place, const Walk& walk) {
  const std::int64_t inner = walk.shape.back(), step = walk.strides.back();
  Walk rows{walk.item, walk.shape, walk.strides};
  if (inner == region_.row) {
    rows.shape.pop_back();
    rows.strides.pop_back();
  } else {
    rows.shape.back() = inner / region_.row;
    rows.strides.back() = step * region_.row;
  }
  Register reg{
      .step = static_cast<std::uint32_t>(step), .place = place, .row_step = rows.strides.back()};
  if (rows.shape.size() > 1) {
    // Inside a block the last axis alone moves on.
    const std::int64_t span = rows.shape.back() * region_.row;
    region_.run = region_.run ? std::min(region_.run, span) : span;
    region_.outer_walks.push_back(std::move(rows));
    reg.outer = static_cast<std::uint32_t>(region_.outer_walks.size());
  }
  streams_.push_back(reg);
  return {kStreamBit | static_cast<std::uint32_t>(streams_.size() - 1),
          step == 0 ? Lie::kColumn : Lie::kApart};
}

/// A panel has several rows of its operand, a block at most one.
void RegionRegisters::settle_panels(std::int64_t grain) {
  for (Gather& g : region_.gathers) {
    const std::int64_t row = g.walk.shape.back();
    const std::int64_t panel = kPanelRows * row;
    const std::int64_t bytes = panel * static_cast<std::int64_t>(g.walk.item);
    const bool fits = row > kPanelRow && row >= grain && bytes <= kLargestPanel;
    if (g.once || !fits || !is_transposed(g.walk)) continue;
    g.panel = panel;
    region_.run = std::min(region_.run, row);
  }
}

/// Elements that a block must hold a multiple of, for the sake of operands that are copied once. If
/// a run is shorter than their period, they are copied block by block.
std::int64_t RegionRegisters::settle_periods() {
  std::int64_t longest = 1;
  for (Gather& g : region_.gathers) {
    if (!g.once) continue;
    const std::int64_t period = period_of(g.walk);
    g.once = period <= region_.run;
    if (g.once) longest = std::max(longest, period);
  }
  return longest;
}

/// Blocks hold whole rows and periods, or else stay inside one row.
void RegionRegisters::settle_block(bool whole_rows) {
  std::int64_t bytes = 0;  // an element
  for (const Register& block : blocks_) bytes += block.step;
  for (const Register& stream : streams_) bytes += stream.step;
  std::int64_t block = kBlockBudget / std::max<std::int64_t>(bytes, 8) / kChunk * kChunk;
  if (region_.run == 0) region_.run = region_.count;
  std::int64_t grain = settle_periods();
  block = std::max(std::clamp(block, kSmallestBlock, kLargestBlock), grain);
  if (region_.row && (whole_rows || region_.row <= block)) {
    grain = std::max(grain, region_.row);
  } else if (region_.row) {
    region_.run = std::min(region_.run, region_.row);
  }
  settle_panels(grain);
  for (Reduction& r : region_.reductions) {
    if (r.kind != ReductionKind::kLeading || r.row == 0) continue;
    if (region_.run != region_.count || r.row > kWholeRow || 2 * r.row > block) continue;
    r.folded = r.row <= kFoldedRow;
    grain = std::max(grain, r.row);
  }
  // Sums are most accurate if pieces hold whole chunks.
  const std::int64_t even = std::lcm(grain, kChunk);
  const std::int64_t unit = even <= block ? even : grain;
  block = std::max(block, unit) / unit * unit;
  region_.block = std::max<std::int64_t>(1, std::min(block, region_.count));
}

void RegionRegisters::settle_scratch() {
  std::int64_t at = align(static_cast<std::int64_t>(region_.registers.size()) * 8);
  for (Reduction& r : region_.reductions) {
    r.state = at;
    if (r.kind != ReductionKind::kLeading) {
      at += align(static_cast<std::int64_t>(sizeof(RowState)));
      continue;
    }
    const std::int64_t row = r.row * r.item;
    r.rows = r.row ? region_.count / r.row : 0;
    if (r.folded) {
      r.rows = (region_.count + region_.block - 1) / region_.block;
      at += (region_.block / r.row + 1) / 2 * row;
    }
    at = align(at + leading_levels(r.rows) * row);
  }
  const std::int64_t rows =
      region_.row ? std::max<std::int64_t>(1, region_.block / region_.row) : 1;
  for (std::size_t k = 0; k < blocks_.size(); ++k) {
    Register& r = region_.registers[k];
    r.offset = at;
    at += align(r.step ? region_.block * r.step : rows * r.row_step);
  }
  for (const Gather& g : region_.gathers) {
    if (g.panel == 0) continue;
    at += kAlignment;  // for the number of the panel that is held
    region_.registers[g.reg].offset = at;
    at += align(g.panel * static_cast<std::int64_t>(g.walk.item));
  }
  region_.scratch_bytes = at;
}

void RegionRegisters::list_registers() {
  region_.block_count = static_cast<std::uint32_t>(blocks_.size());
  region_.registers.clear();
  region_.registers.reserve(blocks_.size() + streams_.size());
  region_.registers.insert(region_.registers.end(), blocks_.begin(), blocks_.end());
  region_.registers.insert(region_.registers.end(), streams_.begin(), streams_.end());
}

/// Streams come after the blocks.
void RegionRegisters::number_streams() {
  list_registers();
  const auto number = [&](std::uint32_t& reg) {
    if (reg & kStreamBit) reg = region_.block_count + (reg & ~kStreamBit);
  };
  for (RegionInstruction& i : region_.instructions) {
    number(i.out);
    if (i.mode == Mode::kPair) number(i.second);
    for (std::uint32_t& reg : i.in) number(reg);
  }
  for (Reduction& r : region_.reductions) number(r.reg);
}

void RegionRegisters::finish(bool whole_rows) {
  number_streams();
  form_chains(region_);
  read_fills_in_place();
  share_blocks();
  settle_block(whole_rows);
  list_registers();
  settle_scratch();
}

}  // namespace dualtape::engine
