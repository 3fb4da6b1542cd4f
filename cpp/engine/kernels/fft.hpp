/// What the two sides of a Fourier transform share: the engine factors the length and makes the
/// tables, a kernel library runs the passes.
#pragma once

#include <cstdint>

namespace dualtape::engine {

/// One factor of the length n = radix * groups * stride, where stride is the product of the factors
/// before it:
///   y[q + stride (radix g + k)] = w^(g k) sum_j x[q + stride (g + groups j)] e^(-2 pi i j k /
///   radix)
/// with w = e^(-2 pi i / (radix * groups)). After the last factor y is in order (Stockham).
struct FftPass {
  std::int64_t radix, groups, stride;
  const void* roots;  // w^(g k): the real parts [k - 1][g], then the imaginary ones
  const void* unit;   // cos(2 pi j / radix), then the sines
};

/// A complex transform forward, unscaled. A length with a large prime factor is a convolution with
/// the chirp c_j = e^(-pi i j^2 / n), of a padded length (Bluestein 1970).
struct FftPlan {
  std::int64_t length;
  std::int64_t n_passes;
  const FftPass* passes;
  const FftPlan* padded;  // null unless it is a convolution
  const void* chirp;      // real parts, then imaginary ones
  const void* filter;     // transform of conj(c), by the padded length; likewise
};

enum class FftKind : std::uint8_t { kComplex, kFromReal, kToReal };

/// Some lines of an array, transformed side by side. Real numbers of an even length n are a complex
/// transform of length n / 2 of neighbours, taken apart by the symmetry of the result.
struct FftLines {
  const FftPlan* plan;
  FftKind kind;
  bool inverse;  // kComplex
  std::int64_t n;
  double scale;
  const void* halves;              // e^(-2 pi i k / n) for 2 k <= n, an even real n; split
  std::int64_t count;              // lines
  std::int64_t in_step, out_step;  // from entry to entry, in elements
  const char* const* in;
  char* const* out;
};

/// `scratch` holds fft_scratch_items of the real type.
using FftKernel = void (*)(const FftLines& lines, void* scratch);

/// Entries of the longest array that is worked on.
inline std::int64_t fft_work_length(const FftPlan& plan) {
  return plan.padded ? plan.padded->length : plan.length;
}
inline std::int64_t fft_scratch_items(const FftPlan& plan, std::int64_t lines) {
  return 4 * fft_work_length(plan) * lines;
}

/// Lines that share their passes, each a lane: the most that stay in the L2 cache.
inline constexpr std::int64_t kFftLines = 16;

}  // namespace dualtape::engine
