/// Opcodes: elementwise operations have their position in the registry, the array operations follow
/// from 256.
#pragma once

#include <cstdint>
#include <string_view>

#include "program/program.hpp"

namespace dualtape::engine {

enum ArrayOp : OpCode {
  kFirstArrayOp = 256,
  // structure
  kInput = kFirstArrayOp,  // attrs: none
  kConstant,               // attrs: [bits of re (double or int64), bits of im]; shape ()
  kCall,                   // attrs: [index of sub-program]; tuple
  kGet,                    // attrs: [k]: the k-th result of a tuple instruction
  kCustomJvp,              // attrs: [index of function, index of its jvp program, n_primals]; tuple
  kCustomVjp,              // attrs: [index of function, of forward, of pullback]; tuple
  kCustomLinear,  // attrs: [index of pullback, n_residuals]; args residuals, tangents; transpose
                  // only; tuple
  // views: no work at run time
  kReshape,      // shape is in the type
  kTranspose,    // attrs: permutation, output axis i is input axis p[i]
  kBroadcastTo,  // NumPy's rules, shape is in the type
  kSlice,        // attrs: start_0, step_0, start_1, ... (the counts are in the type); step may be
                 // negative
  kStopGradient,
  // moving data
  kConvert,  // to the dtype of the type
  kPad,      // x into zeros of the type's shape: attrs: start, step of each axis (the transpose of
             // slice)
  kUpdateSlice,  // (x, v) -> x with v written at [start, step] of each axis: attrs as slice
  kAddSlice,     // (x, v) -> x with v added there: attrs as slice
  kConcatenate,  // attrs: [axis]
  kTake,     // (x[n, ...], index int64[...]) -> x[index]; index in [-n, n); IndexError otherwise
  kTakeAdd,  // (x[n, ...], index, v[index.shape, ...]) -> x with v added at x[index]
  kTakeSet,  // (x[n, ...], index, v) -> x with v written, last write wins
  kIota,     // 0, 1, ... along the one axis of the type
  kEye,      // identity matrix of the type (n, m)
  // reductions; attrs: axes, ascending; the axes are dropped
  kSum,
  kProd,
  kMax,
  kMin,
  kAll,
  kAny,
  kArgMax,  // attrs: [axis]; int64
  kArgMin,
  kCumSum,  // attrs: [axis, reverse]
  // order and recurrence along an axis
  kSort,          // attrs: [axis]; NaN last
  kArgSort,       // attrs: [axis]; int64, stable: equal entries and NaN stay in order
  kSearchSorted,  // (a[..., n] ascending, v[..., m]) -> int64[..., m]; attrs: [right]
  kCumMax,        // attrs: [axis]
  kCumMin,
  kRecurrence,  // (a, b) -> y[k] = a[k] y[k-1] + b[k], y[-1] = 0; attrs: [axis, reverse]
  // products and linear algebra (last two axes; leading axes are a batch, equal in all operands)
  kDotGeneral,  // attrs: [n_contract, n_batch, lhs contract axes, rhs contract axes, lhs batch
                // axes, rhs batch axes] result axes: batch, lhs free, rhs free
  kLu,          // A[..., n, n] -> its factors [..., n + 1, n], P A = L U: see kernels/linalg_lu.hpp
  kSolve,       // (A[..., n, n], factors of A, b[..., n, k]) -> x[..., n, k]; attrs: [transposed]
  kInv,         // (A, factors of A) -> A^-1; here and below: without the factors they are made anew
  kDet,         // (A, factors of A)
  kCofactor,  // (A, factors of A) -> C with det' = sum(C * A'), also for singular A; or (A, E ...)
  // Fourier transforms; attrs: [axis, FftScale, ...]
  kFft,       // complex x[n] -> sum_j x[j] exp(-2 pi i j k / n); attrs: [axis, FftScale, inverse]
  kRfft,      // real x[n] -> the first n / 2 + 1 entries of kFft of it; attrs: [axis, FftScale]
  kIrfft,     // complex x[n / 2 + 1] -> the real inverse; n is in the type; attrs: [axis, FftScale]
  kSlogDet,   // (A, factors of A) -> [sign, log|det A|] of each matrix
  kPivots,    // int64[..., n]: row exchanges from the rows they give; attrs: [back]
  kCholesky,  // lower triangle of A -> L, A = L L^T
  kCholeskyTangent,  // (L, A's tangent) -> L's; attrs: [transposed: (L, L's cotangent) -> A's]
  kTriangularSolve,  // (A, b[..., n, k]) -> x; attrs: [lower, transposed, unit]
  kEigh,             // A[..., n, n] -> [w, V], packed in one axis: see ops/decompositions.hpp
  kSvd,              // A[..., m, n] -> [s, U, Vh], packed
  kQr,               // A[..., m, n] -> [Q, R], packed
  kFactor,           // (A, packed) -> one factor; attrs: [which, its offset]
  kPinv,             // attrs: [bits of the relative cutoff]
  kSylvester,        // (A, B, Q) -> X with A X + X B = Q
  kMatrixFunction,   // attrs: [which]
  kFrechet,          // (A, E) -> derivative of the function at A in direction E; attrs: [which]
  kExternal,         // a C++ model or a derivative of it: see ops/external.hpp; attrs: [address of
                     // the External, transposed]
  // elementwise, but not in the registry
  kZeroMultiply,  // (c, x) -> x == 0 ? 0 : c * x: zero from an untaken branch annihilates inf and
                  // nan
  kReal,          // z -> its real part
  kImag,          // z -> its imaginary part
  kConjugate,     // z -> re - i im
  kComplex,       // (re, im) -> re + i im, of one shape
  kArrayOpEnd,
};

/// Of the registry, or computed element by element like one of it.
inline constexpr bool is_elementwise(OpCode op) {
  return op < kFirstArrayOp || op == kConvert || (op >= kZeroMultiply && op <= kComplex);
}

/// The factor of a transform of length n.
enum class FftScale : std::int64_t { kOne, kByLength, kByRoot };  // 1, 1 / n, 1 / sqrt(n)

inline constexpr bool is_array_op(OpCode op) { return op >= kFirstArrayOp; }

/// How many of the first attributes of an operation name sub-programs.
constexpr std::size_t subprogram_count(OpCode op) {
  switch (op) {
    case kCall:
    case kCustomLinear: return 1;
    case kCustomJvp: return 2;
    case kCustomVjp: return 3;
    default: return 0;
  }
}

/// Name as printed; elementwise names come from the registry.
std::string_view op_name(OpCode op);

}  // namespace dualtape::engine
