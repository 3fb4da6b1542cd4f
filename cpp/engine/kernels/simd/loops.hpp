/// Loops over floats and doubles: the elementary functions on blocks of lanes, also with operands
/// that are single values.
///
/// No result depends on where in the array its element stands: basic operations round correctly in
/// any form, functions take the same vector code for a part of a block.
#pragma once

#include <type_traits>

#include "kernels/elementwise.hpp"
#include "kernels/simd/functions.hpp"

namespace dualtape::engine::simd {

/// Rules that round as IEEE's basic operations: a lane and a scalar give the same bits.
template <class Op>
inline constexpr bool kCorrectlyRounded = Op::max_ulp <= 0.5;

/// Rules whose kernels have orders and parameters (gammainc, jv): scalar code alone.
template <class Op>
inline constexpr bool kScalar = is_parametric<Op> && Op::arity > 1;

/// Operand k of a kernel; bit k of kSingles is set if it is a single value.
template <class T, unsigned kSingles, int k>
class Reader {
 public:
  static constexpr bool kSingle = (kSingles >> k & 1u) != 0;

  explicit Reader(const void* const* in) : p_(static_cast<const T*>(in[k])) {}

  T operator[](std::int64_t i) const { return p_[kSingle ? 0 : i]; }

  template <class B>
  DUALTAPE_SIMD auto block(std::int64_t i) const {
    using V = typename B::value_type;
    if constexpr (std::is_same_v<T, bool>) {
      if constexpr (kSingle) {
        return Mask<V, B::lanes>{typename B::Integers{} - Bits<V>{*p_}};
      } else {
        return load_mask<V, B::lanes>(p_ + i);
      }
    } else if constexpr (kSingle) {
      return B(*p_);
    } else {
      return load<V, B::lanes>(p_ + i);
    }
  }
  /// The n elements from i on, n below the number of lanes.
  template <class B>
  DUALTAPE_SIMD B part(std::int64_t i, std::int64_t n) const {
    if constexpr (kSingle) return B(*p_);
    return load_part<T, B::lanes>(p_ + i, n);
  }

 private:
  const T* p_;
};

/// f(reader of operand 0, reader of operand 1, ...).
template <class Op, class T, unsigned kSingles, class F>
DUALTAPE_SIMD void with_readers(const void* const* in, F f) {
  using First = std::conditional_t<Op::kind == Kind::kSelect, bool, T>;
  if constexpr (Op::arity == 1) {
    f(Reader<First, kSingles, 0>(in));
  } else if constexpr (Op::arity == 2) {
    f(Reader<First, kSingles, 0>(in), Reader<T, kSingles, 1>(in));
  } else {
    f(Reader<First, kSingles, 0>(in), Reader<T, kSingles, 1>(in), Reader<T, kSingles, 2>(in));
  }
}

/// The rule on blocks; where its composition has a cheaper form, that. Long functions of our own by
/// name: GCC leaves their `value` out of line, which would load the constants anew for every block.
/// (Not sin and cos: their coefficients are chosen as they are loaded.)
template <class Op, class... B>
DUALTAPE_SIMD auto value_of_blocks(const B&... x) {
  if constexpr (std::is_same_v<Op, ops::LogExpit>) {
    return log_expit(x...);
  } else if constexpr (std::is_same_v<Op, ops::LogAddExp>) {
    return logaddexp(x...);
  } else if constexpr (std::is_same_v<Op, ops::Sech2> && (kHasTanhAndSech2<B> && ...)) {
    return own::tanh_and_sech2(x...).second;
  } else if constexpr (std::is_same_v<Op, ops::Tanh>) {
    return tanh(x...);
  } else if constexpr (std::is_same_v<Op, ops::ExpMinusSquare>) {
    return exp_of_minus_square(x...);
  } else if constexpr (std::is_same_v<Op, ops::Erf>) {
    return erf(x...);
  } else {
    return Op::value(x...);
  }
}

/// The rule as a function of scalars or blocks.
template <class Op>
DUALTAPE_SIMD auto rule(const std::int64_t* attrs) {
  return [attrs](const auto&... x) __attribute__((always_inline)) {
    if constexpr (is_parametric<Op>) {
      return Op::value(static_cast<int>(attrs[0]), x...);
    } else if constexpr ((std::is_arithmetic_v<std::remove_cvref_t<decltype(x)>> && ...)) {
      return Op::value(x...);
    } else {
      return value_of_blocks<Op>(x...);
    }
  };
}

/// Element by element: what the compiler turns into vector code itself (comparisons, whose masks
/// are bytes), and scalar code. `ivdep`: `out` may be an operand itself, but no element depends on
/// another one.
template <class Op, class T, unsigned kSingles = 0>
void plain_loop(void* out, const void* const* in, std::int64_t n, const std::int64_t* attrs) {
  auto* y = static_cast<elementwise::Result<Op, T>*>(out);
  const auto f = rule<Op>(attrs);
  with_readers<Op, T, kSingles>(in, [&](const auto&... x) __attribute__((always_inline)) {
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) y[i] = f(x[i]...);
  });
}

/// Rules that round correctly. The last block overlaps the one before it; it is computed first,
/// from operands that `out` may overwrite.
template <class Op, class T, unsigned kSingles = 0>
void overlapping_loop(void* out, const void* const* in, std::int64_t n, const std::int64_t* attrs) {
  using B = Block<T>;
  T* y = static_cast<T*>(out);
  const auto f = rule<Op>(attrs);
  with_readers<Op, T, kSingles>(in, [&](const auto&... x) __attribute__((always_inline)) {
    if (n < B::lanes) {
      for (std::int64_t i = 0; i < n; ++i) {
        y[i] = f(x[i]...);
        asm volatile("");  // the compiler knows no bound of n and would make vector code of it
      }
      return;
    }
    const B last = f(x.template block<B>(n - B::lanes)...);
    for (std::int64_t i = 0; i < n - B::lanes; i += B::lanes) {
      store(y + i, B(f(x.template block<B>(i)...)));
    }
    store(y + n - B::lanes, last);
  });
}

/// Functions: the code is long, so whole blocks and the part of one at the end share it.
template <class Op, class T, unsigned kSingles = 0>
void function_loop(void* out, const void* const* in, std::int64_t n, const std::int64_t* attrs) {
  using B = Block<T>;
  T* y = static_cast<T*>(out);
  const auto f = rule<Op>(attrs);
  with_readers<Op, T, kSingles>(in, [&](const auto&... x) __attribute__((always_inline)) {
    for (std::int64_t i = 0; i < n; i += B::lanes) {
      const std::int64_t left = n - i;
      const bool whole = left >= B::lanes;
      const B result = f((whole ? x.template block<B>(i) : x.template part<B>(i, left))...);
      if (whole) {
        store(y + i, result);
      } else {
        store_part(y + i, result, left);
      }
    }
  });
}

template <class Op, class T, unsigned kSingles = 0>
constexpr Kernel kernel() {
  if constexpr (Op::kind == Kind::kPredicate || kScalar<Op>) {
    return plain_loop<Op, T, kSingles>;
  } else if constexpr (kCorrectlyRounded<Op>) {
    return overlapping_loop<Op, T, kSingles>;
  } else {
    return function_loop<Op, T, kSingles>;
  }
}

template <class T>
constexpr KernelTable make_table() {
  KernelTable table{};
  ops::for_each_op(
      [&]<class Op>() { table[static_cast<std::size_t>(ops::op_index<Op>)] = kernel<Op, T>(); });
  return table;
}

/// Kernels of binary rules with one single operand.
template <class T, unsigned kSingles>
constexpr KernelTable make_broadcast_table() {
  KernelTable table{};
  ops::for_each_op([&]<class Op>() {
    if constexpr (Op::arity == 2) {
      table[static_cast<std::size_t>(ops::op_index<Op>)] = kernel<Op, T, kSingles>();
    }
  });
  return table;
}

}  // namespace dualtape::engine::simd
