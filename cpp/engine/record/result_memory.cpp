#include "record/result_memory.hpp"

#include <cstring>

#include "kernels/strided.hpp"
#include "memory/blocks.hpp"
#include "record/dtypes.hpp"

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

Ref copy_strided_array(PyArrayObject* array) {
  const auto dtype = dtype_of_number(PyArray_TYPE(array));
  if (!dtype || bytes_of(array) < kSmallestKeptBlock || !PyArray_CheckExact(array) ||
      !PyArray_ISALIGNED(array) || !PyArray_ISNOTSWAPPED(array)) {
    return {};
  }
  const auto item = static_cast<std::int64_t>(item_size(*dtype));
  const Dims shape = shape_of(array);
  Dims strides;
  for (int axis = 0; axis < PyArray_NDIM(array); ++axis) {
    if (PyArray_STRIDE(array, axis) % item != 0) return {};
    strides.push_back(PyArray_STRIDE(array, axis) / item);
  }
  Ref copy = new_array(*dtype, shape);
  const Layout layout = make_layout(*dtype, shape, strides);
  char* const to = PyArray_BYTES(copy.array());
  const Array from{PyArray_BYTES(array), &layout};
  Py_BEGIN_ALLOW_THREADS;
  copy_to_contiguous(to, from);
  Py_END_ALLOW_THREADS;
  return copy;
}

}  // namespace dualtape::engine
