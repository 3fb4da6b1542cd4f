/// Which entries of a Jacobian can be nonzero.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "sparse/index_sets.hpp"
#include "transform/linearize.hpp"

namespace dualtape::engine {

/// Positions in a matrix by rows, the columns of each ascending.
struct Pattern {
  std::int64_t rows = 0, columns = 0;
  std::vector<SparseIndex> starts{0};  // rows + 1
  std::vector<SparseIndex> indices;

  std::size_t size() const { return indices.size(); }
  std::span<const SparseIndex> row(std::size_t i) const {
    return std::span(indices).subspan(static_cast<std::size_t>(starts[i]),
                                      static_cast<std::size_t>(starts[i + 1] - starts[i]));
  }
  friend bool operator==(const Pattern&, const Pattern&) = default;
};

/// The same positions by columns; `from[k]`, if wanted: where the k-th stands in `p`.
Pattern transposed(const Pattern& p, std::vector<SparseIndex>* from = nullptr);

/// Error if there are more rows, columns or entries than a SparseIndex counts.
void check_countable(std::int64_t n, const char* what);

/// Values of the index operands of gathers, by value of the linear program; a gather without is
/// taken to read every entry.
using IndexValues = std::map<ValueId, std::span<const std::int64_t>>;

/// The pattern of a linear program: rows are the entries of the results, in order, columns those
/// of the tangents. Conservative: an instruction without a rule makes every entry depend on
/// all of its operands.
Pattern pattern_of(const LinearProgram& linear, std::span<const Type> results,
                   const IndexValues& known);

}  // namespace dualtape::engine
