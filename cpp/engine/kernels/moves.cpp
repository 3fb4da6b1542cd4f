#include "kernels/moves.hpp"

#include <algorithm>
#include <cstring>

#include "kernels/strided.hpp"

namespace dualtape::engine {
namespace {

std::size_t bytes_of(const Array& a) { return static_cast<std::size_t>(a.count()) * a.item(); }

/// The elements of a contiguous array at start + i * step of each axis; attrs: start, step of each
/// axis.
struct Window {
  std::int64_t offset = 0;
  Dims strides;
};

Window make_window(const Array& whole, Attrs attrs) {
  Window window;
  window.strides = contiguous_strides(whole.shape());
  for (std::size_t axis = 0; axis < window.strides.size(); ++axis) {
    window.offset += attrs[2 * axis] * window.strides[axis];
    window.strides[axis] *= attrs[2 * axis + 1];
  }
  return window;
}

void write_window(const Array& whole, const Array& values, Attrs attrs) {
  const Window window = make_window(whole, attrs);
  copy_strided(whole.data + window.offset * static_cast<std::int64_t>(whole.item()), window.strides,
               values.data, values.layout->strides, values.shape(), whole.item());
}

}  // namespace

void copy_kernel(const Array& out, Arrays in, Attrs) { copy_to_contiguous(out.data, in[0]); }

void pad_kernel(const Array& out, Arrays in, Attrs attrs) {
  std::memset(out.data, 0, bytes_of(out));
  if (in[0].count()) write_window(out, in[0], attrs);
}

void update_slice_kernel(const Array& out, Arrays in, Attrs attrs) {
  if (out.data != in[0].data) copy_to_contiguous(out.data, in[0]);
  if (in[1].count()) write_window(out, in[1], attrs);
}

void concatenate_kernel(const Array& out, Arrays in, Attrs attrs) {
  const auto axis = static_cast<std::size_t>(attrs[0]);
  const Dims strides = contiguous_strides(out.shape());
  const std::int64_t step = strides[axis] * static_cast<std::int64_t>(out.item());
  char* dst = out.data;
  for (const Array& part : in) {
    if (part.layout->contiguous && axis == 0) {
      if (part.count()) std::memcpy(dst, part.data, bytes_of(part));
    } else {
      copy_strided(dst, strides, part.data, part.layout->strides, part.shape(), out.item());
    }
    dst += part.shape()[axis] * step;
  }
}

void iota_kernel(const Array& out, Arrays, Attrs) {
  dispatch(out.layout->dtype, [&]<class T>(T) {
    T* y = out.as<T>();
    for (std::int64_t i = 0; i < out.count(); ++i) {
      if constexpr (std::is_integral_v<T>) {
        y[i] = static_cast<T>(i);
      } else {
        y[i] = static_cast<T>(static_cast<double>(i));
      }
    }
  });
}

void eye_kernel(const Array& out, Arrays, Attrs) {
  std::memset(out.data, 0, bytes_of(out));
  const std::int64_t rows = out.shape()[0], columns = out.shape()[1];
  dispatch(out.layout->dtype, [&]<class T>(T) {
    for (std::int64_t i = 0; i < std::min(rows, columns); ++i)
      out.as<T>()[i * (columns + 1)] = T(1);
  });
}

}  // namespace dualtape::engine
