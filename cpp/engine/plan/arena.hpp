/// Offsets for buffers with known lifetimes in one block of memory.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace dualtape::engine {

/// Best fit over the holes left by released pieces; O(log n) each.
class OffsetAllocator {
 public:
  explicit OffsetAllocator(std::int64_t start) : end_(start) {}
  std::int64_t allocate(std::int64_t bytes);
  void release(std::int64_t offset, std::int64_t bytes);
  std::int64_t end() const { return end_; }

 private:
  using Hole = std::map<std::int64_t, std::int64_t>::iterator;
  void change_hole(Hole hole, std::int64_t offset, std::int64_t bytes);
  void remove_hole(Hole hole);

  std::map<std::int64_t, std::int64_t> holes_;               // offset -> bytes
  std::set<std::pair<std::int64_t, std::int64_t>> by_size_;  // (bytes, offset)
  std::int64_t end_;
};

}  // namespace dualtape::engine
