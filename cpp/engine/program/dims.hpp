/// A short list of integers (shapes, strides, axes), without allocation up to six entries.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace dualtape::engine {

/// Few entries: a loop beats a call of memcmp.
inline bool equal_dims(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i]) return false;
  }
  return true;
}

class Dims {
 public:
  using value_type = std::int64_t;

  Dims() = default;
  explicit Dims(std::size_t n, std::int64_t fill = 0) { resize(n, fill); }
  Dims(std::initializer_list<std::int64_t> list) { assign(list.begin(), list.size()); }
  explicit Dims(std::span<const std::int64_t> s) { assign(s.data(), s.size()); }
  Dims(const std::int64_t* first, const std::int64_t* last) {
    assign(first, static_cast<std::size_t>(last - first));
  }
  Dims(const Dims& o) : size_(o.size_) {
    if (o.heap_) [[unlikely]] {
      size_ = 0;
      assign(o.data(), o.size());
    } else {
      std::memcpy(inline_, o.inline_, sizeof inline_);
    }
  }
  Dims(Dims&& o) noexcept : size_(o.size_), capacity_(o.capacity_), heap_(std::move(o.heap_)) {
    std::memcpy(inline_, o.inline_, sizeof inline_);
    o.size_ = 0;
    o.capacity_ = kInline;
  }
  Dims& operator=(const Dims& o) {
    if (heap_ || o.heap_) [[unlikely]] {
      if (this != &o) assign(o.data(), o.size());
    } else {
      size_ = o.size_;
      std::memmove(inline_, o.inline_, sizeof inline_);
    }
    return *this;
  }
  Dims& operator=(Dims&& o) noexcept {
    if (this == &o) return *this;
    heap_ = std::move(o.heap_);
    size_ = std::exchange(o.size_, 0);
    capacity_ = std::exchange(o.capacity_, kInline);
    std::memcpy(inline_, o.inline_, sizeof inline_);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t* data() { return heap_ ? heap_.get() : inline_; }
  const std::int64_t* data() const { return heap_ ? heap_.get() : inline_; }
  std::int64_t* begin() { return data(); }
  std::int64_t* end() { return data() + size_; }
  const std::int64_t* begin() const { return data(); }
  const std::int64_t* end() const { return data() + size_; }
  std::int64_t& operator[](std::size_t i) { return data()[i]; }
  std::int64_t operator[](std::size_t i) const { return data()[i]; }
  std::int64_t& back() { return data()[size_ - 1]; }
  std::int64_t back() const { return data()[size_ - 1]; }
  operator std::span<const std::int64_t>() const { return {data(), size_}; }

  void push_back(std::int64_t v) {
    if (size_ == capacity_) reserve(2 * capacity_);
    data()[size_++] = v;
  }
  void pop_back() { --size_; }
  void resize(std::size_t n, std::int64_t fill = 0) {
    reserve(n);
    for (std::size_t i = size_; i < n; ++i) data()[i] = fill;
    size_ = static_cast<std::uint32_t>(n);
  }
  void insert(std::size_t at, std::int64_t v) {
    push_back(v);
    std::rotate(begin() + at, end() - 1, end());
  }
  void erase(std::size_t at) {
    std::move(begin() + at + 1, end(), begin() + at);
    --size_;
  }
  void append(std::span<const std::int64_t> s) {
    for (auto v : s) push_back(v);
  }
  bool contains(std::int64_t v) const { return std::find(begin(), end(), v) != end(); }
  friend bool operator==(const Dims& a, const Dims& b) { return equal_dims(a, b); }

 private:
  static constexpr std::uint32_t kInline = 6;
  void reserve(std::size_t n) {
    if (n <= capacity_) return;
    auto bigger = std::make_unique<std::int64_t[]>(n);
    std::memcpy(bigger.get(), data(), size_ * 8);
    heap_ = std::move(bigger);
    capacity_ = static_cast<std::uint32_t>(n);
  }
  void assign(const std::int64_t* p, std::size_t n) {
    reserve(n);
    if (n) std::memmove(data(), p, n * 8);
    size_ = static_cast<std::uint32_t>(n);
  }

  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInline;
  std::unique_ptr<std::int64_t[]> heap_;
  std::int64_t inline_[kInline] = {};
};

/// Number of elements of an array of this shape.
inline std::int64_t element_count(std::span<const std::int64_t> shape) {
  std::int64_t n = 1;
  for (auto d : shape) n *= d;
  return n;
}

/// "(2, 3)", "(3,)", "()": as NumPy prints a shape.
inline std::string to_string(std::span<const std::int64_t> shape) {
  std::string s = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (i) s += ", ";
    s += std::to_string(shape[i]);
  }
  return s + (shape.size() == 1 ? ",)" : ")");
}

/// Strides in elements of a C-contiguous array.
inline Dims contiguous_strides(std::span<const std::int64_t> shape) {
  Dims strides(shape.size());
  std::int64_t step = 1;
  for (std::size_t i = shape.size(); i-- > 0; step *= shape[i]) strides[i] = step;
  return strides;
}

/// 0, 1, ..., n - 1.
inline Dims iota_dims(std::size_t n) {
  Dims d(n);
  for (std::size_t i = 0; i < n; ++i) d[i] = static_cast<std::int64_t>(i);
  return d;
}

}  // namespace dualtape::engine
