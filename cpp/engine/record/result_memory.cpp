#include "record/result_memory.hpp"

#include <cstring>

#include "memory/blocks.hpp"

namespace dualtape::engine {
namespace {

void* allocate(void*, std::size_t bytes) { return allocate_block(bytes); }
void* allocate_zeros(void*, std::size_t count, std::size_t item) {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, item, &bytes)) return nullptr;
  void* const block = allocate_block(bytes);
  if (block) std::memset(block, 0, bytes);
  return block;
}
void* reallocate(void*, void* block, std::size_t bytes) { return reallocate_block(block, bytes); }
// NumPy's size is that of the array now, which need not be that of the block.
void release(void*, void* block, std::size_t) { free_block(block); }

// Arrays hold the capsule, and outlive the module.
PyDataMem_Handler handler = {
    "dualtape_blocks", 1, {nullptr, allocate, allocate_zeros, reallocate, release}};
PyObject* capsule = nullptr;

}  // namespace

void add_memory_handler() {
  if (!capsule) capsule = Ref::checked(PyCapsule_New(&handler, "mem_handler", nullptr)).release();
}

BlockMemory::BlockMemory(std::size_t bytes) {
  if (bytes < kSmallestKeptBlock) return;
  previous_ = Ref::checked(PyDataMem_SetHandler(capsule)).release();
}

BlockMemory::~BlockMemory() {
  if (!previous_) return;
  PyObject *type, *value, *traceback;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject* const mine = PyDataMem_SetHandler(previous_);
  if (!mine) PyErr_WriteUnraisable(nullptr);
  Py_XDECREF(mine);
  Py_DECREF(previous_);
  PyErr_Restore(type, value, traceback);
}

}  // namespace dualtape::engine
