/// Joint products: two of one matrix with vectors that read it once, as A v and A^T w of a Hessian
/// times a vector.
#pragma once

#include <array>
#include <optional>

#include "kernels/product.hpp"
#include "plan/schedule.hpp"

namespace dualtape::engine {

/// A product of a matrix in memory, its rows of unit stride, and a vector.
struct MatrixVector {
  ValueId product, matrix, vector;
  std::int64_t rows, columns, row;  // row: from one to the next, in elements
  std::int64_t step;                // of the vector
  bool along_rows;                  // the vector is as long as a row
};

/// Null unless the value is one, of floats and large enough to be read with care.
std::optional<MatrixVector> as_matrix_vector(const Program& program, const Views& views, ValueId v);

/// Where a matrix lies, and its shape: equal for the same one alone.
using MatrixPlace = std::array<std::int64_t, 5>;
MatrixPlace place_of(const Views& views, const MatrixVector& p);

/// Of two products, those along rows first.
struct Joint {
  std::array<MatrixVector, 2> products;
  JointShape shape;
  JointProduct kernel;
};

/// Null unless both read the same matrix and are faster together.
std::optional<Joint> join(const Program& program, const Views& views, ValueId a, ValueId b);

/// Makes one step of two products, neither of which needs the other, where that is faster. Steps
/// that the second one needs move before both. Linear in the number of instructions.
void join_products(const Program& program, const Views& views, Schedule& schedule);

}  // namespace dualtape::engine
