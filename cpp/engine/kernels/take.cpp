/// Gathers and scatters of rows along the first axis.
#include <algorithm>
#include <cstring>

#include "kernels/contiguous.hpp"
#include "kernels/kernels.hpp"
#include "kernels/prepared.hpp"
#include "kernels/reduce.hpp"
#include "kernels/rows.hpp"
#include "kernels/strided_copy.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

/// Bytes and entries that are worth a piece of a shared loop: 30 us and more.
constexpr std::int64_t kPieceBytes = 256 << 10, kPieceEntries = 16 << 10;

/// The index array.
class Index {
 public:
  Index(const Layout& index, std::int64_t rows, std::int64_t& scratch_bytes)
      : entries_(index, scratch_bytes), count_(index.count), rows_(rows) {}
  std::int64_t count() const { return count_; }
  const std::int64_t* entries(const char* index, char* scratch) const {
    return reinterpret_cast<const std::int64_t*>(entries_.read(index, scratch));
  }
  /// Calls f(position, row) for each entry.
  template <class F>
  void for_each(const char* index, char* scratch, F&& f) const {
    visit_rows(entries(index, scratch), 0, count_, rows_, f);
  }

 private:
  Contiguous entries_;
  std::int64_t count_, rows_;
};

std::span<const std::int64_t> without_first(const Dims& axes) {
  return std::span<const std::int64_t>(axes).subspan(1);
}

std::int64_t row_bytes_of(const Layout& x) {
  return element_count(without_first(x.shape)) * static_cast<std::int64_t>(x.item());
}

class Take final : public PreparedKernel {
 public:
  explicit Take(const ArrayCall& call)
      : table_{call.in[0]->shape[0], row_bytes_of(*call.in[0]),
               call.in[0]->strides[0] * static_cast<std::int64_t>(call.in[0]->item())},
        index_(*call.in[1], table_.rows, scratch_bytes) {
    const Layout& x = *call.in[0];
    const auto shape = without_first(x.shape), strides = without_first(x.strides);
    plain_ = make_layout(x.dtype, shape, strides).contiguous && table_.bytes > 0;
    row_ = StridedCopy(x.item(), shape, contiguous_strides(shape), strides);
    piece_ = std::clamp<std::int64_t>(kPieceBytes / std::max<std::int64_t>(table_.bytes, 1), 1,
                                      kPieceEntries);
  }
  void run(char* out, const char* const* in, char* scratch) const override {
    const char* const x = in[0];
    const std::int64_t* const entry = index_.entries(in[1], scratch);
    const std::int64_t bytes = table_.bytes;
    parallel_for(index_.count(), piece_, [&](std::int64_t first, std::int64_t last) {
      if (plain_) {
        return copy_rows(out + first * bytes, x, table_, entry, first * bytes,
                         (last - first) * bytes);
      }
      visit_rows(entry, first, last, table_.rows, [&](std::int64_t k, std::int64_t row) {
        row_.run(out + k * bytes, x + row * table_.stride);
      });
    });
  }

 private:
  RowTable table_;
  Index index_;
  std::int64_t piece_;
  bool plain_;
  StridedCopy row_;
};

/// What take_add and take_set share: (x, index, values) -> x with rows changed.
class Scatter : public PreparedKernel {
 public:
  explicit Scatter(const ArrayCall& call)
      : whole_(*call.in[0]),
        index_(*call.in[1], call.out.shape[0], scratch_bytes),
        values_(*call.in[2], scratch_bytes),
        row_bytes_(row_bytes_of(call.out)) {}

 protected:
  /// Calls f(row of the result, row of the values), where both begin.
  template <class F>
  void for_each_row(char* out, const char* const* in, char* scratch, F&& f) const {
    if (out != in[0]) whole_.run(out, in[0]);
    const char* values = values_.read(in[2], scratch);
    index_.for_each(in[1], scratch,
                    [f, out, values, bytes = row_bytes_](std::int64_t k, std::int64_t row) {
                      f(out + row * bytes, values + k * bytes);
                    });
  }

  StridedCopy whole_;
  Index index_;
  Contiguous values_;
  std::int64_t row_bytes_;
};

class TakeSet final : public Scatter {
 public:
  using Scatter::Scatter;
  void run(char* out, const char* const* in, char* scratch) const override {
    const auto bytes = static_cast<std::size_t>(row_bytes_);
    for_each_row(out, in, scratch, [&](char* dst, const char* values) {
      if (bytes) std::memcpy(dst, values, bytes);
    });
  }
};

class TakeAdd final : public Scatter {
 public:
  explicit TakeAdd(const ArrayCall& call)
      : Scatter(call),
        add_(lookup_reducer(kSum, call.out.dtype)->combine),
        width_(row_bytes_ / static_cast<std::int64_t>(call.out.item())) {}
  void run(char* out, const char* const* in, char* scratch) const override {
    for_each_row(out, in, scratch, [&](char* dst, const char* values) {
      const void* operands[] = {dst, values};
      add_(dst, operands, width_, nullptr);
    });
  }

 private:
  Kernel add_;
  std::int64_t width_;
};

/// x += v for rows of kWidth elements, in registers of 16 bytes, which every machine has. All are
/// read before any is written: the compiler does not know that rows lie apart.
template <class T, int kWidth>
inline void add_row(char* x, const char* v) {
  using V [[gnu::vector_size(16)]] = T;
  constexpr int kVectors = kWidth * static_cast<int>(sizeof(T)) / 16;
  constexpr int kRest = kVectors * 16 / static_cast<int>(sizeof(T));
  V sum[kVectors + 1], more[kVectors + 1];
#pragma GCC unroll 8
  for (int k = 0; k < kVectors; ++k) {
    std::memcpy(&sum[k], x + 16 * k, 16);
    std::memcpy(&more[k], v + 16 * k, 16);
  }
#pragma GCC unroll 8
  for (int k = 0; k < kVectors; ++k) {
    sum[k] += more[k];
    std::memcpy(x + 16 * k, &sum[k], 16);
  }
#pragma GCC unroll 4
  for (int k = kRest; k < kWidth; ++k) {
    reinterpret_cast<T*>(x)[k] += reinterpret_cast<const T*>(v)[k];
  }
}

/// Rows of kWidth elements.
template <class T, int kWidth>
class TakeAddRows final : public Scatter {
 public:
  using Scatter::Scatter;
  void run(char* out, const char* const* in, char* scratch) const override {
    for_each_row(out, in, scratch,
                 [](char* dst, const char* values) { add_row<T, kWidth>(dst, values); });
  }
};

/// Rows of more than 64 bytes are worth a call of the kernel library for each.
template <class T>
PreparedPtr prepare_take_add(const ArrayCall& call) {
  constexpr int kLongest = 64 / sizeof(T);
  const std::int64_t width = row_bytes_of(call.out) / static_cast<std::int64_t>(sizeof(T));
  if (width == kLongest) return make_prepared<TakeAddRows<T, kLongest>>(call);
  switch (width) {
    case 1: return make_prepared<TakeAddRows<T, 1>>(call);
    case 2: return make_prepared<TakeAddRows<T, 2>>(call);
    case 3: return make_prepared<TakeAddRows<T, 3>>(call);
    case 4: return make_prepared<TakeAddRows<T, 4>>(call);
    default: return make_prepared<TakeAdd>(call);
  }
}

}  // namespace

PreparedPtr prepare_take(const ArrayCall& call) {
  if (call.op == kTake) return make_prepared<Take>(call);
  if (call.op == kTakeSet) return make_prepared<TakeSet>(call);
  switch (call.out.dtype) {
    case DType::kFloat64: return prepare_take_add<double>(call);
    case DType::kFloat32: return prepare_take_add<float>(call);
    default: return make_prepared<TakeAdd>(call);
  }
}

}  // namespace dualtape::engine
