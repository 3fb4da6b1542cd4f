#include <cstring>
#include <vector>

#include "memory/workspace.hpp"
#include "plan/code.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

void run_array(const Code& code, const ArrayStep& step, const Frame& frame) {
  // Nearly all array operations have few operands; concatenate may have any number.
  constexpr std::size_t kFew = 8;
  const char* few[kFew];
  std::vector<const char*> many;
  const char** operands = few;
  if (step.operand_count > kFew) {
    many.resize(step.operand_count);
    operands = many.data();
  }
  const Ref* ref = code.refs.data() + step.first_ref;
  char* out = frame.at(*ref++);
  for (std::size_t k = 0; k < step.operand_count; ++k) operands[k] = frame.at(*ref++);
  step.kernel->run(out, operands, frame.scratch);
}

/// Most items are numbers of 8 bytes, of which a program may take thousands: copied without a call.
void copy_item(void* to, const void* from, std::uint32_t item) {
  if (item == 8) {
    std::memcpy(to, from, 8);
  } else {
    std::memcpy(to, from, item);
  }
}

void run_joint(const Code& code, const JointStep& step, const Frame& frame) {
  if (step.shape.rows * step.shape.columns >= kSharedProducts && may_share_loops()) {
    for (const std::uint32_t array : step.alone) run_array(code, code.arrays[array], frame);
    return;
  }
  void* const out[] = {frame.at(step.out[0]), frame.at(step.out[1])};
  const void* const in[] = {frame.at(step.in[0]), frame.at(step.in[1])};
  step.product.run(step.shape, out, frame.at(step.matrix), in, frame.scratch);
}

}  // namespace

void execute(const Code& code, std::span<const void* const> inputs,
             std::span<void* const> outputs) {
  const Workspace arena(static_cast<std::size_t>(code.arena_bytes));
  const Frame frame{arena.data(), arena.data() + code.scratch_at, inputs, outputs};
  if (!code.constants.empty()) {
    std::memcpy(frame.arena, code.constants.data(), code.constants.size());
  }
  for (const ScalarCopy& copy : code.scalar_inputs) {
    copy_item(frame.at(copy.slot), inputs[copy.index], copy.item);
  }
  for (const StepRef& step : code.steps) {
    switch (step.kind) {
      case StepKind::kScalars: run_scalars(code, step, frame); break;
      case StepKind::kRegion:
      case StepKind::kReduction:
        run_region(code.regions[step.index], code.refs.data() + step.first_ref, frame);
        break;
      case StepKind::kArray: run_array(code, code.arrays[step.index], frame); break;
      case StepKind::kJoint: run_joint(code, code.joints[step.index], frame); break;
      case StepKind::kPass: run_pass(code, code.passes[step.index], frame); break;
    }
  }
  for (const ScalarCopy& copy : code.scalar_outputs) {
    copy_item(outputs[copy.index], frame.at(copy.slot), copy.item);
  }
  for (const ArrayCopy& copy : code.array_outputs) {
    copy_to_contiguous(static_cast<char*>(outputs[copy.output]),
                       {frame.at(copy.from.ref), copy.from.layout});
  }
}

}  // namespace dualtape::engine
