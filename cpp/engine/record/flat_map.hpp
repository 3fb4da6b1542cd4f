/// A map from nonzero words to 32-bit numbers: what a recorder looks up at every operation.
///
/// Open addressing; emptying it keeps its memory, so that one recording after the other allocates
/// nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "program/pod_vector.hpp"

namespace dualtape::engine {

class FlatMap {
 public:
  /// The number kept for the key; nullptr if there is none. Valid until the next set.
  const std::uint32_t* find(std::uint64_t key) const {
    if (count_ == 0) return nullptr;
    const Entry& entry = entries_[place_of(key)];
    return entry.key == key ? &entry.value : nullptr;
  }

  void set(std::uint64_t key, std::uint32_t value) {
    if (2 * (count_ + 1) > entries_.size()) grow();
    Entry& entry = entries_[place_of(key)];
    count_ += entry.key != key;
    entry = {key, value};
  }

  void clear() {
    if (count_ > 0) std::fill(entries_.begin(), entries_.end(), Entry{});
    count_ = 0;
  }

  std::size_t capacity() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t key = 0;
    std::uint32_t value = 0;
  };

  /// Where the key is, or may be put.
  std::size_t place_of(std::uint64_t key) const {
    const std::size_t mask = entries_.size() - 1;
    std::size_t at = (key * 0x9E3779B97F4A7C15u >> 32) & mask;
    while (entries_[at].key != key && entries_[at].key != 0) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    PodVector<Entry> old;
    old.swap(entries_);
    entries_.resize(std::max<std::size_t>(16, 2 * old.size()));
    for (const Entry& entry : old) {
      if (entry.key != 0) entries_[place_of(entry.key)] = entry;
    }
  }

  PodVector<Entry> entries_;
  std::size_t count_ = 0;
};

}  // namespace dualtape::engine
