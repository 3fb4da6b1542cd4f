// The cache of blocks: contents, alignment, bounds, other threads.
#include "memory/blocks.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <thread>
#include <vector>

#include "check.hpp"

namespace {

using namespace dualtape::engine;  // NOLINT: tests speak the engine's language

constexpr std::size_t kMiB = std::size_t{1} << 20;

struct Filled {
  unsigned char* data;
  std::size_t bytes;
  unsigned char mark;

  Filled(std::size_t n, unsigned char m)
      : data(static_cast<unsigned char*>(allocate_block(n))), bytes(n), mark(m) {
    std::fill_n(data, n, m);
  }
  bool is_whole() const {
    return std::all_of(data, data + bytes, [this](unsigned char x) { return x == mark; });
  }
};

void test_blocks_are_aligned_and_overlap_nothing() {
  std::mt19937 rng(1);
  std::vector<Filled> blocks;
  for (int step = 0; step < 500; ++step) {
    if (blocks.size() > 12) {
      const std::size_t k = rng() % blocks.size();
      check::is_true(blocks[k].is_whole(), "nobody wrote into the block");
      free_block(blocks[k].data);
      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(k));
    }
    const std::size_t bytes = rng() % (rng() % 4 ? 2 * kSmallestKeptBlock : 3 * kMiB);
    blocks.emplace_back(bytes, static_cast<unsigned char>(step));
    const auto address = reinterpret_cast<std::uintptr_t>(blocks.back().data);
    check::is_true(address % kBlockAlignment == 0, "aligned");
  }
  for (const Filled& block : blocks) free_block(block.data);
}

void test_a_freed_block_is_used_again() {
  release_kept_blocks();
  check::is_true(kept_block_bytes() == 0, "nothing kept");
  void* const first = allocate_block(5 * kMiB);
  free_block(first);
  check::is_true(kept_block_bytes() >= 5 * kMiB, "kept");
  check::is_true(allocate_block(5 * kMiB - 1000) == first, "the same block");
  check::is_true(kept_block_bytes() == 0, "in use");
  free_block(first);
  release_kept_blocks();
  check::is_true(kept_block_bytes() == 0, "given back");
}

void test_what_is_kept_is_bounded() {
  release_kept_blocks();
  std::vector<void*> blocks;
  for (int k = 0; k < 40; ++k) blocks.push_back(allocate_block(10 * kMiB));
  for (void* block : blocks) free_block(block);
  check::is_true(kept_block_bytes() <= kKeptBytes, "at most kKeptBytes");
  check::is_true(kept_block_bytes() > kKeptBytes - 16 * kMiB, "but not much less");
  void* const large = allocate_block(kLargestKeptBlock + 1);
  const std::size_t before = kept_block_bytes();
  free_block(large);
  check::is_true(kept_block_bytes() == before, "larger ones are not kept");
  release_kept_blocks();
}

void test_reallocation_keeps_contents() {
  std::size_t size = 1;
  auto* block = static_cast<unsigned char*>(reallocate_block(nullptr, size));
  block[0] = 7;
  std::mt19937 rng(2);
  for (int step = 0; step < 100; ++step) {
    const std::size_t next = 1 + rng() % (rng() % 3 ? 4 * kMiB : 1000);
    block = static_cast<unsigned char*>(reallocate_block(block, next));
    const std::size_t kept = std::min(size, next);
    check::is_true(std::all_of(block, block + kept, [](unsigned char x) { return x == 7; }), "");
    std::fill(block + kept, block + next, static_cast<unsigned char>(7));
    size = next;
  }
  free_block(block);
  check::is_true(allocate_block(~std::size_t{0}) == nullptr, "no such memory");
  free_block(nullptr);
}

void test_threads_free_each_others_blocks() {
  std::vector<Filled> blocks;
  for (int k = 0; k < 64; ++k) {
    blocks.emplace_back(kSmallestKeptBlock + 4096 * static_cast<std::size_t>(k % 5), k);
  }
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&blocks, t] {
      for (std::size_t k = t; k < blocks.size(); k += 4) {
        check::is_true(blocks[k].is_whole(), "as the first thread wrote it");
        free_block(blocks[k].data);
        blocks[k] = Filled(kSmallestKeptBlock, static_cast<unsigned char>(k + 1));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Filled& block : blocks) {
    check::is_true(block.is_whole(), "as another thread wrote it");
    free_block(block.data);
  }
}

}  // namespace

int main() {
  return check::run({
      {"blocks are aligned and overlap nothing", test_blocks_are_aligned_and_overlap_nothing},
      {"a freed block is used again", test_a_freed_block_is_used_again},
      {"what is kept is bounded", test_what_is_kept_is_bounded},
      {"reallocation keeps contents", test_reallocation_keeps_contents},
      {"threads free each other's blocks", test_threads_free_each_others_blocks},
  });
}
