/// Running products and extrema along an axis: each entry from the one before it.
#include <complex>

#include "kernels/lines.hpp"
#include "kernels/prepared.hpp"
#include "kernels/wrapping.hpp"

namespace dualtape::engine {
namespace {

/// Steps along an axis, for one line or for a row of neighbouring ones at once (vector code).
/// Operands may have any strides; `kOperands` of them.
template <int kOperands>
class AlongAxis {
 public:
  AlongAxis(const ArrayCall& call, bool reverse)
      : axis_(static_cast<std::size_t>(call.attrs[0])),
        lines_(call.out.shape, axis_),
        reverse_(reverse) {
    for (int k = 0; k < kOperands; ++k) x_[k] = call.in[static_cast<std::size_t>(k)];
  }

  /// Calls first(y, x, m, strides) for the first entries of m neighbouring lines, then
  /// next(y, y_before, x, m, strides) for each further one; x[k] is the offset in operand k,
  /// strides[k] from line to line.
  template <class First, class Next>
  void run(First&& first, Next&& next) const {
    if (lines_.length == 0 || lines_.count() == 0) return;
    const std::int64_t row = row_length(), inner = lines_.inner;
    constexpr std::int64_t kColumns = 512;
    for (std::int64_t line = 0; line < lines_.count(); line += row) {
      for (std::int64_t j = 0; j < row; j += kColumns) {
        piece(line + j, std::min(kColumns, row - j), inner, first, next);
      }
    }
  }

 private:
  /// Lines that follow each other at one distance in every operand.
  std::int64_t row_length() const {
    const Dims& shape = x_[0]->shape;
    return axis_ + 1 < shape.size() ? shape.back() : 1;
  }

  template <class First, class Next>
  void piece(std::int64_t line, std::int64_t m, std::int64_t inner, First&& first,
             Next&& next) const {
    std::int64_t at[kOperands], step[kOperands], stride[kOperands];
    const std::int64_t last = lines_.length - 1;
    std::int64_t y = lines_.start_in_result(line), y_step = inner;
    for (int k = 0; k < kOperands; ++k) {
      at[k] = start_of_line(*x_[k], axis_, line);
      step[k] = x_[k]->strides[axis_];
      stride[k] = x_[k]->strides.back();
      if (!reverse_) continue;
      at[k] += last * step[k];
      step[k] = -step[k];
    }
    if (reverse_) {
      y += last * y_step;
      y_step = -y_step;
    }
    first(y, at, m, stride);
    for (std::int64_t i = 0; i < last; ++i) {
      y += y_step;
      for (int k = 0; k < kOperands; ++k) at[k] += step[k];
      next(y, y - y_step, at, m, stride);
    }
  }

  const Layout* x_[kOperands];
  std::size_t axis_;
  Lines lines_;
  bool reverse_;
};

using Offsets = const std::int64_t*;

template <class T>
class Recurrence final : public PreparedKernel {
 public:
  explicit Recurrence(const ArrayCall& call) : along_(call, call.attrs[1] != 0) {}
  void run(char* out, const char* const* in, char*) const override {
    const T* const a = reinterpret_cast<const T*>(in[0]);
    const T* const b = reinterpret_cast<const T*>(in[1]);
    T* const result = reinterpret_cast<T*>(out);
    along_.run(
        [=](std::int64_t y, Offsets x, std::int64_t m, Offsets stride) {
          for (std::int64_t j = 0; j < m; ++j) result[y + j] = b[x[1] + j * stride[1]];
        },
        [=](std::int64_t y, std::int64_t before, Offsets x, std::int64_t m, Offsets stride) {
#pragma GCC ivdep
          for (std::int64_t j = 0; j < m; ++j) {
            const T kept = wrapping_multiply(a[x[0] + j * stride[0]], result[before + j]);
            result[y + j] = wrapping_add(kept, b[x[1] + j * stride[1]]);
          }
        });
  }

 private:
  AlongAxis<2> along_;
};

/// The first NaN stays, as in NumPy's maximum.accumulate.
template <class T, bool kLargest>
class Extremum final : public PreparedKernel {
 public:
  explicit Extremum(const ArrayCall& call) : along_(call, false) {}
  void run(char* out, const char* const* in, char*) const override {
    const T* const from = reinterpret_cast<const T*>(in[0]);
    T* const result = reinterpret_cast<T*>(out);
    along_.run(
        [=](std::int64_t y, Offsets x, std::int64_t m, Offsets stride) {
          for (std::int64_t j = 0; j < m; ++j) result[y + j] = from[x[0] + j * stride[0]];
        },
        [=](std::int64_t y, std::int64_t before, Offsets x, std::int64_t m, Offsets stride) {
#pragma GCC ivdep
          for (std::int64_t j = 0; j < m; ++j) {
            const T best = result[before + j], value = from[x[0] + j * stride[0]];
            const bool keeps = (kLargest ? best >= value : best <= value) | (best != best);
            result[y + j] = keeps ? best : value;
          }
        });
  }

 private:
  AlongAxis<1> along_;
};

}  // namespace

PreparedPtr prepare_recurrence(const ArrayCall& call) {
  return dispatch(call.out.dtype, [&]<class T>(T) -> PreparedPtr {
    if (call.op == kRecurrence) return make_prepared<Recurrence<T>>(call);
    if constexpr (std::is_arithmetic_v<T>) {
      if (call.op == kCumMax) return make_prepared<Extremum<T, true>>(call);
      return make_prepared<Extremum<T, false>>(call);
    } else {
      return nullptr;
    }
  });
}

}  // namespace dualtape::engine
