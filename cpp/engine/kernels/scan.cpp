/// Operations along one axis that keep an order: running sums, positions of the largest and
/// smallest.
#include <complex>

#include "kernels/moves.hpp"
#include "kernels/strided.hpp"
#include "kernels/wrapping.hpp"

namespace dualtape::engine {
namespace {

/// Calls f(offset in x, position of the line) for each line of x along `axis`, the lines in C
/// order.
template <class F>
void for_each_line(const Array& x, std::size_t axis, F&& f) {
  Dims shape = x.shape(), strides = x.layout->strides;
  shape.erase(axis);
  strides.erase(axis);
  const std::int64_t lines = element_count(shape);
  Odometer<1> at(shape);
  at.set_strides(0, strides);
  for (std::int64_t k = 0; k < lines; ++k, at.next()) f(at.offset(0), k);
}

/// attrs: axis, reverse.
template <class T>
void cumsum(const Array& out, Arrays in, Attrs attrs) {
  const Array& x = in[0];
  const auto axis = static_cast<std::size_t>(attrs[0]);
  const std::int64_t n = x.shape()[axis];
  if (x.count() == 0) return;
  const std::int64_t x_step = x.layout->strides[axis];
  const std::int64_t y_step = out.layout->strides[axis];
  const bool reverse = attrs[1] != 0;
  for_each_line(x, axis, [&](std::int64_t offset, std::int64_t line) {
    const T* from = x.as<const T>() + offset;
    // The result is contiguous: lines of one (outer) index start side by side.
    T* to = out.as<T>() + (line / y_step) * y_step * n + line % y_step;
    T sum{};
    for (std::int64_t k = 0; k < n; ++k) {
      const std::int64_t i = reverse ? n - 1 - k : k;
      sum = k ? wrapping_add(sum, from[i * x_step]) : from[i * x_step];
      to[i * y_step] = sum;
    }
  });
}

/// First position of the extremum; the first NaN wins, as in NumPy.
template <class T, bool kLargest>
void arg_extremum(const Array& out, Arrays in, Attrs attrs) {
  const Array& x = in[0];
  const auto axis = static_cast<std::size_t>(attrs[0]);
  const std::int64_t n = x.shape()[axis], step = x.layout->strides[axis];
  for_each_line(x, axis, [&](std::int64_t offset, std::int64_t line) {
    const T* from = x.as<const T>() + offset;
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < n; ++i) {
      const T value = from[i * step], so_far = from[best * step];
      if (so_far != so_far) break;
      const bool better = kLargest ? value > so_far : value < so_far;
      if (better || value != value) best = i;
    }
    out.as<std::int64_t>()[line] = best;
  });
}

}  // namespace

ArrayKernel lookup_scan_kernel(OpCode op, DType dtype) {
  return dispatch(dtype, [&]<class T>(T) -> ArrayKernel {
    if (op == kCumSum) return cumsum<T>;
    if constexpr (!kIsComplex<T>) {
      if (op == kArgMax) return arg_extremum<T, true>;
      if (op == kArgMin) return arg_extremum<T, false>;
    }
    return nullptr;
  });
}

}  // namespace dualtape::engine
