/// Pairs: a function and its slope, or partner, of the same operand in one loop. They share their
/// expensive part, and each has the bits that it has by itself: its own kernel takes the same code
/// and drops the other value.
#pragma once

#include "dualtape/ops/registry.hpp"
#include "kernels/kernels.hpp"
#include "kernels/simd/functions.hpp"

namespace dualtape::engine::simd {

/// `exists<B>`: on blocks B.
struct TanhAndSech2 {
  using First = ops::Tanh;
  using Second = ops::Sech2;
  template <class B>
  static constexpr bool exists = kHasTanhAndSech2<B>;
  template <class B>
  DUALTAPE_SIMD static Both<B> value(B x) {
    return own::tanh_and_sech2(x);
  }
};

struct SinAndCos {
  using First = ops::Sin;
  using Second = ops::Cos;
  template <class B>
  static constexpr bool exists = kHasPairsOfFloats<B>;
  template <class B>
  DUALTAPE_SIMD static Both<B> value(B x) {
    return own::sin_and_cos(x);
  }
};

struct ExpMinusSquareAndErf {
  using First = ops::ExpMinusSquare;
  using Second = ops::Erf;
  template <class B>
  static constexpr bool exists = kHasPairsOfFloats<B>;
  template <class B>
  DUALTAPE_SIMD static Both<B> value(B x) {
    return own::exp_minus_square_and_erf(x);
  }
};

/// All of them.
using Pairs = ops::TypeList<TanhAndSech2, SinAndCos, ExpMinusSquareAndErf>;

template <class Pair, class T>
void pair_loop(void* first, void* second, const void* in, std::int64_t n) {
  using B = Block<T>;
  const T* x = static_cast<const T*>(in);
  T *y = static_cast<T*>(first), *z = static_cast<T*>(second);
  for (std::int64_t i = 0; i < n; i += B::lanes) {
    const std::int64_t left = n - i;
    const bool whole = left >= B::lanes;
    const Both<B> both =
        Pair::value(whole ? load<T, B::lanes>(x + i) : load_part<T, B::lanes>(x + i, left));
    if (whole) {
      store(y + i, both.first);
      store(z + i, both.second);
    } else {
      store_part(y + i, both.first, left);
      store_part(z + i, both.second, left);
    }
  }
}

/// Null if the two are no pair, in this order.
template <class T, class... P>
constexpr PairKernel find_pair(OpCode first, OpCode second, ops::TypeList<P...>) {
  PairKernel found = nullptr;
  const auto consider = [&]<class Pair>(std::type_identity<Pair>) {
    constexpr int kFirst = ops::op_index<typename Pair::First>;
    constexpr int kSecond = ops::op_index<typename Pair::Second>;
    static_assert(kFirst < kSecond, "plans order functions of one operand by opcode");
    if constexpr (Pair::template exists<Block<T>>) {
      if (first == kFirst && second == kSecond) found = pair_loop<Pair, T>;
    }
  };
  (consider(std::type_identity<P>{}), ...);
  return found;
}

}  // namespace dualtape::engine::simd
