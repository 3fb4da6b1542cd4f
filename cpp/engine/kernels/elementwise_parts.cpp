/// Complex numbers from their parts, and the parts of them.
#include <complex>

#include "kernels/elementwise.hpp"

namespace dualtape::engine {
namespace {

// A complex number is its two parts in memory.

template <class T, int kPart>
void part(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* x = static_cast<const T*>(in[0]);
  T* y = static_cast<T*>(out);
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[2 * i + kPart];
}

template <class T>
void conjugate(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* x = static_cast<const T*>(in[0]);
  T* y = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    y[2 * i] = x[2 * i];
    y[2 * i + 1] = -x[2 * i + 1];
  }
}

template <class T>
void join(void* out, const void* const* in, std::int64_t n, const std::int64_t*) {
  const T* re = static_cast<const T*>(in[0]);
  const T* im = static_cast<const T*>(in[1]);
  T* y = static_cast<T*>(out);
#pragma GCC ivdep
  for (std::int64_t i = 0; i < n; ++i) {
    const T a = re[i], b = im[i];  // of scalars `out` may be the place of either
    y[2 * i] = a;
    y[2 * i + 1] = b;
  }
}

template <class T>
Kernel choose(OpCode op) {
  switch (op) {
    case kReal: return part<T, 0>;
    case kImag: return part<T, 1>;
    case kConjugate: return conjugate<T>;
    default: return join<T>;
  }
}

}  // namespace

Kernel parts_kernel(OpCode op, DType dtype) {
  if (is_complex(dtype) == (op == kComplex) || !is_inexact(dtype)) return nullptr;
  return real_dtype(dtype) == DType::kFloat64 ? choose<double>(op) : choose<float>(op);
}

}  // namespace dualtape::engine
