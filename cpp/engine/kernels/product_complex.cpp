/// Complex products as real ones: [re, im] of an entry of `a` times
///
///     [  re  im ]
///     [ -im  re ]  of an entry of b,
///
/// so that with b written out the product of interleaved numbers is a real one.
#include <algorithm>
#include <complex>

#include "kernels/level.hpp"
#include "kernels/product.hpp"

namespace dualtape::engine {
namespace {

constexpr std::int64_t whole_lines(std::int64_t bytes) { return (bytes + 63) / 64 * 64; }

/// a as interleaved real numbers; its columns must have unit stride.
ProductShape real_shape(const ProductShape& s) {
  const std::int64_t a_row = s.a_column == 1 ? 2 * s.a_row : 2 * s.inner;
  return {s.rows, 2 * s.columns, 2 * s.inner, a_row, 1, 2 * s.columns, 1, 2 * s.out_row};
}

/// Never one of the kernels for vectors: parts of the rows must add in the order of the whole.
template <class T>
ProductKernel real_kernel(ProductShape real) {
  real.rows = std::max<std::int64_t>(real.rows, 2);
  return choose_real_product(sizeof(T) == 8 ? DType::kFloat64 : DType::kFloat32, real);
}

template <class T>
std::int64_t expanded_bytes(const ProductShape& s) {
  return whole_lines(4 * s.inner * s.columns * static_cast<std::int64_t>(sizeof(T)));
}
template <class T>
std::int64_t copied_bytes(const ProductShape& s) {
  if (s.a_column == 1) return 0;
  return whole_lines(2 * s.rows * s.inner * static_cast<std::int64_t>(sizeof(T)));
}

template <class T>
void complex_product(const ProductShape& s, void* out, const void* a, const void* b,
                     void* scratch) {
  using Complex = std::complex<T>;
  char* memory = static_cast<char*>(scratch);
  T* expanded = reinterpret_cast<T*>(memory);
  const Complex* y = static_cast<const Complex*>(b);
  T* to = expanded;
  for (std::int64_t k = 0; k < s.inner; ++k, to += 4 * s.columns) {
    for (std::int64_t j = 0; j < s.columns; ++j) {
      const Complex z = y[k * s.b_row + j * s.b_column];
      to[2 * j] = z.real();
      to[2 * j + 1] = z.imag();
      to[2 * s.columns + 2 * j] = -z.imag();
      to[2 * s.columns + 2 * j + 1] = z.real();
    }
  }
  memory += expanded_bytes<T>(s);
  if (s.a_column != 1) {
    const Complex* x = static_cast<const Complex*>(a);
    Complex* copy = reinterpret_cast<Complex*>(memory);
    for (std::int64_t i = 0; i < s.rows; ++i) {
      for (std::int64_t k = 0; k < s.inner; ++k) {
        copy[i * s.inner + k] = x[i * s.a_row + k * s.a_column];
      }
    }
    a = copy;
    memory += copied_bytes<T>(s);
  }
  const ProductShape real = real_shape(s);
  real_kernel<T>(real).run(real, out, a, expanded, memory);
}

/// A matrix with a vector: the vector is the one to be written out.
template <class T>
void turned_complex_product(const ProductShape& s, void* out, const void* a, const void* b,
                            void* scratch) {
  complex_product<T>({s.columns, s.rows, s.inner, s.b_column, s.b_row, s.a_column, s.a_row, s.rows},
                     out, b, a, scratch);
}

template <class T>
ProductKernel choose(const ProductShape& s) {
  const auto scratch = [](const ProductShape& shape) {
    return expanded_bytes<T>(shape) + copied_bytes<T>(shape) +
           real_kernel<T>(real_shape(shape)).scratch_bytes;
  };
  if (s.rows == 1 && s.columns > 1) {
    const ProductShape turned{s.columns, s.rows,     s.inner, s.b_column,
                              s.b_row,   s.a_column, s.a_row, s.rows};
    return {turned_complex_product<T>, scratch(turned)};
  }
  return {complex_product<T>, scratch(s)};
}

}  // namespace

ProductKernel choose_complex_product(DType dtype, const ProductShape& shape) {
  if (dtype == DType::kComplex128) return choose<double>(shape);
  if (dtype == DType::kComplex64) return choose<float>(shape);
  return {};
}

}  // namespace dualtape::engine
