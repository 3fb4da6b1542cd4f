#include "plan/plan.hpp"

#include <utility>

#include "plan/code.hpp"
#include "plan/factors.hpp"
#include "plan/print.hpp"
#include "plan/residuals.hpp"
#include "program/errors.hpp"
#include "transform/inline.hpp"

namespace dualtape::engine {

namespace {

ProgramPtr flattened(const ProgramPtr& program) { return share_factors(inline_calls(program)); }

}  // namespace

std::shared_ptr<const Plan> Plan::compile(ProgramPtr program, Effort effort) {
  return std::make_shared<const Plan>(std::move(program), effort);
}

Plan::Plan(ProgramPtr program, Effort effort) : program_(std::move(program)), effort_(effort) {
  const Analysed flat = analyse(flattened(program_), effort_);
  is_final_ = flat.is_final;
  code_ = generate(*flat.program, *flat.analysis);
}

Plan::~Plan() = default;

void Plan::run(std::span<const void* const> inputs, std::span<void* const> outputs) const {
  if (inputs.size() != program_->inputs.size() || outputs.size() != program_->outputs.size()) {
    throw Error("plan: wanted " + std::to_string(program_->inputs.size()) + " inputs and " +
                std::to_string(program_->outputs.size()) + " outputs, got " +
                std::to_string(inputs.size()) + " and " + std::to_string(outputs.size()));
  }
  execute(*code_, inputs, outputs);
}

std::string Plan::str() const {
  const Analysed flat = analyse(flattened(program_), effort_);
  return print_plan(*flat.program, *flat.analysis, *code_);
}

std::size_t Plan::region_count() const {
  std::size_t count = 0;
  for (const StepRef& step : code_->steps) {
    count += step.kind != StepKind::kArray && step.kind != StepKind::kJoint;
  }
  return count;
}

std::size_t Plan::step_count() const { return code_->steps.size(); }

std::size_t Plan::peak_bytes() const {
  return static_cast<std::size_t>(code_->arena_bytes + code_->output_bytes);
}

RunMemory Plan::memory() const {
  const auto scratch = static_cast<std::size_t>(code_->arena_bytes - code_->scratch_at);
  return {static_cast<std::size_t>(code_->scratch_at), scratch,
          static_cast<std::size_t>(code_->output_bytes)};
}

std::size_t Plan::bytes() const { return sizeof(Plan) + code_->bytes(); }

std::int64_t Plan::work() const { return code_->work; }

}  // namespace dualtape::engine
