/// Which entries of a matrix can be nonzero.
#pragma once

#include <dualtape/sparse/index_sets.hpp>

#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace dualtape::sparse {

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
inline Pattern transposed(const Pattern& p, std::vector<SparseIndex>* from = nullptr) {
  Pattern t{p.columns, p.rows, {}, std::vector<SparseIndex>(p.size())};
  t.starts.assign(static_cast<std::size_t>(p.columns) + 1, 0);
  for (const SparseIndex j : p.indices) ++t.starts[static_cast<std::size_t>(j) + 1];
  std::partial_sum(t.starts.begin(), t.starts.end(), t.starts.begin());
  if (from) from->resize(p.size());
  std::vector<SparseIndex> next(t.starts.begin(), t.starts.end() - 1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(p.rows); ++i) {
    for (SparseIndex k = p.starts[i]; k < p.starts[i + 1]; ++k) {
      const auto j = static_cast<std::size_t>(p.indices[static_cast<std::size_t>(k)]);
      const auto at = static_cast<std::size_t>(next[j]++);
      t.indices[at] = static_cast<SparseIndex>(i);
      if (from) (*from)[at] = k;
    }
  }
  return t;
}

}  // namespace dualtape::sparse
