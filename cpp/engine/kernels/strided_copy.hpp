/// A copy between strided arrays of one shape, prepared once.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/array.hpp"

namespace dualtape::engine {

class StridedCopy {
 public:
  StridedCopy() = default;
  /// Strides in elements.
  StridedCopy(std::size_t item, std::span<const std::int64_t> shape,
              std::span<const std::int64_t> dst_strides, std::span<const std::int64_t> src_strides);
  /// To contiguous memory.
  explicit StridedCopy(const Layout& src);

  /// The arrays must not overlap. Threads share a large copy.
  void run(char* dst, const char* src) const {
    if (piece_) return share(dst, src);
    copy_(*this, dst, src);
  }

 private:
  void settle_piece(std::int64_t item);
  void share(char* dst, const char* src) const;
  template <class U>
  static void copy_axes(const StridedCopy& copy, char* dst, const char* src);
  template <class U>
  void copy_axis(std::size_t axis, char* dst, const char* src) const;
  static void copy_bytes(const StridedCopy& copy, char* dst, const char* src);
  static void copy_nothing(const StridedCopy&, char*, const char*) {}

  void (*copy_)(const StridedCopy&, char*, const char*) = copy_nothing;
  std::int64_t bytes_ = 0;  // of a contiguous copy
  std::int64_t piece_ = 0;  // bytes, or entries of the first axis, of a thread; 0: not shared
  Dims shape_, dst_, src_;  // axes that lie end to end are merged; strides in bytes
};

}  // namespace dualtape::engine
