/// Colourings: which columns (rows) of a sparse matrix may share a product, so that every entry can
/// be read off the products.
///
/// Source: Gebremedhin, Manne, Pothen (2005), What color is your Jacobian?; Gebremedhin, Tarafdar,
/// Manne, Pothen (2007), New acyclic and star coloring algorithms.
#pragma once

#include <dualtape/sparse/pattern.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace dualtape::sparse {

using Colour = std::int32_t;
inline constexpr Colour kNoColour = -1;

/// Groups of columns and of rows; each entry stands alone in its row of a product with its column's
/// group, or in its column of a product with its row's group.
struct Colouring {
  std::vector<Colour> columns, rows;  // kNoColour: in no product
  Colour n_columns = 0, n_rows = 0;   // products J @ s, and s @ J
  /// By row: its entries are read from products with row groups.
  std::vector<std::uint8_t> by_row;

  Colour products() const { return n_columns + n_rows; }
};

/// Which directions have rules.
struct Directions {
  bool forward = true, reverse = true;
};

/// A star colouring of a symmetric pattern: products H @ s alone give every entry.
struct StarColouring {
  std::vector<Colour> colours;
  Colour n_colours = 0;
  /// For each entry (i, j) of the pattern: is it read from row i of the product with j's group
  /// (else from row j of the product with i's).
  std::vector<std::uint8_t> by_column;
};

namespace detail {

/// Looking at each pair of entries of a row must stay affordable; past this every column is a group
/// of its own, and another colouring will be better.
inline constexpr std::int64_t kMaxPairs = std::int64_t{1} << 32;

using Flags = std::vector<std::uint8_t>;

struct Groups {
  std::vector<Colour> colours;
  Colour count = 0;
};

/// Vertices by falling degree, equal ones in their order.
inline std::vector<SparseIndex> by_degree(const Pattern& p) {
  std::vector<SparseIndex> order(static_cast<std::size_t>(p.rows));
  std::iota(order.begin(), order.end(), SparseIndex{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](SparseIndex i) {
    return p.row(static_cast<std::size_t>(i)).size();
  });
  return order;
}

/// Greedy distance-2 colouring: columns that meet in a row of `rows` differ.
class ColumnGroups {
 public:
  ColumnGroups(const Pattern& p, const Pattern& columns, const Flags& rows)
      : p_(p), columns_(columns), rows_(rows) {}

  Groups run() {
    std::int64_t pairs = 0;
    std::size_t most = 0;
    Flags used(static_cast<std::size_t>(p_.columns));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (!rows_[i]) continue;
      const auto row = p_.row(i);
      pairs += static_cast<std::int64_t>(row.size() * row.size());
      most = std::max(most, row.size());
      for (const SparseIndex j : row) used[static_cast<std::size_t>(j)] = 1;
    }
    if (most == 0) return {std::vector<Colour>(used.size(), kNoColour), 0};
    if (pairs > kMaxPairs || 2 * most > used.size()) return one_each(used);
    std::vector<SparseIndex> order(used.size());
    std::iota(order.begin(), order.end(), SparseIndex{0});
    Groups groups = greedy(order, used);
    if (static_cast<std::size_t>(groups.count) > most) {
      Groups other = greedy(by_degree(columns_), used);
      if (other.count < groups.count) groups = std::move(other);
    }
    return groups;
  }

 private:
  static Groups one_each(const Flags& used) {
    Groups groups{std::vector<Colour>(used.size(), kNoColour), 0};
    for (std::size_t j = 0; j < used.size(); ++j) {
      if (used[j]) groups.colours[j] = groups.count++;
    }
    return groups;
  }

  Groups greedy(const std::vector<SparseIndex>& order, const Flags& used) const {
    Groups groups{std::vector<Colour>(used.size(), kNoColour), 0};
    std::vector<SparseIndex> taken;  // by colour: the last column that may not have it
    for (const SparseIndex j : order) {
      if (!used[static_cast<std::size_t>(j)]) continue;
      for (const SparseIndex i : columns_.row(static_cast<std::size_t>(j))) {
        if (!rows_[static_cast<std::size_t>(i)]) continue;
        for (const SparseIndex k : p_.row(static_cast<std::size_t>(i))) {
          const Colour c = groups.colours[static_cast<std::size_t>(k)];
          if (c != kNoColour) taken[static_cast<std::size_t>(c)] = j;
        }
      }
      std::size_t c = 0;
      while (c < taken.size() && taken[c] == j) ++c;
      if (c == taken.size()) taken.push_back(SparseIndex{-1});
      groups.colours[static_cast<std::size_t>(j)] = static_cast<Colour>(c);
    }
    groups.count = static_cast<Colour>(taken.size());
    return groups;
  }

  const Pattern& p_;
  const Pattern& columns_;
  const Flags& rows_;
};

/// p with these rows only.
inline Pattern restricted(const Pattern& p, const Flags& rows) {
  Pattern part{p.rows, p.columns, {0}, {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i]) part.indices.insert(part.indices.end(), p.row(i).begin(), p.row(i).end());
    part.starts.push_back(static_cast<SparseIndex>(part.indices.size()));
  }
  return part;
}

/// Rows longer than `limit` by row, the others by column.
inline Colouring divided(const Pattern& p, const Pattern& columns, std::size_t limit) {
  Colouring result;
  result.by_row.resize(static_cast<std::size_t>(p.rows));
  for (std::size_t i = 0; i < result.by_row.size(); ++i) result.by_row[i] = p.row(i).size() > limit;
  Flags others = result.by_row;
  for (auto& flag : others) flag = !flag;
  Groups forward = ColumnGroups(p, columns, others).run();
  const Pattern long_rows = restricted(p, result.by_row);
  const Flags all(static_cast<std::size_t>(p.columns), 1);
  Groups reverse = ColumnGroups(transposed(long_rows), long_rows, all).run();
  result.columns = std::move(forward.colours);
  result.n_columns = forward.count;
  result.rows = std::move(reverse.colours);
  result.n_rows = reverse.count;
  return result;
}

}  // namespace detail

/// Columns alone, rows alone, or the rows with many entries by row and the rest by column,
/// whichever has the fewest products.
inline Colouring colour(const Pattern& p, Directions allowed) {
  const Pattern columns = transposed(p);
  std::size_t longest = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(p.rows); ++i) {
    longest = std::max(longest, p.row(i).size());
  }
  if (!allowed.reverse) return detail::divided(p, columns, longest);
  Colouring best = detail::divided(p, columns, 0);
  if (!allowed.forward) return best;
  // A group of columns for each entry of the longest row is the least: once that is reached,
  // nothing can be better.
  for (std::size_t limit = longest; limit > 0; limit /= 2) {
    Colouring other = detail::divided(p, columns, limit);
    if (other.products() <= best.products()) best = std::move(other);
    if (limit == longest && static_cast<std::size_t>(best.products()) <= longest && longest <= 8) {
      break;
    }
  }
  return best;
}

namespace detail {

/// Greedy star colouring. Of the vertices of two colours each connected part is a star; a vertex
/// with a neighbour of colour c is in exactly one star with that colour, so it keeps one star for
/// each colour among its neighbours.
class StarColourer {
 public:
  explicit StarColourer(const Pattern& p)
      : p_(p),
        colours_(static_cast<std::size_t>(p.rows), kNoColour),
        near_(static_cast<std::size_t>(p.rows)) {}

  StarColouring run() {
    for (const SparseIndex v : by_degree(p_)) paint(v);
    StarColouring result;
    result.by_column.reserve(p_.size());
    for (std::size_t i = 0; i < colours_.size(); ++i) {
      for (const SparseIndex j : p_.row(i)) {
        // The star's hub is alone of its colour beside a spoke. Of an edge alone either end will
        // do, but the same for (i, j) and (j, i): so the matrix is symmetric to the last bit.
        const auto row = static_cast<SparseIndex>(i);
        const SparseIndex own_hub = j == row ? kNoHub : hub(i, colour_of(j));
        result.by_column.push_back((own_hub == kNoHub ? std::max(row, j) : own_hub) != row ||
                                   j == row);
      }
    }
    result.colours = std::move(colours_);
    result.n_colours = static_cast<Colour>(forbidden_.size());
    return result;
  }

 private:
  static constexpr SparseIndex kNoHub = -1;  // of a star of one edge
  struct Near {
    Colour colour;
    std::uint32_t star;
  };
  using Nears = std::vector<Near>;

  Colour colour_of(SparseIndex v) const { return colours_[static_cast<std::size_t>(v)]; }
  Nears& near(SparseIndex v) { return near_[static_cast<std::size_t>(v)]; }
  static const Near* find(const Nears& nears, Colour c) {
    const auto at = std::ranges::find(nears, c, &Near::colour);
    return at == nears.end() ? nullptr : &*at;
  }
  SparseIndex hub(std::size_t v, Colour c) const { return hubs_[find(near_[v], c)->star]; }
  void forbid(Colour c, SparseIndex v) { forbidden_[static_cast<std::size_t>(c)] = v; }

  void paint(SparseIndex v) {
    first_.resize(forbidden_.size(), {-1, -1});
    for (const SparseIndex w : p_.row(static_cast<std::size_t>(v))) {
      const Colour c = colour_of(w);
      if (w == v || c == kNoColour) continue;
      forbid(c, v);
      auto& [of, q] = first_[static_cast<std::size_t>(c)];
      if (of == v) {
        // v is the hub of w, q: none of them may see v's colour elsewhere.
        forbid_near(q, v);
        forbid_near(w, v);
        continue;
      }
      of = v;
      q = w;
      for (const Near& other : near(w)) {
        const SparseIndex h = hubs_[other.star];
        if (h != kNoHub && h != w) forbid(other.colour, v);
      }
    }
    std::size_t c = 0;
    while (c < forbidden_.size() && forbidden_[c] == v) ++c;
    if (c == forbidden_.size()) forbidden_.push_back(SparseIndex{-1});
    colours_[static_cast<std::size_t>(v)] = static_cast<Colour>(c);
    for (const SparseIndex w : p_.row(static_cast<std::size_t>(v))) {
      if (w != v && colour_of(w) != kNoColour) join(v, w);
    }
  }

  void forbid_near(SparseIndex w, SparseIndex v) {
    for (const Near& other : near(w)) forbid(other.colour, v);
  }

  /// The edge from the new v to w enters a star of one of them, or begins one.
  void join(SparseIndex v, SparseIndex w) {
    const Colour own = colour_of(v), its = colour_of(w);
    if (const Near* known = find(near(w), own)) {
      hubs_[known->star] = w;
      near(v).push_back({its, known->star});
    } else if (const Near* mine = find(near(v), its)) {
      hubs_[mine->star] = v;
      near(w).push_back({own, mine->star});
    } else {
      const auto star = static_cast<std::uint32_t>(hubs_.size());
      hubs_.push_back(kNoHub);
      near(v).push_back({its, star});
      near(w).push_back({own, star});
    }
  }

  const Pattern& p_;
  std::vector<Colour> colours_;
  std::vector<Nears> near_;  // by vertex: the colours of its neighbours
  std::vector<SparseIndex> hubs_;
  std::vector<SparseIndex> forbidden_;                      // by colour: for whom
  std::vector<std::pair<SparseIndex, SparseIndex>> first_;  // by colour: (v, its neighbour)
};

}  // namespace detail

inline StarColouring star_colour(const Pattern& p) { return detail::StarColourer(p).run(); }

}  // namespace dualtape::sparse
