/// Which entries of a Jacobian can be nonzero.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "dualtape/sparse/pattern.hpp"
#include "transform/linearize.hpp"

namespace dualtape::engine {

using sparse::IndexSets;
using sparse::Pattern;
using sparse::SparseIndex;
using sparse::transposed;

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
