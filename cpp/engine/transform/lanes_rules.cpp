/// What an instruction does to the terms of its linear operands. An operation without a rule here
/// makes its operands dense and runs as a batch over all entries of the input: always right.

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "ops/elementwise.hpp"
#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a < 0) != (b < 0)) ? 1 : 0);
}
constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return -floor_div(-a, b); }

class LaneRules {
 public:
  LaneRules(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
            const Dims& input)
      : space_(space), call_(call), x_(x), input_(input) {}

  Terms run() {
    switch (call_.op) {
      case opcode_of<ops::Add>: return sum(false);
      case opcode_of<ops::Subtract>: return sum(true);
      case opcode_of<ops::Negative>: return each(0, [&](Term t) { return negated(std::move(t)); });
      case opcode_of<ops::Multiply>:
      case opcode_of<ops::Divide>:
      case kZeroMultiply: return scaled();
      case opcode_of<ops::Where>: return selected();
      case kReal:
      case kImag:
      case kConjugate: return each(0, [&](Term t) { return part(std::move(t)); });
      case kComplex: return parts();
      case kConvert: return each(0, [&](Term t) { return converted(std::move(t)); });
      case kReshape: return each(0, [&](Term t) { return space_.reshape(t, call_.type.shape); });
      case kTranspose: return each(0, [&](Term t) { return space_.transpose(t, call_.attrs); });
      case kBroadcastTo:
        return each(0, [&](Term t) { return space_.broadcast(t, call_.type.shape); });
      case kSum: return each(0, [&](Term t) { return reduced(std::move(t)); });
      case kSlice: return sliced();
      case kPad:
        return each(0, [&](Term t) { return padded(std::move(t), start_step(call_.attrs)); });
      case kUpdateSlice: return updated();
      case kAddSlice: return added();
      case kConcatenate: return concatenated();
      case kDotGeneral:
        return each(x_[0].linear ? 0 : 1, [&](Term t) { return push_dot(space_, call_, x_, t); });
      case kCumSum: return each(0, [&](Term t) { return push_cumsum(space_, call_, t); });
      case kSolve:
        if (x_[0].linear || x_[1].linear) return batched();
        return each(2, [&](Term t) { return push_solve(space_, call_, x_, t); });
      case kTake: return taken();
      case kTakeAdd:
      case kTakeSet: return scattered();
      default: return batched();
    }
  }

 private:
  template <class Rule>
  void each(Terms& sum, std::size_t operand, Rule&& rule) {
    for (const Term& t : x_[operand].terms) space_.add(sum, rule(t));
  }
  template <class Rule>
  Terms each(std::size_t operand, Rule&& rule) {
    Terms result;
    each(result, operand, rule);
    return result;
  }

  Term negated(Term t) const {
    t.coefficient = -t.coefficient;
    return t;
  }
  Term converted(Term t) const {
    t.coefficient = convert(t.coefficient, call_.type.dtype);
    return t;
  }
  /// Lanes are moved by real steps: what is linear over the reals alone acts on the coefficient.
  Term part(Term t) const {
    t.coefficient = call_.op == kReal   ? real(t.coefficient)
                    : call_.op == kImag ? imag(t.coefficient)
                                        : conj(t.coefficient);
    return t;
  }
  Terms parts() {
    Terms result = each(0, [&](Term t) { return converted(std::move(t)); });
    each(result, 1, [](Term t) {
      t.coefficient = make_complex(zeros_like(t.coefficient), t.coefficient);
      return t;
    });
    return result;
  }
  Term broadcast(Term t) const { return space_.broadcast(std::move(t), call_.type.shape); }

  Terms taken() {
    space_.lose_structure();
    Terms result;
    for (const Term& t : x_[0].terms) {
      for (Term& part : push_take(space_, call_, x_, t)) space_.add(result, std::move(part));
    }
    return result;
  }
  Terms scattered() {
    space_.lose_structure();
    Terms result;
    for (std::size_t i : {std::size_t{0}, std::size_t{2}}) {
      for (const Term& t : x_[i].terms) {
        for (Term& part : push_scatter(space_, call_, x_, i, t)) {
          space_.add(result, std::move(part));
        }
      }
    }
    return result;
  }

  Terms sum(bool minus) {
    Terms result;
    each(result, 0, [&](Term t) { return broadcast(std::move(t)); });
    each(result, 1, [&](Term t) {
      t = broadcast(std::move(t));
      return minus ? negated(std::move(t)) : t;
    });
    return result;
  }

  /// c x, x c, x / c: the coefficient likewise.
  Terms scaled() {
    const std::size_t i = x_[0].linear ? 0 : 1;
    return each(i, [&](Term t) {
      t = broadcast(std::move(t));
      const Expr c = space_.beside_lanes(LaneSpace::at_slots(t, x_[1 - i].value), t.shape.size(),
                                         t.lanes.size());
      const Expr args[] = {i == 0 ? t.coefficient : c, i == 0 ? c : t.coefficient};
      t.coefficient = emit_elementwise(call_.op, args);
      return t;
    });
  }

  /// where(m, a, b): one selection where a and b move along the same lanes.
  Terms selected() {
    Terms result, others;
    each(others, 2, [&](Term t) { return broadcast(std::move(t)); });
    each(result, 1, [&](Term t) {
      t = broadcast(std::move(t));
      const auto other = std::ranges::find(others, t.lanes, &Term::lanes);
      const bool both = other != others.end();
      const Expr c = both ? other->coefficient : zero();
      if (both) others.erase(other);
      t.coefficient = where(mask_beside(t), t.coefficient, c);
      return t;
    });
    for (Term& t : others) {
      t.coefficient = where(mask_beside(t), zero(), t.coefficient);
      space_.add(result, std::move(t));
    }
    return result;
  }
  Expr zero() const { return constant(space_.builder(), 0, call_.type.dtype); }
  Expr mask_beside(const Term& t) const {
    return space_.beside_lanes(LaneSpace::at_slots(t, x_[0].value), t.shape.size(), t.lanes.size());
  }

  Term reduced(Term t) const {
    t = space_.separate(std::move(t));
    for (std::size_t k = call_.attrs.size(); k-- > 0;) {
      const auto a = static_cast<std::size_t>(call_.attrs[k]);
      const std::size_t j = LaneSpace::lane_on(t, a);
      t = j < t.lanes.size() ? space_.contract_lane(std::move(t), j)
                             : space_.sum_axis(std::move(t), a);
    }
    return t;
  }

  /// Index i of the operand is start + step * m for index m of the result: the entries k of the
  /// lane with first + stride k == start + step m for some 0 <= m < count. False: none is left.
  static bool slice_lane(Lane& lane, std::int64_t start, std::int64_t step, std::int64_t count) {
    // Every period-th k meets one, if any does.
    const std::int64_t period = std::abs(step) / std::gcd(lane.stride, step);
    std::int64_t k = 0;
    while (k < period && (lane.first + lane.stride * k - start) % step != 0) ++k;
    if (k == period) return false;
    const std::int64_t m = (lane.first + lane.stride * k - start) / step;
    const std::int64_t slope = lane.stride * period / step;
    // m + slope q for q >= 0 lies in [0, count) between these.
    const bool up = slope > 0;
    const std::int64_t from = std::max<std::int64_t>(0, ceil_div(up ? -m : count - 1 - m, slope));
    const std::int64_t last = floor_div(up ? count - 1 - m : -m, slope);
    const std::int64_t left = lane.count > k ? (lane.count - 1 - k) / period + 1 : 0;
    const std::int64_t to = std::min(left, last + 1);
    if (from >= to) return false;
    lane.first = m + slope * from;
    lane.lo += lane.gap * (k + period * from);
    lane.stride = slope;
    lane.gap *= period;
    lane.count = to - from;
    return true;
  }

  Terms sliced() {
    const auto [start, step] = start_step(call_.attrs);
    Terms result;
    for (Term t : x_[0].terms) {
      if (slice_term(t, start, step)) space_.add(result, std::move(t));
    }
    return result;
  }

  bool slice_term(Term& t, const Dims& start, const Dims& step) const {
    for (std::size_t j = 0; j < t.lanes.size(); ++j) {
      const std::size_t a = t.lanes[j].axis;
      if (t.lanes[j].indexed) slice_indexed(t, j, start[a], step[a]);
      if (!t.lanes[j].strided) continue;
      if (!slice_lane(t.lanes[j], start[a], step[a], call_.type.shape[a])) return false;
    }
    for (std::size_t a = 0; a < start.size(); ++a) {
      if (space_.coefficient_length(t, a) == 1 && t.shape[a] != 1) continue;
      if (has_rows(t, a)) continue;
      t.coefficient = slice_axis(t.coefficient, space_.value_axis(t, a), start[a],
                                 call_.type.shape[a], step[a]);
    }
    t.shape = call_.type.shape;
    return true;
  }

  static bool has_rows(const Term& t, std::size_t a) {
    const std::size_t j = LaneSpace::lane_on(t, a);
    return j < t.lanes.size() && t.lanes[j].indexed && t.lanes[j].rows;
  }

  /// Entries that are not in the slice become zeros in its first place.
  void slice_indexed(Term& t, std::size_t j, std::int64_t start, std::int64_t step) const {
    Lane& lane = t.lanes[j];
    const std::size_t a = lane.axis;
    const std::int64_t n = call_.type.shape[a];
    if (!lane.rows) {
      const Expr cols = lane.cols.value_or(iota(space_.builder(), t.shape[a]));
      lane.cols = slice_axis(cols, 0, start, n, step);
      lane.count = n;
      return;
    }
    const auto number = [](std::int64_t k) { return Expr(static_cast<double>(k)); };
    const Expr behind = *lane.rows - number(start);
    const Expr place = dualtape::apply<ops::FloorDivide>(behind, number(step));
    const Expr inside = mask_and(equal(place * number(step), behind),
                                 mask_and(less(place, number(n)), less(number(-1), place)));
    lane.rows = where(inside, place, constant(space_.builder(), 0, DType::kInt64));
    Dims column(t.shape.size(), 1);
    column[a] = lane.count;
    const Expr mask =
        space_.beside_lanes(engine::reshape(inside, column), t.shape.size(), t.lanes.size());
    t.coefficient = where(mask, t.coefficient, zero());
  }

  /// Does padding change axis a of the coefficient? On an axis with a lane only the lane's entries
  /// count, so a constant coefficient stays constant.
  bool pads(const Term& t, const StartStep& at, std::size_t a) const {
    if (t.shape[a] == call_.type.shape[a] && at.start[a] == 0 && at.step[a] == 1) return false;
    const std::size_t j = LaneSpace::lane_on(t, a);
    if (j < t.lanes.size() && t.lanes[j].indexed) return false;
    return space_.coefficient_length(t, a) != 1 || LaneSpace::lane_on(t, a) == t.lanes.size();
  }

  Term padded(Term t, const StartStep& at) const {
    const std::size_t rank = t.coefficient.rank();
    Dims start(rank), step(rank, 1), shape = t.coefficient.shape();
    for (std::size_t a = 0; a < t.shape.size(); ++a) {
      if (!pads(t, at, a)) continue;
      if (LaneSpace::lane_on(t, a) == t.lanes.size()) space_.lose_structure();
      t = space_.full_axis(std::move(t), a);
      const std::size_t axis = space_.value_axis(t, a);
      start[axis] = at.start[a];
      step[axis] = at.step[a];
      shape[axis] = call_.type.shape[a];
    }
    t.coefficient = pad(t.coefficient, shape, start, step);
    for (Lane& lane : t.lanes) {
      if (lane.indexed) pad_indexed(t, lane, at);
      if (!lane.strided) continue;
      lane.first = at.start[lane.axis] + at.step[lane.axis] * lane.first;
      lane.stride *= at.step[lane.axis];
    }
    t.shape = call_.type.shape;
    return t;
  }

  void pad_indexed(const Term& t, Lane& lane, const StartStep& at) const {
    const std::int64_t start = at.start[lane.axis], step = at.step[lane.axis];
    if (t.shape[lane.axis] == call_.type.shape[lane.axis] && start == 0 && step == 1) return;
    const Expr rows = lane.rows.value_or(iota(space_.builder(), lane.count));
    lane.rows = rows * Expr(static_cast<double>(step)) + Expr(static_cast<double>(start));
  }

  /// x outside of what is written, v there.
  Terms updated() {
    const auto at = start_step(call_.attrs);
    Terms result;
    each(result, 0, [&](Term t) {
      for (std::size_t a = 0; a < t.shape.size(); ++a) {
        if (has_rows(t, a)) t = space_.make_dense(std::move(t), LaneSpace::lane_on(t, a));
      }
      space_.lose_structure();
      for (std::size_t a = 0; a < t.shape.size(); ++a) t = space_.full_axis(std::move(t), a);
      Dims lanes(t.lanes.size(), 1), zeros(t.lanes.size());
      for (std::size_t j = 0; j < t.lanes.size(); ++j) {
        lanes[j] = t.coefficient.shape()[space_.lane_axis(t, j)];
      }
      const Type hole{call_.type.dtype, space_.joined(x_[1].type.shape, lanes)};
      t.coefficient = update_slice(t.coefficient, full(space_.builder(), 0, hole),
                                   space_.joined(at.start, zeros),
                                   space_.joined(at.step, Dims(t.lanes.size(), 1)));
      return t;
    });
    each(result, 1, [&](Term t) { return padded(std::move(t), at); });
    return result;
  }

  Terms added() {
    Terms result;
    each(result, 0, [](const Term& t) { return t; });
    each(result, 1, [&](Term t) { return padded(std::move(t), start_step(call_.attrs)); });
    return result;
  }

  Terms concatenated() {
    const auto axis = static_cast<std::size_t>(call_.attrs[0]);
    const std::size_t rank = call_.type.shape.size();
    StartStep at{Dims(rank), Dims(rank, 1)};
    Terms result;
    for (std::size_t i = 0; i < x_.size(); ++i) {
      if (x_[i].linear) each(result, i, [&](Term t) { return padded(std::move(t), at); });
      at.start[axis] += x_[i].type.shape[axis];
    }
    return result;
  }

  /// The terms of an operand as a batch over the entries of the input.
  Expr as_batch(const LaneArg& x, std::int64_t size) const {
    const Expr matrix = space_.assemble(x.terms, x.type, input_);
    const Expr rows = space_.lanes_first() ? matrix : lanes_to_front(matrix, x.type.shape.size());
    return engine::reshape(rows, prefixed(size, x.type.shape));
  }
  static Expr lanes_to_front(const Expr& matrix, std::size_t value_rank) {
    Dims order = iota_dims(matrix.rank());
    std::ranges::rotate(order, order.begin() + value_rank);
    return engine::transpose(matrix, order);
  }

  Terms batched() {
    space_.lose_structure();
    const std::int64_t size = element_count(input_);
    std::vector<Batched> args;
    for (const LaneArg& x : x_) {
      args.push_back(x.linear ? Batched{as_batch(x, size), true} : Batched{x.value, false});
    }
    const Expr y = rules_of(call_.op).batch(call_, args, size);
    Term t;
    t.shape = call_.type.shape;
    for (auto n : input_) t.lanes.push_back({.length = n});
    Dims rows = input_;
    rows.append(t.shape);
    t.coefficient = engine::reshape(y, rows);
    if (!space_.lanes_first()) t.coefficient = lanes_to_front(t.coefficient, input_.size());
    return {t};
  }

  const LaneSpace& space_;
  const OpCall& call_;
  std::span<const LaneArg> x_;
  const Dims& input_;
};

}  // namespace

Terms push_lanes(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
                 const Dims& input) {
  return LaneRules(space, call, x, input).run();
}

}  // namespace dualtape::engine
