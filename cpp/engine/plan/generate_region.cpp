/// Regions: registers, blocks and reductions.
#include <algorithm>
#include <string>
#include <unordered_map>

#include "plan/generate.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// Bytes of first-level cache the blocks of a region may take, and limits of a block, in elements.
constexpr std::int64_t kBlockBudget = 24 * 1024;
constexpr std::int64_t kSmallestBlock = kChunk;
constexpr std::int64_t kLargestBlock = 1024;

/// Set in a register number until the number of blocks is known: streams come after the blocks.
constexpr std::uint32_t kStreamBit = 1u << 31;

class RegionGenerator {
 public:
  RegionGenerator(Generator& generator, const ScheduledStep& step, const Dims& shape)
      : generator_(generator), step_(step), shape_(shape) {
    region_.count = element_count(shape);
    region_.row = step.row;
  }

  Region members();
  Region single_reduction(ValueId v, const Dims& order, const RowShape& rows);

 private:
  using Form = enum { kBlock, kValue };

  bool is_member(ValueId a) const {
    const ValueId r = generator_.views().root(a);
    return generator_.schedule().step_of[r] == step_index_ && generator_.views().is_whole(a);
  }
  std::uint32_t& register_of(ValueId v);
  std::uint32_t new_block();
  std::uint32_t new_stream(const Ref& ref, std::size_t step);
  Walk walk_of(ValueId a, const Dims& target) const;
  bool is_single(ValueId a) const;
  std::uint32_t operand(ValueId a, ValueId reader, Form form);
  std::uint32_t place(ValueId a, const Walk& walk, Form form);
  void instruction(ValueId v, std::uint32_t position);
  Kernel choose_kernel(ValueId v, Form* forms) const;
  void release(ValueId v, std::uint32_t position, bool same_item);
  void reduction(ValueId v, std::uint32_t reg, ReductionKind kind);
  Region finish();

  Generator& generator_;
  const ScheduledStep& step_;
  Dims shape_;
  Region region_;
  std::uint32_t step_index_ = 0;
  std::size_t item_ = 1;                  // largest of any block
  std::vector<std::uint32_t> registers_;  // of the members, in their order
  std::vector<std::uint32_t> free_blocks_;
  std::unordered_map<std::uint64_t, std::uint32_t> outside_;  // see operand()
};

std::uint32_t& RegionGenerator::register_of(ValueId v) {
  const auto members = generator_.schedule().members_of(step_);
  // Members but the reductions, which nobody reads here, are sorted.
  const auto end = members.begin() + static_cast<std::ptrdiff_t>(registers_.size());
  return registers_[static_cast<std::size_t>(std::lower_bound(members.begin(), end, v) -
                                             members.begin())];
}

std::uint32_t RegionGenerator::new_block() {
  if (free_blocks_.empty()) return region_.block_count++;
  const std::uint32_t block = free_blocks_.back();
  free_blocks_.pop_back();
  return block;
}

std::uint32_t RegionGenerator::new_stream(const Ref& ref, std::size_t step) {
  const auto reg = kStreamBit | static_cast<std::uint32_t>(region_.streams.size());
  region_.streams.push_back({reg, static_cast<std::uint32_t>(step), ref});
  return reg;
}

/// The operand broadcast to the shape of an instruction of the region.
Walk RegionGenerator::walk_of(ValueId a, const Dims& target) const {
  const Type& type = generator_.type_of(a);
  const View view = generator_.views().view_of(a);
  const std::size_t rank = type.shape.size();
  const std::size_t lead = target.size() - rank;
  Dims strides(target.size());
  bool fits = rank <= target.size() && target.size() <= kMaxAxes;
  for (std::size_t i = 0; i < rank && fits; ++i) {
    const bool stretched = type.shape[i] == 1 && target[lead + i] != 1;
    strides[lead + i] = stretched ? 0 : view.strides[i];
    fits = stretched || type.shape[i] == target[lead + i];
  }
  if (!fits) {
    throw ShapeError("plan: operand of shape " + to_string(type.shape) + " does not broadcast to " +
                     to_string(target));
  }
  return make_walk(item_size(type.dtype), target, strides);
}

/// One and the same value for all elements of the region, which has more than one.
bool RegionGenerator::is_single(ValueId a) const {
  const Dims& shape = generator_.type_of(a).shape;
  if (generator_.views().is_whole(a)) return element_count(shape) == 1;
  const View view = generator_.views().view_of(a);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] != 1 && view.strides[i] != 0) return false;
  }
  return true;
}

std::uint32_t RegionGenerator::place(ValueId a, const Walk& walk, Form form) {
  const View view = generator_.views().view_of(a);
  const Ref ref = generator_.ref_of(view.root, view.offset);
  if (walk.is_contiguous()) return new_stream(ref, walk.item);
  if (form == kValue) return new_stream(ref, 0);
  // Blocks of operands stay: they are filled before the first instruction.
  const std::uint32_t reg = region_.block_count++;
  item_ = std::max(item_, walk.item);
  if (walk.is_fill()) {
    region_.fills.push_back({reg, static_cast<std::uint32_t>(walk.item), ref});
  } else {
    region_.gathers.push_back({reg, ref, walk});
  }
  return reg;
}

std::uint32_t RegionGenerator::operand(ValueId a, ValueId v, Form form) {
  if (is_member(a)) return register_of(generator_.views().root(a));
  // Shapes in a region differ in axes of length 1, which matter to an operand that is really
  // broadcast.
  const bool broadcast =
      !is_single(a) && element_count(generator_.type_of(a).shape) != region_.count;
  const TypeId type = generator_.program().instructions[v].type;
  const std::uint64_t key = std::uint64_t{a} << 32 | (broadcast ? type * 2 + 2 : 0) | form;
  const auto [at, is_new] = outside_.try_emplace(key, 0);
  if (is_new) at->second = place(a, walk_of(a, generator_.type_of(v).shape), form);
  return at->second;
}

/// A binary operation with one operand that is a single value reads it as such.
Kernel RegionGenerator::choose_kernel(ValueId v, Form* forms) const {
  const Program& program = generator_.program();
  const Kernel kernel = find_kernel(program, v);
  const auto args = program.args_of(v);
  if (args.size() != 2 || region_.count == 1) return kernel;
  bool single[2];
  for (int i = 0; i < 2; ++i) {
    const ValueId a = args[static_cast<std::size_t>(i)];
    single[i] = !is_member(a) && is_single(a);
  }
  if (single[0] == single[1]) return kernel;
  const Kernel variant =
      lookup_broadcast_kernel(program.instructions[v].op, program.type_of(args[0]).dtype,
                              single[0] ? Broadcast::kLeft : Broadcast::kRight);
  if (!variant) return kernel;
  forms[single[0] ? 0 : 1] = kValue;
  return variant;
}

/// Gives back the blocks of operands read for the last time: before the result gets one, if that
/// may take their place (elements of one size), else after.
void RegionGenerator::release(ValueId v, std::uint32_t position, bool same_item) {
  const auto args = generator_.program().args_of(v);
  for (std::size_t i = 0; i < args.size(); ++i) {
    const ValueId r = generator_.views().root(args[i]);
    if (!is_member(args[i]) || generator_.schedule().last_use[r] != position) continue;
    const bool same =
        item_size(generator_.type_of(r).dtype) == item_size(generator_.type_of(v).dtype);
    const std::uint32_t reg = register_of(r);
    if (same != same_item || (reg & kStreamBit)) continue;
    bool again = false;
    for (std::size_t k = 0; k < i; ++k) again |= generator_.views().root(args[k]) == r;
    if (!again) free_blocks_.push_back(reg);
  }
}

void RegionGenerator::instruction(ValueId v, std::uint32_t position) {
  const Program& program = generator_.program();
  const auto args = program.args_of(v);
  const auto attrs = program.attrs_of(v);
  Form forms[3] = {kBlock, kBlock, kBlock};
  RegionInstruction code{};
  code.kernel = choose_kernel(v, forms);
  code.attr = attrs.empty() ? 0 : attrs[0];
  for (std::size_t i = 0; i < args.size(); ++i) code.in[i] = operand(args[i], v, forms[i]);
  for (std::size_t i = args.size(); i < 3; ++i) code.in[i] = code.in[0];
  release(v, position, true);
  const std::size_t item = item_size(program.type_of(v).dtype);
  item_ = std::max(item_, item);
  code.out = generator_.schedule().stored[v] ? new_stream(generator_.ref_of(v), item) : new_block();
  register_of(v) = code.out;
  release(v, position, false);
  region_.instructions.push_back(code);
  generator_.code().work += region_.count * element_cost(program.instructions[v].op);
}

void RegionGenerator::reduction(ValueId v, std::uint32_t reg, ReductionKind kind) {
  const Program& program = generator_.program();
  const OpCode op = program.instructions[v].op;
  const DType dtype = program.type_of(program.args_of(v)[0]).dtype;
  Reduction code{};
  code.reducer = lookup_reducer(op, dtype);
  if (!code.reducer) {
    throw DTypeError(std::string(op_name(op)) + ": not defined for " +
                     std::string(dtype_name(dtype)));
  }
  code.reg = reg;
  code.item = static_cast<std::uint32_t>(item_size(dtype));
  code.kind = kind;
  code.results = element_count(program.type_of(v).shape);
  code.rows = region_.row ? region_.count / region_.row : 0;
  code.out = generator_.ref_of(v);
  region_.reductions.push_back(code);
  generator_.code().work += region_.count;
}

Region RegionGenerator::members() {
  const Schedule& schedule = generator_.schedule();
  const Program& program = generator_.program();
  const auto members = schedule.members_of(step_);
  step_index_ = schedule.step_of[members[0]];
  std::size_t elementwise = 0;
  while (elementwise < members.size() &&
         is_elementwise(program.instructions[members[elementwise]].op)) {
    ++elementwise;
  }
  registers_.resize(elementwise);
  region_.instructions.reserve(elementwise);
  for (std::size_t i = 0; i < members.size(); ++i) {
    const ValueId v = members[i];
    if (i < elementwise) {
      instruction(v, step_.first + static_cast<std::uint32_t>(i));
    } else {
      const ValueId x = program.args_of(v)[0];
      const RowShape rows = row_shape(program.type_of(x).shape, program.attrs_of(v));
      reduction(v, operand(x, v, kBlock), rows.kind);
    }
  }
  return finish();
}

Region RegionGenerator::single_reduction(ValueId v, const Dims& order, const RowShape& rows) {
  const Program& program = generator_.program();
  const ValueId x = program.args_of(v)[0];
  const View view = generator_.views().view_of(x);
  Dims strides;
  for (auto axis : order) strides.push_back(view.strides[static_cast<std::size_t>(axis)]);
  const Walk walk = make_walk(item_size(program.type_of(x).dtype), shape_, strides);
  region_.row = rows.row;
  reduction(v, place(x, walk, kBlock), rows.kind);
  return finish();
}

Region RegionGenerator::finish() {
  const auto item = static_cast<std::int64_t>(item_);
  const std::int64_t blocks = std::max<std::int64_t>(1, region_.block_count);
  std::int64_t block = kBlockBudget / (item * blocks) / kChunk * kChunk;
  block = std::clamp(block, kSmallestBlock, kLargestBlock);
  region_.block = block;
  region_.block_bytes = align(std::min(block, region_.count) * item);
  region_.register_count = region_.block_count + static_cast<std::uint32_t>(region_.streams.size());

  const auto number = [&](std::uint32_t& reg) {
    if (reg & kStreamBit) reg = region_.block_count + (reg & ~kStreamBit);
  };
  for (Stream& s : region_.streams) number(s.reg);
  for (RegionInstruction& i : region_.instructions) {
    number(i.out);
    for (std::uint32_t& reg : i.in) number(reg);
  }
  std::int64_t at = align(region_.register_count * 8);
  for (Reduction& r : region_.reductions) {
    number(r.reg);
    r.state = at;
    at += align(r.kind == ReductionKind::kLeading ? leading_levels(r.rows) * region_.row * r.item
                                                  : static_cast<std::int64_t>(sizeof(RowState)));
  }
  region_.blocks_at = at;
  region_.scratch_bytes = at + region_.block_bytes * region_.block_count;
  return std::move(region_);
}

}  // namespace

Region generate_region(Generator& generator, const ScheduledStep& step) {
  const Dims& shape = generator.program().types[step.type].shape;
  return RegionGenerator(generator, step, shape).members();
}

/// Runs in the operand's own order if whole rows are combined, else with the reduced axes last.
Region generate_reduction(Generator& generator, const ScheduledStep& step) {
  const Program& program = generator.program();
  const ValueId v = generator.schedule().members[step.first];
  const ValueId x = program.args_of(v)[0];
  const Dims& shape = program.type_of(x).shape;
  const Dims axes(program.attrs_of(v));
  const Dims memory = generator.views().view_of(x).strides;
  Dims order, permuted, strides;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i);
    if (!axes.contains(axis)) order.push_back(axis);
  }
  order.append(axes);
  for (auto axis : order) {
    permuted.push_back(shape[static_cast<std::size_t>(axis)]);
    strides.push_back(memory[static_cast<std::size_t>(axis)]);
  }
  RowShape rows = row_shape(shape, axes);
  const bool dense = make_layout(program.type_of(x).dtype, permuted, strides).contiguous;
  if (rows.kind == ReductionKind::kLeading && rows.possible && !dense) {
    order = iota_dims(shape.size());
    permuted = shape;
  } else if (rows.kind != ReductionKind::kTotal) {
    rows.kind = ReductionKind::kRows;
    rows.row = 1;
    for (auto axis : axes) rows.row *= shape[static_cast<std::size_t>(axis)];
  }
  return RegionGenerator(generator, step, permuted).single_reduction(v, order, rows);
}

}  // namespace dualtape::engine
