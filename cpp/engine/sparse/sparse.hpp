/// Sparse Jacobians: from a program to one that gives the entries of its Jacobian, in the order of
/// a fixed pattern.
///
/// Where the terms of lanes (transform/lanes.hpp) describe the matrix, they are the entries.
/// Elsewhere the pattern is read off the linear program by index sets, and the entries off
/// compressed products, all made in one batch.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "program/short_list.hpp"
#include "sparse/pattern.hpp"
#include "sparse/sources.hpp"

namespace dualtape::engine {

/// Which matrix is wanted; all fields are part of its identity.
struct SparseQuestion {
  Positions wrt;             // inputs: their entries are the columns
  Positions of;              // outputs: their entries are the rows
  Positions keep;            // outputs computed along
  bool symmetric = false;    // the matrix is: a Hessian
  bool by_columns = false;   // entries column by column (CSC), not row by row
  bool by_products = false;  // also where the structure of the program gives the entries
  friend bool operator==(const SparseQuestion&, const SparseQuestion&) = default;
};

struct SparseForm {
  /// X, then `inputs` -> [entries, the index operands the pattern was read from..., kept...].
  ProgramPtr program;
  std::vector<SharedIndices> inputs;  // what the further inputs hold
  Pattern pattern;                    // by columns: that of the transposed matrix
  std::size_t n_watched = 0;          // index operands
  /// Products that give the entries; nothing where the structure of the program gives them.
  std::optional<std::int64_t> products;

  std::size_t bytes() const;
};
using SparseFormPtr = std::shared_ptr<const SparseForm>;

/// A program linearized once, and the forms that the values of its index operands give.
class SparseTask {
 public:
  /// DTypeError if an input or output asked for is not floating.
  SparseTask(const Program& base, SparseQuestion question);

  const SparseQuestion& question() const { return question_; }
  /// X -> the index operands on which the pattern depends; null if there are none.
  const ProgramPtr& index_program() const { return index_program_; }
  /// The form for these values of the index operands. Thread-safe.
  SparseFormPtr form(const std::vector<IndexArray>& indices);
  std::size_t bytes() const;

 private:
  /// Forms kept: index operands that change all the time must not fill the memory.
  static constexpr std::size_t kMaxForms = 4;

  void find_indices();
  SparseFormPtr make(const std::vector<IndexArray>& indices);
  std::shared_ptr<SparseForm> write(const StructuredMatrix& matrix);
  std::int64_t compress(Pattern& pattern, Sources& sources, FurtherInputs& inputs);
  std::shared_ptr<SparseForm> finish(Pattern pattern, Sources sources, FurtherInputs& inputs);

  SparseQuestion question_;
  Builder b_{Builder::Mode::kDerive};
  std::vector<ValueId> inputs_;
  std::vector<Expr> values_;  // of the outputs
  LinearProgram linear_;      // of the outputs that are rows
  std::vector<Type> row_types_;
  DType dtype_ = DType::kFloat64;        // of the entries
  bool has_custom_ = false;              // rules without a forward direction
  std::vector<ValueId> index_operands_;  // of the linear program
  std::vector<ValueId> indices_;         // their values in b_
  ProgramPtr index_program_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::vector<IndexArray>, SparseFormPtr>> forms_;  // newest last
};

}  // namespace dualtape::engine
