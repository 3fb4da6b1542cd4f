/// Index sets against std::set, and colourings: from products with their groups every entry of a
/// random matrix comes back.

#include <algorithm>
#include <random>
#include <set>

#include "check.hpp"
#include "sparse/colouring.hpp"

namespace {

using namespace dualtape::engine;

/// A matrix of distinct integers in a random pattern.
struct Matrix {
  Pattern pattern;
  std::vector<double> entries;

  std::size_t rows() const { return static_cast<std::size_t>(pattern.rows); }
  std::size_t columns() const { return static_cast<std::size_t>(pattern.columns); }
  template <class F>
  void for_each(F&& f) const {
    std::size_t k = 0;
    for (std::size_t i = 0; i < rows(); ++i) {
      for (const SparseIndex j : pattern.row(i)) {
        f(i, static_cast<std::size_t>(j), k);
        ++k;
      }
    }
  }
};

using Random = std::mt19937;

std::size_t below(Random& rng, std::size_t n) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(rng);
}

Matrix matrix_of(const std::set<std::pair<std::size_t, std::size_t>>& positions, std::size_t rows,
                 std::size_t columns) {
  Matrix a;
  a.pattern.rows = static_cast<std::int64_t>(rows);
  a.pattern.columns = static_cast<std::int64_t>(columns);
  a.pattern.starts.assign(rows + 1, 0);
  for (const auto& [i, j] : positions) {
    a.pattern.indices.push_back(static_cast<SparseIndex>(j));
    for (std::size_t r = i; r < rows; ++r) ++a.pattern.starts[r + 1];
    a.entries.push_back(static_cast<double>(a.entries.size() + 1));
  }
  return a;
}

/// Scattered entries, and now and then a full row, a full column, a band.
Matrix random_matrix(Random& rng, bool symmetric) {
  const std::size_t m = 1 + below(rng, 20), n = symmetric ? m : 1 + below(rng, 20);
  std::set<std::pair<std::size_t, std::size_t>> positions;
  for (std::size_t k = below(rng, 2 * (m + n)); k-- > 0;) {
    positions.emplace(below(rng, m), below(rng, n));
  }
  if (below(rng, 3) == 0) {
    for (std::size_t j = 0; j < n; ++j) positions.emplace(m / 2, j);
  }
  if (below(rng, 3) == 0) {
    for (std::size_t i = 0; i < m; ++i) positions.emplace(i, 0);
  }
  if (below(rng, 2) == 0) {
    for (std::size_t i = 0; i < std::min(m, n); ++i) positions.emplace(i, i);
  }
  if (symmetric) {
    const auto half = positions;
    for (const auto& [i, j] : half) positions.emplace(j, i);
  }
  Matrix a = matrix_of(positions, m, n);
  if (!symmetric) return a;
  a.for_each([&](std::size_t i, std::size_t j, std::size_t k) {
    a.entries[k] = static_cast<double>(std::min(i, j) * 100 + std::max(i, j) + 1);
  });
  return a;
}

void colouring_recovers(const Matrix& a, Directions allowed) {
  const Colouring c = colour(a.pattern, allowed);
  const auto n_columns = static_cast<std::size_t>(c.n_columns);
  const auto n_rows = static_cast<std::size_t>(c.n_rows);
  std::vector<double> forward(a.rows() * n_columns), reverse(a.columns() * n_rows);
  a.for_each([&](std::size_t i, std::size_t j, std::size_t k) {
    if (c.columns[j] >= 0)
      forward[i * n_columns + static_cast<std::size_t>(c.columns[j])] += a.entries[k];
    if (c.rows[i] >= 0) reverse[j * n_rows + static_cast<std::size_t>(c.rows[i])] += a.entries[k];
  });
  a.for_each([&](std::size_t i, std::size_t j, std::size_t k) {
    const double got = c.by_row[i]
                           ? reverse[j * n_rows + static_cast<std::size_t>(c.rows[i])]
                           : forward[i * n_columns + static_cast<std::size_t>(c.columns[j])];
    check::same(got, a.entries[k], "entry");
  });
  check::is_true(allowed.forward || c.n_columns == 0, "no columns where only rows have rules");
  check::is_true(allowed.reverse || c.n_rows == 0, "no rows where only columns have rules");
}

void colourings_recover_random_matrices() {
  for (unsigned seed = 0; seed < 400; ++seed) {
    Random rng(seed);
    const Matrix a = random_matrix(rng, false);
    colouring_recovers(a, {true, true});
    colouring_recovers(a, {true, false});
    colouring_recovers(a, {false, true});
  }
}

void star_colourings_recover_random_matrices() {
  for (unsigned seed = 0; seed < 600; ++seed) {
    Random rng(seed);
    const Matrix a = random_matrix(rng, true);
    const StarColouring c = star_colour(a.pattern);
    const auto n = static_cast<std::size_t>(c.n_colours);
    std::vector<double> products(a.rows() * n);
    a.for_each([&](std::size_t i, std::size_t j, std::size_t k) {
      products[i * n + static_cast<std::size_t>(c.colours[j])] += a.entries[k];
    });
    a.for_each([&](std::size_t i, std::size_t j, std::size_t k) {
      const std::size_t row = c.by_column[k] ? i : j, group = c.by_column[k] ? j : i;
      check::same(products[row * n + static_cast<std::size_t>(c.colours[group])], a.entries[k],
                  "entry");
    });
  }
}

Matrix with_arrow(std::size_t n, bool band) {
  std::set<std::pair<std::size_t, std::size_t>> positions;
  for (std::size_t i = 0; i < n; ++i) {
    positions.emplace(i, i);
    positions.emplace(i, band ? std::min(i + 1, n - 1) : 0);
    positions.emplace(band ? std::min(i + 1, n - 1) : 0, i);
  }
  return matrix_of(positions, n, n);
}

void known_numbers_of_groups() {
  check::is_true(colour(with_arrow(50, false).pattern, {}).products() == 3, "arrow: both ways");
  check::is_true(star_colour(with_arrow(50, false).pattern).n_colours == 2, "arrow: star");
  check::is_true(colour(with_arrow(50, true).pattern, {}).products() == 3, "tridiagonal");
  check::is_true(star_colour(with_arrow(50, true).pattern).n_colours == 3, "tridiagonal: star");
  check::is_true(colour(Pattern{3, 4, {0, 0, 0, 0}, {}}, {}).products() == 0, "empty");
}

void transposed_twice_is_the_same() {
  for (unsigned seed = 0; seed < 50; ++seed) {
    Random rng(seed);
    const Matrix a = random_matrix(rng, false);
    std::vector<SparseIndex> from;
    const Pattern t = transposed(a.pattern, &from);
    check::is_true(transposed(t) == a.pattern, "transposed twice");
    a.for_each([&](std::size_t i, std::size_t j, std::size_t k) {
      const auto row = t.row(j);
      const auto at =
          std::ranges::find(row, static_cast<SparseIndex>(i)) - row.begin() + t.starts[j];
      check::same(static_cast<double>(from[static_cast<std::size_t>(at)]), static_cast<double>(k));
    });
  }
}

void unions_are_those_of_std_set() {
  for (const std::size_t limit : {std::size_t{1} << 20, std::size_t{200}}) {
    Random rng(7);
    const std::int64_t n = 40;
    IndexSets sets(n, limit);
    std::vector<IndexSets::Id> ids{IndexSets::kEmpty};
    std::vector<std::set<SparseIndex>> wanted{{}};
    for (std::int64_t j = 0; j < n; ++j) {
      ids.push_back(IndexSets::single(j));
      wanted.push_back({static_cast<SparseIndex>(j)});
    }
    for (int step = 0; step < 400; ++step) {
      std::vector<IndexSets::Id> chosen;
      std::set<SparseIndex> all;
      for (std::size_t k = 1 + below(rng, 4); k-- > 0;) {
        const std::size_t at = below(rng, ids.size());
        chosen.push_back(ids[at]);
        all.insert(wanted[at].begin(), wanted[at].end());
      }
      ids.push_back(chosen.size() == 2 ? sets.unite(chosen[0], chosen[1]) : sets.unite(chosen));
      const auto got = sets.of(ids.back());
      check::is_true(std::ranges::is_sorted(got), "ascending");
      const bool covers = std::ranges::includes(got, all);
      check::is_true(limit > 1000 ? std::ranges::equal(got, all) : covers, "union");
      wanted.emplace_back(got.begin(), got.end());
    }
  }
}

}  // namespace

int main() {
  return check::run({
      {"unions_are_those_of_std_set", unions_are_those_of_std_set},
      {"transposed_twice_is_the_same", transposed_twice_is_the_same},
      {"known_numbers_of_groups", known_numbers_of_groups},
      {"colourings_recover_random_matrices", colourings_recover_random_matrices},
      {"star_colourings_recover_random_matrices", star_colourings_recover_random_matrices},
  });
}
