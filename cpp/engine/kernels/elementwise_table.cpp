#include <complex>

#include "kernels/elementwise.hpp"
#include "kernels/level.hpp"
#include "kernels/simd/block.hpp"

namespace dualtape::engine {
namespace {

/// zero_multiply in blocks of N; false: n is less. The last block overlaps the one before it. Its
/// product is made first, so that y may be c or x, and rows of 31 entries cost those of 32.
template <int N, int kCStep, int kXStep, class T>
bool zero_multiply_blocks(T* y, const T* c, const T* x, std::int64_t n) {
  using B = simd::Simd<T, N>;
  if (n < N) return false;
  const auto at = [](const T* p, std::int64_t i, auto step) {
    if constexpr (step.value == 0) return B(*p);
    return simd::load<T, N>(p + i);
  };
  const auto product = [&](std::int64_t i) {
    const B factor = at(x, i, std::integral_constant<int, kXStep>{});
    const B all = at(c, i, std::integral_constant<int, kCStep>{}) * factor;
    return select(factor == B(0), B(0), all);
  };
  const B last = product(n - N);
  for (std::int64_t i = 0; i + N <= n; i += N) simd::store(y + i, product(i));
  simd::store(y + n - N, last);
  return true;
}

/// x == 0 ? 0 : c x. A zero that came from a branch not taken annihilates infinities and NaN.
/// kCStep, kXStep: 0 if the operand is a single value.
template <class T, int kCStep, int kXStep>
void zero_multiply(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* c = static_cast<const T*>(in[0]);
  const T* x = static_cast<const T*>(in[1]);
  T* y = static_cast<T*>(out);
  if constexpr (std::is_floating_point_v<T>) {
    // Of the loop below GCC makes vector code for AVX-512 alone.
    constexpr int kLanes = simd::Block<T>::lanes;
    if (zero_multiply_blocks<kLanes, kCStep, kXStep>(y, c, x, n)) return;
    if constexpr (kLanes > 4) {
      if (zero_multiply_blocks<kLanes / 2, kCStep, kXStep>(y, c, x, n)) return;
    }
  }
  for (std::int64_t i = 0; i < n; ++i) {
    y[i] = x[i * kXStep] == T(0) ? T(0) : c[i * kCStep] * x[i * kXStep];
  }
}

template <int kCStep, int kXStep>
Kernel lookup_zero_multiply(DType dtype) {
  return dispatch(dtype, []<class T>(T) -> Kernel {
    if constexpr (!std::is_integral_v<T>) return zero_multiply<T, kCStep, kXStep>;
    return nullptr;
  });
}

}  // namespace

Kernel level::elementwise(OpCode op, DType dtype) {
  if (op == kZeroMultiply) return lookup_zero_multiply<1, 1>(dtype);
  if (op >= kReal && op <= kComplex) return parts_kernel(op, dtype);
  if (op >= ops::op_count) return nullptr;
  switch (dtype) {
    case DType::kFloat64: return kernels_float64()[op];
    case DType::kFloat32: return kernels_float32()[op];
    case DType::kComplex64: return kernels_complex64()[op];
    case DType::kComplex128: return kernels_complex128()[op];
    case DType::kTuple: return nullptr;
    default: return kernels_integer(dtype)[op];
  }
}

Kernel level::broadcast(OpCode op, DType dtype, Broadcast which) {
  if (op == kZeroMultiply) {
    return which == Broadcast::kLeft ? lookup_zero_multiply<0, 1>(dtype)
                                     : lookup_zero_multiply<1, 0>(dtype);
  }
  if (op >= ops::op_count) return nullptr;
  switch (dtype) {
    case DType::kFloat64: return broadcast_kernels_float64(which)[op];
    case DType::kFloat32: return broadcast_kernels_float32(which)[op];
    default: return nullptr;
  }
}

PairKernel level::pair(OpCode first, OpCode second, DType dtype) {
  if (dtype == DType::kFloat64) return pair_float64(first, second);
  return dtype == DType::kFloat32 ? pair_float32(first, second) : nullptr;
}

}  // namespace dualtape::engine
