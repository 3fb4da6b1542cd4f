#include "sparse/sparse.hpp"

#include <algorithm>
#include <numeric>

#include "ops/elementwise.hpp"
#include "program/errors.hpp"
#include "transform/replay.hpp"
#include "transform/work.hpp"

namespace dualtape::engine {
namespace {

void require_floating(const Type& type, const char* what) {
  if (is_floating(type.dtype)) return;
  throw DTypeError(std::string("sparse matrices are made of float32 or float64 ") + what +
                   ", got " + to_string(type));
}

/// Flags of the values that depend on those flagged.
void spread_flags(const Program& p, std::vector<bool>& flags) {
  for (ValueId v = 0; v < p.size(); ++v) {
    for (const ValueId a : p.args_of(v)) {
      if (flags[a]) flags[v] = true;
    }
  }
}

std::size_t bytes_of(const Pattern& p) {
  return (p.starts.size() + p.indices.size()) * sizeof(SparseIndex);
}

/// p or its transpose, and both as one: a Hessian is symmetric, its pattern need not come so.
Pattern symmetrised(const Pattern& p) {
  const Pattern t = transposed(p);
  if (t == p) return t;
  Pattern both{p.rows, p.columns, {0}, {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(p.rows); ++i) {
    std::ranges::set_union(p.row(i), t.row(i), std::back_inserter(both.indices));
    check_countable(static_cast<std::int64_t>(both.size()), "entries");
    both.starts.push_back(static_cast<SparseIndex>(both.size()));
  }
  return both;
}

/// Entry k becomes entry to[k].
void move_entries(Sources& sources, const std::vector<SparseIndex>& from) {
  IndexArray places(from.size()), to(from.size());
  for (std::size_t k = 0; k < from.size(); ++k) {
    places[k] = sources.places[static_cast<std::size_t>(from[k])];
    to[static_cast<std::size_t>(from[k])] = static_cast<std::int64_t>(k);
  }
  sources.places = std::move(places);
  for (std::int64_t& entry : sources.more_entries) entry = to[static_cast<std::size_t>(entry)];
}

}  // namespace

std::size_t SparseForm::bytes() const {
  std::size_t total = sizeof *this + program->bytes() + bytes_of(pattern);
  for (const SharedIndices& x : inputs) total += x->size() * sizeof(std::int64_t);
  return total;
}

SparseTask::SparseTask(const Program& base, SparseQuestion question)
    : question_(std::move(question)) {
  std::vector<Expr> inputs;
  for (const ValueId v : base.inputs) {
    inputs_.push_back(b_.input(base.type_of(v)));
    inputs.emplace_back(b_, inputs_.back());
  }
  for (const auto i : question_.wrt) require_floating(inputs[i].type(), "arguments");
  Linearized f = linearize(b_, base, inputs, question_.wrt);
  values_ = std::move(f.values);
  linear_ = std::move(f.linear);
  std::vector<int> rows;
  for (const auto o : question_.of) {
    const Type& type = base.type_of(base.outputs[o]);
    require_floating(type, "results");
    row_types_.push_back(type);
    rows.push_back(linear_.output[o]);
    const bool first = row_types_.size() == 1;
    dtype_ = first || type.dtype == DType::kFloat64 ? type.dtype : dtype_;
  }
  linear_.output = std::move(rows);
  has_custom_ = std::ranges::any_of(linear_.program->instructions,
                                    [](const Instruction& i) { return i.op == kCustomLinear; });
  find_indices();
}

void SparseTask::find_indices() {
  const Program& p = *linear_.program;
  std::vector<ValueId> values(p.size(), kNoValue);
  for (std::size_t r = 0; r < linear_.residuals.size(); ++r) {
    values[p.inputs[linear_.n_tangents + r]] = linear_.residuals[r];
  }
  std::vector<ValueId> found;
  for (ValueId v = 0; v < p.size(); ++v) {
    const OpCode op = p.instructions[v].op;
    if (op != kTake && op != kTakeAdd && op != kTakeSet) continue;
    const ValueId index = p.args_of(v)[1];
    if (values[index] != kNoValue) found.push_back(index);
  }
  std::vector<bool> moves(b_.program().size());
  for (const auto i : question_.wrt) moves[inputs_[i]] = true;
  spread_flags(b_.program(), moves);
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  for (const ValueId index : found) {
    if (moves[values[index]]) continue;  // the next point has other indices
    index_operands_.push_back(index);
    indices_.push_back(values[index]);
  }
  if (!indices_.empty()) index_program_ = extract(b_.program(), inputs_, indices_);
}

SparseFormPtr SparseTask::form(const std::vector<IndexArray>& indices) {
  std::lock_guard lock(mutex_);
  const auto known = std::ranges::find(forms_, indices, [](const auto& f) { return f.first; });
  if (known != forms_.end()) return known->second;
  SparseFormPtr made = make(indices);
  if (forms_.size() == kMaxForms) forms_.erase(forms_.begin());
  forms_.emplace_back(indices, made);
  return made;
}

/// The entries by colouring, and the number of products.
std::int64_t SparseTask::compress(Pattern& pattern, Sources& sources, FurtherInputs& inputs) {
  CompressedProducts products(linear_, row_types_, b_, inputs);
  const Directions allowed{!has_custom_, true};
  if (question_.symmetric) {
    pattern = symmetrised(pattern);
    const StarColouring groups = star_colour(pattern);
    sources = products.entries(pattern, groups, allowed);
    return groups.n_colours;
  }
  const Colouring groups = colour(pattern, allowed);
  sources = products.entries(pattern, groups);
  return groups.products();
}

/// The program of the entries, in the order wanted.
std::shared_ptr<SparseForm> SparseTask::finish(Pattern pattern, Sources sources,
                                               FurtherInputs& inputs) {
  auto form = std::make_shared<SparseForm>();
  if (question_.by_columns) {
    std::vector<SparseIndex> from;
    pattern = transposed(pattern, &from);
    move_entries(sources, from);
  }
  std::vector<ValueId> outputs{gathered(std::move(sources), dtype_, b_, inputs).id()};
  outputs.insert(outputs.end(), indices_.begin(), indices_.end());
  for (const auto k : question_.keep) {
    outputs.push_back(lift(b_, values_[k], DType::kFloat64));
  }
  std::vector<ValueId> all = inputs_;
  all.insert(all.end(), inputs.ids().begin(), inputs.ids().end());
  form->program = extract(b_.program(), all, outputs);
  form->inputs = inputs.values();
  form->pattern = std::move(pattern);
  form->n_watched = indices_.size();
  return form;
}

std::shared_ptr<SparseForm> SparseTask::write(const StructuredMatrix& matrix) {
  FurtherInputs inputs(b_);
  Sources sources;
  Pattern pattern = matrix.write(sources);
  if (question_.symmetric) mirror(pattern, sources);
  return finish(std::move(pattern), std::move(sources), inputs);
}

SparseFormPtr SparseTask::make(const std::vector<IndexArray>& indices) {
  std::optional<StructuredMatrix> matrix;
  if (!question_.by_products) matrix = structured(linear_, row_types_, b_);
  if (matrix && matrix->exact) return write(*matrix);
  IndexValues known;
  for (std::size_t k = 0; k < indices.size(); ++k) known[index_operands_[k]] = indices[k];
  FurtherInputs inputs(b_);
  Pattern pattern = pattern_of(linear_, row_types_, known);
  const auto n = static_cast<double>(pattern.size());
  Sources sources;
  const std::int64_t products = compress(pattern, sources, inputs);
  auto form = finish(std::move(pattern), std::move(sources), inputs);
  form->products = products;
  if (!matrix || matrix->entries > n) return form;
  const auto by_terms = write(*matrix);
  return work_of(*by_terms->program) <= work_of(*form->program) ? by_terms : form;
}

std::size_t SparseTask::bytes() const {
  std::lock_guard lock(mutex_);
  std::size_t total = sizeof *this + b_.program().bytes() + linear_.program->bytes();
  for (const auto& [indices, form] : forms_) {
    total += form->bytes();
    for (const IndexArray& x : indices) total += x.size() * sizeof(std::int64_t);
  }
  return total;
}

}  // namespace dualtape::engine
