/// General products: axes are sorted into batch, free and contracted ones, then matrices
/// multiplied.
#include <algorithm>
#include <vector>

#include "kernels/library.hpp"
#include "kernels/moves.hpp"
#include "kernels/product.hpp"
#include "kernels/strided.hpp"

namespace dualtape::engine {
namespace {

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
  const char* data;
  Dims batch_strides;
  Merged free, contracted;
  std::vector<char> copy;
};

/// A product needs unit stride along one axis (along the only one of a vector).
bool multiplies_as_is(const Side& side) {
  const Merged &free = side.free, &contracted = side.contracted;
  if (!free.possible || !contracted.possible) return false;
  if (contracted.size == 1) return free.size == 1 || free.stride == 1;
  if (free.size == 1) return contracted.stride == 1;
  const std::int64_t lo = std::min(free.stride, contracted.stride);
  const std::int64_t hi = std::max(free.stride, contracted.stride);
  return lo == 1 && hi >= (free.stride == 1 ? free.size : contracted.size);
}

Side make_side(const Array& x, const Dims& batch, const Dims& contract) {
  Dims free;
  for (std::size_t i = 0; i < x.shape().size(); ++i) {
    const auto axis = static_cast<std::int64_t>(i);
    if (!batch.contains(axis) && !contract.contains(axis)) free.push_back(axis);
  }
  const Dims& strides = x.layout->strides;
  Side side{x.data, {}, merge(x.shape(), strides, free), merge(x.shape(), strides, contract), {}};
  for (auto axis : batch) side.batch_strides.push_back(strides[static_cast<std::size_t>(axis)]);
  if (multiplies_as_is(side)) return side;

  Dims order = batch, shape, permuted;
  order.append(free);
  order.append(contract);
  for (auto axis : order) {
    shape.push_back(x.shape()[static_cast<std::size_t>(axis)]);
    permuted.push_back(strides[static_cast<std::size_t>(axis)]);
  }
  const Layout layout = make_layout(x.layout->dtype, shape, permuted);
  side.copy.resize(static_cast<std::size_t>(x.count()) * x.item());
  copy_to_contiguous(side.copy.data(), Array{x.data, &layout});
  side.data = side.copy.data();
  side.contracted.stride = 1;
  side.free.stride = side.contracted.size == 1 ? 1 : side.contracted.size;
  const Dims dense = contiguous_strides(shape);
  side.batch_strides = Dims(dense.begin(), dense.begin() + batch.size());
  return side;
}

void dot_general(const Array& out, Arrays in, Attrs attrs) {
  const auto n_contract = static_cast<std::size_t>(attrs[0]);
  const auto n_batch = static_cast<std::size_t>(attrs[1]);
  Attrs rest = attrs.subspan(2);
  const auto next = [&](std::size_t n) {
    Dims axes(rest.first(n));
    rest = rest.subspan(n);
    return axes;
  };
  const Dims lhs_contract = next(n_contract), rhs_contract = next(n_contract);
  const Dims lhs_batch = next(n_batch), rhs_batch = next(n_batch);
  const Side lhs = make_side(in[0], lhs_batch, lhs_contract);
  const Side rhs = make_side(in[1], rhs_batch, rhs_contract);
  MatrixRef a{lhs.data, lhs.free.size, lhs.contracted.size, lhs.free.stride, lhs.contracted.stride};
  MatrixRef b{rhs.data, rhs.contracted.size, rhs.free.size, rhs.contracted.stride, rhs.free.stride};
  const Product product = kernels().product(out.layout->dtype);
  const auto item = static_cast<std::int64_t>(out.item());
  const std::int64_t out_step = a.rows * b.columns * item;
  if (out_step == 0) return;

  const Dims batch_shape(out.shape().begin(), out.shape().begin() + n_batch);
  const std::int64_t batches = element_count(batch_shape);
  Odometer<2> at(batch_shape);
  at.set_strides(0, lhs.batch_strides);
  at.set_strides(1, rhs.batch_strides);
  for (std::int64_t k = 0; k < batches; ++k, at.next()) {
    a.data = lhs.data + at.offset(0) * item;
    b.data = rhs.data + at.offset(1) * item;
    product(out.data + k * out_step, a, b);
  }
}

}  // namespace

ArrayKernel lookup_product_kernel() { return dot_general; }

}  // namespace dualtape::engine
