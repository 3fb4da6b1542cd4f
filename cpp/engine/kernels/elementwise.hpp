/// Loops over the elementary functions, one element after the other; elementwise_*.cpp instantiate
/// the table of each element type. Floats and doubles have their own: simd/loops.hpp.
#pragma once

#include <array>
#include <type_traits>

#include "dualtape/ops/registry.hpp"
#include "kernels/kernels.hpp"

namespace dualtape::engine {

using KernelTable = std::array<Kernel, ops::op_count>;

// One table for each element type. The variants with a broadcast operand exist for float64 and
// float32.
const KernelTable& kernels_float64();
const KernelTable& kernels_float32();
const KernelTable& kernels_complex64();
const KernelTable& kernels_complex128();
const KernelTable& kernels_integer(DType dtype);  // booleans too
const KernelTable& broadcast_kernels_float64(Broadcast which);
const KernelTable& broadcast_kernels_float32(Broadcast which);
PairKernel pair_float64(OpCode first, OpCode second);
PairKernel pair_float32(OpCode first, OpCode second);

/// real, imag, conjugate, complex: `dtype` is that of the operands.
Kernel parts_kernel(OpCode op, DType dtype);

namespace elementwise {

template <class Op, class T>
using Result = std::conditional_t<Op::kind == Kind::kPredicate, bool, T>;

// `out` may be an operand itself: `ivdep` tells that no element depends on another one, where the
// compiler would otherwise test for overlap and take a slow loop.

template <class Op, class T>
void unary(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* x = static_cast<const T*>(in[0]);
  auto* y = static_cast<Result<Op, T>*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::template value<T>(x[i]);
}

template <class Op, class T>
void parametric(void* out, const void* const* in, std::int64_t n, const std::int64_t* attrs) {
  const T* x = static_cast<const T*>(in[0]);
  T* y = static_cast<T*>(out);
  const int parameter = static_cast<int>(attrs[0]);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::template value<T>(parameter, x[i]);
}

template <class Op, class T>
void binary(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  auto* y = static_cast<Result<Op, T>*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::template value<T>(a[i], b[i]);
}

template <class Op, class T>
void ternary(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* a = static_cast<const T*>(in[0]);
  const T* b = static_cast<const T*>(in[1]);
  const T* c = static_cast<const T*>(in[2]);
  T* y = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) y[i] = Op::template value<T>(a[i], b[i], c[i]);
}

/// where: the first operand is a mask, of bytes. Integers are chosen by their bits, which the
/// compiler makes vector code of.
template <class T>
void choose(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const auto* mask = static_cast<const std::uint8_t*>(in[0]);
  if constexpr (std::is_integral_v<T>) {
    using Bits = std::make_unsigned_t<std::conditional_t<std::is_same_v<T, bool>, char, T>>;
    const Bits* a = static_cast<const Bits*>(in[1]);
    const Bits* b = static_cast<const Bits*>(in[2]);
    Bits* y = static_cast<Bits*>(out);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) {
      const Bits chosen = mask[i] != 0 ? static_cast<Bits>(~Bits{0}) : Bits{0};
      y[i] = static_cast<Bits>(b[i] ^ ((a[i] ^ b[i]) & chosen));
    }
  } else {
    const T* a = static_cast<const T*>(in[1]);
    const T* b = static_cast<const T*>(in[2]);
    T* y = static_cast<T*>(out);
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) y[i] = mask[i] != 0 ? a[i] : b[i];
  }
}

template <class Op, class T>
constexpr Kernel kernel() {
  if constexpr (Op::kind == Kind::kSelect) {
    return choose<T>;
  } else if constexpr (is_parametric<Op>) {
    return parametric<Op, T>;
  } else if constexpr (Op::arity == 1) {
    return unary<Op, T>;
  } else if constexpr (Op::arity == 2) {
    return binary<Op, T>;
  } else {
    return ternary<Op, T>;
  }
}

/// Kernels of the operations that `Has<Op>` says exist for T.
template <class T, template <class> class Has>
constexpr KernelTable make_table() {
  KernelTable table{};
  ops::for_each_op([&]<class Op>() {
    if constexpr (Has<Op>::value) {
      table[static_cast<std::size_t>(ops::op_index<Op>)] = kernel<Op, T>();
    }
  });
  return table;
}

}  // namespace elementwise
}  // namespace dualtape::engine
