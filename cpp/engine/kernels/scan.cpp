/// Operations along one axis that keep an order: running sums, positions of the largest and
/// smallest.
#include <algorithm>
#include <complex>
#include <limits>
#include <type_traits>

#include "kernels/moves.hpp"
#include "kernels/reduce.hpp"
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

/// The axes behind `axis` as one row without gaps, which the compiler goes along in vector code
/// instead of down one column after the other; 0 if they are none.
std::int64_t row_behind(const Array& x, std::size_t axis) {
  std::int64_t width = 1;
  for (std::size_t i = x.shape().size(); i-- > axis + 1; width *= x.shape()[i]) {
    if (x.shape()[i] != 1 && x.layout->strides[i] != width) return 0;
  }
  return width > 1 ? width : 0;
}

/// Columns done together, so that what is kept of them stays in the L1 cache.
constexpr std::int64_t kColumns = 256;

/// Calls f(offset in x, position in the rows, columns) for each piece of a row behind `axis`, for
/// each index of the axes before it.
template <class F>
void for_each_row_piece(const Array& x, std::size_t axis, std::int64_t width, F&& f) {
  const std::span<const std::int64_t> shape(x.shape().begin(), axis);
  Odometer<1> at(shape);
  at.set_strides(0, std::span(x.layout->strides.begin(), axis));
  const std::int64_t outer = element_count(shape);
  for (std::int64_t k = 0; k < outer; ++k, at.next()) {
    for (std::int64_t j = 0; j < width; j += kColumns) {
      f(at.offset(0) + j, k * width + j, std::min(kColumns, width - j));
    }
  }
}

template <class T>
void cumsum_rows(const Array& out, const Array& x, std::size_t axis, bool reverse,
                 std::int64_t width) {
  const std::int64_t n = x.shape()[axis];
  const std::int64_t sign = reverse ? -1 : 1;
  const std::int64_t x_step = sign * x.layout->strides[axis], y_step = sign * width;
  for_each_row_piece(x, axis, width, [&](std::int64_t offset, std::int64_t at, std::int64_t m) {
    const T* from = x.as<const T>() + offset;
    T* to = out.as<T>() + (at / width * n * width + at % width);
    if (reverse) {
      from -= (n - 1) * x_step;
      to -= (n - 1) * y_step;
    }
    std::copy_n(from, m, to);
    for (std::int64_t k = 1; k < n; ++k) {
      from += x_step;
      const T* before = to;
      to += y_step;
#pragma GCC ivdep
      for (std::int64_t j = 0; j < m; ++j) to[j] = wrapping_add(before[j], from[j]);
    }
  });
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
  if (const std::int64_t width = row_behind(x, axis)) {
    return cumsum_rows<T>(out, x, axis, reverse, width);
  }
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

/// Whether an element takes the place of the extremum so far: the first NaN wins, as in NumPy.
template <bool kLargest, class T>
bool replaces(T value, T best) {
  const bool better = kLargest ? value > best : value < best;
  return (better | (value != value)) & (best == best);
}

template <class T, bool kLargest>
void arg_extremum_rows(const Array& out, const Array& x, std::size_t axis, std::int64_t width) {
  const std::int64_t n = x.shape()[axis], step = x.layout->strides[axis];
  for_each_row_piece(x, axis, width, [&](std::int64_t offset, std::int64_t at, std::int64_t m) {
    const T* from = x.as<const T>() + offset;
    // The positions in integers of the size of T: lanes of one width.
    using Index = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
    T best[kColumns];
    Index place[kColumns] = {};
    std::copy_n(from, m, best);
    for (std::int64_t k = 1; k < n; ++k) {
      from += step;
      for (std::int64_t j = 0; j < m; ++j) {
        const bool take = replaces<kLargest>(from[j], best[j]);
        best[j] = take ? from[j] : best[j];
        place[j] = take ? static_cast<Index>(k) : place[j];
      }
    }
    std::copy_n(place, m, out.as<std::int64_t>() + at);
  });
}

/// The first of n elements for which `found` holds; there is one.
template <class T, class F>
std::int64_t first_place(const T* x, std::int64_t n, F found) {
  constexpr std::int64_t kBlock = 64;
  // Counted in integers of the size of T, in lanes of one width.
  using Count = std::conditional_t<sizeof(T) == 8, std::int64_t,
                                   std::conditional_t<sizeof(T) == 4, std::int32_t, std::int8_t>>;
  std::int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    Count hits = 0;
    for (std::int64_t k = 0; k < kBlock; ++k) hits |= found(x[i + k]) ? Count{1} : Count{0};
    if (hits) break;
  }
  while (!found(x[i])) ++i;
  return i;
}

constexpr std::int64_t kLongLine = 16;
/// Elements that stay in the L1 cache between the search for the extremum and that for its place.
constexpr std::int64_t kLineBlock = 2048;

/// Where among n elements side by side the extremum stands first, or the first NaN: the extremum of
/// each block, then its place in the block that has it, both in vector code.
template <class T, bool kLargest, class F>
std::int64_t place_of_extremum(const T* x, std::int64_t n, F extremum_of) {
  T best{};
  std::int64_t start = 0;
  for (std::int64_t first = 0; first < n && best == best; first += kLineBlock) {
    T value;
    extremum_of(&value, x + first, 1, std::min(kLineBlock, n - first));
    if (first > 0 && !replaces<kLargest>(value, best)) continue;
    best = value;
    start = first;
  }
  const std::int64_t length = std::min(kLineBlock, n - start);
  return start + (best != best ? first_place(x + start, length, [](T v) { return v != v; })
                               : first_place(x + start, length, [best](T v) { return v == best; }));
}

template <class T, bool kLargest>
void arg_extremum(const Array& out, Arrays in, Attrs attrs) {
  const Array& x = in[0];
  const auto axis = static_cast<std::size_t>(attrs[0]);
  const std::int64_t n = x.shape()[axis], step = x.layout->strides[axis];
  const std::int64_t width = row_behind(x, axis);
  if (width && n <= std::numeric_limits<std::int32_t>::max()) {
    return arg_extremum_rows<T, kLargest>(out, x, axis, width);
  }
  const bool dense = step == 1 && n >= kLongLine;
  const auto extremum = lookup_reducer(kLargest ? kMax : kMin, x.layout->dtype)->rows;
  for_each_line(x, axis, [&](std::int64_t offset, std::int64_t line) {
    const T* from = x.as<const T>() + offset;
    if (dense) {
      out.as<std::int64_t>()[line] = place_of_extremum<T, kLargest>(from, n, extremum);
      return;
    }
    T extreme = from[0];
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < n; ++i) {
      const T value = from[i * step];
      const bool take = replaces<kLargest>(value, extreme);
      extreme = take ? value : extreme;
      best = take ? i : best;
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
