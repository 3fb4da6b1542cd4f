/// Regions that differ in memory alone are generated once: a loop of n steps has n regions of one
/// form.
///
/// A region's places in memory are symbols, numbers of the values that lie there; each step of the
/// form has its own list of addresses. The form of a region is all that its code depends on, in
/// words: what its members do, which of them are stored, which values they read, by number, and how
/// those lie in memory.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "plan/code.hpp"

namespace dualtape::engine {

class Generator;

class RegionForms {
 public:
  struct Form {
    std::uint32_t region = kNone;  // in Code::regions; kNone: not yet made
    std::int64_t work = 0;
  };

  explicit RegionForms(const Generator& generator);

  /// Numbers the values of a step and finds its form, valid until the next call.
  Form& form_of(const ScheduledStep& step);
  /// The first element of a value of that step, as a symbol.
  Ref symbol_of(ValueId v) const;
  /// Appends the places of the step's values for which the region has symbols.
  void place(const Region& region, std::vector<Ref>& places) const;

 private:
  struct KeyHash {
    std::size_t operator()(const std::vector<std::int64_t>& key) const;
  };

  void mention(ValueId v, std::uint32_t step);
  void describe(ValueId v, std::uint32_t step);

  const Generator& generator_;
  std::vector<std::uint32_t> number_, step_;  // of each value, in the step that mentioned it last
  std::vector<ValueId> values_;               // by number
  std::vector<std::int64_t> key_;
  std::unordered_map<std::vector<std::int64_t>, Form, KeyHash> forms_;
};

}  // namespace dualtape::engine
