#include "kernels/reduce.hpp"

#include <algorithm>
#include <bit>
#include <complex>
#include <cstring>
#include <limits>
#include <type_traits>

#include "kernels/level.hpp"
#include "kernels/wrapping.hpp"

namespace dualtape::engine {
namespace {

template <class T>
struct SumOf {
  static T neutral() { return T(0); }
  static T combine(T a, T b) { return wrapping_add(a, b); }
};

template <class T>
struct ProdOf {
  static T neutral() { return T(1); }
  static T combine(T a, T b) { return wrapping_multiply(a, b); }
};

/// A NaN wins, from either side.
template <class T>
struct MaxOf {
  static T neutral() { return std::numeric_limits<T>::lowest(); }
  static T combine(T a, T b) { return a >= b || a != a ? a : b; }
};

template <class T>
struct MinOf {
  static T neutral() { return std::numeric_limits<T>::max(); }
  static T combine(T a, T b) { return a <= b || a != a ? a : b; }
};

struct AllOf {
  static bool neutral() { return true; }
  static bool combine(bool a, bool b) { return a & b; }
};

struct AnyOf {
  static bool neutral() { return false; }
  static bool combine(bool a, bool b) { return a | b; }
};

/// 1 <= n <= kChunk elements; eight chains keep the adder busy. Starts from elements, not from 0:
/// -0 + -0 is -0.
template <class Op, class T>
T reduce_chunk(const T* x, std::int64_t n) {
  if (n < 8) {
    T sum = x[0];
    for (std::int64_t i = 1; i < n; ++i) sum = Op::combine(sum, x[i]);
    return sum;
  }
  T lane[8];
  for (int k = 0; k < 8; ++k) lane[k] = x[k];
  std::int64_t i = 8;
  for (; i + 8 <= n; i += 8) {
    for (int k = 0; k < 8; ++k) lane[k] = Op::combine(lane[k], x[i + k]);
  }
  for (int step = 1; step < 8; step *= 2) {
    for (int k = 0; k < 8; k += 2 * step) lane[k] = Op::combine(lane[k], lane[k + step]);
  }
  for (; i < n; ++i) lane[0] = Op::combine(lane[0], x[i]);
  return lane[0];
}

template <class Op, class T>
void push(RowState& state, const void* data, std::int64_t n) {
  const T* x = static_cast<const T*>(data);
  for (std::int64_t first = 0; first < n; first += kChunk) {
    T carry = reduce_chunk<Op>(x + first, std::min(kChunk, n - first));
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

template <class Op, class T>
void reduce_rows(void* out, const void* data, std::int64_t rows, std::int64_t length) {
  T* y = static_cast<T*>(out);
  const T* x = static_cast<const T*>(data);
  if (length == 0) {
    std::fill_n(y, rows, Op::neutral());
  } else if (length <= kChunk) {
    for (std::int64_t r = 0; r < rows; ++r) y[r] = reduce_chunk<Op>(x + r * length, length);
  } else {
    for (std::int64_t r = 0; r < rows; ++r) {
      RowState state;
      push<Op, T>(state, x + r * length, length);
      finish<Op, T>(state, y + r);
    }
  }
}

template <class Op, class T>
void combine_kernel(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  T* y = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::combine(a[i], b[i]);
}

template <class Op, class T>
const Reducer* functions() {
  static constexpr Reducer kReducer{reduce_rows<Op, T>, push<Op, T>, finish<Op, T>,
                                    combine_kernel<Op, T>};
  return &kReducer;
}

}  // namespace

const Reducer* level::reducer(OpCode op, DType dtype) {
  if (op == kAll || op == kAny) {
    if (dtype != DType::kBool) return nullptr;
    return op == kAll ? functions<AllOf, bool>() : functions<AnyOf, bool>();
  }
  return dispatch(dtype, [&]<class T>(T) -> const Reducer* {
    if (op == kSum) return functions<SumOf<T>, T>();
    if (op == kProd) return functions<ProdOf<T>, T>();
    if constexpr (!kIsComplex<T>) {
      if (op == kMax) return functions<MaxOf<T>, T>();
      if (op == kMin) return functions<MinOf<T>, T>();
    }
    return nullptr;
  });
}

}  // namespace dualtape::engine
