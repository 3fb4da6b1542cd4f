#include "memory/workspace.hpp"

#include <new>
#include <utility>

namespace dualtape::engine {

thread_local Workspace::Memory Workspace::kept_;

Workspace::Workspace(std::size_t bytes) {
  if (kept_.bytes >= bytes) {
    memory_ = std::exchange(kept_, {});
    return;
  }
  memory_.block.reset(static_cast<char*>(allocate_block(bytes)));
  if (!memory_.block) throw std::bad_alloc();
  memory_.bytes = bytes;
}

Workspace::~Workspace() {
  if (memory_.bytes <= kKeptByThread && memory_.bytes > kept_.bytes) kept_ = std::move(memory_);
}

}  // namespace dualtape::engine
