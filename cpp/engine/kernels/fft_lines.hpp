/// Lines of an array into split numbers and back, with the symmetry of real transforms.
#pragma once

#include <algorithm>
#include <utility>

#include "kernels/fft_passes.hpp"

namespace dualtape::engine::fourier {

template <class T>
class Lines {
 public:
  Lines(const FftLines& lines, void* scratch) : l_(lines) {
    const std::int64_t items = fft_work_length(*l_.plan) * l_.count;
    T* memory = static_cast<T*>(scratch);
    x_ = {memory, memory + items};
    y_ = {memory + 2 * items, memory + 3 * items};
  }

  void run() {
    const bool halved = l_.kind != FftKind::kComplex && l_.n % 2 == 0;
    switch (l_.kind) {
      case FftKind::kComplex:
        load_complex();
        compute(l_.inverse);
        return store_complex(l_.n);
      case FftKind::kFromReal:
        if (halved) {
          load_pairs();
          compute(false);
          return store_halves();
        }
        load_real();
        compute(false);
        return store_half();
      case FftKind::kToReal:
        if (halved) {
          load_halves();
          compute(true);
          return store_pairs();
        }
        load_half();
        compute(true);
        return store_real();
    }
  }

 private:
  const T* in(std::int64_t q) const { return reinterpret_cast<const T*>(l_.in[q]); }
  T* out(std::int64_t q) const { return reinterpret_cast<T*>(l_.out[q]); }
  /// f(line, entry, position in the split arrays), entries outermost.
  template <class F>
  void each(std::int64_t n, F&& f) const {
    if (l_.count == 1) {
      for (std::int64_t j = 0; j < n; ++j) f(0, j, j);
      return;
    }
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t q = 0; q < l_.count; ++q) f(q, j, j * l_.count + q);
    }
  }

  /// The inverse is the forward transform with the parts swapped, before and after.
  void compute(bool inverse) {
    if (inverse) {
      for (Split<T>* s : {&x_, &y_}) std::swap(s->re, s->im);
    }
    z_ = transform(*l_.plan, x_, y_, l_.count);
    if (inverse) std::swap(z_.re, z_.im);
  }

  void load_complex() {
    const std::int64_t step = 2 * l_.in_step;
    each(l_.n, [&](std::int64_t q, std::int64_t j, std::int64_t at) {
      const T* from = in(q) + j * step;
      x_.re[at] = from[0];
      x_.im[at] = from[1];
    });
  }
  void store_complex(std::int64_t n) {
    const std::int64_t step = 2 * l_.out_step;
    const T scale = static_cast<T>(l_.scale);
    each(n, [&](std::int64_t q, std::int64_t j, std::int64_t at) {
      T* to = out(q) + j * step;
      to[0] = scale * z_.re[at];
      to[1] = scale * z_.im[at];
    });
  }

  void load_real() {
    each(l_.n, [&](std::int64_t q, std::int64_t j, std::int64_t at) {
      x_.re[at] = in(q)[j * l_.in_step];
      x_.im[at] = 0;
    });
  }
  /// The first entry of a real transform is real.
  void store_half() {
    store_complex(l_.n / 2 + 1);
    for (std::int64_t q = 0; q < l_.count; ++q) out(q)[1] = 0;
  }
  void load_pairs() {
    each(l_.n / 2, [&](std::int64_t q, std::int64_t j, std::int64_t at) {
      const T* from = in(q) + 2 * j * l_.in_step;
      x_.re[at] = from[0];
      x_.im[at] = from[l_.in_step];
    });
  }
  void store_pairs() {
    const T scale = static_cast<T>(l_.scale);
    each(l_.n / 2, [&](std::int64_t q, std::int64_t j, std::int64_t at) {
      T* to = out(q) + 2 * j * l_.out_step;
      to[0] = scale * z_.re[at];
      to[l_.out_step] = scale * z_.im[at];
    });
  }
  void store_real() {
    const T scale = static_cast<T>(l_.scale);
    each(l_.n, [&](std::int64_t q, std::int64_t j, std::int64_t at) {
      out(q)[j * l_.out_step] = scale * z_.re[at];
    });
  }

  /// X_k = E + w^k O with E, O = (Z_k +- conj(Z_(h-k))) / 2, / 2i.
  void store_halves() {
    const std::int64_t h = l_.n / 2, step = 2 * l_.out_step;
    const T* cosines = static_cast<const T*>(l_.halves);
    const T* sines = cosines + h + 1;
    const T half = static_cast<T>(l_.scale) * T(0.5);
    each(h + 1, [&](std::int64_t q, std::int64_t k, std::int64_t) {
      const std::int64_t a = (k == h ? 0 : k) * l_.count + q;
      const std::int64_t b = (k == 0 ? 0 : h - k) * l_.count + q;
      const T even_re = z_.re[a] + z_.re[b], even_im = z_.im[a] - z_.im[b];
      const T odd_re = z_.im[a] + z_.im[b], odd_im = z_.re[b] - z_.re[a];
      T* to = out(q) + k * step;
      to[0] = half * (even_re + (cosines[k] * odd_re - sines[k] * odd_im));
      to[1] = half * (even_im + (cosines[k] * odd_im + sines[k] * odd_re));
    });
    for (std::int64_t q = 0; q < l_.count; ++q) out(q)[1] = out(q)[h * step + 1] = 0;
  }

  /// Z_k = (X_k + conj(X_(h-k))) + i w^-k (X_k - conj(X_(h-k))); the ends count as real.
  void load_halves() {
    const std::int64_t h = l_.n / 2, step = 2 * l_.in_step;
    const T* cosines = static_cast<const T*>(l_.halves);
    const T* sines = cosines + h + 1;
    each(h, [&](std::int64_t q, std::int64_t k, std::int64_t at) {
      const T *a = in(q) + k * step, *b = in(q) + (h - k) * step;
      const T a_im = k == 0 ? T(0) : a[1], b_im = k == 0 ? T(0) : b[1];
      const T even_re = a[0] + b[0], even_im = a_im - b_im;
      const T odd_re = a[0] - b[0], odd_im = a_im + b_im;
      x_.re[at] = even_re - (cosines[k] * odd_im - sines[k] * odd_re);
      x_.im[at] = even_im + (cosines[k] * odd_re + sines[k] * odd_im);
    });
  }
  /// All entries of an odd length from the first half of them.
  void load_half() {
    const std::int64_t step = 2 * l_.in_step;
    each(l_.n / 2 + 1, [&](std::int64_t q, std::int64_t k, std::int64_t at) {
      const T* from = in(q) + k * step;
      x_.re[at] = from[0];
      x_.im[at] = k == 0 ? T(0) : from[1];
      if (k == 0) return;
      const std::int64_t other = (l_.n - k) * l_.count + q;
      x_.re[other] = from[0];
      x_.im[other] = -from[1];
    });
  }

  const FftLines& l_;
  Split<T> x_, y_, z_;
};

}  // namespace dualtape::engine::fourier
