/// Sets of column indices, each kept once and named by a number: the state of pattern propagation.
///
/// Entries of a value that depend on the same columns mostly share a set, so moving entries about
/// (slices, gathers, broadcasts) moves numbers, and the union of two sets is worked out once.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace dualtape::engine {

/// Row and column numbers, as SciPy keeps them.
using SparseIndex = std::int32_t;

class IndexSets {
 public:
  using Id = std::uint32_t;
  static constexpr Id kEmpty = 0;

  /// Columns 0, ..., columns - 1. `max_entries` bounds the entries kept: past it a union becomes
  /// the set of all columns, which is conservative.
  explicit IndexSets(std::int64_t columns, std::size_t max_entries = std::size_t{1} << 28);

  static Id single(std::int64_t column) { return static_cast<Id>(column + 1); }
  std::size_t size(Id s) const { return starts_[s + 1] - starts_[s]; }
  /// Ascending; valid until the next union.
  std::span<const SparseIndex> of(Id s) const {
    return {entries_.data() + starts_[s], entries_.data() + starts_[s + 1]};
  }
  Id unite(Id a, Id b);
  Id unite(std::span<const Id> sets);

 private:
  struct Known {
    Id a = 0, b = 0, both = 0;
  };
  static constexpr std::size_t kKnown = std::size_t{1} << 12;

  Id merge(Id a, Id b);
  /// The entries past the last set are a new one.
  Id close();
  Id all();
  bool is_full(std::size_t more) const { return entries_.size() + more > max_entries_; }

  std::size_t columns_;
  std::size_t max_entries_;
  std::vector<SparseIndex> entries_;
  std::vector<std::size_t> starts_;
  std::vector<std::uint32_t> seen_;  // by column: the union that met it last
  std::uint32_t round_ = 0;
  std::array<Known, kKnown> known_{};  // unions made, by a hash of their operands
  Id all_ = kEmpty;
};

}  // namespace dualtape::engine
