/// Schedule: which instructions run together, and in which order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/views.hpp"
#include "program/opcodes.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

inline constexpr bool is_reduction(OpCode op) { return op >= kSum && op <= kAny; }

enum class StepKind : std::uint8_t {
  kScalars,    // a stretch of operations of shape ()
  kRegion,     // elementwise operations of one shape, and reductions of their results
  kReduction,  // a reduction by itself: a region over its operand, in the best order of axes
  kArray,      // one array operation
  kJoint,      // two products with one matrix, which is read once
  kPass,       // in code: steps that run block of rows by block of rows
};

enum class ReductionKind : std::uint8_t {
  kTotal,    // of all elements
  kRows,     // of each row
  kLeading,  // of the rows with one another
};

/// How a reduction runs through its operand, rows times columns, in the order of memory.
struct RowShape {
  ReductionKind kind = ReductionKind::kTotal;
  std::int64_t row = 0;   // length of a row
  bool possible = false;  // else the axes must be put in another order
};
RowShape row_shape(std::span<const std::int64_t> shape, std::span<const std::int64_t> axes);

struct ScheduledStep {
  StepKind kind;
  TypeId type;                         // its shape is the iteration shape of a region
  std::int64_t row = 0;                // length of the rows a region reduces; 0: none
  bool whole_rows = false;             // results of rows are read in the region itself
  std::uint32_t first = 0, count = 0;  // in members
  std::uint32_t pass = 0;              // steps of one pass, one after the other, share a number
};

inline constexpr std::uint32_t kNever = ~std::uint32_t{0};

/// Which instructions run together; those of a region in no order yet.
struct Schedule {
  /// `copies`: elementwise values that belong to the region of their readers; empty: none.
  Schedule(const Program& program, const std::vector<bool>& live, const Views& views,
           const std::vector<bool>& copies = {});

  std::vector<ScheduledStep> steps;    // from 1 on: 0 is the time before the first step
  std::vector<std::uint32_t> step_of;  // of each value; 0 for inputs, constants and views
  std::vector<ValueId> members;        // step by step
  /// Of a member of a region: it has one value a row, known as soon as the row is.
  std::vector<bool> of_rows;
  /// Roots that need memory: read by another step than their own, or through a view, or outputs.
  std::vector<bool> stored;

  std::span<const ValueId> members_of(const ScheduledStep& step) const {
    return {members.data() + step.first, step.count};
  }
  /// Puts these steps, all from `first` on, in another order. Members are not yet ordered.
  void reorder(std::uint32_t first, std::span<const std::uint32_t> order);

 private:
  void assign_steps(const Program& program, const std::vector<bool>& live, const Views& views,
                    const std::vector<bool>& copies);
  void sort_members(const Program& program);
  void find_stored(const Program& program, const Views& views);
};

/// With the members of regions in the order in which they run: what memory is laid out by.
struct OrderedSchedule : Schedule {
  OrderedSchedule(Schedule&& schedule, const Program& program, const Views& views);

  std::vector<std::uint32_t> position;  // of each value of a step, in members
  /// Of each root: position in `members` of its last reader; kNever: it is an output, or nobody
  /// reads it.
  std::vector<std::uint32_t> last_use;
};

}  // namespace dualtape::engine
