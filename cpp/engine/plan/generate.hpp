/// The parts of code generation: shared lookups, regions, stretches of scalars.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "plan/code.hpp"
#include "plan/forms.hpp"
#include "plan/pass.hpp"
#include "plan/type_sizes.hpp"

namespace dualtape::engine {

/// What all parts ask about a program.
class Generator {
 public:
  Generator(const Program& program, const Analysis& analysis, Code& code)
      : program_(program),
        analysis_(analysis),
        code_(code),
        input_of_(inputs(program)),
        sizes_(program),
        whole_layouts_(program.types.size(), nullptr),
        forms_(*this) {}

  const Program& program() const { return program_; }
  const Views& views() const { return analysis_.views; }
  const OrderedSchedule& schedule() const { return analysis_.schedule; }
  const Storage& storage() const { return analysis_.storage; }
  Code& code() const { return code_; }

  const Type& type_of(ValueId v) const { return program_.type_of(v); }
  bool is_scalar(ValueId v) const { return sizes_.count[program_.instructions[v].type] == 1; }
  /// Where a root begins.
  Ref ref_of(ValueId root) const;
  /// Where an element of a root is.
  Ref ref_of(ValueId root, std::int64_t offset_elements) const;
  /// Where the first element of a value is.
  Ref first_ref_of(ValueId v) const;
  /// Slot of a scalar, in units of 8 bytes.
  std::uint32_t slot_of(ValueId v) const;
  Operand operand_of(ValueId v);
  /// Calls that differ in memory alone share one kernel; null if there is none.
  const PreparedKernel* prepare(const ArrayCall& call);
  RegionForms& forms() { return forms_; }
  const RegionForms& forms() const { return forms_; }

 private:
  struct KeyHash {
    std::size_t operator()(const std::vector<std::int64_t>& key) const;
  };

  /// A call prepared lately, by its place in the tables of layouts and attributes.
  struct RecentCall {
    OpCode op = 0;
    std::array<const void*, 5> places{};
    const PreparedKernel* kernel = nullptr;
  };
  static constexpr std::size_t kRecentCalls = 64, kFewOperands = 3;

  static std::vector<std::uint32_t> inputs(const Program& program);
  const PreparedKernel* find_or_prepare(const ArrayCall& call);
  const Layout* layout_of(ValueId v);
  const Layout* intern(Layout layout);

  const Program& program_;
  const Analysis& analysis_;
  Code& code_;
  std::vector<std::uint32_t> input_of_;  // its number, up to the last input
  const TypeSizes sizes_;
  std::unordered_multimap<std::size_t, const Layout*> layouts_;
  std::vector<const Layout*> whole_layouts_;  // of each type, elements one after the other
  std::unordered_map<std::vector<std::int64_t>, const PreparedKernel*, KeyHash> prepared_;
  std::vector<std::int64_t> key_;  // of find_or_prepare()
  std::array<RecentCall, kRecentCalls> recent_calls_{};
  RegionForms forms_;
};

/// Kernel of an elementwise instruction and a rough cost an element; throws DTypeError.
Kernel find_kernel(const Program& program, ValueId v);
std::int64_t element_cost(OpCode op);

void generate_region(Generator& generator, const ScheduledStep& step);
/// Index of the step in Code::arrays.
std::uint32_t generate_array(Generator& generator, ValueId v);
/// Of these steps in the schedule.
void generate_pass(Generator& generator, StepRange steps);
void generate_scalars(Generator& generator, const ScheduledStep& step);

}  // namespace dualtape::engine
