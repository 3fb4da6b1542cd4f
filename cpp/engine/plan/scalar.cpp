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
  X(Less, 2)                   \
  X(LessEqual, 2)              \
  X(Greater, 2)                \
  X(GreaterEqual, 2)

enum ScalarCode : std::uint32_t {
  kWhere8,          // a is a mask; b, c have 8 bytes
  kIntegerPowerOf,  // b is the exponent
  kLoad,            // a: space, b and c: low and high half of the offset; 8 bytes
  kLoadItem,        // the same, followed by an instruction with the item size in `out`
  kCallKernel,      // position in scalar_kernels above the code; b: integer of a parametric one
  kEnd,
#define DUALTAPE_SCALAR_ENUM(Op, n) k##Op,
  DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_ENUM)
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

std::uint32_t kernel_code(Code& code, Kernel kernel) {
  // Programs use few different kernels: search from the end, where the last one used is likely to
  // be.
  const auto& kernels = code.scalar_kernels;
  const auto at = std::find(kernels.rbegin(), kernels.rend(), kernel);
  auto position = static_cast<std::uint32_t>(kernels.rend() - at);
  if (position == 0) {
    code.scalar_kernels.push_back(kernel);
    position = static_cast<std::uint32_t>(kernels.size());
  }
  return kCallKernel | (position - 1) << kCodeBits;
}

void generate_load(Generator& generator, ValueId v) {
  const View& source = generator.views().source(v);
  const Ref ref = generator.ref_of(source.root, source.offset);
  const auto bits = std::bit_cast<std::uint64_t>(ref.offset);
  const auto item = static_cast<std::uint32_t>(item_size(generator.type_of(v).dtype));
  auto& scalars = generator.code().scalars;
  scalars.push_back({item == 8 ? kLoad : kLoadItem, generator.slot_of(v), ref.space,
                     static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32)});
  if (item != 8) scalars.push_back({kLoadItem, item});
}

void generate_operation(Generator& generator, ValueId v) {
  const Program& program = generator.program();
  const auto args = program.args_of(v);
  const auto attrs = program.attrs_of(v);
  ScalarInstruction code{0, generator.slot_of(v)};
  code.a = generator.slot_of(args[0]);
  if (args.size() > 1) code.b = generator.slot_of(args[1]);
  if (args.size() > 2) code.c = generator.slot_of(args[2]);
  const OpCode op = program.instructions[v].op;
  const Kernel kernel = find_kernel(program, v);
  const bool float64 = program.type_of(args.back()).dtype == DType::kFloat64;
  code.code = float64 ? own_code(op) : kCallKernel;
  if (code.code == kCallKernel) code.code = kernel_code(generator.code(), kernel);
  if (op < kFirstArrayOp && ops::op_table[op].parametric) {
    code.b = static_cast<std::uint32_t>(static_cast<std::int32_t>(attrs[0]));
  }
  generator.code().scalars.push_back(code);
}

}  // namespace

void generate_scalars(Generator& generator, const ScheduledStep& step) {
  Code& code = generator.code();
  const auto first = static_cast<std::uint32_t>(code.scalars.size());
  for (ValueId v : generator.schedule().members_of(step)) {
    if (generator.views().is_load(v)) {
      generate_load(generator, v);
    } else {
      generate_operation(generator, v);
      code.work += element_cost(generator.program().instructions[v].op);
    }
  }
  code.scalars.push_back({kEnd, 0});
  code.steps.push_back({StepKind::kScalars, first});
}

// Each operation jumps to the next one by itself (a GNU extension): predicted far better than one
// common jump.
void run_scalars(const Code& code, std::uint32_t first, const Frame& frame) {
#define DUALTAPE_SCALAR_LABEL(Op, n) &&label_##Op,
  // In the order of ScalarCode.
  static const void* const kLabels[] = {&&label_where,
                                        &&label_integer_power,
                                        &&label_load,
                                        &&label_load_item,
                                        &&label_kernel,
                                        &&label_end,
                                        DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_LABEL)};
#undef DUALTAPE_SCALAR_LABEL
  double* const s = reinterpret_cast<double*>(frame.arena);
  const ScalarInstruction* i = code.scalars.data() + first;
  const auto offset = [&] { return static_cast<std::int64_t>(std::uint64_t{i->c} << 32 | i->b); };
#define DUALTAPE_NEXT goto* kLabels[i->code & kCodeMask]
#define DUALTAPE_OPERANDS_1 s[i->a]
#define DUALTAPE_OPERANDS_2 s[i->a], s[i->b]
#define DUALTAPE_SCALAR_CASE(Op, n)                               \
  label_##Op : {                                                  \
    const auto y = ops::Op::value<double>(DUALTAPE_OPERANDS_##n); \
    std::memcpy(s + i->out, &y, sizeof y);                        \
    ++i;                                                          \
    DUALTAPE_NEXT;                                                \
  }
  DUALTAPE_NEXT;
  DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_CASE)
label_where:
  {
    bool mask;
    std::memcpy(&mask, s + i->a, sizeof mask);
    s[i->out] = mask ? s[i->b] : s[i->c];
    ++i;
    DUALTAPE_NEXT;
  }
label_integer_power:
  s[i->out] = ops::IntegerPower::value<double>(static_cast<std::int32_t>(i->b), s[i->a]);
  ++i;
  DUALTAPE_NEXT;
label_load:
  std::memcpy(s + i->out, frame.at({i->a, offset()}), 8);
  ++i;
  DUALTAPE_NEXT;
label_load_item:
  std::memcpy(s + i->out, frame.at({i->a, offset()}), i[1].out);
  i += 2;
  DUALTAPE_NEXT;
label_kernel:
  {
    const void* in[] = {s + i->a, s + i->b, s + i->c};
    const std::int64_t parameter = static_cast<std::int32_t>(i->b);
    code.scalar_kernels[i->code >> kCodeBits](s + i->out, in, 1, &parameter);
    ++i;
    DUALTAPE_NEXT;
  }
label_end:
  return;
#undef DUALTAPE_SCALAR_CASE
#undef DUALTAPE_OPERANDS_1
#undef DUALTAPE_OPERANDS_2
#undef DUALTAPE_NEXT
}

}  // namespace dualtape::engine
