#include "memory/blocks.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace dualtape::engine {
namespace {

/// Lies before the memory of each block.
struct alignas(kBlockAlignment) Header {
  std::size_t capacity;  // bytes after the header
  // While the block is kept: its neighbours among those of its size, and among all by age.
  Header *next, *previous, *newer, *older;
};
static_assert(sizeof(Header) == kBlockAlignment);

Header* header_of(void* block) { return static_cast<Header*>(block) - 1; }

/// Four sizes an octave: 256, 320, 384, 448, 512, ... KiB. Pages of a block that nobody touches
/// cost nothing.
constexpr std::size_t kSteps = 4;

constexpr std::size_t size_class(std::size_t bytes) {
  const std::size_t n = std::max(bytes, kSmallestKeptBlock);
  const auto octave = static_cast<std::size_t>(std::bit_width(n - 1)) - 1;  // 2^octave < n
  const std::size_t step = (std::size_t{1} << octave) / kSteps;
  const std::size_t position = (n - (std::size_t{1} << octave) + step - 1) / step;  // 1 .. kSteps
  return octave * kSteps + position;
}
constexpr std::size_t class_bytes(std::size_t c) {
  const std::size_t octave = (c - 1) / kSteps, position = c - octave * kSteps;
  return (std::size_t{1} << octave) / kSteps * (kSteps + position);
}
constexpr std::size_t kFirstClass = size_class(kSmallestKeptBlock);
constexpr std::size_t kClassCount = size_class(kLargestKeptBlock) - kFirstClass + 1;
static_assert(class_bytes(kFirstClass) == kSmallestKeptBlock);
static_assert(class_bytes(size_class((320u << 10) + 1)) == 384u << 10);

/// Fresh memory, and back to the system: not through malloc, which would keep some of it.
#ifdef __linux__
constexpr std::size_t kPage = 4096;
/// Memory is backed by pages of this size where it is asked for: one fault in 512 is left.
constexpr std::size_t kHugePage = std::size_t{2} << 20;

constexpr std::size_t mapped_bytes(std::size_t capacity) {
  return (sizeof(Header) + capacity + kPage - 1) / kPage * kPage;
}

/// Pages of what is about to be written, in one call of the system: half the time of a fault for
/// each. Of very large memory several threads may take their parts.
void populate([[maybe_unused]] char* start, [[maybe_unused]] std::size_t bytes) noexcept {
#ifdef MADV_POPULATE_WRITE
  if (bytes <= kLargestKeptBlock) madvise(start, bytes, MADV_POPULATE_WRITE);  // since Linux 5.14
#endif
}

/// Of the capacity the first `used` bytes are sure to be written.
void* map_memory(std::size_t capacity, std::size_t used) noexcept {
  const std::size_t bytes = mapped_bytes(capacity);
  const bool is_huge = bytes >= kHugePage;
  const std::size_t spare = is_huge ? kHugePage - kPage : 0;
  void* const all =
      mmap(nullptr, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) return nullptr;
  char* const start = static_cast<char*>(all);
  if (!is_huge) {
    populate(start, mapped_bytes(used));
    return all;
  }
  const std::size_t skipped = -reinterpret_cast<std::uintptr_t>(start) & (kHugePage - 1);
  if (skipped) munmap(start, skipped);
  if (skipped < spare) munmap(start + skipped + bytes, spare - skipped);
  madvise(start + skipped, bytes, MADV_HUGEPAGE);
  populate(start + skipped, mapped_bytes(used));
  return start + skipped;
}

void unmap_memory(void* memory, std::size_t capacity) noexcept {
  munmap(memory, mapped_bytes(capacity));
}
#else
void* map_memory(std::size_t capacity, std::size_t) noexcept {
  return ::operator new(sizeof(Header) + capacity, std::align_val_t{kBlockAlignment}, std::nothrow);
}
void unmap_memory(void* memory, std::size_t) noexcept {
  ::operator delete(memory, std::align_val_t{kBlockAlignment});
}
#endif

constexpr bool is_kept(std::size_t bytes) {
  return bytes >= kSmallestKeptBlock && bytes <= kLargestKeptBlock;
}

Header* allocate_fresh(std::size_t capacity, std::size_t used) noexcept {
  constexpr std::size_t kLimit = std::size_t{1} << 56;  // sums below cannot overflow
  if (capacity >= kLimit) return nullptr;
  void* const memory = capacity >= kSmallestKeptBlock
                           ? map_memory(capacity, used)
                           : ::operator new(sizeof(Header) + capacity,
                                            std::align_val_t{kBlockAlignment}, std::nothrow);
  if (!memory) return nullptr;
  return ::new (memory) Header{capacity, nullptr, nullptr, nullptr, nullptr};
}

void free_now(Header* h) noexcept {
  if (h->capacity >= kSmallestKeptBlock) {
    unmap_memory(h, h->capacity);
  } else {
    ::operator delete(h, std::align_val_t{kBlockAlignment});
  }
}

class BlockCache {
 public:
  BlockCache() {
#if defined(__unix__) || defined(__APPLE__)
    // Another thread may hold the lock at a fork; the child would wait for it for ever.
    pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                   [] { instance().mutex_.unlock(); });
#endif
  }

  /// Never destroyed: arrays are freed until the process ends.
  static BlockCache& instance() {
    static auto* const cache = new BlockCache;
    return *cache;
  }

  /// A kept block of this size or the next larger one; null if there is none.
  Header* take(std::size_t c) noexcept {
    const std::lock_guard lock(mutex_);
    Header* h = first_[c];
    if (!h && c + 1 < kClassCount) h = first_[c + 1];
    if (h) remove(h);
    return h;
  }

  void keep(Header* h) noexcept {
    Header* dropped = nullptr;
    {
      const std::lock_guard lock(mutex_);
      insert(h);
      while (bytes_ > kKeptBytes) dropped = push(remove(oldest_), dropped);
    }
    free_all(dropped);
  }

  void clear() noexcept {
    Header* dropped = nullptr;
    {
      const std::lock_guard lock(mutex_);
      while (oldest_) dropped = push(remove(oldest_), dropped);
    }
    free_all(dropped);
  }

  std::size_t bytes() noexcept {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }

 private:
  static std::size_t class_of(const Header* h) { return size_class(h->capacity) - kFirstClass; }

  static Header* push(Header* h, Header* list) {
    h->next = list;
    return h;
  }
  /// Giving memory back takes long: not while others wait for the lock.
  static void free_all(Header* list) noexcept {
    while (list) {
      Header* const next = list->next;
      free_now(list);
      list = next;
    }
  }

  void insert(Header* h) {
    Header*& first = first_[class_of(h)];
    h->previous = nullptr;
    h->next = first;
    if (first) first->previous = h;
    first = h;
    h->newer = nullptr;
    h->older = newest_;
    (newest_ ? newest_->newer : oldest_) = h;
    newest_ = h;
    bytes_ += h->capacity;
  }

  Header* remove(Header* h) {
    (h->previous ? h->previous->next : first_[class_of(h)]) = h->next;
    if (h->next) h->next->previous = h->previous;
    (h->newer ? h->newer->older : newest_) = h->older;
    (h->older ? h->older->newer : oldest_) = h->newer;
    bytes_ -= h->capacity;
    return h;
  }

  std::mutex mutex_;
  std::array<Header*, kClassCount> first_{};  // of each size, the last freed first
  Header *newest_ = nullptr, *oldest_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Made while the library is loaded: a child forked while another thread makes it at its first use
/// would wait for that thread, which it does not have.
[[maybe_unused]] const BlockCache& made_at_load = BlockCache::instance();

}  // namespace

void* allocate_block(std::size_t bytes) noexcept {
  Header* h = nullptr;
  if (is_kept(bytes)) {
    const std::size_t c = size_class(bytes);
    h = BlockCache::instance().take(c - kFirstClass);
    if (!h) h = allocate_fresh(class_bytes(c), bytes);
  } else {
    h = allocate_fresh(bytes, bytes);
  }
  return h ? h + 1 : nullptr;
}

void* reallocate_block(void* block, std::size_t bytes) noexcept {
  if (!block) return allocate_block(bytes);
  const std::size_t capacity = header_of(block)->capacity;
  // A block much too large would hold memory that nobody counts on.
  if (bytes <= capacity && bytes >= capacity / 2) return block;
  void* const fresh = allocate_block(bytes);
  if (!fresh) return bytes <= capacity ? block : nullptr;
  std::memcpy(fresh, block, std::min(bytes, capacity));
  free_block(block);
  return fresh;
}

void free_block(void* block) noexcept {
  if (!block) return;
  Header* const h = header_of(block);
  if (is_kept(h->capacity)) {
    BlockCache::instance().keep(h);
  } else {
    free_now(h);
  }
}

std::size_t kept_block_bytes() noexcept { return BlockCache::instance().bytes(); }

void release_kept_blocks() noexcept { BlockCache::instance().clear(); }

}  // namespace dualtape::engine
