/// The passes of a Fourier transform, on numbers split into arrays of real and imaginary parts: all
/// loops then are plain vector code. An entry has `lines` neighbours, one of each line.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "kernels/fft.hpp"
#include "kernels/simd/block.hpp"

namespace dualtape::engine::fourier {

template <class T>
struct Split {
  T* re;
  T* im;
};

/// A number in each lane.
template <class V>
struct Number {
  V re, im;

  friend DUALTAPE_SIMD Number operator+(Number a, Number b) { return {a.re + b.re, a.im + b.im}; }
  friend DUALTAPE_SIMD Number operator-(Number a, Number b) { return {a.re - b.re, a.im - b.im}; }
  friend DUALTAPE_SIMD Number operator*(Number a, Number b) {
    return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
  }
  DUALTAPE_SIMD Number times_minus_i() const { return {im, -re}; }
};

template <class T, int N>
DUALTAPE_SIMD Number<simd::Simd<T, N>> load(Split<const T> x, std::int64_t i) {
  return {simd::load<T, N>(x.re + i), simd::load<T, N>(x.im + i)};
}
template <class T, int N>
DUALTAPE_SIMD void store(Split<T> y, std::int64_t i, Number<simd::Simd<T, N>> z) {
  simd::store(y.re + i, z.re);
  simd::store(y.im + i, z.im);
}

/// Largest odd factor done as a pass of its own.
inline constexpr int kMostRadix = 128;

/// The transform of `radix` numbers in place: one struct for each way to do it. R is 0 for an odd
/// radix known at run time.
template <int R>
struct Butterfly {
  /// With x+ = x_j + x_(r-j) and x- = x_j - x_(r-j): y_k, y_(r-k) = sum cos x+ -+ i sum sin x-.
  template <class T, class V>
  DUALTAPE_SIMD static void run(Number<V>* x, int radix, const T* unit) {
    const int r = R ? R : radix, half = (r - 1) / 2;
    Number<V> plus[(R ? R : kMostRadix) / 2 + 1], minus[(R ? R : kMostRadix) / 2 + 1];
    Number<V> total = x[0];
    for (int j = 1; j <= half; ++j) {
      plus[j] = x[j] + x[r - j];
      minus[j] = x[j] - x[r - j];
      total = total + plus[j];
    }
    const Number<V> first = x[0];
    x[0] = total;
    for (int k = 1; k <= half; ++k) {
      Number<V> even = first, odd{V(0), V(0)};
      int at = 0;
      for (int j = 1; j <= half; ++j) {
        at += k;
        if (at >= r) at -= r;
        const V c(unit[at]), s(unit[r + at]);
        even = even + Number<V>{c * plus[j].re, c * plus[j].im};
        odd = odd + Number<V>{s * minus[j].re, s * minus[j].im};
      }
      const Number<V> turned = odd.times_minus_i();
      x[k] = even + turned;
      x[r - k] = even - turned;
    }
  }
};

template <>
struct Butterfly<2> {
  template <class T, class V>
  DUALTAPE_SIMD static void run(Number<V>* x, int, const T*) {
    const Number<V> a = x[0], b = x[1];
    x[0] = a + b;
    x[1] = a - b;
  }
};

template <>
struct Butterfly<4> {
  template <class T, class V>
  DUALTAPE_SIMD static void run(Number<V>* x, int, const T*) {
    const Number<V> a = x[0] + x[2], b = x[0] - x[2];
    const Number<V> c = x[1] + x[3], d = (x[1] - x[3]).times_minus_i();
    x[0] = a + c;
    x[1] = b + d;
    x[2] = a - c;
    x[3] = b - d;
  }
};

/// Lanes [q, end) of a group of one pass, N at a time as long as they fill a register.
template <int R, class T, int N>
DUALTAPE_SIMD std::int64_t group_lanes(const FftPass& pass, Split<const T> x, Split<T> y,
                                       std::int64_t width, std::int64_t g, std::int64_t q) {
  using V = simd::Simd<T, N>;
  const int r = R ? R : static_cast<int>(pass.radix);
  const T* roots = static_cast<const T*>(pass.roots);
  const T* imaginary = roots + (r - 1) * pass.groups;
  for (; q + N <= width; q += N) {
    Number<V> z[R ? R : kMostRadix];
    for (int j = 0; j < r; ++j) z[j] = load<T, N>(x, (g + pass.groups * j) * width + q);
    Butterfly<R>::template run<T>(z, r, static_cast<const T*>(pass.unit));
    store<T, N>(y, r * g * width + q, z[0]);
    for (int k = 1; k < r; ++k) {
      const std::int64_t at = (k - 1) * pass.groups + g;
      store<T, N>(y, (r * g + k) * width + q, z[k] * Number<V>{V(roots[at]), V(imaginary[at])});
    }
  }
  return q;
}

template <int R, class T>
void run_pass(const FftPass& pass, Split<const T> x, Split<T> y, std::int64_t lines,
              std::int64_t first_group) {
  const std::int64_t width = pass.stride * lines;
  for (std::int64_t g = first_group; g < pass.groups; ++g) {
    std::int64_t q = group_lanes<R, T, simd::kLanes<T>>(pass, x, y, width, g, 0);
    if constexpr (simd::kLanes<T> > 4) q = group_lanes<R, T, 4>(pass, x, y, width, g, q);
    group_lanes<R, T, 1>(pass, x, y, width, g, q);
  }
}

/// The first pass of a single line: four groups side by side, their results turned into rows.
/// Returns the groups done.
template <class T>
std::int64_t run_first_of_four(const FftPass& pass, Split<const T> x, Split<T> y) {
  using V = simd::Simd<T, 4>;
  using Places [[gnu::vector_size(4 * sizeof(T))]] = simd::Bits<T>;
  const T* roots = static_cast<const T*>(pass.roots);
  const T* imaginary = roots + 3 * pass.groups;
  const auto rows = [](T* to, V a, V b, V c, V d) {
    constexpr Places kLow{0, 4, 1, 5}, kHigh{2, 6, 3, 7}, kFirst{0, 1, 4, 5}, kLast{2, 3, 6, 7};
    const auto ab_low = __builtin_shuffle(a.v, b.v, kLow),
               cd_low = __builtin_shuffle(c.v, d.v, kLow);
    const auto ab_high = __builtin_shuffle(a.v, b.v, kHigh);
    const auto cd_high = __builtin_shuffle(c.v, d.v, kHigh);
    simd::store(to, V(__builtin_shuffle(ab_low, cd_low, kFirst)));
    simd::store(to + 4, V(__builtin_shuffle(ab_low, cd_low, kLast)));
    simd::store(to + 8, V(__builtin_shuffle(ab_high, cd_high, kFirst)));
    simd::store(to + 12, V(__builtin_shuffle(ab_high, cd_high, kLast)));
  };
  std::int64_t g = 0;
  for (; g + 4 <= pass.groups; g += 4) {
    Number<V> z[4];
    for (int j = 0; j < 4; ++j) z[j] = load<T, 4>(x, g + pass.groups * j);
    Butterfly<4>::run<T>(z, 4, nullptr);
    for (int k = 1; k < 4; ++k) {
      const std::int64_t at = (k - 1) * pass.groups + g;
      z[k] = z[k] * Number<V>{simd::load<T, 4>(roots + at), simd::load<T, 4>(imaginary + at)};
    }
    rows(y.re + 4 * g, z[0].re, z[1].re, z[2].re, z[3].re);
    rows(y.im + 4 * g, z[0].im, z[1].im, z[2].im, z[3].im);
  }
  return g;
}

template <class T>
void run_pass(const FftPass& pass, Split<const T> x, Split<T> y, std::int64_t lines) {
  switch (pass.radix) {
    case 2: return run_pass<2>(pass, x, y, lines, 0);
    case 3: return run_pass<3>(pass, x, y, lines, 0);
    case 4: {
      const bool single = pass.stride * lines == 1;
      return run_pass<4>(pass, x, y, lines, single ? run_first_of_four(pass, x, y) : 0);
    }
    case 5: return run_pass<5>(pass, x, y, lines, 0);
    case 7: return run_pass<7>(pass, x, y, lines, 0);
    default: return run_pass<0>(pass, x, y, lines, 0);
  }
}

/// All passes, from x to y and back; gives the one with the result.
template <class T>
Split<T> run_passes(const FftPlan& plan, Split<T> x, Split<T> y, std::int64_t lines) {
  for (std::int64_t k = 0; k < plan.n_passes; ++k) {
    run_pass<T>(plan.passes[k], {x.re, x.im}, y, lines);
    std::swap(x, y);
  }
  return x;
}

/// y_j = a_j x_j for j < n, each factor for all lines.
template <class T>
void scale_entries(Split<const T> a, Split<const T> x, Split<T> y, std::int64_t n,
                   std::int64_t lines) {
  for (std::int64_t j = 0; j < n; ++j) {
    const T c = a.re[j], s = a.im[j];
#pragma GCC ivdep
    for (std::int64_t q = j * lines; q < (j + 1) * lines; ++q) {
      const T re = x.re[q], im = x.im[q];
      y.re[q] = c * re - s * im;
      y.im[q] = c * im + s * re;
    }
  }
}

/// x of plan.length entries, in arrays of fft_work_length of them; gives the one with the result.
template <class T>
Split<T> transform(const FftPlan& plan, Split<T> x, Split<T> y, std::int64_t lines) {
  if (!plan.padded) return run_passes(plan, x, y, lines);
  const std::int64_t n = plan.length, m = plan.padded->length;
  const T *chirp = static_cast<const T*>(plan.chirp), *filter = static_cast<const T*>(plan.filter);
  scale_entries<T>({chirp, chirp + n}, {x.re, x.im}, x, n, lines);
  for (T* part : {x.re, x.im}) std::fill(part + n * lines, part + m * lines, T(0));
  const Split<T> z = run_passes(*plan.padded, x, y, lines);
  const Split<T> other = z.re == x.re ? y : x;
  scale_entries<T>({filter, filter + m}, {z.re, z.im}, z, m, lines);
  // With the parts swapped the forward transform is the inverse one.
  const Split<T> back = run_passes<T>(*plan.padded, {z.im, z.re}, {other.im, other.re}, lines);
  const Split<T> result{back.im, back.re};
  scale_entries<T>({chirp, chirp + n}, {result.re, result.im}, result, n, lines);
  return result;
}

}  // namespace dualtape::engine::fourier
