/// General products: axes are sorted into batch, free and contracted ones, then matrices
/// multiplied.
#include <algorithm>

#include "kernels/library.hpp"
#include "kernels/prepared.hpp"
#include "kernels/product.hpp"
#include "kernels/strided_copy.hpp"
#include "memory/workspace.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

/// Multiplications worth a piece of a shared loop: 30 us and more.
constexpr std::int64_t kPieceProducts = 1 << 20;
/// What a matrix costs besides, counted so.
constexpr std::int64_t kMatrixProducts = 1000;
/// A thread's part of one product is cut in two from here on: one that comes late finds less left.
constexpr std::int64_t kRoundProducts = 16 * kPieceProducts;
/// Rows or columns of a piece are a multiple of these: whole tiles of every level and type.
constexpr std::int64_t kRowUnit = 12, kColumnUnit = 32;

/// Several axes as one.
struct Merged {
  std::int64_t size = 1;
  std::int64_t stride = 1;
  bool possible = true;
};

Merged merge(const Dims& shape, const Dims& strides, const Dims& axes) {
  Merged m;
  bool first = true;
  for (std::size_t i = axes.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(axes[i]);
    if (shape[axis] == 1) continue;
    if (first) {
      m.stride = strides[axis];
      first = false;
    } else if (strides[axis] != m.stride * m.size) {
      m.possible = false;
    }
    m.size *= shape[axis];
  }
  return m;
}

/// One operand as a batch of (free, contracted) matrices.
struct Side {
  Dims batch_strides;
  Merged free, contracted;
  StridedCopy copy;
  std::int64_t copy_bytes = 0;  // 0: read where it lies
};

Side make_side(const Layout& x, const Dims& batch, const Dims& contract) {
  Dims free;
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i);
    if (!batch.contains(axis) && !contract.contains(axis)) free.push_back(axis);
  }
  Side side;
  side.free = merge(x.shape, x.strides, free);
  side.contracted = merge(x.shape, x.strides, contract);
  for (auto axis : batch) side.batch_strides.push_back(x.strides[static_cast<std::size_t>(axis)]);
  if (x.count == 0 || (side.free.possible && side.contracted.possible)) return side;

  Dims order = batch, shape, permuted;
  order.append(free);
  order.append(contract);
  for (auto axis : order) {
    shape.push_back(x.shape[static_cast<std::size_t>(axis)]);
    permuted.push_back(x.strides[static_cast<std::size_t>(axis)]);
  }
  const Dims dense = contiguous_strides(shape);
  side.copy = StridedCopy(x.item(), shape, dense, permuted);
  side.copy_bytes = x.count * static_cast<std::int64_t>(x.item());
  side.contracted.stride = 1;
  side.free.stride = side.contracted.size;
  side.batch_strides = Dims(dense.begin(), dense.begin() + batch.size());
  return side;
}

class DotGeneral final : public PreparedKernel {
 public:
  explicit DotGeneral(const ArrayCall& call);
  void run(char* out, const char* const* in, char* scratch) const override;

 private:
  void merge_batch(const Dims& shape, std::int64_t item);
  void run_batch(std::size_t axis, char*& out, const char* a, const char* b, char* scratch) const;
  void share_batch(char* out, const char* a, const char* b) const;
  void share_matrix(char* out, const char* a, const char* b) const;
  std::int64_t offset(const Dims& steps, std::int64_t k) const;

  ProductShape shape_;
  ProductKernel product_;
  Side lhs_, rhs_;
  Dims batch_;            // axes that lie end to end in both operands are merged
  Dims a_step_, b_step_;  // bytes
  std::int64_t out_step_ = 0, item_ = 0;
  std::int64_t batches_ = 1;
  std::int64_t products_ = 0;  // multiplications of one matrix, its overhead among them
};

DotGeneral::DotGeneral(const ArrayCall& call) {
  const auto n_contract = static_cast<std::size_t>(call.attrs[0]);
  const auto n_batch = static_cast<std::size_t>(call.attrs[1]);
  Attrs rest = call.attrs.subspan(2);
  const auto next = [&](std::size_t n) {
    Dims axes(rest.first(n));
    rest = rest.subspan(n);
    return axes;
  };
  const Dims lhs_contract = next(n_contract), rhs_contract = next(n_contract);
  const Dims lhs_batch = next(n_batch), rhs_batch = next(n_batch);
  lhs_ = make_side(*call.in[0], lhs_batch, lhs_contract);
  rhs_ = make_side(*call.in[1], rhs_batch, rhs_contract);
  shape_ = {lhs_.free.size,         rhs_.free.size,         lhs_.contracted.size, lhs_.free.stride,
            lhs_.contracted.stride, rhs_.contracted.stride, rhs_.free.stride,     rhs_.free.size};
  const auto item = item_ = static_cast<std::int64_t>(call.out.item());
  out_step_ = shape_.rows * shape_.columns * item;
  if (call.out.count == 0) out_step_ = 0;
  if (out_step_ == 0) return;
  products_ = shape_.rows * shape_.columns * shape_.inner + kMatrixProducts;
  product_ = kernels().product(call.out.dtype, shape_);
  scratch_bytes = align_to_line(lhs_.copy_bytes) + align_to_line(rhs_.copy_bytes) +
                  align_to_line(product_.scratch_bytes);
  merge_batch(Dims(call.out.shape.begin(), call.out.shape.begin() + n_batch), item);
}

void DotGeneral::merge_batch(const Dims& shape, std::int64_t item) {
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t n = shape[i];
    if (n == 1) continue;
    batches_ *= n;
    const std::int64_t a = lhs_.batch_strides[i] * item, b = rhs_.batch_strides[i] * item;
    if (!batch_.empty() && a_step_.back() == a * n && b_step_.back() == b * n) {
      batch_.back() *= n;
      a_step_.back() = a;
      b_step_.back() = b;
    } else {
      batch_.push_back(n);
      a_step_.push_back(a);
      b_step_.push_back(b);
    }
  }
}

void DotGeneral::run(char* out, const char* const* in, char* scratch) const {
  if (out_step_ == 0) return;
  const char *a = in[0], *b = in[1];
  if (lhs_.copy_bytes) {
    lhs_.copy.run(scratch, a);
    a = scratch;
    scratch += align_to_line(lhs_.copy_bytes);
  }
  if (rhs_.copy_bytes) {
    rhs_.copy.run(scratch, b);
    b = scratch;
    scratch += align_to_line(rhs_.copy_bytes);
  }
  const bool shared = batches_ * products_ >= kSharedProducts && may_share_loops();
  if (!shared) return run_batch(0, out, a, b, scratch);
  if (batches_ >= 2 * thread_count()) return share_batch(out, a, b);
  for (std::int64_t k = 0; k < batches_; ++k) {
    share_matrix(out + k * out_step_, a + offset(a_step_, k), b + offset(b_step_, k));
  }
}

std::int64_t DotGeneral::offset(const Dims& steps, std::int64_t k) const {
  if (steps.size() == 1) return k * steps[0];
  std::int64_t bytes = 0;
  for (std::size_t axis = steps.size(); axis-- > 0; k /= batch_[axis]) {
    bytes += k % batch_[axis] * steps[axis];
  }
  return bytes;
}

void DotGeneral::share_batch(char* out, const char* a, const char* b) const {
  const std::int64_t piece = std::max<std::int64_t>(1, kPieceProducts / products_);
  parallel_for(batches_, piece, [&](std::int64_t first, std::int64_t last) {
    const Workspace scratch(static_cast<std::size_t>(product_.scratch_bytes));
    for (std::int64_t k = first; k < last; ++k) {
      product_.run(shape_, out + k * out_step_, a + offset(a_step_, k), b + offset(b_step_, k),
                   scratch.data());
    }
  });
}

/// Cut across the longer side of the result in equal pieces: the operand of the other side is
/// packed once a piece, so there are two for each thread only where they are long. The order in
/// which an entry's products are added does not depend on the cut.
void DotGeneral::share_matrix(char* out, const char* a, const char* b) const {
  const bool by_rows = shape_.rows >= shape_.columns;
  const std::int64_t length = by_rows ? shape_.rows : shape_.columns;
  const std::int64_t unit = by_rows ? kRowUnit : kColumnUnit;
  const std::int64_t units = (length + unit - 1) / unit;
  const std::int64_t threads = thread_count();
  const std::int64_t rounds = products_ >= 2 * threads * kRoundProducts ? 2 : 1;
  const std::int64_t most = std::max<std::int64_t>(products_ / kPieceProducts, 1);
  const std::int64_t pieces = std::min({most, rounds * threads, units});
  parallel_for(pieces, 1, [&](std::int64_t piece, std::int64_t end) {
    const Workspace scratch(static_cast<std::size_t>(product_.scratch_bytes));
    const std::int64_t first = piece * units / pieces * unit;
    const std::int64_t last = std::min(end * units / pieces * unit, length);
    ProductShape part = shape_;
    (by_rows ? part.rows : part.columns) = last - first;
    const std::int64_t out_skip = by_rows ? first * shape_.out_row : first;
    const std::int64_t a_skip = by_rows ? first * shape_.a_row : 0;
    const std::int64_t b_skip = by_rows ? 0 : first * shape_.b_column;
    product_.run(part, out + out_skip * item_, a + a_skip * item_, b + b_skip * item_,
                 scratch.data());
  });
}

void DotGeneral::run_batch(std::size_t axis, char*& out, const char* a, const char* b,
                           char* scratch) const {
  if (axis == batch_.size()) {
    product_.run(shape_, out, a, b, scratch);
    out += out_step_;
    return;
  }
  for (std::int64_t k = 0; k < batch_[axis]; ++k) {
    run_batch(axis + 1, out, a + k * a_step_[axis], b + k * b_step_[axis], scratch);
  }
}

}  // namespace

PreparedPtr prepare_product(const ArrayCall& call) { return make_prepared<DotGeneral>(call); }

}  // namespace dualtape::engine
