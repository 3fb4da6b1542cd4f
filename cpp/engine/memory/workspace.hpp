/// Memory for temporaries of one run.
#pragma once

#include <cstddef>
#include <memory>

#include "memory/blocks.hpp"

namespace dualtape::engine {

/// Each thread keeps its last small block, so that a run neither allocates nor takes a lock; large
/// ones are kept for all threads together. Throws std::bad_alloc.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  /// Aligned to kBlockAlignment.
  char* data() const { return memory_.block.get(); }

 private:
  static constexpr std::size_t kKeptByThread = 1u << 20;
  struct Free {
    void operator()(char* p) const { free_block(p); }
  };
  struct Memory {
    std::unique_ptr<char[], Free> block;
    std::size_t bytes = 0;
  };
  static thread_local Memory kept_;
  Memory memory_;
};

}  // namespace dualtape::engine
