/// The heart of all real products: a tile of the result in registers.
///
/// Its sources are compiled with contraction: `sum += x * y` is one instruction where the machine
/// has it, in vectors and in single lanes alike, so that an entry does not depend on its place.
#pragma once

#include <cstdint>
#include <cstring>

namespace dualtape::engine::product {

#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64, kTileRows = 12;  // of 32 registers, 24 hold sums
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32, kTileRows = 6;  // 12 of 16
#else
inline constexpr int kVectorBytes = 16, kTileRows = 6;
#endif

/// Products add this many terms in one chain, then go on with the next in a chain of its own: all
/// of them, so that an entry has the same bits whatever kernel its neighbours make best.
inline constexpr std::int64_t kInnerBlock = 256;

template <class T, int N>
struct VectorOf {
  using type [[gnu::vector_size(N * sizeof(T))]] = T;
};
template <class T>
struct VectorOf<T, 1> {
  using type = T;
};
template <class T, int N>
using Vector = typename VectorOf<T, N>::type;

/// Lanes of a full register.
template <class T>
inline constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

template <class V, class T>
inline V load(const T* p) {
  V v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
template <class V, class T>
inline void store(T* p, V v) {
  std::memcpy(p, &v, sizeof v);
}

/// A matrix read entry by entry.
template <class T>
struct Source {
  const T* data;
  std::int64_t row, column;
};

/// c[kRows, kVectors * kLanes] = or += a b. b's rows have unit stride.
template <class T, int kRows, int kVectors, int kLanes>
[[gnu::always_inline]] inline void tile(T* c, std::int64_t c_row, Source<T> a, const T* b,
                                        std::int64_t b_row, std::int64_t inner, bool add) {
  using V = Vector<T, kLanes>;
  V sum[kRows][kVectors] = {};
  for (std::int64_t k = 0; k < inner; ++k, a.data += a.column, b += b_row) {
    V y[kVectors];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) y[v] = load<V>(b + v * kLanes);
#pragma GCC unroll 12
    for (int r = 0; r < kRows; ++r) {
      const T x = a.data[r * a.row];
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sum[r][v] += x * y[v];
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      T* at = c + r * c_row + v * kLanes;
      store(at, add ? load<V>(at) + sum[r][v] : sum[r][v]);
    }
  }
}

}  // namespace dualtape::engine::product
