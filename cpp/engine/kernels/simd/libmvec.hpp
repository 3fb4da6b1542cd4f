/// Declarations of glibc's vector mathematics (libmvec, glibc 2.35 and later) for one register of
/// the instruction set compiled for. Measured here: at most 4 ulp, every special case right.
#pragma once

#include "kernels/simd/block.hpp"

#if defined(DUALTAPE_LIBMVEC) && defined(__x86_64__)
#define DUALTAPE_CALL_LIBMVEC 1

// Names of the x86-64 vector ABI: b, d, e for SSE, AVX2, AVX-512; number of lanes; operands.
#if defined(DUALTAPE_SIMD_AVX512)
#define DUALTAPE_MVEC64(name, operands) _ZGVeN8##operands##_##name
#define DUALTAPE_MVEC32(name, operands) _ZGVeN16##operands##_##name##f
#elif defined(DUALTAPE_SIMD_AVX2)
#define DUALTAPE_MVEC64(name, operands) _ZGVdN4##operands##_##name
#define DUALTAPE_MVEC32(name, operands) _ZGVdN8##operands##_##name##f
#else
#define DUALTAPE_MVEC64(name, operands) _ZGVbN2##operands##_##name
#define DUALTAPE_MVEC32(name, operands) _ZGVbN4##operands##_##name##f
#endif

namespace dualtape::engine::simd::libmvec {

using V64 = Block<double>::Vector;
using V32 = Block<float>::Vector;

#define DUALTAPE_MVEC_UNARY(name)                                       \
  extern "C" V64 DUALTAPE_MVEC64(name, v)(V64);                         \
  extern "C" V32 DUALTAPE_MVEC32(name, v)(V32);                         \
  DUALTAPE_SIMD V64 name(V64 x) { return DUALTAPE_MVEC64(name, v)(x); } \
  DUALTAPE_SIMD V32 name(V32 x) { return DUALTAPE_MVEC32(name, v)(x); }
#define DUALTAPE_MVEC_BINARY(name)                                                 \
  extern "C" V64 DUALTAPE_MVEC64(name, vv)(V64, V64);                              \
  extern "C" V32 DUALTAPE_MVEC32(name, vv)(V32, V32);                              \
  DUALTAPE_SIMD V64 name(V64 a, V64 b) { return DUALTAPE_MVEC64(name, vv)(a, b); } \
  DUALTAPE_SIMD V32 name(V32 a, V32 b) { return DUALTAPE_MVEC32(name, vv)(a, b); }

DUALTAPE_MVEC_UNARY(acos)
DUALTAPE_MVEC_UNARY(acosh)
DUALTAPE_MVEC_UNARY(asin)
DUALTAPE_MVEC_UNARY(asinh)
DUALTAPE_MVEC_UNARY(atan)
DUALTAPE_MVEC_UNARY(atanh)
DUALTAPE_MVEC_UNARY(cbrt)
DUALTAPE_MVEC_UNARY(cos)
DUALTAPE_MVEC_UNARY(cosh)
DUALTAPE_MVEC_UNARY(erf)
DUALTAPE_MVEC_UNARY(erfc)
DUALTAPE_MVEC_UNARY(exp)
DUALTAPE_MVEC_UNARY(exp2)
DUALTAPE_MVEC_UNARY(expm1)
DUALTAPE_MVEC_UNARY(log)
DUALTAPE_MVEC_UNARY(log10)
DUALTAPE_MVEC_UNARY(log1p)
DUALTAPE_MVEC_UNARY(log2)
DUALTAPE_MVEC_UNARY(sin)
DUALTAPE_MVEC_UNARY(sinh)
DUALTAPE_MVEC_UNARY(tan)
DUALTAPE_MVEC_UNARY(tanh)
DUALTAPE_MVEC_BINARY(atan2)
DUALTAPE_MVEC_BINARY(hypot)
DUALTAPE_MVEC_BINARY(pow)

#undef DUALTAPE_MVEC_UNARY
#undef DUALTAPE_MVEC_BINARY

}  // namespace dualtape::engine::simd::libmvec
#endif
