/// An array of small entries of any type, which may grow, without allocation up to N of them: most
/// functions have few arguments and results. (Dims is that of integers, with the operations of
/// shapes.)
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>

namespace dualtape::engine {

template <class T, std::size_t N>
  requires std::is_trivially_copyable_v<T>
class ShortList {
 public:
  using value_type = T;

  ShortList() = default;
  explicit ShortList(std::size_t n, T fill = T{}) { resize(n, fill); }
  ShortList(std::span<const T> s) { append(s); }
  ShortList(std::initializer_list<T> items) { append({items.begin(), items.size()}); }
  ShortList(const ShortList& o) { append(o); }
  ShortList(ShortList&& o) noexcept { take(o); }
  ShortList& operator=(const ShortList& o) {
    if (this == &o) return *this;
    size_ = 0;
    append(o);
    return *this;
  }
  ShortList& operator=(ShortList&& o) noexcept {
    if (this != &o) take(o);
    return *this;
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T* data() { return many_ ? many_.get() : few_; }
  const T* data() const { return many_ ? many_.get() : few_; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  const T* begin() const { return data(); }
  const T* end() const { return data() + size_; }
  T& operator[](std::size_t k) { return data()[k]; }
  const T& operator[](std::size_t k) const { return data()[k]; }

  void push_back(T value) {
    reserve(size_ + 1);
    data()[size_++] = value;
  }
  void append(std::span<const T> s) {
    reserve(size_ + s.size());
    std::copy_n(s.data(), s.size(), end());
    size_ += s.size();
  }
  void resize(std::size_t n, T fill = T{}) {
    reserve(n);
    if (n > size_) std::fill(end(), data() + n, fill);
    size_ = n;
  }
  friend bool operator==(const ShortList& a, const ShortList& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

 private:
  void take(ShortList& o) noexcept {
    size_ = std::exchange(o.size_, 0);
    capacity_ = std::exchange(o.capacity_, N);
    many_ = std::move(o.many_);
    if (!many_) std::copy_n(o.few_, size_, few_);
  }
  void reserve(std::size_t n) {
    if (n <= capacity_) return;
    const std::size_t bigger = std::max(n, 2 * capacity_);
    auto grown = std::make_unique<T[]>(bigger);
    std::copy_n(data(), size_, grown.get());
    many_ = std::move(grown);
    capacity_ = bigger;
  }

  std::size_t size_ = 0, capacity_ = N;
  std::unique_ptr<T[]> many_;
  T few_[N];
};

/// Among the inputs or outputs of a program.
using Positions = ShortList<std::uint32_t, 4>;

/// 0, 1, ..., n - 1.
inline Positions first_positions(std::size_t n) {
  Positions positions(n);
  std::iota(positions.begin(), positions.end(), 0u);
  return positions;
}

}  // namespace dualtape::engine
