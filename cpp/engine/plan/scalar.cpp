/// Stretches of scalar operations: their code and its interpreter.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "dualtape/ops/registry.hpp"
#include "plan/generate.hpp"

namespace dualtape::engine {
namespace {

/// Operations on float64 that the interpreter computes itself: rule, number of operands.
#define DUALTAPE_SCALAR_OPS(X) \
  X(Add, 2)                    \
  X(Subtract, 2)               \
  X(Multiply, 2)               \
  X(Divide, 2)                 \
  X(Negative, 1)               \
  X(Square, 1)                 \
  X(Sqrt, 1)                   \
  X(Reciprocal, 1)             \
  X(Absolute, 1)               \
  X(Maximum, 2)                \
  X(Minimum, 2)                \
  X(Exp, 1)                    \
  X(Log, 1)                    \
  X(Sin, 1)                    \
  X(Cos, 1)                    \
  X(Tanh, 1)                   \
  X(Sech2, 1)                  \
  X(Less, 2)                   \
  X(LessEqual, 2)              \
  X(Greater, 2)                \
  X(GreaterEqual, 2)

/// Two operations on float64 as one instruction, each rounded: t = a first b, then one of four
/// with c = [out].
#define DUALTAPE_SCALAR_SECONDS(X, first) \
  X(first, Add, t + c)                    \
  X(first, Subtract, t - c)               \
  X(first, SubtractFrom, c - t)           \
  X(first, Multiply, (t * c))
#define DUALTAPE_SCALAR_PAIRS(X)  \
  DUALTAPE_SCALAR_SECONDS(X, Add) \
  DUALTAPE_SCALAR_SECONDS(X, Subtract) DUALTAPE_SCALAR_SECONDS(X, Multiply)

/// Some continue in the next instruction, whose fields are given in brackets.
enum ScalarCode : std::uint32_t {
  kWhere8,          // a is a mask; b, [out] have 8 bytes
  kIntegerPowerOf,  // b is the exponent
  kLoad,            // a: space, b: offset in 8 bytes
  kLoadItem,        // a: space, b: item size; offset [out] + 2^32 [a]
  kCallKernel,      // its index above the code; b: integer of a parametric operation
  kCallTernary,     // the same with a third operand [out], and the integer [a]
  kEnd,
#define DUALTAPE_SCALAR_ENUM(Op, n) k##Op,
  DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_ENUM)
#undef DUALTAPE_SCALAR_ENUM
#define DUALTAPE_SCALAR_ENUM(first, second, result) k##first##second,
      DUALTAPE_SCALAR_PAIRS(DUALTAPE_SCALAR_ENUM)
#undef DUALTAPE_SCALAR_ENUM
};
constexpr std::uint32_t kCodeBits = 8;
constexpr std::uint32_t kCodeMask = (1u << kCodeBits) - 1;

/// Code of an operation on float64; kCallKernel if it has none.
std::uint32_t own_code(OpCode op) {
  switch (op) {
#define DUALTAPE_SCALAR_CODE(Op, n) \
  case ops::op_index<ops::Op>: return k##Op;
    DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_CODE)
#undef DUALTAPE_SCALAR_CODE
    case ops::op_index<ops::Where>: return kWhere8;
    case ops::op_index<ops::IntegerPower>: return kIntegerPowerOf;
    default: return kCallKernel;
  }
}

std::uint32_t kernel_index(Code& code, Kernel kernel) {
  // Programs use few kernels; the last one used is likely to be near the end.
  auto& kernels = code.scalar_kernels;
  const auto at = std::find(kernels.rbegin(), kernels.rend(), kernel);
  if (at != kernels.rend()) return static_cast<std::uint32_t>(kernels.rend() - at - 1);
  kernels.push_back(kernel);
  return static_cast<std::uint32_t>(kernels.size() - 1);
}

void generate_load(Generator& generator, ValueId v) {
  const Load source = generator.views().source(v);
  const Ref ref = generator.ref_of(source.root, source.offset);
  const auto item = static_cast<std::uint32_t>(item_size(generator.type_of(v).dtype));
  const std::uint32_t out = generator.slot_of(v);
  const auto bytes = static_cast<std::uint64_t>(ref.offset);
  auto& scalars = generator.code().scalars;
  if (item == 8 && bytes % 8 == 0 && bytes / 8 <= kNone) {
    scalars.push_back({kLoad, out, ref.space, static_cast<std::uint32_t>(bytes / 8)});
    return;
  }
  scalars.push_back({kLoadItem, out, ref.space, item});
  scalars.push_back(
      {kLoadItem, static_cast<std::uint32_t>(bytes), static_cast<std::uint32_t>(bytes >> 32)});
}

bool can_pair(std::uint32_t code) { return code == kAdd || code == kSubtract || code == kMultiply; }

/// Makes one instruction of `v` and the value before it, which is an operand and read nowhere else.
bool join_pair(Generator& generator, ValueId v, ValueId before) {
  const Program& program = generator.program();
  const auto args = program.args_of(v);
  auto& scalars = generator.code().scalars;
  if (scalars.empty() || !can_pair(scalars.back().code) || args.size() != 2) return false;
  const std::uint32_t second = own_code(program.instructions[v].op);
  const bool left = generator.views().root(args[0]) == before;
  const bool right = generator.views().root(args[1]) == before;
  const OrderedSchedule& schedule = generator.schedule();
  if (!can_pair(second) || left == right) return false;
  if (schedule.last_use[before] != schedule.position[v]) return false;
  ScalarInstruction& pair = scalars.back();
  pair.code = kAddAdd + (pair.code - kAdd) * (kSubtractAdd - kAddAdd);
  if (second == kSubtract) pair.code += right ? kAddSubtractFrom - kAddAdd : 1;
  if (second == kMultiply) pair.code += kAddMultiply - kAddAdd;
  pair.out = generator.slot_of(v);
  scalars.push_back({kEnd, generator.slot_of(args[left ? 1 : 0])});
  return true;
}

void generate_operation(Generator& generator, ValueId v) {
  const Program& program = generator.program();
  const auto args = program.args_of(v);
  const OpCode op = program.instructions[v].op;
  const Kernel kernel = find_kernel(program, v);
  const bool float64 = program.type_of(args.back()).dtype == DType::kFloat64;
  ScalarInstruction code{float64 ? own_code(op) : kCallKernel, generator.slot_of(v)};
  code.a = generator.slot_of(args[0]);
  if (args.size() > 1) code.b = generator.slot_of(args[1]);
  const bool parametric = op < kFirstArrayOp && ops::op_table[op].parametric;
  std::uint32_t parameter = 0;
  if (parametric) {
    parameter = static_cast<std::uint32_t>(static_cast<std::int32_t>(program.attrs_of(v)[0]));
  }
  const bool is_long = args.size() == 3 || (args.size() == 2 && parametric);
  if (parametric && !is_long) code.b = parameter;
  if (code.code == kCallKernel) {
    const std::uint32_t own = is_long ? kCallTernary : kCallKernel;
    code.code = own | kernel_index(generator.code(), kernel) << kCodeBits;
  }
  generator.code().scalars.push_back(code);
  if (is_long) {
    generator.code().scalars.push_back({code.code, generator.slot_of(args.back()), parameter});
  }
}

}  // namespace

void generate_scalars(Generator& generator, const ScheduledStep& step) {
  Code& code = generator.code();
  const auto first = static_cast<std::uint32_t>(code.scalars.size());
  ValueId before = kNoValue;
  for (ValueId v : generator.schedule().members_of(step)) {
    if (generator.views().is_load(v)) {
      generate_load(generator, v);
    } else {
      if (before == kNoValue || !join_pair(generator, v, before)) generate_operation(generator, v);
      code.work += element_cost(generator.program().instructions[v].op);
    }
    before = v;
  }
  code.scalars.push_back({kEnd, 0});
  code.steps.push_back({StepKind::kScalars, first});
}

#define DUALTAPE_NEXT(words)            \
  do {                                  \
    i += (words);                       \
    goto* kLabels[i->code & kCodeMask]; \
  } while (false)
#define DUALTAPE_OPERANDS_1 s[i->a]
#define DUALTAPE_OPERANDS_2 s[i->a], s[i->b]
#define DUALTAPE_SCALAR_LABEL(Op, n) &&label_##Op,
#define DUALTAPE_SCALAR_CASE(Op, n)                               \
  label_##Op : {                                                  \
    const auto y = ops::Op::value<double>(DUALTAPE_OPERANDS_##n); \
    std::memcpy(s + i->out, &y, sizeof y);                        \
    DUALTAPE_NEXT(1);                                             \
  }

#define DUALTAPE_PAIR_LABEL(first, second, result) &&label_##first##second,
#define DUALTAPE_PAIR_CASE(first, second, result)                 \
  label_##first##second : {                                       \
    const double t = ops::first::value<double>(s[i->a], s[i->b]); \
    const double c = s[i[1].out];                                 \
    s[i->out] = result;                                           \
    DUALTAPE_NEXT(2);                                             \
  }

// Each operation jumps to the next one by itself (a GNU extension): predicted far better than one
// common jump.
void run_scalars(const Code& code, std::uint32_t first, const Frame& frame) {
  // In the order of ScalarCode.
  static const void* const kLabels[] = {&&label_where,
                                        &&label_integer_power,
                                        &&label_load,
                                        &&label_load_item,
                                        &&label_kernel,
                                        &&label_ternary,
                                        &&label_end,
                                        DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_LABEL)
                                            DUALTAPE_SCALAR_PAIRS(DUALTAPE_PAIR_LABEL)};
  double* const s = reinterpret_cast<double*>(frame.arena);
  const ScalarInstruction* i = code.scalars.data() + first;
  DUALTAPE_NEXT(0);
  DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_CASE)
  DUALTAPE_SCALAR_PAIRS(DUALTAPE_PAIR_CASE)
label_where:
  {
    bool mask;
    std::memcpy(&mask, s + i->a, sizeof mask);
    s[i->out] = mask ? s[i->b] : s[i[1].out];
    DUALTAPE_NEXT(2);
  }
label_integer_power:
  s[i->out] = ops::IntegerPower::value<double>(static_cast<std::int32_t>(i->b), s[i->a]);
  DUALTAPE_NEXT(1);
label_load:
  std::memcpy(s + i->out, frame.at({i->a, std::int64_t{i->b} * 8}), 8);
  DUALTAPE_NEXT(1);
label_load_item:
  {
    const std::uint64_t offset = std::uint64_t{i[1].a} << 32 | i[1].out;
    std::memcpy(s + i->out, frame.at({i->a, static_cast<std::int64_t>(offset)}), i->b);
    DUALTAPE_NEXT(2);
  }
label_kernel:
  {
    const void* in[] = {s + i->a, s + i->b};
    const std::int64_t parameter = static_cast<std::int32_t>(i->b);
    code.scalar_kernels[i->code >> kCodeBits](s + i->out, in, 1, &parameter);
    DUALTAPE_NEXT(1);
  }
label_ternary:
  {
    const void* in[] = {s + i->a, s + i->b, s + i[1].out};
    const std::int64_t parameter = static_cast<std::int32_t>(i[1].a);
    code.scalar_kernels[i->code >> kCodeBits](s + i->out, in, 1, &parameter);
    DUALTAPE_NEXT(2);
  }
label_end:
  return;
}

}  // namespace dualtape::engine
