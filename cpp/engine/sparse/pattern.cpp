#include "sparse/pattern.hpp"

#include <limits>
#include <string>

#include "program/errors.hpp"
#include "sparse/propagate.hpp"
#include "transform/inline.hpp"

namespace dualtape::engine {

void check_countable(std::int64_t n, const char* what) {
  if (n <= std::numeric_limits<SparseIndex>::max()) return;
  throw Error("a sparse matrix must have fewer than 2**31 " + std::string(what) + ", got " +
              std::to_string(n));
}

namespace {

using Entries = std::vector<IndexSets::Id>;

std::size_t count_of(const Program& p, ValueId v) {
  return static_cast<std::size_t>(element_count(p.type_of(v).shape));
}

std::int64_t total_of(const Program& p, std::span<const ValueId> values) {
  std::int64_t total = 0;
  for (const ValueId v : values) total += static_cast<std::int64_t>(count_of(p, v));
  return total;
}

/// Each entry of these inputs is a column of its own.
void bind_columns(Propagation& run, const Program& p, std::span<const ValueId> inputs) {
  std::int64_t column = 0;
  for (const ValueId input : inputs) {
    Entries own(count_of(p, input));
    for (IndexSets::Id& s : own) s = IndexSets::single(column++);
    run.bind(input, std::make_shared<const Entries>(std::move(own)));
  }
}

void append_rows(Pattern& pattern, const EntrySets& entries, std::size_t count,
                 const IndexSets& sets) {
  for (std::size_t i = 0; i < count; ++i) {
    if (entries) {
      const auto row = sets.of((*entries)[i]);
      check_countable(static_cast<std::int64_t>(pattern.size() + row.size()), "entries");
      pattern.indices.insert(pattern.indices.end(), row.begin(), row.end());
    }
    pattern.starts.push_back(static_cast<SparseIndex>(pattern.size()));
  }
}

}  // namespace

Pattern pattern_of(const LinearProgram& linear, std::span<const Type> results,
                   const IndexValues& known) {
  const Program& p = *linear.program;
  const auto tangents = std::span(p.inputs).first(linear.n_tangents);
  Pattern pattern;
  pattern.columns = total_of(p, tangents);
  for (const Type& type : results) pattern.rows += element_count(type.shape);
  check_countable(pattern.columns, "columns");
  check_countable(pattern.rows, "rows");
  IndexSets sets(pattern.columns);
  Propagation run(p, sets, known);
  bind_columns(run, p, tangents);
  run.run();
  pattern.starts.reserve(static_cast<std::size_t>(pattern.rows) + 1);
  for (std::size_t o = 0; o < results.size(); ++o) {
    const int k = linear.output[o];
    const EntrySets entries = k < 0 ? nullptr : run.at(p.outputs[static_cast<std::size_t>(k)]);
    append_rows(pattern, entries, static_cast<std::size_t>(element_count(results[o].shape)), sets);
  }
  return pattern;
}

/// The pullback of a custom rule tells which operands each result depends on: by its own pattern,
/// in all cotangents, transposed.
void Propagation::custom_linear(ValueId v) {
  const ProgramPtr pullback =
      inline_calls(p_.subprograms[static_cast<std::size_t>(p_.attrs_of(v)[0])]);
  const auto n_residuals = static_cast<std::size_t>(p_.attrs_of(v)[1]);
  const auto operands = p_.args_of(v).subspan(n_residuals);
  const auto cotangents = std::span(pullback->inputs).subspan(n_residuals);
  IndexSets sets(total_of(*pullback, cotangents));
  const IndexValues none;
  Propagation run(*pullback, sets, none);
  bind_columns(run, *pullback, cotangents);
  run.run();
  std::vector<Entries> parts(static_cast<std::size_t>(total_of(*pullback, cotangents)));
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const EntrySets x = values_[operands[i]];
    const EntrySets x_bar = run.at(pullback->outputs[i]);
    if (!x || !x_bar) continue;
    for (std::size_t e = 0; e < x->size(); ++e) {
      for (const SparseIndex j : sets.of((*x_bar)[e])) {
        parts[static_cast<std::size_t>(j)].push_back((*x)[e]);
      }
    }
  }
  std::size_t next = 0;
  for (const ValueId cotangent : cotangents) {
    Entries y(count_of(*pullback, cotangent));
    for (IndexSets::Id& s : y) s = sets_.unite(parts[next++]);
    tuples_[v].push_back(std::make_shared<const Entries>(std::move(y)));
  }
}

}  // namespace dualtape::engine
