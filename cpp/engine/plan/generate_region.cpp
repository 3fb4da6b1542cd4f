/// Regions: instructions, rows and reductions.
#include <algorithm>
#include <string>

#include "dualtape/ops/registry.hpp"
#include "plan/generate.hpp"
#include "plan/registers.hpp"
#include "plan/share.hpp"
#include "plan/taken.hpp"
#include "plan/windows.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

class RegionGenerator {
 public:
  RegionGenerator(Generator& generator, const ScheduledStep& step, const Dims& shape)
      : generator_(generator), step_(step), registers_(generator, region_) {
    region_.count = element_count(shape);
    region_.row = step.row;
  }

  Region members();
  Region single_reduction(ValueId v, const Dims& permuted, const Dims& order, const RowShape& rows);

 private:
  struct Member {
    Placed placed;
    std::uint32_t expanded = kNone;  // register of a column written out over the rows
  };

  bool is_member(ValueId a) const {
    return generator_.schedule().step_of[generator_.views().root(a)] == step_index_;
  }
  bool is_of_rows(ValueId v) const { return generator_.schedule().of_rows[v]; }
  Member& member(ValueId a);
  void settle_row();
  Placed operand(ValueId a, ValueId reader);
  std::uint32_t elements(ValueId a, ValueId reader);
  Kernel choose_kernel(ValueId v, Placed* in);
  void place_operands(ValueId v, RegionInstruction* code);
  void instruction(ValueId v);
  bool joins_pair(const RegionInstruction& code);
  Placed result(ValueId v);
  void reduction(ValueId v, std::uint32_t reg, const RowShape& rows);
  void window(ValueId v);
  void take(ValueId v);

  Generator& generator_;
  const ScheduledStep& step_;
  Region region_;
  RegionRegisters registers_;
  std::uint32_t step_index_ = kNone;
  std::vector<Member> members_;
};

RegionGenerator::Member& RegionGenerator::member(ValueId a) {
  const ValueId root = generator_.views().root(a);
  return members_[generator_.schedule().position[root] - step_.first];
}

/// Rows of an operand from outside matter only if no reduction has settled their length.
void RegionGenerator::settle_row() {
  if (region_.row) return;
  const Program& program = generator_.program();
  for (ValueId v : generator_.schedule().members_of(step_)) {
    if (!is_elementwise(program.instructions[v].op)) continue;
    for (ValueId a : program.args_of(v)) {
      if (!is_member(a)) registers_.consider_row(a, v);
    }
  }
}

Placed RegionGenerator::operand(ValueId a, ValueId reader) {
  if (is_member(a)) return member(a).placed;
  return is_of_rows(reader) ? registers_.outside_of_rows(a) : registers_.outside(a, reader);
}

/// The register of an operand whose elements follow one another.
std::uint32_t RegionGenerator::elements(ValueId a, ValueId reader) {
  if (!is_member(a)) return registers_.outside_elements(a, reader);
  Member& column = member(a);
  if (column.placed.lie == Lie::kElements) return column.placed.reg;
  if (column.expanded == kNone) {
    const std::size_t item = item_size(generator_.type_of(a).dtype);
    column.expanded = registers_.new_block(item, Lie::kElements);
    RegionInstruction code{};
    code.mode = Mode::kExpand;
    code.attr = static_cast<std::int64_t>(item);
    code.out = column.expanded;
    std::fill_n(code.in, 3, column.placed.reg);
    region_.instructions.push_back(code);
  }
  return column.expanded;
}

/// One operand of a binary operation may be a single value: for all elements, or for a long row.
/// Every other operand must have all elements, or the values of all rows.
Kernel RegionGenerator::choose_kernel(ValueId v, Placed* in) {
  const Program& program = generator_.program();
  const auto args = program.args_of(v);
  const bool rows = is_of_rows(v);
  const auto is_value = [&](std::size_t i) {
    return in[i].lie == Lie::kSingle ||
           (in[i].lie == Lie::kColumn && !rows && registers_.rows_are_long());
  };
  // Of two, the one value in all: it needs no rows.
  std::size_t kept = args.size();
  for (std::size_t i = 0; i < args.size() && args.size() == 2; ++i) {
    if (is_value(i) && (kept == 2 || in[kept].lie != Lie::kSingle)) kept = i;
  }
  Kernel variant = nullptr;
  if (kept < args.size()) {
    variant = lookup_broadcast_kernel(program.instructions[v].op, program.type_of(args[0]).dtype,
                                      kept == 0 ? Broadcast::kLeft : Broadcast::kRight);
  }
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Lie lie = in[i].lie;
    if (variant && i == kept) continue;
    if (rows && lie == Lie::kSingle) in[i] = registers_.outside_filled_rows(args[i]);
    if (rows || lie == Lie::kElements || lie == Lie::kApart) continue;
    in[i] = {elements(args[i], v), Lie::kElements};
  }
  const Kernel kernel = find_kernel(program, v);
  return variant ? variant : kernel;
}

void RegionGenerator::place_operands(ValueId v, RegionInstruction* code) {
  const auto args = generator_.program().args_of(v);
  Placed in[3];
  for (std::size_t i = 0; i < args.size(); ++i) in[i] = operand(args[i], v);
  code->kernel = choose_kernel(v, in);
  code->mode = is_of_rows(v) ? Mode::kOfRows : Mode::kFlat;
  for (std::size_t i = 0; i < args.size(); ++i) {
    code->in[i] = in[i].reg;
    if (is_of_rows(v)) continue;
    if (in[i].lie == Lie::kApart || in[i].lie == Lie::kColumn) code->mode = Mode::kByRows;
  }
}

Placed RegionGenerator::result(ValueId v) {
  const std::size_t item = item_size(generator_.type_of(v).dtype);
  const Lie lie = is_of_rows(v) ? Lie::kColumn : Lie::kElements;
  if (!generator_.schedule().stored[v]) return {registers_.new_block(item, lie), lie};
  return {registers_.new_stream(registers_.place_of(v), item, lie), lie};
}

void RegionGenerator::instruction(ValueId v) {
  const Program& program = generator_.program();
  const auto args = program.args_of(v);
  const auto attrs = program.attrs_of(v);
  RegionInstruction code{};
  code.attr = attrs.empty() ? 0 : attrs[0];
  code.op = program.instructions[v].op;
  code.dtype = generator_.type_of(args.back()).dtype;
  place_operands(v, &code);
  const bool converts = code.op == kConvert && generator_.type_of(v).dtype != code.dtype;
  if (code.mode != Mode::kOfRows && !converts) {
    code.operands = static_cast<std::uint8_t>(args.size());
  }
  for (std::size_t i = args.size(); i < 3; ++i) code.in[i] = code.in[0];
  const Placed out = result(v);
  code.out = out.reg;
  member(v).placed = out;
  if (!joins_pair(code)) region_.instructions.push_back(code);
  const std::int64_t rows = region_.row && is_of_rows(v) ? region_.row : 1;
  generator_.code().work += region_.count / rows * element_cost(code.op);
}

/// Whether the last instruction computes this one too. Nothing lies between them: results in place
/// are written no sooner than by themselves.
bool RegionGenerator::joins_pair(const RegionInstruction& code) {
  if (code.operands != 1 || region_.instructions.empty()) return false;
  RegionInstruction& last = region_.instructions.back();
  const bool alike = last.operands == 1 && last.mode == code.mode && last.in[0] == code.in[0] &&
                     last.dtype == code.dtype && last.out != code.in[0];
  if (!alike) return false;
  const PairKernel pair = lookup_pair_kernel(last.op, code.op, code.dtype);
  if (!pair) return false;
  last.attr = last.mode == Mode::kByRows;
  last.mode = Mode::kPair;
  last.pair = pair;
  last.second = code.out;
  last.operands = 0;
  return true;
}

void RegionGenerator::reduction(ValueId v, std::uint32_t reg, const RowShape& rows) {
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
  code.kind = rows.kind;
  code.row = rows.row;
  code.results = element_count(program.type_of(v).shape);
  RegionInstruction step{};
  step.mode = Mode::kReduce;
  step.attr = static_cast<std::int64_t>(region_.reductions.size());
  std::fill_n(step.in, 3, reg);
  step.out = reg;
  const bool stored = generator_.schedule().stored[v];
  code.out = registers_.new_place(stored ? generator_.forms().symbol_of(v) : Ref{});
  if (rows.kind == ReductionKind::kRows) {
    const Placed out =
        is_of_rows(v)
            ? result(v)
            : Placed{registers_.new_stream(code.out, code.item, Lie::kColumn), Lie::kColumn};
    step.out = out.reg;
    if (is_of_rows(v)) member(v).placed = out;
  }
  region_.reductions.push_back(code);
  region_.instructions.push_back(step);
  generator_.code().work += region_.count;
}

/// Zeros outside of the first window of a chain; then each is stored, or added to what is there.
void RegionGenerator::window(ValueId v) {
  const Program& program = generator_.program();
  const Type& type = program.type_of(v);
  const OpCode op = program.instructions[v].op;
  const ValueId part = program.args_of(v).back();
  const auto item = static_cast<std::int64_t>(item_size(type.dtype));
  const Ref whole = generator_.forms().symbol_of(v);
  const Ref at{whole.space, whole.offset + *run_offset(program, v) * item};
  if (op == kPad) {
    const std::int64_t end = at.offset + region_.count * item;
    const std::int64_t after = whole.offset + element_count(type.shape) * item - end;
    if (at.offset > whole.offset) {
      region_.borders.push_back({registers_.new_place(whole), at.offset - whole.offset});
    }
    if (after) region_.borders.push_back({registers_.new_place({whole.space, end}), after});
  } else {
    region_.in_order = true;
  }
  RegionInstruction code{};
  code.mode = Mode::kFlat;
  code.out = registers_.new_stream(registers_.new_place(at), static_cast<std::size_t>(item),
                                   Lie::kElements);
  std::fill_n(code.in, 3, elements(part, part));
  member(v).placed = {code.out, Lie::kElements};
  code.dtype = type.dtype;
  if (op == kAddSlice) {
    code.in[0] = code.out;
    code.op = static_cast<OpCode>(ops::op_index<ops::Add>);
    code.kernel = lookup_kernel(code.op, type.dtype);
    code.operands = 2;
  } else {
    code.op = kConvert;
    code.kernel = lookup_convert(type.dtype, type.dtype);
    code.operands = 1;
  }
  region_.instructions.push_back(code);
  generator_.code().work += region_.count;
}

void RegionGenerator::take(ValueId v) {
  const auto args = generator_.program().args_of(v);
  RegionInstruction code{};
  code.mode = Mode::kTake;
  code.attr = static_cast<std::int64_t>(region_.taken.size());
  code.op = kTake;
  const Placed out = member(v).placed = result(v);
  code.out = out.reg;
  std::fill_n(code.in, 3, out.reg);
  region_.taken.push_back({registers_.place_of(args[0]), registers_.place_of(args[1]),
                           table_of(generator_.program(), generator_.views(), v),
                           static_cast<std::int64_t>(item_size(generator_.type_of(v).dtype)),
                           is_of_rows(v)});
  region_.instructions.push_back(code);
  generator_.code().work += element_count(generator_.type_of(v).shape);
}

Region RegionGenerator::members() {
  const Schedule& schedule = generator_.schedule();
  const Program& program = generator_.program();
  const auto members = schedule.members_of(step_);
  step_index_ = schedule.step_of[members[0]];
  members_.resize(members.size());
  region_.instructions.reserve(members.size());
  registers_.reserve(members.size());
  settle_row();
  for (ValueId v : members) {
    const ValueId x = program.args_of(v)[0];
    if (is_elementwise(program.instructions[v].op)) {
      instruction(v);
    } else if (is_window(program.instructions[v].op)) {
      window(v);
    } else if (program.instructions[v].op == kTake) {
      take(v);
    } else {
      reduction(v, elements(x, x), row_shape(program.type_of(x).shape, program.attrs_of(v)));
    }
  }
  registers_.finish(step_.whole_rows);
  return std::move(region_);
}

Region RegionGenerator::single_reduction(ValueId v, const Dims& permuted, const Dims& order,
                                         const RowShape& rows) {
  const Program& program = generator_.program();
  const ValueId x = program.args_of(v)[0];
  const View view = generator_.views().view_of(x);
  Dims strides;
  for (auto axis : order) strides.push_back(view.strides[static_cast<std::size_t>(axis)]);
  const Walk walk = make_walk(item_size(program.type_of(x).dtype), permuted, strides);
  if (rows.kind == ReductionKind::kRows) region_.row = rows.row;
  reduction(v, registers_.outside_elements(x, walk), rows);
  registers_.finish(false);
  region_.direct = rows.kind == ReductionKind::kLeading && walk.is_contiguous() &&
                   !region_.reductions[0].folded && region_.count != 0;
  return std::move(region_);
}

/// Runs in the operand's own order if whole rows are combined, else with the reduced axes last.
Region reduction_alone(Generator& generator, const ScheduledStep& step) {
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
  return RegionGenerator(generator, step, permuted).single_reduction(v, permuted, order, rows);
}

}  // namespace

void generate_region(Generator& generator, const ScheduledStep& step) {
  Code& code = generator.code();
  RegionForms::Form& form = generator.forms().form_of(step);
  if (form.region == kNone) {
    form.region = static_cast<std::uint32_t>(code.regions.size());
    const std::int64_t before = code.work;
    const Dims& shape = generator.program().types[step.type].shape;
    code.regions.push_back(step.kind == StepKind::kRegion
                               ? RegionGenerator(generator, step, shape).members()
                               : reduction_alone(generator, step));
    form.work = code.work - before;
    share_region(code.regions.back(), form.work);
  } else {
    code.work += form.work;
  }
  code.steps.push_back({step.kind, form.region, static_cast<std::uint32_t>(code.refs.size())});
  generator.forms().place(code.regions[form.region], code.refs);
}

}  // namespace dualtape::engine
