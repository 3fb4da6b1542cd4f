/// Colourings: which columns (rows) of a sparse matrix may share a product, so that every entry can
/// be read off the products.
///
/// Source: Gebremedhin, Manne, Pothen (2005), What color is your Jacobian?; Gebremedhin, Tarafdar,
/// Manne, Pothen (2007), New acyclic and star coloring algorithms.
#pragma once

#include <cstdint>
#include <vector>

#include "sparse/pattern.hpp"

namespace dualtape::engine {

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

/// Columns alone, rows alone, or the rows with many entries by row and the rest by column,
/// whichever has the fewest products.
Colouring colour(const Pattern& p, Directions allowed);

/// A star colouring of a symmetric pattern: products H @ s alone give every entry.
struct StarColouring {
  std::vector<Colour> colours;
  Colour n_colours = 0;
  /// For each entry (i, j) of the pattern: is it read from row i of the product with j's group
  /// (else from row j of the product with i's).
  std::vector<std::uint8_t> by_column;
};
StarColouring star_colour(const Pattern& p);

}  // namespace dualtape::engine
