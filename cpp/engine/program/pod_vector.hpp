/// A growing array of trivially copyable entries.
///
/// Unlike std::vector it grows by realloc, which moves large blocks by remapping their pages: no
/// second copy while it grows, and pages not written yet cost nothing. Programs of millions of
/// instructions need that.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <new>
#include <type_traits>
#include <utility>

namespace dualtape::engine {

template <class T>
  requires std::is_trivially_copyable_v<T>
class PodVector {
 public:
  using value_type = T;

  PodVector() = default;
  PodVector(std::initializer_list<T> list) { append(list.begin(), list.size()); }
  PodVector(const PodVector& o) { append(o.data_, o.size_); }
  PodVector(PodVector&& o) noexcept { swap(o); }
  PodVector& operator=(PodVector o) noexcept {
    swap(o);
    return *this;
  }
  ~PodVector() { std::free(data_); }

  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }
  T& back() { return data_[size_ - 1]; }
  const T& back() const { return data_[size_ - 1]; }

  void push_back(T value) {
    if (size_ == capacity_) grow(size_ + 1);
    data_[size_++] = value;
  }
  void append(const T* first, std::size_t n) {
    if (n == 0) return;
    if (size_ + n > capacity_) grow(size_ + n);
    std::memcpy(data_ + size_, first, n * sizeof(T));
    size_ += n;
  }
  void reserve(std::size_t n) {
    if (n > capacity_) reallocate(n);
  }
  void resize(std::size_t n, T fill = T{}) {
    reserve(n);
    for (std::size_t i = size_; i < n; ++i) data_[i] = fill;
    size_ = n;
  }
  void clear() { size_ = 0; }
  void shrink_to_fit() {
    if (size_ < capacity_) reallocate(size_);
  }
  void swap(PodVector& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(size_, o.size_);
    std::swap(capacity_, o.capacity_);
  }

 private:
  void grow(std::size_t n) {
    const std::size_t bigger = capacity_ + capacity_ / 2;
    reallocate(n > bigger ? (n < 16 ? 16 : n) : bigger);
  }
  void reallocate(std::size_t n) {
    if (n == 0) {
      std::free(std::exchange(data_, nullptr));
    } else {
      void* moved = std::realloc(static_cast<void*>(data_), n * sizeof(T));
      if (!moved) throw std::bad_alloc();
      data_ = static_cast<T*>(moved);
    }
    capacity_ = n;
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace dualtape::engine
