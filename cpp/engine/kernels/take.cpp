/// Gathers and scatters of rows along the first axis.
#include <cstring>
#include <string>
#include <vector>

#include "kernels/moves.hpp"
#include "kernels/reduce.hpp"
#include "kernels/strided.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// Rows of x along axis 0: their number, and how one lies in memory.
struct Rows {
  std::int64_t count, stride, width;
  Dims shape, strides;
};

Rows rows_of(const Array& x) {
  Rows rows;
  rows.count = x.shape()[0];
  rows.stride = x.layout->strides[0];
  rows.shape = Dims(x.shape().begin() + 1, x.shape().end());
  rows.strides = Dims(x.layout->strides.begin() + 1, x.layout->strides.end());
  rows.width = element_count(rows.shape);
  return rows;
}

std::int64_t checked(std::int64_t i, std::int64_t n) {
  if (i < -n || i >= n) {
    throw IndexError("take: index " + std::to_string(i) +
                     " is out of bounds for axis 0 with size " + std::to_string(n));
  }
  return i < 0 ? i + n : i;
}

/// Calls f(position, row) for each entry of the index array, which may have any strides.
template <class F>
void for_each_index(const Array& index, std::int64_t n, F&& f) {
  const auto* data = index.as<const std::int64_t>();
  if (index.layout->contiguous) {
    for (std::int64_t k = 0; k < index.count(); ++k) f(k, checked(data[k], n));
    return;
  }
  Odometer<1> at(index.shape());
  at.set_strides(0, index.layout->strides);
  for (std::int64_t k = 0; k < index.count(); ++k, at.next()) {
    f(k, checked(data[at.offset(0)], n));
  }
}

/// Values to scatter, contiguous; broadcast ones (the gradient of a sum) are written out.
class Contiguous {
 public:
  explicit Contiguous(const Array& x) : data_(x.data) {
    if (x.layout->contiguous) return;
    copy_.resize(static_cast<std::size_t>(x.count()) * x.item());
    copy_to_contiguous(copy_.data(), x);
    data_ = copy_.data();
  }
  const char* data() const { return data_; }

 private:
  const char* data_;
  std::vector<char> copy_;
};

template <class T>
void add_entries(const Array& out, const Array& index, const char* values) {
  T* y = out.as<T>();
  const T* v = reinterpret_cast<const T*>(values);
  for_each_index(index, out.shape()[0], [&](std::int64_t k, std::int64_t row) { y[row] += v[k]; });
}

}  // namespace

void take_kernel(const Array& out, Arrays in, Attrs) {
  const Rows rows = rows_of(in[0]);
  const std::size_t item = out.item();
  const auto row_bytes = static_cast<std::size_t>(rows.width) * item;
  const std::int64_t stride = rows.stride * static_cast<std::int64_t>(item);
  const Dims dst_strides = contiguous_strides(rows.shape);
  const bool plain = make_layout(out.layout->dtype, rows.shape, rows.strides).contiguous;
  for_each_index(in[1], rows.count, [&](std::int64_t k, std::int64_t row) {
    char* dst = out.data + static_cast<std::size_t>(k) * row_bytes;
    const char* src = in[0].data + row * stride;
    if (plain && row_bytes == 8) {
      std::memcpy(dst, src, 8);
    } else if (plain) {
      if (row_bytes) std::memcpy(dst, src, row_bytes);
    } else {
      copy_strided(dst, dst_strides, src, rows.strides, rows.shape, item);
    }
  });
}

void take_add_kernel(const Array& out, Arrays in, Attrs) {
  if (out.data != in[0].data) copy_to_contiguous(out.data, in[0]);
  const Contiguous values(in[2]);
  const DType dtype = out.layout->dtype;
  const Rows rows = rows_of(out);
  if (rows.width == 1 && dtype == DType::kFloat64) {
    return add_entries<double>(out, in[1], values.data());
  }
  if (rows.width == 1 && dtype == DType::kFloat32) {
    return add_entries<float>(out, in[1], values.data());
  }
  const Kernel add = lookup_reducer(kSum, dtype)->combine;
  const auto row_bytes = static_cast<std::size_t>(rows.width) * out.item();
  for_each_index(in[1], rows.count, [&](std::int64_t k, std::int64_t row) {
    char* dst = out.data + static_cast<std::size_t>(row) * row_bytes;
    const void* operands[] = {dst, values.data() + static_cast<std::size_t>(k) * row_bytes};
    add(dst, operands, rows.width, nullptr);
  });
}

void take_set_kernel(const Array& out, Arrays in, Attrs) {
  if (out.data != in[0].data) copy_to_contiguous(out.data, in[0]);
  const Contiguous values(in[2]);
  const Rows rows = rows_of(out);
  const auto row_bytes = static_cast<std::size_t>(rows.width) * out.item();
  for_each_index(in[1], rows.count, [&](std::int64_t k, std::int64_t row) {
    if (row_bytes == 0) return;
    std::memcpy(out.data + static_cast<std::size_t>(row) * row_bytes,
                values.data() + static_cast<std::size_t>(k) * row_bytes, row_bytes);
  });
}

}  // namespace dualtape::engine
