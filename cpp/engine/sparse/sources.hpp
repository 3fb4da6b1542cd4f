/// Where the entries of a sparse matrix are computed: in arrays of a program laid end to end, from
/// which they are gathered.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "sparse/colouring.hpp"
#include "sparse/pattern.hpp"

namespace dualtape::engine {

using IndexArray = std::vector<std::int64_t>;
using SharedIndices = std::shared_ptr<const IndexArray>;

/// Inputs that a program has beside those it is asked for: arrays of integers known now.
class FurtherInputs {
 public:
  explicit FurtherInputs(Builder& b) : b_(b) {}
  Expr add(IndexArray values);
  const std::vector<ValueId>& ids() const { return ids_; }
  const std::vector<SharedIndices>& values() const { return values_; }

 private:
  Builder& b_;
  std::vector<ValueId> ids_;
  std::vector<SharedIndices> values_;
};

struct Sources {
  std::vector<Expr> parts;
  IndexArray places;  // for each entry of the pattern
  /// Entries that are sums: (entry, a further place) to be added.
  IndexArray more_entries, more_places;
};

/// The entries, in the pattern's order.
Expr gathered(Sources sources, DType dtype, Builder& b, FurtherInputs& inputs);

/// Entries of several arrays laid end to end.
struct Blocks {
  std::vector<std::int64_t> starts{0};

  void add(std::int64_t size) { starts.push_back(starts.back() + size); }
  std::size_t count() const { return starts.size() - 1; }
  std::int64_t size(std::size_t block) const { return starts[block + 1] - starts[block]; }
};

/// One step along an axis of a term.
struct Step {
  std::int64_t row, column, place;
};
/// A term at its place in the matrix: all combinations of one step of each axis.
struct PlacedTerm {
  std::vector<std::vector<Step>> axes;
  Step first;
};

/// A matrix described by the structure of its program (transform/lanes.hpp).
struct StructuredMatrix {
  std::int64_t rows = 0, columns = 0;
  std::vector<PlacedTerm> terms;
  std::vector<Expr> coefficients;
  double entries = 0;  // of all terms
  bool exact = true;   // no term has entries that the program cannot make nonzero

  /// Positions and sources of the entries; entries of several terms are sums.
  Pattern write(Sources& sources) const;
};
/// Nothing where the program does not tell.
std::optional<StructuredMatrix> structured(const LinearProgram& linear, std::span<const Type> rows,
                                           Builder& b);
/// Entries above the diagonal of a symmetric matrix are those below it; parts that no entry is read
/// from any more are dropped.
void mirror(const Pattern& pattern, Sources& sources);

/// Products of a linear program's matrix with groups of columns or rows, as one batch.
class CompressedProducts {
 public:
  CompressedProducts(const LinearProgram& linear, std::span<const Type> rows, Builder& b,
                     FurtherInputs& inputs);

  Sources entries(const Pattern& pattern, const Colouring& groups);
  Sources entries(const Pattern& pattern, const StarColouring& groups, Directions allowed);

 private:
  /// Products with each group, end to end in `parts`; for each block where its products begin.
  IndexArray forward(const std::vector<Colour>& groups, Colour n, std::vector<Expr>& parts);
  IndexArray reverse(const std::vector<Colour>& groups, Colour n, std::vector<Expr>& parts);
  /// Unit vectors of the groups for one block: [n, block's shape].
  Expr seeds(const Expr& groups, const Blocks& blocks, std::size_t block, Colour n,
             const Type& type) const;
  void append(const Expr& products, std::vector<Expr>& parts);

  const LinearProgram& linear_;
  std::span<const Type> row_types_;
  Builder& b_;
  FurtherInputs& inputs_;
  Blocks rows_, columns_;
  std::int64_t total_ = 0;  // entries of the parts so far
};

}  // namespace dualtape::engine
