/// Blocks of memory for results and arenas.
///
/// Fresh memory costs a page fault and zeroes for every page; half the time of writing a large
/// result. So freed blocks of 256 KiB to 128 MiB are kept, up to 256 MiB in all, and handed out
/// again. Any thread may free a block of any other; a forked child keeps its copy of all.
#pragma once

#include <cstddef>

namespace dualtape::engine {

inline constexpr std::size_t kBlockAlignment = 64;  // bytes; a cache line
/// Below, the ordinary allocator is as fast, and setting NumPy's handler takes 0.2 us.
inline constexpr std::size_t kSmallestKeptBlock = std::size_t{256} << 10;
inline constexpr std::size_t kLargestKeptBlock = std::size_t{128} << 20;
inline constexpr std::size_t kKeptBytes = std::size_t{256} << 20;

/// Memory of at least `bytes` (any number), its contents undefined; null if there is none.
void* allocate_block(std::size_t bytes) noexcept;
/// The block with room for `bytes` and its contents as far as both sizes reach; null, and the block
/// as it was, if there is no memory. A null block is a fresh one.
void* reallocate_block(void* block, std::size_t bytes) noexcept;
/// Null is nothing.
void free_block(void* block) noexcept;

/// Bytes of the blocks that are kept.
std::size_t kept_block_bytes() noexcept;
/// Gives the blocks that are kept back to the system.
void release_kept_blocks() noexcept;

}  // namespace dualtape::engine
