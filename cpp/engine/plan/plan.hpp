/// Plan: a program made ready to run. Elementwise regions are fused, memory is laid out, kernels
/// are chosen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "program/program.hpp"

namespace dualtape::engine {

struct Code;

/// A plan for one run leaves out what saves later runs more than it costs the first: the search for
/// residuals that are cheap to compute again. Results have the same bits.
enum class Effort : std::uint8_t { kOneRun, kManyRuns };

/// Bytes of one run; inputs are not counted.
struct RunMemory {
  std::size_t temporary;  // values between the steps
  std::size_t scratch;    // working space of a step, of each thread that runs it
  std::size_t outputs;
};

class Plan {
 public:
  /// Calls and custom rules are inlined first. Linear in the number of instructions.
  /// Throws DTypeError if an operation does not exist for its element type.
  static std::shared_ptr<const Plan> compile(ProgramPtr program, Effort effort = Effort::kManyRuns);
  Plan(ProgramPtr program, Effort effort);
  ~Plan();
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  /// Buffers are C-contiguous and of the program's input and output types; outputs overlap nothing.
  /// Any number of threads may run one plan. Throws IndexError, SingularMatrixError.
  void run(std::span<const void* const> inputs, std::span<void* const> outputs) const;

  /// Nothing was left out: with more effort the plan would be the same.
  bool is_final() const { return is_final_; }

  /// The steps, the instructions of each region, arena and peak size.
  std::string str() const;
  /// Fused elementwise regions; stretches of scalar operations count as regions.
  std::size_t region_count() const;
  std::size_t step_count() const;
  /// Bytes of temporary memory and outputs of one run; inputs are not counted.
  std::size_t peak_bytes() const;
  RunMemory memory() const;
  /// Bytes held by the plan itself.
  std::size_t bytes() const;
  /// Rough number of element operations of one run.
  std::int64_t work() const;

 private:
  ProgramPtr program_;  // shared with the plan's cache; printing analyses it again
  Effort effort_;
  bool is_final_ = true;
  std::unique_ptr<const Code> code_;
};

}  // namespace dualtape::engine
