#include "plan/arena.hpp"

#include <algorithm>
#include <iterator>

namespace dualtape::engine {

std::int64_t OffsetAllocator::allocate(std::int64_t bytes) {
  if (bytes == 0) return 0;
  if (Waiting* same = waiting_of(bytes); same && !same->offsets.empty()) {
    const std::int64_t offset = same->offsets.back();
    same->offsets.pop_back();
    return offset;
  }
  join_waiting();
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
  const auto hole = holes_.find(offset);
  if (size > bytes) {
    change_hole(hole, offset + bytes, size - bytes);
  } else {
    by_size_.erase(fit);
    holes_.erase(hole);
  }
  return offset;
}

void OffsetAllocator::release(std::int64_t offset, std::int64_t bytes) {
  if (bytes == 0) return;
  Waiting* same = waiting_of(bytes);
  if (!same) {
    if (waiting_.size() == kSizes) return join(offset, bytes);
    same = &waiting_.emplace_back(Waiting{bytes, {}});
  }
  same->offsets.push_back(offset);
}

OffsetAllocator::Waiting* OffsetAllocator::waiting_of(std::int64_t bytes) {
  const auto at = std::ranges::find(waiting_, bytes, &Waiting::bytes);
  return at == waiting_.end() ? nullptr : &*at;
}

void OffsetAllocator::join_waiting() {
  for (Waiting& piece : waiting_) {
    for (const std::int64_t offset : piece.offsets) join(offset, piece.bytes);
    piece.offsets.clear();
  }
}

void OffsetAllocator::join(std::int64_t offset, std::int64_t bytes) {
  auto after = holes_.lower_bound(offset);
  const bool meets_after = after != holes_.end() && after->first == offset + bytes;
  if (after != holes_.begin()) {
    const auto before = std::prev(after);
    if (before->first + before->second == offset) {
      bytes += before->second;
      if (meets_after) {
        bytes += after->second;
        remove_hole(after);
      }
      return change_hole(before, before->first, bytes);
    }
  }
  if (meets_after) return change_hole(after, offset, bytes + after->second);
  holes_.emplace_hint(after, offset, bytes);
  by_size_.emplace(bytes, offset);
}

/// The hole keeps its place among the others, and its memory.
void OffsetAllocator::change_hole(Hole hole, std::int64_t offset, std::int64_t bytes) {
  auto size = by_size_.extract({hole->second, hole->first});
  size.value() = {bytes, offset};
  by_size_.insert(std::move(size));
  if (hole->first == offset) {
    hole->second = bytes;
    return;
  }
  const auto next = std::next(hole);
  auto place = holes_.extract(hole);
  place.key() = offset;
  place.mapped() = bytes;
  holes_.insert(next, std::move(place));
}

void OffsetAllocator::remove_hole(Hole hole) {
  by_size_.erase({hole->second, hole->first});
  holes_.erase(hole);
}

}  // namespace dualtape::engine
