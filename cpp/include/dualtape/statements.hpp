/// Where a tape keeps its statements: blocks of memory that grow without copying.
#pragma once

#include <dualtape/error.hpp>
#include <dualtape/forward.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace dualtape::detail {

/// A statement y = f(x_1, ..., x_n), n <= 7, is n pairs of a word and a partial, one after the
/// other. A word holds the number of a variable in its low 29 bits; the last word of a statement
/// holds n - 1 above, so that a tape can be read backward. The number of y is its position in the
/// order of statements. A word of kind kExternal is the last of something else: with kLocal or
/// kColumns of a node of dense partials (nodes.hpp); else it stands alone, for an external function
/// or, with kInputs, for a run of inputs, by its position in a list.
inline constexpr int kMaxLeaves = 7;
inline constexpr int kIndexBits = 29;
inline constexpr std::uint32_t kIndexMask = (std::uint32_t{1} << kIndexBits) - 1;
inline constexpr std::uint32_t kExternal = kMaxLeaves;
inline constexpr std::uint32_t kInputs = std::uint32_t{1} << (kIndexBits - 1);
inline constexpr std::uint32_t kLocal = std::uint32_t{1} << (kIndexBits - 2);
inline constexpr std::uint32_t kColumns = std::uint32_t{1} << (kIndexBits - 3);

/// Numbers of variables in a row.
struct Range {
  std::uint32_t begin;
  std::uint32_t end;
};

/// Numbers of recordings, unique over all tapes and threads, have 16 of 32 bits set: so the bitwise
/// or of two different ones is no number of any recording, and an expression finds out that its
/// variables do not belong together by one comparison. They come round after 6e8 recordings.
/// Source: Gosper, HAKMEM item 175, for the next word of as many bits.
inline std::uint32_t next_recording() {
  static std::atomic<std::uint32_t> last{0xffffu};
  std::uint32_t number = last.load();
  std::uint32_t next = 0;
  do {
    const std::uint32_t lowest = number & (~number + 1);
    const std::uint32_t carried = number + lowest;
    next = carried == 0 ? 0xffffu : carried | (((number ^ carried) / lowest) >> 2);
  } while (!last.compare_exchange_weak(number, next));
  return next;
}

/// True for the number of one recording, false for several or-ed together.
inline bool is_recording(std::uint32_t number) { return std::popcount(number) == 16; }

/// Words and partials of a run of statements, side by side.
template <class T>
struct Block {
  static_assert(std::is_trivially_destructible_v<T>, "Tape: wanted a T without a destructor");

  T* partials = nullptr;
  std::uint32_t* words = nullptr;
  std::size_t capacity = 0;
  std::size_t used = 0;
};

/// What a recording writes to: the block in use and how far it is filled.
template <class T>
struct Head {
  Tape<T>* tape = nullptr;
  T* partials = nullptr;
  std::uint32_t* words = nullptr;
  std::size_t used = 0;
  std::size_t capacity = 0;
  /// The next variable's: number of the recording (1 is that of none), above number of the variable
  /// (0 stands for all constants).
  std::uint64_t next = std::uint64_t{1} << 32 | 1;

  std::uint32_t variables() const { return static_cast<std::uint32_t>(next); }
  std::uint32_t recording() const { return static_cast<std::uint32_t>(next >> 32); }
  void restart(std::uint32_t recording, std::uint32_t variables) {
    next = std::uint64_t{recording} << 32 | variables;
  }
};

/// The blocks of one tape. They are never copied and are kept when their statements are forgotten.
template <class T>
class Statements {
 public:
  struct Position {
    std::size_t block = 0;
    std::size_t used = 0;
  };

  Statements() = default;
  Statements(const Statements&) = delete;
  Statements& operator=(const Statements&) = delete;
  ~Statements() {
    for (const Block<T>& block : blocks_) {
      ::operator delete(static_cast<void*>(block.partials), alignment(block.capacity));
    }
  }

  /// The next block with room for `pairs` becomes the one to write to; made if there is none.
  void advance(Head<T>& head, std::size_t pairs) {
    do {
      if (current_ < blocks_.size() && head.words != nullptr) {
        blocks_[current_].used = head.used;
        ++current_;
      }
      if (current_ == blocks_.size())
        blocks_.push_back(make(std::max(pairs, kFirst << std::min(current_, kDoublings))));
      use(head, 0);
    } while (head.capacity < pairs);
  }

  Position position(const Head<T>& head) const { return {current_, head.used}; }

  void rewind(Head<T>& head, Position to) {
    current_ = to.block;
    if (blocks_.empty()) return;
    use(head, to.used);
  }

  /// Calls f(block, from) from the last block in use back to a position: `from` is 0 but in the
  /// position's own block.
  template <class F>
  void backward(const Head<T>& head, Position until, F f) {
    if (blocks_.empty()) return;
    blocks_[current_].used = head.used;
    for (std::size_t i = current_ + 1; i-- > until.block;) {
      f(blocks_[i], i == until.block ? until.used : 0);
    }
  }
  /// Calls f(block) from the first block to the last in use.
  template <class F>
  void forward(const Head<T>& head, F f) const {
    for (std::size_t i = 0; i < blocks_.size() && i <= current_; ++i) {
      Block<T> block = blocks_[i];
      if (i == current_) block.used = head.used;
      f(block);
    }
  }

  std::size_t capacity_bytes() const {
    std::size_t bytes = blocks_.capacity() * sizeof(Block<T>);
    for (const Block<T>& block : blocks_) bytes += block.capacity * kPairBytes;
    return bytes;
  }

 private:
  static constexpr std::size_t kPairBytes = sizeof(T) + sizeof(std::uint32_t);
  static constexpr std::size_t kAlignment = std::max<std::size_t>(64, alignof(T));
  static constexpr std::size_t kFirst = 512;     // pairs in the first block
  static constexpr std::size_t kDoublings = 11;  // up to 2^20 pairs, 12 MB of doubles

  static constexpr std::size_t kHugePage = std::size_t{1} << 21;

  static std::align_val_t alignment(std::size_t capacity) {
    return std::align_val_t{capacity * kPairBytes < kHugePage ? kAlignment : kHugePage};
  }

  static Block<T> make(std::size_t capacity) {
    const std::size_t bytes = capacity * kPairBytes;
    void* memory = ::operator new(bytes, alignment(capacity));
#if defined(__linux__)
    // A new tape of many statements waits for its pages most of the time, unless they are large.
    // Where there are none nothing is lost.
    if (bytes >= kHugePage) (void)::madvise(memory, bytes, MADV_HUGEPAGE);
#endif
    auto* partials = static_cast<T*>(memory);
    auto* words =
        reinterpret_cast<std::uint32_t*>(static_cast<char*>(memory) + capacity * sizeof(T));
    return {partials, words, capacity, 0};
  }

  void use(Head<T>& head, std::size_t used) {
    const Block<T>& block = blocks_[current_];
    head.partials = block.partials;
    head.words = block.words;
    head.capacity = block.capacity;
    head.used = used;
  }

  std::vector<Block<T>> blocks_;
  std::size_t current_ = 0;
};

}  // namespace dualtape::detail
