#include "kernels/strided_copy.hpp"

#include <algorithm>
#include <complex>
#include <cstring>

#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

/// Tiles of a transposing copy: both sides of one fit the L1 cache.
constexpr std::int64_t kTile = 16;

/// Bytes that are worth a piece of a shared loop: 30 us and more.
constexpr std::int64_t kPieceBytes = 256 << 10;

/// Elements `step` bytes apart; one unsigned type serves all element types of its size.
template <class U>
void copy_run(char* dst, std::int64_t dst_step, const char* src, std::int64_t src_step,
              std::int64_t n) {
  constexpr std::int64_t kItem = sizeof(U);
  // Below, the call costs more than the loop.
  constexpr std::int64_t kFew = 64 / kItem;
  if (dst_step == kItem && src_step == kItem && n > kFew) {
    std::memcpy(dst, src, static_cast<std::size_t>(n) * sizeof(U));
  } else if (dst_step == kItem && src_step == 0) {
    std::fill_n(reinterpret_cast<U*>(dst), n, *reinterpret_cast<const U*>(src));
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      *reinterpret_cast<U*>(dst + i * dst_step) = *reinterpret_cast<const U*>(src + i * src_step);
    }
  }
}

}  // namespace

StridedCopy::StridedCopy(std::size_t item, std::span<const std::int64_t> shape,
                         std::span<const std::int64_t> dst_strides,
                         std::span<const std::int64_t> src_strides) {
  if (element_count(shape) == 0) return;
  const auto unit = static_cast<std::int64_t>(item);
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    const std::int64_t d = dst_strides[i] * unit, s = src_strides[i] * unit;
    if (!shape_.empty() && dst_.back() == d * shape[i] && src_.back() == s * shape[i]) {
      shape_.back() *= shape[i];
      dst_.back() = d;
      src_.back() = s;
    } else {
      shape_.push_back(shape[i]);
      dst_.push_back(d);
      src_.push_back(s);
    }
  }
  if (shape_.empty() || (shape_.size() == 1 && dst_[0] == unit && src_[0] == unit)) {
    bytes_ = (shape_.empty() ? 1 : shape_[0]) * unit;
    copy_ = copy_bytes;
    settle_piece(unit);
    return;
  }
  switch (item) {
    case 1: copy_ = copy_axes<std::uint8_t>; break;
    case 2: copy_ = copy_axes<std::uint16_t>; break;
    case 4: copy_ = copy_axes<std::uint32_t>; break;
    case 8: copy_ = copy_axes<std::uint64_t>; break;
    default: copy_ = copy_axes<std::complex<double>>;
  }
  settle_piece(unit);
}

void StridedCopy::settle_piece(std::int64_t item) {
  const std::int64_t bytes = element_count(shape_) * item;
  if (bytes < 4 * kPieceBytes) return;
  if (bytes_) {
    piece_ = kPieceBytes;
    return;
  }
  const std::int64_t entries = std::max<std::int64_t>(1, shape_[0] * kPieceBytes / bytes);
  piece_ = shape_.size() == 2 ? (entries + kTile - 1) / kTile * kTile : entries;
}

void StridedCopy::share(char* dst, const char* src) const {
  const bool whole = bytes_ != 0;
  parallel_for(whole ? bytes_ : shape_[0], piece_, [&](std::int64_t first, std::int64_t last) {
    StridedCopy part = *this;
    (whole ? part.bytes_ : part.shape_[0]) = last - first;
    part.copy_(part, dst + first * (whole ? 1 : dst_[0]), src + first * (whole ? 1 : src_[0]));
  });
}

StridedCopy::StridedCopy(const Layout& src)
    : StridedCopy(src.item(), src.shape, contiguous_strides(src.shape), src.strides) {}

void StridedCopy::copy_bytes(const StridedCopy& copy, char* dst, const char* src) {
  if (copy.bytes_ == 8) {
    std::memcpy(dst, src, 8);
  } else {
    std::memcpy(dst, src, static_cast<std::size_t>(copy.bytes_));
  }
}

template <class U>
void StridedCopy::copy_axes(const StridedCopy& copy, char* dst, const char* src) {
  copy.copy_axis<U>(0, dst, src);
}

template <class U>
void StridedCopy::copy_axis(std::size_t axis, char* dst, const char* src) const {
  const std::int64_t n = shape_[axis], d = dst_[axis], s = src_[axis];
  if (axis + 1 == shape_.size()) return copy_run<U>(dst, d, src, s, n);
  if (axis + 2 < shape_.size()) {
    for (std::int64_t i = 0; i < n; ++i) copy_axis<U>(axis + 1, dst + i * d, src + i * s);
    return;
  }
  const std::int64_t columns = shape_[axis + 1], d1 = dst_[axis + 1], s1 = src_[axis + 1];
  if (n <= kTile || columns <= kTile || s1 <= static_cast<std::int64_t>(sizeof(U))) {
    for (std::int64_t i = 0; i < n; ++i) copy_run<U>(dst + i * d, d1, src + i * s, s1, columns);
    return;
  }
  for (std::int64_t i = 0; i < n; i += kTile) {
    for (std::int64_t j = 0; j < columns; j += kTile) {
      const std::int64_t rows = std::min(kTile, n - i), width = std::min(kTile, columns - j);
      for (std::int64_t k = i; k < i + rows; ++k) {
        copy_run<U>(dst + k * d + j * d1, d1, src + k * s + j * s1, s1, width);
      }
    }
  }
}

}  // namespace dualtape::engine
