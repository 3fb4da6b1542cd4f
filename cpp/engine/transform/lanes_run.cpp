#include "transform/lanes_run.hpp"

#include <algorithm>

#include "transform/batch.hpp"
#include "transform/lanes.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

Type input_of(const Question& q) { return q.program.type_of(q.program.inputs[q.lanes]); }

Dims shape_of_output(const Question& q, std::size_t k) {
  return q.program.type_of(q.program.outputs[q.outputs[k]]).shape;
}

Box whole(const Dims& shape) { return {Dims(shape.size()), shape}; }

/// Plays the program on terms; its coefficients are replayed as values.
class LaneRun {
 public:
  /// Terms pushed in all; past it the run gives up.
  static constexpr std::size_t kMaxPushed = 20000;
  /// Terms of one value, where they need not be summed.
  static constexpr std::size_t kManyTerms = 128;
  /// Entries of a coefficient that has lost its structure; past it the terms tell nothing.
  static constexpr std::int64_t kMaxLost = std::int64_t{1} << 28;

  LaneRun(const Question& q, const Box& box, bool lanes_first, Builder& b,
          std::size_t max_terms = LaneSpace::kMaxTerms)
      : q_(q),
        p_(q.program),
        b_(b),
        box_(box),
        space_(b, lanes_first, max_terms),
        args_(p_.size()) {
    find_needed();
    for (std::size_t i = 0; i < p_.inputs.size(); ++i) {
      LaneArg& x = args_[p_.inputs[i]];
      x = {!q_.inputs[i], p_.type_of(p_.inputs[i]), q_.inputs[i].value_or(Expr()), {}};
      if (i == q_.lanes) x.terms = space_.identity(input_of(q_), box);
    }
    for (ValueId v = 0; v < p_.size(); ++v) {
      if (needed_[v] && p_.instructions[v].op != kInput) step(v);
      if (max_terms == kManyTerms && gives_up()) return;
    }
  }

  std::optional<TermsOf> terms() const {
    if (gives_up()) return {};
    TermsOf result{{}, !space_.has_lost_structure()};
    for (std::size_t k : q_.outputs) result.outputs.push_back(args_[p_.outputs[k]].terms);
    return result;
  }

  std::vector<Expr> matrices() const {
    std::vector<Expr> result;
    for (std::size_t k : q_.outputs) {
      const ValueId v = p_.outputs[k];
      const Expr matrix = space_.assemble(args_[v].terms, p_.type_of(v), box_.count);
      Dims order = iota_dims(matrix.rank());
      if (space_.lanes_first() != q_.lanes_first) {
        const std::size_t n = p_.type_of(v).shape.size();
        std::ranges::rotate(order, order.begin() + (q_.lanes_first ? n : order.size() - n));
      }
      result.push_back(transpose(matrix, order));
    }
    return result;
  }
  Expr diagonal() const {
    const ValueId v = p_.outputs[q_.outputs.front()];
    return space_.diagonal(args_[v].terms, p_.type_of(v));
  }
  /// Whether products lie better in memory with the lanes on the other side of the value, also
  /// when the matrices are then turned.
  bool is_misplaced() const {
    std::int64_t turned = 0;
    for (std::size_t k : q_.outputs) {
      turned += element_count(p_.type_of(p_.outputs[k]).shape) * element_count(box_.count);
    }
    return space_.misplaced() > turned;
  }
  /// The most dense lanes that a value on the way has.
  std::int64_t most_dense() const { return most_dense_; }

 private:
  void find_needed() {
    needed_.assign(p_.size(), false);
    for (std::size_t k : q_.outputs) needed_[p_.outputs[k]] = true;
    for (std::size_t v = p_.size(); v-- > 0;) {
      if (!needed_[v]) continue;
      for (ValueId a : p_.args_of(static_cast<ValueId>(v))) needed_[a] = true;
    }
  }

  void step(ValueId v) {
    std::vector<LaneArg> operands;
    for (ValueId a : p_.args_of(v)) operands.push_back(args_[a]);
    LaneArg& y = args_[v];
    y.type = p_.type_of(v);
    y.linear = std::ranges::any_of(operands, [](const LaneArg& x) { return x.linear; });
    if (!y.linear) {
      std::vector<Expr> values;
      for (const LaneArg& x : operands) values.push_back(x.value);
      y.value = replay(p_, v, values, b_);
    } else if (std::ranges::any_of(operands, [](const LaneArg& x) { return !x.terms.empty(); })) {
      y.terms = push_lanes(space_, call_of(p_, v), operands, box_.count);
      for (const Term& t : y.terms) count_dense(t);
      pushed_ += y.terms.size();
      for (const Term& t : y.terms) {
        largest_ = std::max(largest_, element_count(t.coefficient.shape()));
      }
    }
  }

  bool gives_up() const {
    return pushed_ > kMaxPushed || (space_.has_lost_structure() && largest_ > kMaxLost);
  }

  void count_dense(const Term& t) {
    std::int64_t n = 1;
    for (const Lane& lane : t.lanes) n *= lane.lies() ? 1 : lane.length;
    most_dense_ = std::max(most_dense_, n);
  }

  const Question& q_;
  const Program& p_;
  Builder& b_;
  Box box_;
  LaneSpace space_;
  std::vector<LaneArg> args_;
  std::vector<bool> needed_;
  std::int64_t most_dense_ = 0;
  std::size_t pushed_ = 0;
  std::int64_t largest_ = 0;  // coefficient
};

/// The entries of the input as a batch: for programs with custom rules, whose programs have no
/// lanes.
std::vector<Expr> run_batch(const Question& q, const Box& box, Builder& b) {
  const Program& p = q.program;
  const Type input = input_of(q);
  const std::int64_t n = element_count(box.count);
  std::vector<Batched> inputs;
  for (std::size_t i = 0; i < p.inputs.size(); ++i) {
    const Type type = p.type_of(p.inputs[i]);
    inputs.push_back({q.inputs[i] ? *q.inputs[i] : full(b, 0, type), false});
    if (i != q.lanes) continue;
    const Expr units = reshape(eye(b, n, n, type.dtype), prefixed(n, box.count));
    const Dims ones(box.count.size() + 1, 1);
    inputs.back() = {pad(units, prefixed(n, type.shape), prefixed(0, box.start), ones), true};
  }
  const auto all = batch(p, inputs, n, b);
  std::vector<Expr> result;
  for (std::size_t k : q.outputs) {
    Expr rows = with_batch(all[k], n);
    const Dims value(rows.shape().begin() + 1, rows.shape().end());
    if (!q.lanes_first) rows = move_axis(rows, 0, static_cast<std::int64_t>(value.size()));
    result.push_back(
        reshape(rows, q.lanes_first ? concat(box.count, value) : concat(value, box.count)));
  }
  return result;
}

bool has_custom_rules(const Program& p) {
  return std::ranges::any_of(p.instructions,
                             [](const Instruction& i) { return subprogram_count(i.op) > 0; });
}

/// `matrix`, of the lanes in the box, written into `sum` (absent: zeros), where all lanes follow
/// one another: what it takes is free again before the next one is made.
Expr written(const Tangent& sum, const Question& q, const Box& box, const Expr& matrix,
             const Dims& value) {
  const Dims input = input_of(q).shape;
  const auto flat = [&](std::int64_t n) {
    return q.lanes_first ? prefixed(n, value) : concat(value, Dims{n});
  };
  std::int64_t first = 0;
  for (std::size_t a = 0; a < input.size(); ++a) first = first * input[a] + box.start[a];
  const std::size_t axis = q.lanes_first ? 0 : value.size();
  Dims start(value.size() + 1), step(value.size() + 1, 1);
  start[axis] = first;
  const Dims shape = flat(element_count(input));
  const Expr base = sum ? *sum : full(matrix.builder(), 0, Type{matrix.dtype(), shape});
  return update_slice(base, reshape(matrix, flat(element_count(box.count))), start, step);
}

std::vector<Expr> matrices_of(const Question& q, const Box& box, Builder& b) {
  if (has_custom_rules(q.program)) return run_batch(q, box, b);
  const LaneRun run(q, box, q.lanes_first, b);
  return run.is_misplaced() ? LaneRun(q, box, !q.lanes_first, b).matrices() : run.matrices();
}

bool stays_structured(const Question& q, Builder& b) {
  return !has_custom_rules(q.program) &&
         LaneRun(q, whole(input_of(q).shape), q.lanes_first, b).most_dense() <= q.chunk;
}

/// The matrix of one part has these entries [i, i].
Expr diagonal_of_part(const Question& q, const Box& box, Builder& b) {
  const Expr matrix = matrices_of(q, box, b).front();
  const Dims input = input_of(q).shape, zeros(input.size()), ones(matrix.rank(), 1);
  const Expr square =
      q.lanes_first ? slice(matrix, concat(zeros, box.start), concat(box.count, box.count), ones)
                    : slice(matrix, concat(box.start, zeros), concat(box.count, box.count), ones);
  const std::int64_t n = element_count(box.count);
  return matrix_diagonal(reshape(square, Dims{n, n}));
}

}  // namespace

std::vector<Box> parts_of(const Dims& shape, std::int64_t chunk) {
  if (chunk == 0) return {whole(shape)};
  std::size_t cut = shape.size();
  std::int64_t inner = 1;  // entries of the axes that are taken whole
  while (cut > 0 && inner * shape[cut - 1] <= chunk) inner *= shape[--cut];
  if (cut == 0) return {whole(shape)};
  const std::int64_t width = chunk / inner, length = shape[--cut];
  std::int64_t outer = 1;
  for (std::size_t a = 0; a < cut; ++a) outer *= shape[a];
  std::vector<Box> boxes;
  for (std::int64_t k = 0; k < outer; ++k) {
    Box box = whole(shape);
    std::int64_t rest = k;
    for (std::size_t a = cut; a-- > 0; rest /= shape[a]) {
      box.start[a] = rest % shape[a];
      box.count[a] = 1;
    }
    for (std::int64_t start = 0; start < length; start += width) {
      box.start[cut] = start;
      box.count[cut] = std::min(width, length - start);
      boxes.push_back(box);
    }
  }
  return boxes;
}

std::optional<TermsOf> terms_of(const Question& q, Builder& b) {
  if (has_custom_rules(q.program)) return {};
  return LaneRun(q, whole(input_of(q).shape), false, b, LaneRun::kManyTerms).terms();
}

std::vector<Expr> matrices(const Question& q, Builder& b) {
  const Dims input = input_of(q).shape;
  const bool fits = q.chunk == 0 || element_count(input) <= q.chunk;
  if (fits || stays_structured(q, b)) return matrices_of(q, whole(input), b);
  std::vector<Tangent> sums(q.outputs.size());
  for (const Box& box : parts_of(input, q.chunk)) {
    const auto pieces = matrices_of(q, box, b);
    for (std::size_t k = 0; k < sums.size(); ++k) {
      sums[k] = written(sums[k], q, box, pieces[k], shape_of_output(q, k));
    }
  }
  std::vector<Expr> result;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    const Dims value = shape_of_output(q, k);
    result.push_back(
        reshape(*sums[k], q.lanes_first ? concat(input, value) : concat(value, input)));
  }
  return result;
}

Expr diagonal(const Question& q, Builder& b) {
  const Dims input = input_of(q).shape;
  const bool custom = has_custom_rules(q.program);
  if (!custom && (q.chunk == 0 || stays_structured(q, b))) {
    return LaneRun(q, whole(input), q.lanes_first, b).diagonal();
  }
  const auto boxes = parts_of(input, q.chunk);
  std::vector<Expr> pieces;
  for (const Box& box : boxes) pieces.push_back(diagonal_of_part(q, box, b));
  return reshape(concatenate(pieces, 0), input);
}

}  // namespace dualtape::engine
