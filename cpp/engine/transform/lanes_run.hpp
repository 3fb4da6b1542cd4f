/// A linear program as a matrix: its instructions played on lanes (lanes.hpp).
#pragma once

#include <optional>
#include <vector>

#include "transform/lanes.hpp"

namespace dualtape::engine {

/// The axes of a matrix: those of the value and of the input, in either order.
inline Dims concat(const Dims& a, const Dims& b) {
  Dims result = a;
  result.append(b);
  return result;
}

/// A linear program and what its inputs are: values, structural zeros (absent), or, one of them,
/// the lanes.
struct Question {
  const Program& program;
  std::vector<Tangent> inputs;
  std::size_t lanes;                 // position of the input differentiated in
  bool lanes_first;                  // in the matrices wanted
  std::vector<std::size_t> outputs;  // positions of those wanted
  std::int64_t chunk = 0;            // most dense lanes pushed at a time; 0: all
};

/// The derivative of each output wanted as terms: not yet written anywhere.
struct TermsOf {
  std::vector<Terms> outputs;
  bool exact;  // no term is zero in more places than its lanes tell
};
/// Nothing where there are custom rules, whose programs have no lanes, or where values on the way
/// have so many terms that following them costs more than another way.
std::optional<TermsOf> terms_of(const Question& q, Builder& b);

/// The input in boxes of at most `chunk` entries (0: all) that follow one another in memory.
std::vector<Box> parts_of(const Dims& shape, std::int64_t chunk);

/// The matrices of the outputs wanted: value axes and input axes, or the other way round.
std::vector<Expr> matrices(const Question& q, Builder& b);
/// The entries [i, i] of the one matrix wanted, which is square: shaped as the input.
Expr diagonal(const Question& q, Builder& b);

}  // namespace dualtape::engine
