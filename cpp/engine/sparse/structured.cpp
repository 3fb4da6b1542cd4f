/// Terms (transform/lanes.hpp) as entries of a sparse matrix: each position of a term and where in
/// its coefficient the entry stands. Nothing is computed but the coefficients.

#include <algorithm>
#include <numeric>

#include "sparse/sources.hpp"
#include "transform/lanes_run.hpp"

namespace dualtape::engine {
namespace {

double count_of(const PlacedTerm& t) {
  double n = 1;
  for (const auto& axis : t.axes) n *= static_cast<double>(axis.size());
  return n;
}

/// Stride of a coefficient's axis; 0 along one where it does not change.
Dims coefficient_strides(const Dims& shape) {
  Dims strides = contiguous_strides(shape);
  for (std::size_t a = 0; a < shape.size(); ++a) {
    if (shape[a] == 1) strides[a] = 0;
  }
  return strides;
}

Dims lane_strides(const Term& t) {
  Dims lengths;
  for (const Lane& lane : t.lanes) lengths.push_back(lane.length);
  return contiguous_strides(std::span<const std::int64_t>(lengths));
}

/// The steps along a value axis; with strided lanes on it only those on which they agree.
std::vector<Step> value_steps(const Term& t, std::size_t a, std::int64_t row, std::int64_t place) {
  const Dims columns = lane_strides(t);
  std::vector<Step> steps;
  const std::size_t first = LaneSpace::lane_on(t, a);
  if (first == t.lanes.size()) {
    for (std::int64_t i = 0; i < t.shape[a]; ++i) steps.push_back({i * row, 0, i * place});
    return steps;
  }
  const Lane& lane = t.lanes[first];
  for (std::int64_t k = 0; k < lane.count; ++k) {
    const std::int64_t i = lane.first + lane.stride * k;
    Step step{i * row, (lane.lo + lane.gap * k) * columns[first], i * place};
    bool agree = true;
    for (std::size_t j = first + 1; j < t.lanes.size(); ++j) {
      const Lane& other = t.lanes[j];
      if (!other.strided || other.axis != a) continue;
      const std::int64_t m = (i - other.first) / other.stride;
      agree = agree && other.first + other.stride * m == i && m >= 0 && m < other.count;
      step.column += (other.lo + other.gap * m) * columns[j];
    }
    if (agree) steps.push_back(step);
  }
  return steps;
}

bool has_indexed_lane(const Term& t) {
  return std::ranges::any_of(t.lanes, [](const Lane& lane) { return lane.indexed; });
}

PlacedTerm placed(const Term& t, Step first) {
  PlacedTerm p{{}, first};
  const Dims rows = contiguous_strides(t.shape);
  const Dims columns = lane_strides(t);
  const Dims places = coefficient_strides(t.coefficient.shape());
  for (std::size_t a = 0; a < t.shape.size(); ++a) {
    p.axes.push_back(value_steps(t, a, rows[a], places[a]));
  }
  for (std::size_t j = 0; j < t.lanes.size(); ++j) {
    if (t.lanes[j].strided) continue;
    p.axes.emplace_back();
    for (std::int64_t l = 0; l < t.lanes[j].length; ++l) {
      p.axes.back().push_back({0, l * columns[j], l * places[t.shape.size() + j]});
    }
  }
  return p;
}

/// Calls f(row, column, place) for every entry.
template <class F>
void for_each(const PlacedTerm& p, std::size_t axis, Step at, F&& f) {
  if (axis == p.axes.size()) return f(at.row, at.column, at.place);
  if (axis + 1 == p.axes.size()) {
    for (const Step& s : p.axes[axis]) f(at.row + s.row, at.column + s.column, at.place + s.place);
    return;
  }
  for (const Step& s : p.axes[axis]) {
    for_each(p, axis + 1, {at.row + s.row, at.column + s.column, at.place + s.place}, f);
  }
}

/// Entries in any order become rows with ascending columns.
class Sorter {
 public:
  Sorter(std::int64_t rows, std::int64_t columns) {
    pattern_.rows = rows;
    pattern_.columns = columns;
  }

  /// Several places of one entry become one, and what is to be added to it.
  Pattern sort(const std::vector<PlacedTerm>& terms, Sources& sources) {
    place(terms);
    Pattern result{pattern_.rows, pattern_.columns, {0}, {}};
    result.starts.reserve(pattern_.starts.size());
    result.indices.reserve(entries_.size());
    sources.places.reserve(entries_.size());
    for (std::size_t i = 0; i < static_cast<std::size_t>(pattern_.rows); ++i) {
      const auto begin = entries_.begin() + pattern_.starts[i];
      const auto end = entries_.begin() + pattern_.starts[i + 1];
      sort_row(begin, end);
      for (auto e = begin; e != end; ++e) {
        if (e != begin && e->column == result.indices.back()) {
          sources.more_entries.push_back(static_cast<std::int64_t>(result.size()) - 1);
          sources.more_places.push_back(e->place);
        } else {
          result.indices.push_back(e->column);
          sources.places.push_back(e->place);
        }
      }
      result.starts.push_back(static_cast<SparseIndex>(result.size()));
    }
    return result;
  }

 private:
  struct Entry {
    SparseIndex column;
    std::int64_t place;
  };

  /// Stable: sums are added in the order of their terms. Most rows are too short for std's.
  static void sort_row(std::vector<Entry>::iterator begin, std::vector<Entry>::iterator end) {
    const auto by_column = [](const Entry& a, const Entry& b) { return a.column < b.column; };
    if (end - begin > 32) {
      if (!std::is_sorted(begin, end, by_column)) std::stable_sort(begin, end, by_column);
      return;
    }
    for (auto e = begin; e != end; ++e) {
      const Entry entry = *e;
      auto at = e;
      for (; at != begin && by_column(entry, at[-1]); --at) *at = at[-1];
      *at = entry;
    }
  }

  void place(const std::vector<PlacedTerm>& terms) {
    pattern_.starts.assign(static_cast<std::size_t>(pattern_.rows) + 1, 0);
    for (const PlacedTerm& t : terms) {
      for_each(t, 0, t.first, [&](std::int64_t row, std::int64_t, std::int64_t) {
        ++pattern_.starts[static_cast<std::size_t>(row) + 1];
      });
    }
    std::partial_sum(pattern_.starts.begin(), pattern_.starts.end(), pattern_.starts.begin());
    entries_.resize(static_cast<std::size_t>(pattern_.starts.back()));
    std::vector<SparseIndex> next(pattern_.starts.begin(), pattern_.starts.end() - 1);
    for (const PlacedTerm& t : terms) {
      for_each(t, 0, t.first, [&](std::int64_t row, std::int64_t column, std::int64_t place) {
        const auto at = static_cast<std::size_t>(next[static_cast<std::size_t>(row)]++);
        entries_[at] = {static_cast<SparseIndex>(column), place};
      });
    }
  }

  Pattern pattern_;  // starts of the rows before equal entries become one
  std::vector<Entry> entries_;
};

}  // namespace

Pattern StructuredMatrix::write(Sources& sources) const {
  check_countable(rows, "rows");
  check_countable(columns, "columns");
  check_countable(static_cast<std::int64_t>(std::min(entries, 1e18)), "entries");
  sources.parts = coefficients;
  return Sorter(rows, columns).sort(terms, sources);
}

namespace {

/// Values whose entries, one after another, are the entries of v: a reshape changes nothing in a
/// list of rows, parts that are joined along the first axis follow each other.
void find_leaves(const Program& p, ValueId v, std::vector<ValueId>& leaves) {
  const OpCode op = p.instructions[v].op;
  if (op == kReshape || (op == kConcatenate && p.attrs_of(v)[0] == 0)) {
    for (const ValueId a : p.args_of(v)) find_leaves(p, a, leaves);
  } else {
    leaves.push_back(v);
  }
}

/// The program with the leaves of its results for outputs, and where the rows of each begin.
struct RowProgram {
  Program program;
  std::vector<std::int64_t> first_rows;
  std::int64_t rows = 0;
};

RowProgram row_program(const LinearProgram& linear, std::span<const Type> rows) {
  RowProgram result{*linear.program, {}, 0};
  std::vector<ValueId> outputs;
  for (std::size_t o = 0; o < rows.size(); ++o) {
    std::vector<ValueId> leaves;
    const int k = linear.output[o];
    if (k >= 0) {
      find_leaves(*linear.program, linear.program->outputs[static_cast<std::size_t>(k)], leaves);
    }
    std::int64_t row = result.rows;
    for (const ValueId leaf : leaves) {
      outputs.push_back(leaf);
      result.first_rows.push_back(row);
      row += element_count(linear.program->type_of(leaf).shape);
    }
    result.rows += element_count(rows[o].shape);
  }
  result.program.outputs = std::move(outputs);
  return result;
}

}  // namespace

std::optional<StructuredMatrix> structured(const LinearProgram& linear, std::span<const Type> rows,
                                           Builder& b) {
  const RowProgram by_rows = row_program(linear, rows);
  const Program& p = by_rows.program;
  StructuredMatrix result;
  result.rows = by_rows.rows;
  std::int64_t place = 0;
  for (std::size_t i = 0; i < linear.n_tangents; ++i) {
    Question q{p, std::vector<Tangent>(linear.n_tangents), i, false, {}, 0};
    for (const ValueId r : linear.residuals) q.inputs.push_back(Expr(b, r));
    for (std::size_t k = 0; k < p.outputs.size(); ++k) q.outputs.push_back(k);
    const auto found = terms_of(q, b);
    if (!found) return {};
    result.exact = result.exact && found->exact;
    for (std::size_t k = 0; k < p.outputs.size(); ++k) {
      for (const Term& t : found->outputs[k]) {
        // Where its entries lie is known when the program runs, not here.
        if (has_indexed_lane(t)) return {};
        const std::int64_t n = element_count(t.coefficient.shape());
        result.terms.push_back(placed(t, {by_rows.first_rows[k], result.columns, place}));
        result.entries += count_of(result.terms.back());
        result.coefficients.push_back(reshape(t.coefficient, Dims{n}));
        place += n;
      }
    }
    result.columns += element_count(p.type_of(p.inputs[i]).shape);
  }
  return result;
}

namespace {

void drop_unused_parts(Sources& sources) {
  Blocks blocks;
  for (const Expr& part : sources.parts) blocks.add(part.shape()[0]);
  std::vector<std::int64_t> shift(sources.parts.size(), -1);
  const auto part_of = [&](std::int64_t place) {
    const auto next = std::ranges::upper_bound(blocks.starts, place);
    return static_cast<std::size_t>(next - blocks.starts.begin()) - 1;
  };
  for (IndexArray* places : {&sources.places, &sources.more_places}) {
    for (const std::int64_t place : *places) shift[part_of(place)] = 0;
  }
  std::vector<Expr> parts;
  std::int64_t start = 0;
  for (std::size_t k = 0; k < shift.size(); ++k) {
    if (shift[k] < 0) continue;
    shift[k] = start - blocks.starts[k];
    start += blocks.size(k);
    parts.push_back(sources.parts[k]);
  }
  if (parts.size() == sources.parts.size()) return;
  for (IndexArray* places : {&sources.places, &sources.more_places}) {
    for (std::int64_t& place : *places) place += shift[part_of(place)];
  }
  sources.parts = std::move(parts);
}

}  // namespace

void mirror(const Pattern& pattern, Sources& sources) {
  std::vector<SparseIndex> other;  // entry (j, i) of entry (i, j)
  if (!(transposed(pattern, &other) == pattern)) return;
  std::vector<bool> above(pattern.size());
  for (std::size_t i = 0, k = 0; i < static_cast<std::size_t>(pattern.rows); ++i) {
    for (const SparseIndex j : pattern.row(i)) {
      above[k] = static_cast<std::size_t>(j) > i;
      if (above[k]) sources.places[k] = sources.places[static_cast<std::size_t>(other[k])];
      ++k;
    }
  }
  IndexArray entries, places;
  for (std::size_t m = 0; m < sources.more_entries.size(); ++m) {
    const auto k = static_cast<std::size_t>(sources.more_entries[m]);
    if (above[k]) continue;
    entries.push_back(sources.more_entries[m]);
    places.push_back(sources.more_places[m]);
    if (static_cast<std::size_t>(other[k]) == k) continue;
    entries.push_back(other[k]);
    places.push_back(sources.more_places[m]);
  }
  sources.more_entries = std::move(entries);
  sources.more_places = std::move(places);
  drop_unused_parts(sources);
}

}  // namespace dualtape::engine
