/// Reductions over leading axes: rows are combined with one another.
#pragma once

#include "kernels/reduce.hpp"

namespace dualtape::engine {

/// Attributes of Reducer::combine that make of it a loop over rows: in[0] has `rows` >= 1 of them,
/// `step` elements apart, and their n first elements are combined one after the other into the
/// result, which begins as the first row if `begin` is 1.
struct RowAttributes {
  std::int64_t rows, step, begin;
};
static_assert(sizeof(RowAttributes) == 3 * sizeof(std::int64_t));

/// Some rows of a reduction over leading axes, or a part of their columns.
struct RowPart {
  const char* x;        // the first element
  std::int64_t step;    // elements from a row to the next
  std::int64_t row;     // number of the first row
  std::int64_t rows;    // how many
  std::int64_t column;  // number of the first column
  std::int64_t columns;
};

/// Adds a part of an array of `rows` rows of `width` elements. `scratch` holds leading_levels(rows)
/// rows. The rows of a column must come in order; the result is complete after the last one. Its
/// bits do not depend on the parts.
void accumulate_rows(const Reducer& reducer, char* out, char* scratch, std::size_t item,
                     std::int64_t rows, std::int64_t width, RowPart part);

}  // namespace dualtape::engine
