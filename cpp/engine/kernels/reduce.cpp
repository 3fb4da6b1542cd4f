#include "kernels/reduce.hpp"

#include <algorithm>
#include <bit>
#include <complex>
#include <concepts>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/level.hpp"
#include "kernels/reduce_lanes.hpp"
#include "kernels/reduce_leading.hpp"
#include "kernels/wrapping.hpp"

namespace dualtape::engine {
namespace {

// Each `combine` takes numbers; those of floats take SIMD registers too.

template <class T>
struct SumOf {
  static T neutral() { return T(0); }
  template <class V>
  DUALTAPE_SIMD static V combine(V a, V b) {
    if constexpr (std::is_integral_v<V>) {
      return wrapping_add(a, b);
    } else {
      return a + b;
    }
  }
};

template <class T>
struct ProdOf {
  static T neutral() { return T(1); }
  template <class V>
  DUALTAPE_SIMD static V combine(V a, V b) {
    if constexpr (std::is_integral_v<V>) {
      return wrapping_multiply(a, b);
    } else {
      return a * b;
    }
  }
};

/// A NaN wins, from either side: `larger` and `smaller` give b if one is NaN.
template <class T>
struct MaxOf {
  static T neutral() { return std::numeric_limits<T>::lowest(); }
  template <class V>
  DUALTAPE_SIMD static V combine(V a, V b) {
    return or_nan(a, larger(a, b));
  }
};

template <class T>
struct MinOf {
  static T neutral() { return std::numeric_limits<T>::max(); }
  template <class V>
  DUALTAPE_SIMD static V combine(V a, V b) {
    return or_nan(a, smaller(a, b));
  }
};

// Booleans, as bytes 0 and 1: loops over `bool` itself are not made vector code.

struct AllOf {
  static std::uint8_t neutral() { return 1; }
  static std::uint8_t combine(std::uint8_t a, std::uint8_t b) { return a & b; }
};

struct AnyOf {
  static std::uint8_t neutral() { return 0; }
  static std::uint8_t combine(std::uint8_t a, std::uint8_t b) { return a | b; }
};

template <class Op>
inline constexpr bool kIsSum = false;
template <class T>
inline constexpr bool kIsSum<SumOf<T>> = true;

/// Any grouping of the elements has the same result (an extremum of zeros but for its sign): no
/// chunks are needed.
template <class Op, class T>
inline constexpr bool kExact = std::is_integral_v<T>;
template <class T>
inline constexpr bool kExact<MaxOf<T>, T> = true;
template <class T>
inline constexpr bool kExact<MinOf<T>, T> = true;

/// n >= 1 elements one after the other.
template <class Op, class T>
T reduce_serially(const T* x, std::int64_t n) {
  T result = x[0];
  for (std::int64_t i = 1; i < n; ++i) result = Op::combine(result, x[i]);
  return result;
}

/// n >= 1 elements; of inexact reductions at most kChunk.
template <class Op, class T>
T reduce_chunk(const T* x, std::int64_t n) {
  if constexpr (std::is_floating_point_v<T>) {
    T result;
    reduce_lanes<Op, 1>(x, n, &result);
    return result;
  } else if constexpr (kIsComplex<T> && kIsSum<Op>) {
    using Real = typename T::value_type;
    Real result[2];
    reduce_lanes<SumOf<Real>, 2>(reinterpret_cast<const Real*>(x), 2 * n, result);
    return {result[0], result[1]};
  } else {
    return reduce_serially<Op>(x, n);
  }
}

template <class Op, class T>
void push(RowState& state, const void* data, std::int64_t n) {
  const T* x = static_cast<const T*>(data);
  const std::int64_t chunk = kExact<Op, T> ? n : kChunk;
  for (std::int64_t first = 0; first < n; first += chunk) {
    T carry = reduce_chunk<Op>(x + first, std::min(chunk, n - first));
    std::uint64_t chunks = state.chunks++;
    std::size_t level = 0;
    for (; chunks & 1; chunks >>= 1, ++level) {
      T lower;
      std::memcpy(&lower, state.partial[level], sizeof(T));
      carry = Op::combine(lower, carry);
    }
    std::memcpy(state.partial[level], &carry, sizeof(T));
  }
}

template <class Op, class T>
void finish(RowState& state, void* out) {
  T total = Op::neutral();
  bool empty = true;
  for (std::uint64_t rest = state.chunks; rest; rest &= rest - 1) {
    T partial;
    std::memcpy(&partial, state.partial[std::countr_zero(rest)], sizeof(T));
    total = empty ? partial : Op::combine(partial, total);
    empty = false;
  }
  *static_cast<T*>(out) = total;
}

/// Shorter rows have no chains side by side.
constexpr std::int64_t kShortRow = 8;

template <class Op, class T>
void reduce_rows(void* out, const void* data, std::int64_t rows, std::int64_t length) {
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(data);
  if (length == 0) {
    std::fill_n(y, rows, Op::neutral());
  } else if (length == 1) {
    std::copy_n(x, rows, y);
  } else if (length < kShortRow) {
    for (std::int64_t r = 0; r < rows; ++r) {
      T result = x[r * length];
      for (std::int64_t i = 1; i < length; ++i) {
        result = Op::combine(result, x[r * length + i]);
        asm volatile("");  // no vector code for a handful of elements
      }
      y[r] = result;
    }
  } else if (kExact<Op, T> || length <= kChunk) {
    for (std::int64_t r = 0; r < rows; ++r) y[r] = reduce_chunk<Op>(x + r * length, length);
  } else {
    for (std::int64_t r = 0; r < rows; ++r) {
      RowState state;
      push<Op, T>(state, x + r * length, length);
      finish<Op, T>(state, y + r);
    }
  }
}

/// y = a and b combined; y may be either.
template <class Op, class T>
void combine_arrays(T* y, const T* a, const T* b, std::int64_t n) {
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::combine(a[i], b[i]);
}

/// kRegisters columns of registers; of the last one, if alone, only `n` lanes.
template <class Op, class T, int kRegisters>
DUALTAPE_SIMD void add_columns(T* sums, const T* x, std::int64_t rows, std::int64_t step,
                               std::int64_t n, std::int64_t begin) {
  constexpr int kLanes = simd::kLanes<T>;
  const auto read = [&](const T* p, int r) {
    if (kRegisters == 1 && n < kLanes) return simd::load_part<T, kLanes>(p, n);
    return simd::load<T, kLanes>(p + r * kLanes);
  };
  simd::Block<T> sum[kRegisters];
  for (int r = 0; r < kRegisters; ++r) sum[r] = read(begin ? x : sums, r);
  for (std::int64_t i = begin; i < rows; ++i) {
#pragma GCC unroll 8
    for (int r = 0; r < kRegisters; ++r) sum[r] = Op::combine(sum[r], read(x + i * step, r));
  }
  for (int r = 0; r < kRegisters; ++r) {
    if (kRegisters == 1 && n < kLanes) return simd::store_part(sums, sum[r], n);
    simd::store(sums + r * kLanes, sum[r]);
  }
}

template <class Op, class T>
void reduce_columns(T* sums, const T* x, std::int64_t n, const RowAttributes& attributes) {
  const auto [rows, step, begin] = attributes;
  if (rows == 1 && begin) return static_cast<void>(std::copy_n(x, n, sums));
  if (rows == 1) return combine_arrays<Op>(sums, sums, x, n);
  if constexpr (std::is_floating_point_v<T>) {
    constexpr std::int64_t kLanes = simd::kLanes<T>, kTogether = 8;
    std::int64_t j = 0;
    for (; j + kTogether * kLanes <= n; j += kTogether * kLanes) {
      add_columns<Op, T, kTogether>(sums + j, x + j, rows, step, n - j, begin);
    }
    for (; j < n; j += kLanes) add_columns<Op, T, 1>(sums + j, x + j, rows, step, n - j, begin);
  } else {
    if (begin) std::copy_n(x, n, sums);
    for (std::int64_t i = begin; i < rows; ++i) combine_arrays<Op>(sums, sums, x + i * step, n);
  }
}

template <class Op, class T>
void combine_kernel(void* out, const void* const* in, std::int64_t n, const std::int64_t* attrs) {
  const T* a = static_cast<const T*>(in[0]);
  if (attrs) {
    return reduce_columns<Op>(static_cast<T*>(out), a, n, {attrs[0], attrs[1], attrs[2]});
  }
  combine_arrays<Op>(static_cast<T*>(out), a, static_cast<const T*>(in[1]), n);
}

template <class T>
struct Unsigned : std::type_identity<T> {};
template <std::signed_integral T>
struct Unsigned<T> : std::make_unsigned<T> {};

template <class Op, class T>
const Reducer* functions() {
  static constexpr Reducer kReducer{reduce_rows<Op, T>, push<Op, T>, finish<Op, T>,
                                    combine_kernel<Op, T>};
  return &kReducer;
}

}  // namespace

const Reducer* level::reducer(OpCode op, DType dtype) {
  if (dtype == DType::kBool) {
    const bool all = op == kAll || op == kProd || op == kMin;
    return all ? functions<AllOf, std::uint8_t>() : functions<AnyOf, std::uint8_t>();
  }
  if (op == kAll || op == kAny) return nullptr;
  return dispatch(dtype, [&]<class T>(T) -> const Reducer* {
    // Sums and products wrap around alike with and without a sign.
    using Ring = typename Unsigned<T>::type;
    if constexpr (std::is_same_v<T, bool>) return nullptr;
    if (op == kSum) return functions<SumOf<Ring>, Ring>();
    if (op == kProd) return functions<ProdOf<Ring>, Ring>();
    if constexpr (!kIsComplex<T>) {
      if (op == kMax) return functions<MaxOf<T>, T>();
      if (op == kMin) return functions<MinOf<T>, T>();
    }
    return nullptr;
  });
}

}  // namespace dualtape::engine
