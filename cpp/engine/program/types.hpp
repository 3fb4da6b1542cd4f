/// Type: what a value is; TypeTable: those of a program.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "program/dims.hpp"
#include "program/dtype.hpp"

namespace dualtape::engine {

/// Element type and shape of a value.
struct Type {
  DType dtype = DType::kFloat64;
  Dims shape;
  friend bool operator==(const Type& a, const Type& b) {
    return a.dtype == b.dtype && a.shape == b.shape;
  }
};
std::string to_string(const Type& type);  // "float64[3, 4]"

/// References to types outlive later ones. In blocks whose size is a power of two: every step of a
/// derivation looks types up, and std::deque divides for it. clear() keeps the memory.
class TypeTable {
 public:
  TypeTable() = default;
  TypeTable(const TypeTable& o) {
    for (std::size_t i = 0; i < o.size_; ++i) push_back(o[i]);
  }
  TypeTable(TypeTable&& o) noexcept { swap(o); }
  TypeTable& operator=(TypeTable o) noexcept {
    swap(o);
    return *this;
  }

  std::size_t size() const { return size_; }
  const Type& operator[](std::size_t i) const { return blocks_[i / kBlock][i % kBlock]; }
  void push_back(Type type) {
    if (size_ == kBlock * blocks_.size()) blocks_.push_back(std::make_unique<Type[]>(kBlock));
    blocks_[size_ / kBlock][size_ % kBlock] = std::move(type);
    ++size_;
  }
  void clear() { size_ = 0; }
  friend bool operator==(const TypeTable& a, const TypeTable& b) {
    if (a.size_ != b.size_) return false;
    for (std::size_t i = 0; i < a.size_; ++i) {
      if (!(a[i] == b[i])) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kBlock = 8;
  void swap(TypeTable& o) noexcept {
    blocks_.swap(o.blocks_);
    std::swap(size_, o.size_);
  }

  std::vector<std::unique_ptr<Type[]>> blocks_;
  std::size_t size_ = 0;
};

}  // namespace dualtape::engine
