/// Operations on whole arrays, ready to run: what follows from element types, shapes and strides is
/// worked out once, when a plan is made.
#pragma once

#include <memory>
#include <span>
#include <utility>

#include "kernels/array.hpp"
#include "program/opcodes.hpp"

namespace dualtape::engine {

using Attrs = std::span<const std::int64_t>;
using Layouts = std::span<const Layout* const>;

/// What is to be prepared. The layouts must outlive the prepared kernel; the result's is
/// contiguous.
struct ArrayCall {
  OpCode op;
  const Layout& out;
  Layouts in;
  Attrs attrs;
};

inline constexpr std::int64_t kCacheLine = 64;  // bytes
inline constexpr std::int64_t align_to_line(std::int64_t bytes) {
  return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine;
}

class PreparedKernel {
 public:
  virtual ~PreparedKernel() = default;
  PreparedKernel() = default;
  PreparedKernel(const PreparedKernel&) = delete;
  PreparedKernel& operator=(const PreparedKernel&) = delete;

  /// `out` overlaps no operand, except that an update may get its first operand's memory as `out`.
  /// `scratch` holds scratch_bytes, aligned to a cache line.
  virtual void run(char* out, const char* const* in, char* scratch) const = 0;

  std::int64_t scratch_bytes = 0;
  std::size_t bytes = 0;  // of this object
};

using PreparedPtr = std::unique_ptr<const PreparedKernel>;

template <class K, class... Args>
PreparedPtr make_prepared(Args&&... args) {
  auto kernel = std::make_unique<K>(std::forward<Args>(args)...);
  kernel->bytes = sizeof(K);
  return kernel;
}

/// Null if the operation does not exist for the element type.
PreparedPtr prepare(const ArrayCall& call);

// One function for each family.
PreparedPtr prepare_move(const ArrayCall& call);   // copies, pad, update, concatenate, iota, eye
PreparedPtr prepare_take(const ArrayCall& call);   // take, take_add, take_set
PreparedPtr prepare_scan(const ArrayCall& call);   // cumsum, argmax, argmin
PreparedPtr prepare_order(const ArrayCall& call);  // sort, argsort, search_sorted
PreparedPtr prepare_recurrence(const ArrayCall& call);  // recurrence, cummax, cummin
PreparedPtr prepare_product(const ArrayCall& call);     // dot_general
PreparedPtr prepare_decomposition(const ArrayCall& call);
PreparedPtr prepare_external(const ArrayCall& call);
PreparedPtr prepare_linalg(const ArrayCall& call);  // lu, solve, inv, det, cofactor
PreparedPtr prepare_fft(const ArrayCall& call);     // fft, rfft, irfft

}  // namespace dualtape::engine
