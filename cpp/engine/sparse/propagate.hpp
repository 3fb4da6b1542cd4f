/// Index sets pushed through a program: what pattern_of does, instruction by instruction.
#pragma once

#include <memory>
#include <unordered_map>

#include "ops/rules.hpp"
#include "sparse/pattern.hpp"

namespace dualtape::engine {

/// For each entry of a value the set of columns it depends on; null: none does.
using EntrySets = std::shared_ptr<const std::vector<IndexSets::Id>>;

class Propagation {
 public:
  Propagation(const Program& p, IndexSets& sets, const IndexValues& known)
      : p_(p), sets_(sets), known_(known), values_(p.size()) {}

  void bind(ValueId input, EntrySets entries) { values_[input] = std::move(entries); }
  void run();
  const EntrySets& at(ValueId v) const { return values_[v]; }

 private:
  using Entries = std::vector<IndexSets::Id>;

  EntrySets step(ValueId v);
  EntrySets elementwise(ValueId v);
  EntrySets moved(ValueId v);
  EntrySets written(ValueId v);
  EntrySets concatenated(ValueId v);
  EntrySets summed(ValueId v);
  EntrySets accumulated(ValueId v);
  EntrySets product(ValueId v);
  EntrySets solved(ValueId v);
  EntrySets taken(ValueId v);
  EntrySets scattered(ValueId v);
  EntrySets called(ValueId v);
  /// Every entry depends on everything.
  EntrySets spread(ValueId v);
  void custom_linear(ValueId v);

  EntrySets operand(ValueId v, std::size_t k) const { return values_[p_.args_of(v)[k]]; }
  const Dims& shape_of_operand(ValueId v, std::size_t k) const {
    return p_.type_of(p_.args_of(v)[k]).shape;
  }
  std::size_t count(ValueId v) const {
    return static_cast<std::size_t>(element_count(p_.type_of(v).shape));
  }
  /// Positions along the first of `n` entries that operand k of v names; empty: not known.
  std::span<const std::int64_t> index_of(ValueId v, std::size_t k) const;
  /// The union over a whole column of rows [n, width]: what a gather at an unknown index reads.
  Entries any_row(const Entries& x, std::size_t n, std::size_t width);

  const Program& p_;
  IndexSets& sets_;
  const IndexValues& known_;
  std::vector<EntrySets> values_;
  std::unordered_map<ValueId, std::vector<EntrySets>> tuples_;
};

}  // namespace dualtape::engine
