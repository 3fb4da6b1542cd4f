/// Sorting by unsigned keys whose order is that of the values, NaN last.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace dualtape::engine {

template <class T>
using SortKey = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

/// A float's bits, those of a negative one inverted, with the sign bit flipped; all NaN are one.
template <class T>
SortKey<T> key_of(T x) {
  using Key = SortKey<T>;
  constexpr Key kSign = Key(1) << (8 * sizeof(Key) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    if (x != x) return std::numeric_limits<Key>::max();
    const Key bits = std::bit_cast<Key>(x);
    return bits & kSign ? ~bits : bits | kSign;
  } else if constexpr (std::is_signed_v<T>) {
    using Wide = std::make_signed_t<Key>;
    return static_cast<Key>(static_cast<Wide>(x)) ^ kSign;
  } else {
    return static_cast<Key>(x);
  }
}

template <class T>
T value_of_key(SortKey<T> key) {
  using Key = SortKey<T>;
  constexpr Key kSign = Key(1) << (8 * sizeof(Key) - 1);
  if constexpr (std::is_floating_point_v<T>) {
    return std::bit_cast<T>(key & kSign ? key ^ kSign : ~key);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(key ^ kSign);
  } else {
    return static_cast<T>(key);
  }
}

/// A key and where it was.
template <class Key>
struct Placed {
  Key key;
  std::uint32_t place;
  friend bool operator<(const Placed& a, const Placed& b) {
    return a.key < b.key || (a.key == b.key && a.place < b.place);
  }
};

template <class Key>
Key radix_key(const Key& x) {
  return x;
}
template <class Key>
Key radix_key(const Placed<Key>& x) {
  return x.key;
}

template <class E>
void insertion_sort(E* x, std::int64_t n) {
  for (std::int64_t i = 1; i < n; ++i) {
    const E moved = x[i];
    std::int64_t k = i;
    for (; k > 0 && radix_key(moved) < radix_key(x[k - 1]); --k) x[k] = x[k - 1];
    x[k] = moved;
  }
}

/// Least significant digit first, which is stable; digits that all have in common are passed over.
template <int kBits, class E>
void radix_sort(E* x, E* spare, std::int64_t n) {
  using Key = decltype(radix_key(*x));
  constexpr int kDigits = (8 * sizeof(Key) + kBits - 1) / kBits, kBuckets = 1 << kBits;
  static thread_local std::uint32_t counts[kDigits][kBuckets];
  for (auto& digit : counts) std::fill_n(digit, kBuckets, 0u);
  for (std::int64_t i = 0; i < n; ++i) {
    Key key = radix_key(x[i]);
    for (int d = 0; d < kDigits; ++d, key = static_cast<Key>(key >> kBits)) {
      ++counts[d][key & (kBuckets - 1)];
    }
  }
  E *from = x, *to = spare;
  for (int d = 0; d < kDigits; ++d) {
    const auto digit = [d](const E& e) {
      return static_cast<std::size_t>(radix_key(e) >> (d * kBits)) & (kBuckets - 1);
    };
    std::uint32_t* const count = counts[d];
    if (count[digit(from[0])] == n) continue;
    std::uint32_t at = 0;
    for (int b = 0; b < kBuckets; ++b) at += std::exchange(count[b], at);
    for (std::int64_t i = 0; i < n; ++i) to[count[digit(from[i])]++] = from[i];
    std::swap(from, to);
  }
  if (from != x) std::copy_n(from, n, x);
}

/// Stable; `spare` has room for n.
template <class E>
void sort_entries(E* x, E* spare, std::int64_t n) {
  if (n <= 32) return insertion_sort(x, n);
  if (n <= 512) return std::sort(x, x + n);
  if (n <= (1 << 16)) return radix_sort<8>(x, spare, n);
  radix_sort<11>(x, spare, n);
}

}  // namespace dualtape::engine
