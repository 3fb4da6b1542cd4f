#include <algorithm>

#include "ops/elementwise.hpp"
#include "sparse/sources.hpp"
#include "transform/batch.hpp"

namespace dualtape::engine {

Expr FurtherInputs::add(IndexArray values) {
  const Dims shape{static_cast<std::int64_t>(values.size())};
  ids_.push_back(b_.input(Type{DType::kInt64, shape}));
  values_.push_back(std::make_shared<const IndexArray>(std::move(values)));
  return Expr(b_, ids_.back());
}

CompressedProducts::CompressedProducts(const LinearProgram& linear, std::span<const Type> rows,
                                       Builder& b, FurtherInputs& inputs)
    : linear_(linear), row_types_(rows), b_(b), inputs_(inputs) {
  for (const Type& type : rows) rows_.add(element_count(type.shape));
  for (std::size_t i = 0; i < linear.n_tangents; ++i) {
    columns_.add(element_count(linear.program->type_of(linear.program->inputs[i]).shape));
  }
}

Expr CompressedProducts::seeds(const Expr& groups, const Blocks& blocks, std::size_t block,
                               Colour n, const Type& type) const {
  const Expr own = slice_axis(groups, 0, blocks.starts[block], blocks.size(block));
  Dims counting(type.shape.size() + 1, 1);
  counting[0] = n;
  const Expr hit = equal(reshape(own, prefixed(1, type.shape)), reshape(iota(b_, n), counting));
  return convert(hit, type.dtype);
}

void CompressedProducts::append(const Expr& products, std::vector<Expr>& parts) {
  const std::int64_t n = element_count(products.shape());
  parts.push_back(reshape(products, Dims{n}));
  total_ += n;
}

IndexArray CompressedProducts::forward(const std::vector<Colour>& groups, Colour n,
                                       std::vector<Expr>& parts) {
  IndexArray starts(rows_.count());
  if (n == 0) return starts;
  const Program& p = *linear_.program;
  const Expr colours = inputs_.add(IndexArray(groups.begin(), groups.end()));
  std::vector<Batched> inputs;
  for (std::size_t i = 0; i < linear_.n_tangents; ++i) {
    inputs.push_back({seeds(colours, columns_, i, n, p.type_of(p.inputs[i])), true});
  }
  for (const ValueId r : linear_.residuals) inputs.push_back({Expr(b_, r), false});
  const auto products = batch(p, inputs, n, b_);
  for (std::size_t o = 0; o < rows_.count(); ++o) {
    starts[o] = total_;
    if (linear_.output[o] < 0) continue;
    append(with_batch(products[static_cast<std::size_t>(linear_.output[o])], n), parts);
  }
  return starts;
}

IndexArray CompressedProducts::reverse(const std::vector<Colour>& groups, Colour n,
                                       std::vector<Expr>& parts) {
  IndexArray starts(columns_.count());
  if (n == 0) return starts;
  Builder back(Builder::Mode::kDerive);
  std::vector<ValueId> residuals;
  for (const ValueId r : linear_.residuals) residuals.push_back(back.input(b_.type_of(r)));
  std::vector<Tangent> y_bar;
  for (const Type& type : row_types_) y_bar.push_back(Expr(back, back.input(type)));
  const auto x_bar = transpose(linear_, residuals, y_bar, back);
  std::vector<ValueId> outputs;
  std::vector<std::size_t> blocks;
  for (std::size_t i = 0; i < x_bar.size(); ++i) {
    if (!x_bar[i]) continue;
    outputs.push_back(x_bar[i]->id());
    blocks.push_back(i);
  }
  const ProgramPtr pullback = back.finish(outputs);
  const Expr colours = inputs_.add(IndexArray(groups.begin(), groups.end()));
  std::vector<Batched> inputs;
  for (const ValueId r : linear_.residuals) inputs.push_back({Expr(b_, r), false});
  for (std::size_t o = 0; o < rows_.count(); ++o) {
    inputs.push_back({seeds(colours, rows_, o, n, row_types_[o]), true});
  }
  const auto products = batch(*pullback, inputs, n, b_);
  for (std::size_t k = 0; k < blocks.size(); ++k) {
    starts[blocks[k]] = total_;
    append(with_batch(products[k], n), parts);
  }
  return starts;
}

namespace {

/// Walks over the entries of a matrix cut into blocks.
class Cursor {
 public:
  explicit Cursor(const Blocks& blocks) : blocks_(blocks) {}
  /// Place of entry `at` (of all blocks) in the product with group c.
  std::int64_t place(const IndexArray& starts, std::int64_t at, Colour c) {
    if (at < blocks_.starts[block_] || at >= blocks_.starts[block_ + 1]) {
      const auto next = std::ranges::upper_bound(blocks_.starts, at);
      block_ = static_cast<std::size_t>(next - blocks_.starts.begin()) - 1;
    }
    return starts[block_] + c * blocks_.size(block_) + at - blocks_.starts[block_];
  }

 private:
  const Blocks& blocks_;
  std::size_t block_ = 0;
};

}  // namespace

Sources CompressedProducts::entries(const Pattern& pattern, const Colouring& groups) {
  Sources sources;
  const IndexArray by_column = forward(groups.columns, groups.n_columns, sources.parts);
  const IndexArray by_row = reverse(groups.rows, groups.n_rows, sources.parts);
  sources.places.reserve(pattern.size());
  Cursor rows(rows_), columns(columns_);
  for (std::size_t i = 0; i < static_cast<std::size_t>(pattern.rows); ++i) {
    for (const SparseIndex j : pattern.row(i)) {
      sources.places.push_back(groups.by_row[i]
                                   ? columns.place(by_row, j, groups.rows[i])
                                   : rows.place(by_column, static_cast<std::int64_t>(i),
                                                groups.columns[static_cast<std::size_t>(j)]));
    }
  }
  return sources;
}

Sources CompressedProducts::entries(const Pattern& pattern, const StarColouring& groups,
                                    Directions allowed) {
  Sources sources;
  const IndexArray starts = allowed.forward
                                ? forward(groups.colours, groups.n_colours, sources.parts)
                                : reverse(groups.colours, groups.n_colours, sources.parts);
  sources.places.reserve(pattern.size());
  Cursor entries(allowed.forward ? rows_ : columns_);
  std::size_t k = 0;
  for (std::int64_t i = 0; i < pattern.rows; ++i) {
    for (const SparseIndex j : pattern.row(static_cast<std::size_t>(i))) {
      const std::int64_t row = groups.by_column[k] ? i : j;
      const std::int64_t group = groups.by_column[k] ? j : i;
      sources.places.push_back(
          entries.place(starts, row, groups.colours[static_cast<std::size_t>(group)]));
      ++k;
    }
  }
  return sources;
}

}  // namespace dualtape::engine
