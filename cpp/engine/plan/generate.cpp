#include "plan/generate.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "dualtape/ops/registry.hpp"
#include "plan/joint.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

std::vector<std::uint32_t> Generator::inputs(const Program& program) {
  std::vector<std::uint32_t> of;
  for (std::uint32_t k = 0; k < program.inputs.size(); ++k) {
    if (of.size() <= program.inputs[k]) of.resize(program.inputs[k] + 1);
    of[program.inputs[k]] = k;
  }
  return of;
}

Ref Generator::ref_of(ValueId root) const {
  if (is_scalar(root)) {
    return {0, static_cast<std::int64_t>(storage().home[root]) * storage().slot_bytes};
  }
  if (program_.instructions[root].op == kInput) return {1 + input_of_[root], 0};
  const Buffer* buffer = &storage().buffers[storage().home[root]];
  std::int64_t offset = 0;
  if (buffer->whole != kNone) {
    offset = buffer->offset;
    buffer = &storage().buffers[buffer->whole];
  }
  if (buffer->output == kNone) return {0, buffer->offset + offset};
  return {static_cast<std::uint32_t>(1 + program_.inputs.size() + buffer->output), offset};
}

Ref Generator::ref_of(ValueId root, std::int64_t offset_elements) const {
  Ref ref = ref_of(root);
  ref.offset += offset_elements * static_cast<std::int64_t>(item_size(type_of(root).dtype));
  return ref;
}

Ref Generator::first_ref_of(ValueId v) const {
  const ValueId root = views().root(v);
  return views().is_whole(v) ? ref_of(root) : ref_of(root, views().offset(v));
}

std::uint32_t Generator::slot_of(ValueId v) const {
  const std::uint32_t slot = storage().home[views().root(v)];
  return slot * static_cast<std::uint32_t>(storage().slot_bytes / 8);
}

const Layout* Generator::intern(Layout layout) {
  std::size_t hash = static_cast<std::size_t>(layout.dtype);
  for (auto n : layout.shape) hash = (hash ^ static_cast<std::size_t>(n)) * 0x9E3779B97F4A7C15u;
  for (auto n : layout.strides) hash = (hash ^ static_cast<std::size_t>(n)) * 0x9E3779B97F4A7C15u;
  const auto [first, last] = layouts_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    const Layout& known = *it->second;
    if (known.dtype == layout.dtype && known.shape == layout.shape &&
        known.strides == layout.strides) {
      return &known;
    }
  }
  code_.layouts.push_back(std::move(layout));
  layouts_.emplace(hash, &code_.layouts.back());
  return &code_.layouts.back();
}

Operand Generator::operand_of(ValueId v) {
  const Type& type = type_of(v);
  if (type.shape.size() > kMaxAxes) {
    throw ShapeError("plan: an array must have at most " + std::to_string(kMaxAxes) +
                     " axes, got " + std::to_string(type.shape.size()));
  }
  return {first_ref_of(v), layout_of(v)};
}

const Layout* Generator::layout_of(ValueId v) {
  const Type& type = type_of(v);
  if (!views().is_whole(v)) {
    return intern(make_layout(type.dtype, type.shape, views().view_of(v).strides));
  }
  const Layout*& known = whole_layouts_[program_.instructions[v].type];
  if (!known) known = intern(make_layout(type.dtype, type.shape, contiguous_strides(type.shape)));
  return known;
}

std::size_t Generator::KeyHash::operator()(const std::vector<std::int64_t>& key) const {
  std::size_t hash = key.size();
  for (const std::int64_t k : key) {
    hash = (hash ^ static_cast<std::size_t>(k)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash;
}

const PreparedKernel* Generator::prepare(const ArrayCall& call) {
  if (call.in.size() > kFewOperands) return find_or_prepare(call);
  RecentCall wanted{call.op, {&call.out, call.attrs.data()}, nullptr};
  std::ranges::copy(call.in, wanted.places.begin() + 2);
  std::size_t hash = call.op;
  for (const void* place : wanted.places) {
    hash = (hash ^ reinterpret_cast<std::size_t>(place)) * 0x9E3779B97F4A7C15u;
  }
  RecentCall& recent = recent_calls_[hash >> (64 - std::bit_width(kRecentCalls - 1))];
  if (recent.kernel && recent.op == wanted.op && recent.places == wanted.places) {
    return recent.kernel;
  }
  wanted.kernel = find_or_prepare(call);
  recent = wanted;
  return recent.kernel;
}

const PreparedKernel* Generator::find_or_prepare(const ArrayCall& call) {
  key_ = {call.op, reinterpret_cast<std::int64_t>(&call.out)};
  for (const Layout* layout : call.in) key_.push_back(reinterpret_cast<std::int64_t>(layout));
  key_.insert(key_.end(), call.attrs.begin(), call.attrs.end());
  const auto [at, is_new] = prepared_.try_emplace(key_, nullptr);
  if (!is_new) return at->second;
  PreparedPtr kernel = engine::prepare(call);
  at->second = kernel.get();
  if (kernel) code_.prepared.push_back(std::move(kernel));
  return at->second;
}

namespace {

[[noreturn]] void missing(OpCode op, DType dtype) {
  throw DTypeError(std::string(op_name(op)) + ": not defined for " +
                   std::string(dtype_name(dtype)));
}

/// Rough number of element operations of an array operation.
std::int64_t array_cost(const Program& program, ValueId v) {
  const std::int64_t out = element_count(program.type_of(v).shape);
  const auto args = program.args_of(v);
  if (args.empty()) return out;
  const Dims& shape = program.type_of(args[0]).shape;
  const std::int64_t in = element_count(shape);
  switch (program.instructions[v].op) {
    case kDotGeneral: {
      const auto attrs = program.attrs_of(v);
      std::int64_t inner = 1;
      for (std::int64_t k = 0; k < attrs[0]; ++k) {
        inner *= shape[static_cast<std::size_t>(attrs[static_cast<std::size_t>(2 + k)])];
      }
      return out * inner;
    }
    case kLu:
    case kSolve:
    case kInv:
    case kDet:
    case kCofactor:
    case kCholesky:
    case kCholeskyTangent:
    case kTriangularSolve:
    case kEigh:
    case kSvd:
    case kQr:
    case kPinv:
    case kSylvester:
    case kMatrixFunction:
    case kFrechet: return in * (shape.empty() ? 1 : shape.back());
    case kSort:
    case kArgSort: return in * 16;
    // Nobody knows what a model computes: enough that it runs without the GIL.
    case kExternal: return std::max(in, out) + (std::int64_t{1} << 20);
    case kFft:
    case kRfft:
    case kIrfft:
      return 5 * std::max(in, out) *
             std::bit_width(static_cast<std::uint64_t>(
                 shape[static_cast<std::size_t>(program.attrs_of(v)[0])]));
    case kAddSlice:
    case kUpdateSlice: return element_count(program.type_of(args[1]).shape);
    case kTakeAdd:
    case kTakeSet: return element_count(program.type_of(args[2]).shape);
    default: return std::max(in, out);
  }
}

}  // namespace

std::uint32_t generate_array(Generator& generator, ValueId v) {
  Code& code = generator.code();
  const Program& program = generator.program();
  const OpCode op = program.instructions[v].op;
  if (op == kCustomLinear) {
    throw DerivativeError("custom_vjp: has no forward mode; define a custom_jvp instead");
  }
  const auto args = program.args_of(v);
  const Operand out = generator.operand_of(v);
  ArrayStep array{nullptr, static_cast<std::uint32_t>(code.refs.size()),
                  static_cast<std::uint32_t>(args.size())};
  code.refs.push_back(out.ref);
  std::array<const Layout*, 4> few;
  std::vector<const Layout*> many(args.size() > few.size() ? args.size() : 0);
  const std::span layouts(many.empty() ? few.data() : many.data(), args.size());
  for (std::size_t i = 0; i < args.size(); ++i) {
    const Operand operand = generator.operand_of(args[i]);
    code.refs.push_back(operand.ref);
    layouts[i] = operand.layout;
  }
  array.kernel = generator.prepare({op, *out.layout, layouts, program.attrs_of(v)});
  if (!array.kernel) missing(op, program.type_of(args.empty() ? v : args[0]).dtype);
  code.arrays.push_back(array);
  code.work += array_cost(program, v);
  return static_cast<std::uint32_t>(code.arrays.size() - 1);
}

namespace {

void generate_joint(Generator& generator, const ScheduledStep& step) {
  Code& code = generator.code();
  const auto members = generator.schedule().members_of(step);
  const Joint joint = *join(generator.program(), generator.views(), members[0], members[1]);
  JointStep made{joint.kernel, joint.shape, {}, {}, {}, {}};
  made.matrix = generator.first_ref_of(joint.products[0].matrix);
  for (std::size_t k = 0; k < 2; ++k) {
    made.out[k] = generator.ref_of(joint.products[k].product);
    made.in[k] = generator.first_ref_of(joint.products[k].vector);
    made.alone[k] = generate_array(generator, joint.products[k].product);
  }
  code.steps.push_back({StepKind::kJoint, static_cast<std::uint32_t>(code.joints.size())});
  code.joints.push_back(made);
}

void generate_ends(Generator& generator) {
  Code& code = generator.code();
  const Program& program = generator.program();
  const Storage& storage = generator.storage();
  code.constants.resize(storage.constants.size() * static_cast<std::size_t>(storage.slot_bytes));
  for (std::size_t k = 0; k < storage.constants.size(); ++k) {
    const auto bytes = static_cast<std::size_t>(storage.slot_bytes);
    std::memcpy(code.constants.data() + k * bytes, storage.constants[k].data(), bytes);
  }
  const auto item_of = [&](ValueId v) {
    return static_cast<std::uint32_t>(item_size(program.type_of(v).dtype));
  };
  for (std::uint32_t k = 0; k < program.inputs.size(); ++k) {
    const ValueId v = program.inputs[k];
    if (generator.is_scalar(v)) code.scalar_inputs.push_back({k, item_of(v), generator.ref_of(v)});
  }
  for (std::uint32_t k = 0; k < program.outputs.size(); ++k) {
    const ValueId v = program.outputs[k];
    const Operand from = generator.operand_of(v);
    code.output_bytes += from.layout->count * static_cast<std::int64_t>(from.layout->item());
    if (generator.is_scalar(v)) {
      code.scalar_outputs.push_back({k, item_of(v), from.ref});
    } else if (from.ref.space != 1 + program.inputs.size() + k) {
      code.array_outputs.push_back({k, from});
    }
  }
}

}  // namespace

Kernel find_kernel(const Program& program, ValueId v) {
  const OpCode op = program.instructions[v].op;
  const auto args = program.args_of(v);
  const DType dtype = program.type_of(args.back()).dtype;
  const bool select = op < kFirstArrayOp && ops::op_table[op].kind == Kind::kSelect;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const DType given = program.type_of(args[i]).dtype;
    const DType wanted = select && i == 0 ? DType::kBool : dtype;
    if (given == wanted) continue;
    throw DTypeError(std::string(op_name(op)) + ": operand " + std::to_string(i) + " must be " +
                     std::string(dtype_name(wanted)) + ", got " + std::string(dtype_name(given)));
  }
  const Kernel kernel =
      op == kConvert ? lookup_convert(dtype, program.type_of(v).dtype) : lookup_kernel(op, dtype);
  if (!kernel) missing(op, dtype);
  return kernel;
}

std::int64_t element_cost(OpCode op) {
  if (op >= kFirstArrayOp) return 1;
  const ops::OpInfo& info = ops::op_table[op];
  // Exactly rounded operations are single instructions; the others are library calls.
  return info.max_ulp > 0.5 ? 10 : 1;
}

namespace {

/// Places of a region, as a guess.
constexpr std::size_t kPlaces = 4;

void reserve(Code& code, const Program& program, const Schedule& schedule) {
  std::size_t scalars = 0, arrays = 0, refs = 0;
  for (const ScheduledStep& step : schedule.steps) {
    if (step.kind == StepKind::kScalars) {
      scalars += step.count + step.count / 4 + 4;
    } else if (step.kind == StepKind::kArray || step.kind == StepKind::kJoint) {
      arrays += step.count;
      for (ValueId v : schedule.members_of(step)) refs += 1 + program.instructions[v].n_args;
    } else {
      refs += kPlaces;
    }
  }
  code.steps.reserve(schedule.steps.size());
  code.scalars.reserve(scalars);
  code.arrays.reserve(arrays);
  code.refs.reserve(refs);
}

}  // namespace

std::unique_ptr<const Code> generate(const Program& program, const Analysis& analysis) {
  auto code = std::make_unique<Code>();
  Generator generator(program, analysis, *code);
  std::int64_t scratch = 0;
  reserve(*code, program, analysis.schedule);
  for (std::size_t i = 1; i < analysis.schedule.steps.size(); ++i) {
    const ScheduledStep& step = analysis.schedule.steps[i];
    if (step.pass != 0) {
      const StepRange pass = pass_of(analysis.schedule, static_cast<std::uint32_t>(i));
      generate_pass(generator, pass);
      i = pass.last;
    } else if (step.kind == StepKind::kScalars) {
      generate_scalars(generator, step);
    } else if (step.kind == StepKind::kArray) {
      const std::uint32_t index = generate_array(generator, analysis.schedule.members[step.first]);
      code->steps.push_back({StepKind::kArray, index});
    } else if (step.kind == StepKind::kJoint) {
      generate_joint(generator, step);
      scratch = std::max(scratch, code->joints.back().product.scratch_bytes);
    } else {
      generate_region(generator, step);
    }
  }
  for (const Region& region : code->regions) {
    scratch = std::max({scratch, region.scratch_bytes, region.shared_bytes});
  }
  for (const PassStep& pass : code->passes) scratch = std::max(scratch, pass.partials_bytes);
  for (const PreparedPtr& kernel : code->prepared) {
    scratch = std::max(scratch, kernel->scratch_bytes);
  }
  generate_ends(generator);
  code->slot_bytes = analysis.storage.slot_bytes;
  code->scratch_at = align(analysis.storage.arena_bytes);
  code->arena_bytes = code->scratch_at + scratch;
  return code;
}

std::size_t Code::bytes() const {
  std::size_t total = sizeof(Code) + steps.capacity() * sizeof(StepRef) +
                      scalars.capacity() * sizeof(std::uint64_t) +
                      regions.capacity() * sizeof(Region) + arrays.capacity() * sizeof(ArrayStep) +
                      joints.capacity() * sizeof(JointStep) + passes.capacity() * sizeof(PassStep) +
                      refs.capacity() * sizeof(Ref) + prepared.capacity() * sizeof(PreparedPtr) +
                      layouts.size() * sizeof(Layout) + constants.capacity() +
                      (scalar_inputs.capacity() + scalar_outputs.capacity()) * sizeof(ScalarCopy) +
                      array_outputs.capacity() * sizeof(ArrayCopy);
  for (const PreparedPtr& kernel : prepared) total += kernel->bytes;
  for (const PassStep& pass : passes) total += pass.parts.capacity() * sizeof(PassPart);
  for (const Region& region : regions) {
    total += region.fills.capacity() * sizeof(Fill) + region.gathers.capacity() * sizeof(Gather) +
             region.taken.capacity() * sizeof(TakenRows) +
             region.instructions.capacity() * sizeof(RegionInstruction) +
             region.reductions.capacity() * sizeof(Reduction) +
             region.registers.capacity() * sizeof(Register) +
             region.borders.capacity() * sizeof(Border) + region.places.capacity() * sizeof(Ref) +
             region.chains.capacity() * sizeof(RegionChain);
    for (const RegionChain& chain : region.chains) {
      total += chain.links.capacity() * sizeof(ChainLink) +
               chain.slots.capacity() * sizeof(ChainSlot) + chain.regs.capacity() * 4;
    }
  }
  return total;
}

}  // namespace dualtape::engine
