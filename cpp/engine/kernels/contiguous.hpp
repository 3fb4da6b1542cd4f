/// An operand read as contiguous memory.
#pragma once

#include "kernels/prepared.hpp"
#include "kernels/strided_copy.hpp"

namespace dualtape::engine {

/// As it is, or copied to a place in the scratch (broadcast values, the gradient of a sum, are
/// written out).
class Contiguous {
 public:
  Contiguous() = default;
  Contiguous(const Layout& x, std::int64_t& scratch_bytes) : copied_(!x.contiguous) {
    if (!copied_) return;
    copy_ = StridedCopy(x);
    at_ = scratch_bytes;
    scratch_bytes += align_to_line(x.count * static_cast<std::int64_t>(x.item()));
  }
  const char* read(const char* x, char* scratch) const {
    if (!copied_) return x;
    copy_.run(scratch + at_, x);
    return scratch + at_;
  }

 private:
  bool copied_ = false;
  std::int64_t at_ = 0;
  StridedCopy copy_;
};

}  // namespace dualtape::engine
