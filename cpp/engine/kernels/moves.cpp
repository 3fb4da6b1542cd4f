/// Kernels that move elements; each is prepared from its layouts once.
#include <algorithm>
#include <cstring>
#include <vector>

#include "dualtape/ops/registry.hpp"
#include "kernels/kernels.hpp"
#include "kernels/prepared.hpp"
#include "kernels/strided_copy.hpp"

namespace dualtape::engine {
namespace {

std::int64_t bytes_of(const Layout& x) { return x.count * static_cast<std::int64_t>(x.item()); }

class Copy final : public PreparedKernel {
 public:
  explicit Copy(const Layout& from) : copy_(from) {}
  void run(char* out, const char* const* in, char*) const override { copy_.run(out, in[0]); }

 private:
  StridedCopy copy_;
};

/// Writes `values` to the elements start + i * step of each axis of a contiguous array; attrs:
/// start, step of each axis.
struct Window {
  Window(const Layout& whole, const Layout& values, Attrs attrs) {
    Dims strides = contiguous_strides(whole.shape);
    for (std::size_t axis = 0; axis < strides.size(); ++axis) {
      offset += attrs[2 * axis] * strides[axis];
      strides[axis] *= attrs[2 * axis + 1];
    }
    offset *= static_cast<std::int64_t>(whole.item());
    copy = StridedCopy(whole.item(), values.shape, strides, values.strides);
    if (values.count == 0) offset = 0;
  }
  /// Values that were made in their place are there.
  void write(char* whole, const char* values) const {
    if (values != whole + offset) copy.run(whole + offset, values);
  }

  std::int64_t offset = 0;  // bytes
  StridedCopy copy;
};

class Pad final : public PreparedKernel {
 public:
  explicit Pad(const ArrayCall& call)
      : bytes_(bytes_of(call.out)),
        part_bytes_(bytes_of(*call.in[0])),
        window_(call.out, *call.in[0], call.attrs) {}
  void run(char* out, const char* const* in, char*) const override {
    char* const part = out + window_.offset;
    if (in[0] == part && part_bytes_ != 0) {
      std::memset(out, 0, static_cast<std::size_t>(window_.offset));
      const std::int64_t rest = bytes_ - window_.offset - part_bytes_;
      std::memset(part + part_bytes_, 0, static_cast<std::size_t>(rest));
      return;
    }
    std::memset(out, 0, static_cast<std::size_t>(bytes_));
    window_.write(out, in[0]);
  }

 private:
  std::int64_t bytes_, part_bytes_;
  Window window_;
};

class UpdateSlice final : public PreparedKernel {
 public:
  explicit UpdateSlice(const ArrayCall& call)
      : whole_(*call.in[0]), window_(call.out, *call.in[1], call.attrs) {}
  void run(char* out, const char* const* in, char*) const override {
    if (out != in[0]) whole_.run(out, in[0]);
    window_.write(out, in[1]);
  }

 private:
  StridedCopy whole_;
  Window window_;
};

/// Adds `values` at the elements of a window, row by row.
class AddSlice final : public PreparedKernel {
 public:
  explicit AddSlice(const ArrayCall& call)
      : whole_(*call.in[0]),
        dtype_(call.out.dtype),
        add_(lookup_kernel(static_cast<OpCode>(ops::op_index<ops::Add>), dtype_)) {
    const Layout& values = *call.in[1];
    Dims strides = contiguous_strides(call.out.shape);
    for (std::size_t axis = 0; axis < strides.size(); ++axis) {
      offset_ += call.attrs[2 * axis] * strides[axis];
      strides[axis] *= call.attrs[2 * axis + 1];
    }
    if (values.count == 0) return;
    rows_ = 1;
    for (std::size_t axis = 0; axis < strides.size(); ++axis) {
      if (axis + 1 < strides.size()) rows_ *= values.shape[axis];
    }
    shape_ = values.shape;
    to_ = strides;
    from_ = values.strides;
  }
  void run(char* out, const char* const* in, char*) const override {
    if (out != in[0]) whole_.run(out, in[0]);
    dispatch(dtype_, [&]<class T>(T) { add(reinterpret_cast<T*>(out), in[1]); });
  }

 private:
  template <class T>
  void add(T* out, const char* from) const {
    const T* values = reinterpret_cast<const T*>(from);
    const std::size_t outer = shape_.empty() ? 0 : shape_.size() - 1;
    const std::int64_t n = shape_.empty() ? 1 : shape_[outer];
    const std::int64_t to = n > 1 ? to_[outer] : 1, step = n > 1 ? from_[outer] : 1;
    Dims at(outer);
    for (std::int64_t row = 0; row < rows_; ++row) {
      T* y = out + offset_;
      const T* v = values;
      for (std::size_t axis = 0; axis < outer; ++axis) {
        y += at[axis] * to_[axis];
        v += at[axis] * from_[axis];
      }
      if (to == 1 && step == 1) {
        const void* operands[] = {y, v};
        add_(y, operands, n, nullptr);
      } else {
        for (std::int64_t i = 0; i < n; ++i) {
          y[i * to] = static_cast<T>(y[i * to] + v[i * step]);
        }
      }
      for (std::size_t axis = outer; axis-- > 0;) {
        if (++at[axis] < shape_[axis]) break;
        at[axis] = 0;
      }
    }
  }

  StridedCopy whole_;
  DType dtype_;
  Kernel add_;
  std::int64_t offset_ = 0, rows_ = 0;
  Dims shape_, to_, from_;  // strides in elements
};

class Concatenate final : public PreparedKernel {
 public:
  explicit Concatenate(const ArrayCall& call) {
    const auto axis = static_cast<std::size_t>(call.attrs[0]);
    const Dims strides = contiguous_strides(call.out.shape);
    const std::int64_t step = strides[axis] * static_cast<std::int64_t>(call.out.item());
    std::int64_t offset = 0;
    parts_.reserve(call.in.size());
    for (const Layout* part : call.in) {
      parts_.push_back({offset, {part->item(), part->shape, strides, part->strides}});
      offset += part->shape[axis] * step;
    }
  }
  void run(char* out, const char* const* in, char*) const override {
    for (const Part& part : parts_) {
      if (*in != out + part.offset) part.copy.run(out + part.offset, *in);
      ++in;
    }
  }

 private:
  struct Part {
    std::int64_t offset;  // bytes
    StridedCopy copy;
  };
  std::vector<Part> parts_;
};

class Iota final : public PreparedKernel {
 public:
  explicit Iota(const Layout& out) : dtype_(out.dtype), count_(out.count) {}
  void run(char* out, const char* const*, char*) const override {
    dispatch(dtype_, [&]<class T>(T) {
      T* y = reinterpret_cast<T*>(out);
      for (std::int64_t i = 0; i < count_; ++i) {
        if constexpr (std::is_integral_v<T>) {
          y[i] = static_cast<T>(i);
        } else {
          y[i] = static_cast<T>(static_cast<double>(i));
        }
      }
    });
  }

 private:
  DType dtype_;
  std::int64_t count_;
};

class Eye final : public PreparedKernel {
 public:
  explicit Eye(const Layout& out) : out_(out) {}
  void run(char* out, const char* const*, char*) const override {
    std::memset(out, 0, static_cast<std::size_t>(bytes_of(out_)));
    const std::int64_t rows = out_.shape[0], columns = out_.shape[1];
    dispatch(out_.dtype, [&]<class T>(T) {
      T* y = reinterpret_cast<T*>(out);
      for (std::int64_t i = 0; i < std::min(rows, columns); ++i) y[i * (columns + 1)] = T(1);
    });
  }

 private:
  const Layout& out_;
};

}  // namespace

PreparedPtr prepare_move(const ArrayCall& call) {
  switch (call.op) {
    case kReshape: return make_prepared<Copy>(*call.in[0]);
    case kPad: return make_prepared<Pad>(call);
    case kUpdateSlice: return make_prepared<UpdateSlice>(call);
    case kAddSlice: return make_prepared<AddSlice>(call);
    case kConcatenate: return make_prepared<Concatenate>(call);
    case kIota: return make_prepared<Iota>(call.out);
    default: return make_prepared<Eye>(call.out);
  }
}

}  // namespace dualtape::engine
