/// Offsets for buffers with known lifetimes in one block of memory.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace dualtape::engine {

/// A piece released lately, of the same size; else the best fit over the holes that all released
/// pieces leave, O(log n) each. A loop's arrays have few sizes: most pieces are never joined.
class OffsetAllocator {
 public:
  explicit OffsetAllocator(std::int64_t start) : end_(start) {}
  std::int64_t allocate(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes);
  std::int64_t end() const { return end_; }

 private:
  static constexpr std::size_t kSizes = 8;
  /// Offsets of released pieces of one size, not yet among the holes.
  struct Waiting {
    std::int64_t bytes;
    std::vector<std::int64_t> offsets;
  };
  using Hole = std::map<std::int64_t, std::int64_t>::iterator;
  Waiting* waiting_of(std::int64_t bytes);
  void join_waiting();
  void join(std::int64_t offset, std::int64_t bytes);
  void change_hole(Hole hole, std::int64_t offset, std::int64_t bytes);
  void remove_hole(Hole hole);

  std::map<std::int64_t, std::int64_t> holes_;               // offset -> bytes
  std::set<std::pair<std::int64_t, std::int64_t>> by_size_;  // (bytes, offset)
  std::int64_t end_;
  std::vector<Waiting> waiting_;  // at most kSizes
};

}  // namespace dualtape::engine
