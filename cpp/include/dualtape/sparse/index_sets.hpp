/// Sets of column indices, each kept once and named by a number: the state of pattern propagation.
///
/// Entries of a value that depend on the same columns mostly share a set, so moving entries about
/// (slices, gathers, broadcasts) moves numbers, and the union of two sets is worked out once.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace dualtape::sparse {

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

inline IndexSets::IndexSets(std::int64_t columns, std::size_t max_entries)
    : columns_(static_cast<std::size_t>(columns)),
      max_entries_(std::max(max_entries, 2 * columns_)),
      entries_(columns_),
      starts_(columns_ + 2) {
  std::iota(entries_.begin(), entries_.end(), SparseIndex{0});
  std::iota(starts_.begin() + 1, starts_.end(), std::size_t{0});
}

inline IndexSets::Id IndexSets::close() {
  starts_.push_back(entries_.size());
  return static_cast<Id>(starts_.size() - 2);
}

inline IndexSets::Id IndexSets::all() {
  if (all_ == kEmpty && columns_ > 0) {
    for (std::size_t j = 0; j < columns_; ++j) entries_.push_back(static_cast<SparseIndex>(j));
    all_ = close();
  }
  return all_;
}

inline IndexSets::Id IndexSets::unite(Id a, Id b) {
  if (a == b || b == kEmpty) return a;
  if (a == kEmpty) return b;
  if (a > b) std::swap(a, b);
  Known& known = known_[(a * 0x9E3779B1u ^ b * 0x85EBCA77u) >> 20];
  if (known.a != a || known.b != b) known = {a, b, merge(a, b)};
  return known.both;
}

inline IndexSets::Id IndexSets::merge(Id a, Id b) {
  const std::size_t n = size(a) + size(b), first = entries_.size();
  if (size(a) == columns_) return a;
  if (size(b) == columns_) return b;
  if (is_full(n)) return all();
  entries_.resize(first + n);
  const auto x = of(a), y = of(b);
  const auto out = entries_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto end = std::set_union(x.begin(), x.end(), y.begin(), y.end(), out);
  const auto count = static_cast<std::size_t>(end - out);
  if (count == x.size() || count == y.size()) {
    entries_.resize(first);
    return count == size(a) ? a : b;
  }
  entries_.resize(first + count);
  return close();
}

inline IndexSets::Id IndexSets::unite(std::span<const Id> sets) {
  Id largest = kEmpty, last = kEmpty;
  bool same = true;
  for (const Id s : sets) {
    if (s == kEmpty) continue;
    same = same && (last == kEmpty || s == last);
    last = s;
    if (size(s) > size(largest)) largest = s;
  }
  if (same || size(largest) == columns_) return largest;
  if (seen_.empty()) seen_.resize(columns_);
  ++round_;
  const std::size_t first = entries_.size();
  last = kEmpty;
  for (const Id s : sets) {
    if (s == last) continue;
    last = s;
    for (std::size_t k = starts_[s]; k < starts_[s + 1]; ++k) {
      const SparseIndex j = entries_[k];
      if (std::exchange(seen_[static_cast<std::size_t>(j)], round_) != round_) {
        entries_.push_back(j);
      }
    }
  }
  const std::size_t count = entries_.size() - first;
  if (count == size(largest) || is_full(0)) {
    entries_.resize(first);
    return count == size(largest) ? largest : all();
  }
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first);
  if (count > columns_ / 16) {
    auto out = begin;
    for (std::size_t j = 0; j < columns_; ++j) {
      if (seen_[j] == round_) *out++ = static_cast<SparseIndex>(j);
    }
  } else {
    std::sort(begin, entries_.end());
  }
  return close();
}

}  // namespace dualtape::sparse
