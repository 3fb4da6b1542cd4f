#include "plan/print.hpp"

#include <string_view>

#include "plan/pass.hpp"

namespace dualtape::engine {
namespace {

/// Printed instructions of one stretch; a longer one is cut.
constexpr std::size_t kShown = 40;

class Printer {
 public:
  Printer(const Program& program, const Analysis& analysis)
      : program_(program), analysis_(analysis) {}

  void step(std::size_t index) {
    const ScheduledStep& step = analysis_.schedule.steps[index];
    const auto members = analysis_.schedule.members_of(step);
    pass(index);
    text_ += "step " + std::to_string(index) + ": ";
    if (step.kind == StepKind::kArray || step.kind == StepKind::kReduction) {
      instruction(members[0]);
      return;
    }
    text_ += title(step, members[0]) + "\n";
    for (std::size_t i = 0; i < members.size() && i < kShown; ++i) {
      text_ += "  ";
      instruction(members[i]);
    }
    if (members.size() > kShown) {
      text_ += "  ... " + std::to_string(members.size() - kShown) + " more\n";
    }
  }

  std::string take() { return std::move(text_); }

 private:
  void pass(std::size_t index) {
    const auto first = static_cast<std::uint32_t>(index);
    if (analysis_.schedule.steps[index].pass == 0) return;
    const StepRange range = pass_of(analysis_.schedule, first);
    if (range.first != first) return;
    text_ += "one pass over the rows of %" +
             std::to_string(
                 matrix_of(analysis_.schedule.members_of(analysis_.schedule.steps[index])[0])) +
             ", to step " + std::to_string(range.last) + ":\n";
  }

  /// Of a product with a vector.
  ValueId matrix_of(ValueId product) const {
    const auto args = program_.args_of(product);
    const auto size = [&](ValueId a) { return element_count(program_.type_of(a).shape); };
    return analysis_.views.root(size(args[0]) > size(args[1]) ? args[0] : args[1]);
  }

  std::string title(const ScheduledStep& step, ValueId first) const {
    if (step.kind == StepKind::kJoint) {
      return "two products, %" + std::to_string(matrix_of(first)) + " read once";
    }
    const Dims& shape = program_.types[step.type].shape;
    return (step.kind == StepKind::kScalars ? "scalars" : "region " + to_string(shape)) + ", " +
           std::to_string(step.count) + " instructions";
  }

  void instruction(ValueId v) {
    const OpCode op = program_.instructions[v].op;
    text_ += "%" + std::to_string(v) + " = " + std::string(op_name(op));
    for (ValueId a : program_.args_of(v)) operand(a);
    const auto attrs = program_.attrs_of(v);
    if (!attrs.empty()) {
      text_ += " {";
      for (std::size_t i = 0; i < attrs.size(); ++i) {
        text_ += (i ? ", " : "") + std::to_string(attrs[i]);
      }
      text_ += "}";
    }
    text_ += " : " + to_string(program_.type_of(v)) + where(v) + "\n";
  }

  void operand(ValueId a) {
    const ValueId r = analysis_.views.root(a);
    text_ += " %" + std::to_string(r);
    if (!analysis_.views.is_whole(a)) text_ += " as " + to_string(program_.type_of(a).shape);
  }

  /// Memory of a result: nothing for one that lives in a block only.
  std::string where(ValueId v) const {
    const std::uint32_t home = analysis_.storage.home[v];
    if (home == kNone) return "";
    if (is_scalar(program_.type_of(v))) return "  -> slot " + std::to_string(home);
    const Buffer& made = analysis_.storage.buffers[home];
    const bool part = made.whole != kNone;
    const Buffer& buffer = part ? analysis_.storage.buffers[made.whole] : made;
    const std::string inside = part ? " +" + std::to_string(made.offset) : "";
    if (buffer.output != kNone) return "  -> output " + std::to_string(buffer.output) + inside;
    return "  -> arena +" + std::to_string(buffer.offset) + inside;
  }

  const Program& program_;
  const Analysis& analysis_;
  std::string text_;
};

}  // namespace

std::string print_plan(const Program& program, const Analysis& analysis, const Code& code) {
  Printer printer(program, analysis);
  for (std::size_t i = 1; i < analysis.schedule.steps.size(); ++i) printer.step(i);
  std::string text = "plan: " + std::to_string(code.steps.size()) + " steps, arena " +
                     std::to_string(code.arena_bytes) + " bytes, outputs " +
                     std::to_string(code.output_bytes) + " bytes, peak " +
                     std::to_string(code.arena_bytes + code.output_bytes) + " bytes\n";
  text += printer.take();
  for (const ArrayCopy& copy : code.array_outputs) {
    text += "copy to output " + std::to_string(copy.output) + "\n";
  }
  return text;
}

}  // namespace dualtape::engine
