/// Arguments of functions over many places: contiguous ranges, and scalars that are the same at
/// all.
#pragma once

#include <dualtape/node_writer.hpp>

#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <type_traits>

namespace dualtape::detail {

template <class S>
struct Column {
  using Scalar = S;
  static constexpr bool is_one = false;
  S* data;
  std::size_t size;
  S& operator[](std::size_t i) const { return data[i]; }
};

/// One scalar for all places.
template <class S>
struct One {
  using Scalar = S;
  static constexpr bool is_one = true;
  S value;
  const S& operator[](std::size_t) const { return value; }
};

/// Numbers of an Eigen object in one row of memory.
template <class X>
constexpr bool is_contiguous() {
  if constexpr (std::derived_from<X, Eigen::PlainObjectBase<X>>) {
    return true;
  } else if constexpr (std::derived_from<X, Eigen::DenseBase<X>>) {
    if constexpr (requires { X::InnerStrideAtCompileTime; }) {
      return X::IsVectorAtCompileTime && X::InnerStrideAtCompileTime == 1;
    } else {
      return false;
    }
  } else {
    return true;
  }
}

/// X is a range or a scalar; an expression becomes a variable.
template <class X>
auto as_column(X& x) {
  using Plain = std::remove_const_t<X>;
  if constexpr (Taped<Plain>) {
    return One<typename VarOf<Plain>::type>{x};
  } else if constexpr (Scalar<Plain> || std::is_arithmetic_v<Plain>) {
    return One<Plain>{x};
  } else {
    static_assert(is_contiguous<Plain>(),
                  "wanted Eigen vectors without a stride, or matrices, evaluated");
    using S = std::remove_reference_t<decltype(*std::data(x))>;
    static_assert(Scalar<std::remove_const_t<S>>,
                  "wanted columns of variables or of floating point numbers");
    return Column<S>{std::data(x), static_cast<std::size_t>(std::size(x))};
  }
}

/// Places of columns, which must be as many in each.
template <class... Cs>
std::size_t common_size(const char* caller, const Cs&... columns) {
  static_assert((!Cs::is_one || ...), "wanted a column of variables or numbers");
  bool any = false;
  std::size_t size = 0;
  const auto compare = [&](const auto& column) {
    if constexpr (!std::remove_cvref_t<decltype(column)>::is_one) {
      if (any && column.size != size) {
        fail<std::invalid_argument>(std::string(caller) + ": wanted columns of " +
                                    std::to_string(size) + " entries, got one of " +
                                    std::to_string(column.size));
      }
      any = true, size = column.size;
    }
  };
  (compare(columns), ...);
  return size;
}

/// Where results are written while arguments are still read, they must lie apart.
template <class Y, class... Cs>
void check_apart(const char* caller, const Column<Y>& y, const Cs&... columns) {
  const auto address = [](const auto* p) { return reinterpret_cast<std::uintptr_t>(p); };
  const auto overlaps = [&](const auto& column) {
    if constexpr (std::remove_cvref_t<decltype(column)>::is_one) {
      return false;
    } else {
      return address(column.data) < address(y.data + y.size) &&
             address(y.data) < address(column.data + column.size);
    }
  };
  if ((overlaps(columns) || ...)) {
    fail<std::invalid_argument>(std::string(caller) +
                                ": wanted results apart from the arguments in memory");
  }
}

/// How n variables in a row are numbered; `recordings` is or-ed with theirs.
template <class T>
Numbering numbering(const Var<T>* x, std::size_t n, std::uint32_t& recordings) {
  using Writer = NodeWriter<T>;
  const std::uint64_t first = Writer::id(x[0]);
  std::uint64_t differences = first == 0;
  for (std::size_t i = 0; i < n; ++i) differences |= Writer::id(x[i]) ^ (first + i);
  if (differences == 0) {
    recordings |= Writer::recording(first);
    return Numbering::kRun;
  }
  for (std::size_t i = 0; i < n; ++i) recordings |= Writer::recording(Writer::id(x[i]));
  return Numbering::kList;
}

/// Sums of many terms: places in turn to so many sums, which fill a cache line, and those in pairs;
/// so a sum does not depend on the registers, nor on what is recorded.
template <class T>
inline constexpr std::size_t kSums = 64 / sizeof(base_t<T>) > 1 ? 64 / sizeof(base_t<T>) : 1;

template <class T, std::size_t N>
T sum_in_pairs(std::array<T, N>& sums) {
  for (std::size_t half = N / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) sums[i] = T(sums[i] + sums[i + half]);
  }
  return sums[0];
}

/// Places to a node: what a sweep reads several times stays in the cache.
inline constexpr std::size_t kChunk = 1024;

/// The sum of n terms, each a Y.
template <class Y, class F>
Y sum_of_terms(std::size_t n, F term) {
  std::array<Y, kSums<Y>> sums;
  for (Y& sum : sums) sum = Y(0);
  std::size_t i = 0;
  for (; i + sums.size() <= n; i += sums.size()) {
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] = Y(sums[k] + term(i + k));
  }
  for (std::size_t k = 0; i + k < n; ++k) sums[k] = Y(sums[k] + term(i + k));
  return sum_in_pairs(sums);
}

}  // namespace dualtape::detail
