/// Running a program: from argument objects to buffers, and from buffers to result objects.
#pragma once

#include <span>

#include "program/short_list.hpp"
#include "record/recording.hpp"

namespace dualtape::engine {

/// Arguments in the order of the walk that found them; `order[k]` is the place of the k-th, nullptr
/// where they are in order already.
struct GivenLeaves {
  std::span<PyObject* const> leaves;
  const std::uint32_t* order = nullptr;

  PyObject* operator[](std::size_t k) const { return leaves[order ? order[k] : k]; }
};

/// Buffers for the outputs of a run, then the objects made of them. Scalars become objects only
/// when taken.
class Results {
 public:
  Results(const Program& program, std::span<const ValueKind> kinds);
  ~Results();
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  std::span<void* const> buffers() { return buffers_; }
  /// Output k, once.
  Ref take(std::size_t k);
  /// All outputs.
  Objects take_all();
  /// Output k, a number Python took, as an integer: truncated if floating. False where it does not
  /// fit in 64 bits.
  bool integer(std::size_t k, std::int64_t& value);

 private:
  struct alignas(16) ScalarBytes {
    unsigned char bytes[16];
  };
  const Type& type(std::size_t k) const { return program_.type_of(program_.outputs[k]); }

  const Program& program_;
  std::span<const ValueKind> kinds_;
  ShortList<void*, 8> buffers_;
  ShortList<PyObject*, 8> arrays_;  // owned; nullptr: a scalar
  ShortList<ScalarBytes, 8> scalars_;
};

/// An array of this type whose memory a plan can read.
bool can_be_read(PyObject* value, const Type& type);
/// Runs on buffers. Frees the GIL where that pays.
void run_plan(const Executable& executable, std::span<const void* const> inputs,
              std::span<void* const> outputs);
/// Runs a recording for other arguments; captured arrays are read afresh.
void rerun(const Recording& recording, const GivenLeaves& given, Results& results);

}  // namespace dualtape::engine
