/// Gathers and scatters of rows along the first axis.
#include <algorithm>
#include <cstring>

#include "kernels/contiguous.hpp"
#include "kernels/prepared.hpp"
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
  Index(const Layout& index, std::int64_t& scratch_bytes)
      : entries_(index, scratch_bytes), count_(index.count) {}
  std::int64_t count() const { return count_; }
  const std::int64_t* entries(const char* index, char* scratch) const {
    return reinterpret_cast<const std::int64_t*>(entries_.read(index, scratch));
  }

 private:
  Contiguous entries_;
  std::int64_t count_;
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
        index_(*call.in[1], scratch_bytes) {
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
        table_{call.out.shape[0], row_bytes_of(call.out), row_bytes_of(call.out)},
        index_(*call.in[1], scratch_bytes),
        values_(*call.in[2], scratch_bytes) {}

 protected:
  StridedCopy whole_;
  RowTable table_;
  Index index_;
  Contiguous values_;
};

class TakeSet final : public Scatter {
 public:
  using Scatter::Scatter;
  void run(char* out, const char* const* in, char* scratch) const override {
    if (out != in[0]) whole_.run(out, in[0]);
    const char* const values = values_.read(in[2], scratch);
    const std::int64_t bytes = table_.bytes;
    visit_rows(index_.entries(in[1], scratch), 0, index_.count(), table_.rows,
               [=](std::int64_t k, std::int64_t row) {
                 if (!bytes) return;
                 std::memcpy(out + row * bytes, values + k * bytes,
                             static_cast<std::size_t>(bytes));
               });
  }
};

class TakeAdd final : public Scatter {
 public:
  explicit TakeAdd(const ArrayCall& call) : Scatter(call), adder_(call.out.dtype, table_) {}
  void run(char* out, const char* const* in, char* scratch) const override {
    if (out != in[0]) whole_.run(out, in[0]);
    const char* const values = values_.read(in[2], scratch);
    adder_.run(out, index_.entries(in[1], scratch), values, index_.count());
  }

 private:
  RowAdder adder_;
};

}  // namespace

PreparedPtr prepare_take(const ArrayCall& call) {
  if (call.op == kTake) return make_prepared<Take>(call);
  if (call.op == kTakeSet) return make_prepared<TakeSet>(call);
  return make_prepared<TakeAdd>(call);
}

}  // namespace dualtape::engine
