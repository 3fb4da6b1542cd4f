#include "sparse/index_sets.hpp"

#include <algorithm>
#include <iterator>
#include <numeric>
#include <utility>

namespace dualtape::engine {

IndexSets::IndexSets(std::int64_t columns, std::size_t max_entries)
    : columns_(static_cast<std::size_t>(columns)),
      max_entries_(std::max(max_entries, 2 * columns_)),
      entries_(columns_),
      starts_(columns_ + 2) {
  std::iota(entries_.begin(), entries_.end(), SparseIndex{0});
  std::iota(starts_.begin() + 1, starts_.end(), std::size_t{0});
}

IndexSets::Id IndexSets::close() {
  starts_.push_back(entries_.size());
  return static_cast<Id>(starts_.size() - 2);
}

IndexSets::Id IndexSets::all() {
  if (all_ == kEmpty && columns_ > 0) {
    for (std::size_t j = 0; j < columns_; ++j) entries_.push_back(static_cast<SparseIndex>(j));
    all_ = close();
  }
  return all_;
}

IndexSets::Id IndexSets::unite(Id a, Id b) {
  if (a == b || b == kEmpty) return a;
  if (a == kEmpty) return b;
  if (a > b) std::swap(a, b);
  Known& known = known_[(a * 0x9E3779B1u ^ b * 0x85EBCA77u) >> 20];
  if (known.a != a || known.b != b) known = {a, b, merge(a, b)};
  return known.both;
}

IndexSets::Id IndexSets::merge(Id a, Id b) {
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

IndexSets::Id IndexSets::unite(std::span<const Id> sets) {
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

}  // namespace dualtape::engine
