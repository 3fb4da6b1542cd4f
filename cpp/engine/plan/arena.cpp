#include "plan/arena.hpp"

#include <iterator>

namespace dualtape::engine {

std::int64_t OffsetAllocator::allocate(std::int64_t bytes) {
  if (bytes == 0) return 0;
  const auto fit = by_size_.lower_bound({bytes, 0});
  if (fit == by_size_.end()) {
    // A hole at the end grows.
    std::int64_t offset = end_;
    if (!holes_.empty()) {
      const auto last = std::prev(holes_.end());
      if (last->first + last->second == end_) {
        offset = last->first;
        remove_hole(last);
      }
    }
    end_ = offset + bytes;
    return offset;
  }
  const std::int64_t offset = fit->second, size = fit->first;
  remove_hole(holes_.find(offset));
  if (size > bytes) add_hole(offset + bytes, size - bytes);
  return offset;
}

void OffsetAllocator::release(std::int64_t offset, std::int64_t bytes) {
  if (bytes == 0) return;
  auto after = holes_.lower_bound(offset);
  if (after != holes_.end() && after->first == offset + bytes) {
    bytes += after->second;
    remove_hole(after);
  }
  auto before = holes_.lower_bound(offset);
  if (before != holes_.begin()) {
    before = std::prev(before);
    if (before->first + before->second == offset) {
      offset = before->first;
      bytes += before->second;
      remove_hole(before);
    }
  }
  add_hole(offset, bytes);
}

void OffsetAllocator::add_hole(std::int64_t offset, std::int64_t bytes) {
  holes_.emplace(offset, bytes);
  by_size_.emplace(bytes, offset);
}

void OffsetAllocator::remove_hole(std::map<std::int64_t, std::int64_t>::iterator hole) {
  by_size_.erase({hole->second, hole->first});
  holes_.erase(hole);
}

}  // namespace dualtape::engine
