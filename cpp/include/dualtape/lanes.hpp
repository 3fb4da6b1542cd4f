/// N numbers side by side in vector registers: the tangents of a Dual.
#pragma once

#include <dualtape/forward.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <type_traits>

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace dualtape::detail {

/// Bytes of the widest vector register.
#if defined(__AVX512F__)
inline constexpr int kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr int kVectorBytes = 32;
#else
inline constexpr int kVectorBytes = 16;
#endif

#if defined(__GNUC__)
template <class T>
inline constexpr bool is_vectorised = std::same_as<T, float> || std::same_as<T, double>;
#else
template <class T>
inline constexpr bool is_vectorised = false;
#endif

/// Numbers kept for N: as many as whole registers take, whatever registers the processor has, so
/// that the layout does not depend on the compiler's options.
template <class T>
constexpr int padded_lanes(int n) {
  if constexpr (is_vectorised<T>) {
    constexpr int kLine = 64 / static_cast<int>(sizeof(T));
    return n <= kLine ? static_cast<int>(std::bit_ceil(static_cast<unsigned>(n)))
                      : (n + kLine - 1) / kLine * kLine;
  } else {
    return n;
  }
}

/// W numbers in a register, as they lie in memory (aligned like one of them: an array of duals
/// needs no alignment of its own), and their bits.
template <class T, int W>
struct VectorOf {
  using type = T;
  using Stored = T;
};
#if defined(__GNUC__)
template <class T, int W>
  requires(W > 1)
struct VectorOf<T, W> {
  using Integer = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  typedef T type __attribute__((vector_size(W * sizeof(T))));
  typedef T Stored __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
  typedef Integer Bits __attribute__((vector_size(W * sizeof(T))));
  typedef Integer StoredBits
      __attribute__((vector_size(W * sizeof(T)), aligned(alignof(T)), may_alias));
};
#endif

/// a b + c, rounded once where the processor can.
template <class V, class T>
DUALTAPE_INLINE V multiply_add_each(V a, V b, V c) {
  [[maybe_unused]] constexpr std::size_t kBytes = std::same_as<T, double> ? sizeof(V) : 0;
  [[maybe_unused]] constexpr std::size_t kFloatBytes = std::same_as<T, float> ? sizeof(V) : 0;
#if defined(__AVX512F__)
  if constexpr (kBytes == 64) return _mm512_fmadd_pd(a, b, c);
  if constexpr (kFloatBytes == 64) return _mm512_fmadd_ps(a, b, c);
#endif
#if defined(__FMA__)
  if constexpr (kBytes == 32) return _mm256_fmadd_pd(a, b, c);
  if constexpr (kFloatBytes == 32) return _mm256_fmadd_ps(a, b, c);
  if constexpr (kBytes == 16) return _mm_fmadd_pd(a, b, c);
  if constexpr (kFloatBytes == 16) return _mm_fmadd_ps(a, b, c);
#endif
  return c + a * b;
}
/// The same with one number b. GCC leaves out the subtraction: x - 0 is x, for -0 too.
template <class V, class T>
DUALTAPE_INLINE V multiply_add_vectors(V a, T b, V c) {
  return multiply_add_each<V, T>(a, b - V{}, c);
}

/// One bit for each number that is not 0.
template <class T, class V>
DUALTAPE_INLINE unsigned nonzero_mask([[maybe_unused]] V x) {
  [[maybe_unused]] constexpr bool kDouble = std::same_as<T, double>;
#if defined(__AVX512F__)
  if constexpr (sizeof(V) == 64 && kDouble) {
    return _mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_NEQ_UQ);
  } else if constexpr (sizeof(V) == 64) {
    return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
  }
#endif
#if defined(__AVX__)
  if constexpr (sizeof(V) == 32 && kDouble) {
    const __m256d nonzero = _mm256_cmp_pd(x, _mm256_setzero_pd(), _CMP_NEQ_UQ);
    return static_cast<unsigned>(_mm256_movemask_pd(nonzero));
  } else if constexpr (sizeof(V) == 32) {
    const __m256 nonzero = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_NEQ_UQ);
    return static_cast<unsigned>(_mm256_movemask_ps(nonzero));
  }
#endif
  return 0;
}

#if defined(__GNUC__) && !defined(__clang__)
// What lies behind the last vector is copied with the rest and never read.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
template <class T, int N>
class Lanes {
  static constexpr int kPadded = padded_lanes<T>(N);
  static constexpr int kWidth =
      is_vectorised<T> ? std::min(kPadded, kVectorBytes / static_cast<int>(sizeof(T))) : 1;
  static constexpr int kVectors = (N + kWidth - 1) / kWidth;
  using Vector = typename VectorOf<T, kWidth>::type;
  using Stored = typename VectorOf<T, kWidth>::Stored;

 public:
  /// All 0.
  DUALTAPE_INLINE Lanes() : Lanes(zeros(Every{})) {}

  /// 1 in one lane.
  DUALTAPE_INLINE static Lanes unit(int lane) {
    if constexpr (kWidth > 1) {
      return ones(lane, Every{});
    } else {
      Lanes result;
      result[lane] = T(1);
      return result;
    }
  }

  DUALTAPE_INLINE const T& operator[](int lane) const {
    return lanes_[static_cast<std::size_t>(lane)];
  }
  DUALTAPE_INLINE T& operator[](int lane) { return lanes_[static_cast<std::size_t>(lane)]; }
  DUALTAPE_INLINE const T* data() const { return lanes_.data(); }
  DUALTAPE_INLINE T* data() { return lanes_.data(); }

  DUALTAPE_INLINE bool is_zero() const {
    if constexpr (sizeof(Vector) >= 32 && kWidth > 1) {
      return is_zero(Every{});
    } else {
      return is_zero_each(std::make_index_sequence<static_cast<std::size_t>(N)>());
    }
  }

  DUALTAPE_INLINE friend Lanes operator+(const Lanes& a, const Lanes& b) {
    return sum(a, b, Every{});
  }
  DUALTAPE_INLINE friend Lanes operator-(const Lanes& a, const Lanes& b) {
    return difference(a, b, Every{});
  }
  DUALTAPE_INLINE friend Lanes operator-(const Lanes& a) { return negative(a, Every{}); }
  DUALTAPE_INLINE friend Lanes operator*(const Lanes& a, const T& b) {
    return product(a, b, Every{});
  }
  /// a b + c
  DUALTAPE_INLINE friend Lanes multiply_add(const Lanes& a, const T& b, const Lanes& c) {
    return product_and_sum(a, b, c, Every{});
  }

 private:
  using Integer = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;
  struct Unset {};
  DUALTAPE_INLINE explicit Lanes(Unset) {}

  static constexpr std::array<Integer, kPadded> kCount = [] {
    std::array<Integer, kPadded> count{};
    for (std::size_t i = 0; i < kPadded; ++i) count[i] = static_cast<Integer>(i);
    return count;
  }();

  using Loaded = std::conditional_t<kWidth == 1, const T&, Vector>;
  DUALTAPE_INLINE Loaded get(std::size_t k) const {
    return reinterpret_cast<const Stored&>(lanes_[k * kWidth]);
  }
  DUALTAPE_INLINE void set(std::size_t k, Loaded vector) {
    reinterpret_cast<Stored&>(lanes_[k * kWidth]) = vector;
  }
  /// The lanes of vector k that are of N: those past them hold anything.
  static constexpr unsigned used_lanes(std::size_t k) {
    return (1u << std::min(kWidth, N - static_cast<int>(k) * kWidth)) - 1;
  }

  // Pack expansions, not loops: the compiler leaves loops in what it takes for seldom used, and
  // an array with a loop over it anywhere lies in memory everywhere.
  using Every = std::make_index_sequence<static_cast<std::size_t>(kVectors)>;
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes sum(const Lanes& a, const Lanes& b, std::index_sequence<K...>) {
    Lanes result(Unset{});
    (result.set(K, Vector(a.get(K) + b.get(K))), ...);
    return result;
  }
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes difference(const Lanes& a, const Lanes& b,
                                          std::index_sequence<K...>) {
    Lanes result(Unset{});
    (result.set(K, Vector(a.get(K) - b.get(K))), ...);
    return result;
  }
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes negative(const Lanes& a, std::index_sequence<K...>) {
    Lanes result(Unset{});
    (result.set(K, Vector(-a.get(K))), ...);
    return result;
  }
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes product(const Lanes& a, const T& b, std::index_sequence<K...>) {
    Lanes result(Unset{});
    (result.set(K, Vector(a.get(K) * b)), ...);
    return result;
  }
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes product_and_sum(const Lanes& a, const T& b, const Lanes& c,
                                               std::index_sequence<K...>) {
    Lanes result(Unset{});
    if constexpr (kWidth > 1) {
      (result.set(K, multiply_add_vectors(a.get(K), b, c.get(K))), ...);
    } else {
      (result.set(K, multiply_add(a.get(K), b, c.get(K))), ...);
    }
    return result;
  }
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes zeros(std::index_sequence<K...>) {
    Lanes result(Unset{});
    if constexpr (is_vectorised<T>) {
      (result.set(K, Vector{}), ...);
    } else {
      result.lanes_.fill(T(0));
    }
    return result;
  }
  /// Compared with a count: what is stored number by number and read as a vector would wait.
  template <std::size_t... K>
  DUALTAPE_INLINE static Lanes ones(int lane, std::index_sequence<K...>) {
    using Bits = typename VectorOf<T, kWidth>::Bits;
    using StoredBits = typename VectorOf<T, kWidth>::StoredBits;
    Lanes result(Unset{});
    (result.set(K, std::bit_cast<Vector>(
                       Bits((reinterpret_cast<const StoredBits&>(kCount[K * kWidth]) == lane) &
                            std::bit_cast<Integer>(T(1))))),
     ...);
    return result;
  }
  template <std::size_t... K>
  DUALTAPE_INLINE bool is_zero(std::index_sequence<K...>) const {
    return ((nonzero_mask<T>(get(K)) & used_lanes(K)) | ...) == 0;
  }
  template <std::size_t... I>
  DUALTAPE_INLINE bool is_zero_each(std::index_sequence<I...>) const {
    return (is_exactly_zero(lanes_[I]) && ...);
  }

  std::array<T, kPadded> lanes_;
};
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

}  // namespace dualtape::detail
