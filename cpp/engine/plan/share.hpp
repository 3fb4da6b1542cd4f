/// How threads share a region: it is cut into pieces, at places that follow from the program alone.
///
/// The reductions of a piece are combined with those of the others, always in the same order, also
/// where one thread runs them all: the bits of a result do not depend on the number of threads.
#pragma once

#include "plan/code.hpp"

namespace dualtape::engine {

/// Settles the pieces of a region of so many element operations, when the plan is made.
void share_region(Region& region, std::int64_t work);

/// Where the reductions of a region leave their results of a piece.
void lay_out_partials(Region& region);

/// Results of so many pieces, `bytes` apart, combined pairwise into the first.
void combine_pairwise(Kernel combine, char* first, std::int64_t bytes, std::int64_t pieces,
                      std::int64_t results);

/// Length of the rows that a region shared by columns adds.
std::int64_t row_of_columns(const Region& region);

/// Results of the reductions from those of the pieces, which are used up.
void combine_pieces(const Region& region, const Ref* places, const Frame& frame, char* partials,
                    std::int64_t pieces);

}  // namespace dualtape::engine
