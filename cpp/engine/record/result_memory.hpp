/// Memory of the arrays the engine makes: NumPy's own, and large ones from the blocks that are kept
/// (a NEP 49 handler, set for the one allocation only).
#pragma once

#include "record/python.hpp"

namespace dualtape::engine {

/// Makes the handler; call it once, when the module is imported.
void add_memory_handler();

/// While it lives, an array of `bytes` that this thread makes takes its memory from the kept blocks
/// if it is large; small ones are NumPy's affair.
class BlockMemory {
 public:
  explicit BlockMemory(std::size_t bytes);
  ~BlockMemory();
  BlockMemory(const BlockMemory&) = delete;
  BlockMemory& operator=(const BlockMemory&) = delete;

 private:
  PyObject* previous_ = nullptr;
};

/// A C-contiguous copy of a large strided array, by several threads; empty for what NumPy may copy
/// as well: small arrays, other byte orders, other types.
Ref copy_strided_array(PyArrayObject* array);

}  // namespace dualtape::engine
