#include "transform/lanes.hpp"

#include <algorithm>

#include "ops/elementwise.hpp"

namespace dualtape::engine {
namespace {

Dims lane_lengths(const Term& t, const Expr& coefficient, const LaneSpace& space) {
  Dims lengths;
  for (std::size_t j = 0; j < t.lanes.size(); ++j) {
    lengths.push_back(coefficient.shape()[space.lane_axis(t, j)]);
  }
  return lengths;
}

Dims value_lengths(const Term& t, const LaneSpace& space) {
  Dims lengths;
  for (std::size_t a = 0; a < t.shape.size(); ++a) {
    lengths.push_back(space.coefficient_length(t, a));
  }
  return lengths;
}

/// A column of indices along one of `rank` axes.
Expr index_along(Builder& b, std::int64_t n, std::size_t axis, std::size_t rank) {
  Dims shape(rank, 1);
  shape[axis] = n;
  return engine::reshape(iota(b, n), shape);
}

/// Whether the coefficients have more entries than their dense sum.
bool exceeds_dense(const Terms& terms) {
  std::int64_t stored = 0, dense = element_count(terms.front().shape);
  for (const Lane& lane : terms.front().lanes) dense *= lane.length;
  for (const Term& t : terms) stored += element_count(t.coefficient.shape());
  return stored > dense;
}

/// Value axes behind `a` move up by one.
void drop_value_axis(Term& t, std::size_t a) {
  t.shape.erase(a);
  for (Lane& lane : t.lanes) {
    if (lane.lies() && lane.axis > a) --lane.axis;
  }
}

Expr drop_axis(const Expr& x, std::size_t axis) {
  Dims shape = x.shape();
  shape.erase(axis);
  return engine::reshape(x, shape);
}

}  // namespace

Dims LaneSpace::joined(const Dims& value, const Dims& lanes) const {
  Dims shape = lanes_first_ ? lanes : value;
  shape.append(lanes_first_ ? value : lanes);
  return shape;
}

Expr LaneSpace::beside_lanes(const Expr& c, std::size_t value_rank, std::size_t n_lanes) const {
  Dims value(value_rank - c.rank(), 1);
  value.append(c.shape());
  return engine::reshape(c, joined(value, Dims(n_lanes, 1)));
}

std::size_t LaneSpace::lane_on(const Term& t, std::size_t axis) {
  std::size_t j = 0;
  while (j < t.lanes.size() && !(t.lanes[j].lies() && t.lanes[j].axis == axis)) ++j;
  return j;
}

Terms LaneSpace::identity(const Type& type, const Box& box) const {
  Term t;
  t.shape = type.shape;
  for (std::size_t a = 0; a < type.shape.size(); ++a) {
    const std::int64_t n = box.count[a];
    t.lanes.push_back(
        {.length = n, .strided = type.shape[a] != 1, .axis = a, .first = box.start[a], .count = n});
  }
  const Dims ones(t.shape.size(), 1);
  t.coefficient = engine::reshape(constant(b_, 1, type.dtype), joined(ones, ones));
  return {t};
}

/// coefficient where the index along the value axis is the lane's, else 0: absolutely, also where
/// it is infinite.
Term LaneSpace::make_dense(Term t, std::size_t j) const {
  lose_structure();
  if (t.lanes[j].indexed) return densify_indexed(std::move(t), j);
  const Lane lane = t.lanes[j];
  const std::size_t rank = t.coefficient.rank();
  const Expr index = index_along(b_, t.shape[lane.axis], value_axis(t, lane.axis), rank);
  const Expr l = index_along(b_, lane.length, lane_axis(t, j), rank);
  const auto number = [](std::int64_t n) { return Expr(static_cast<double>(n)); };
  // i = first + stride k and l = lo + gap k, without k.
  const Expr scaled =
      l * number(lane.stride) + number(lane.first * lane.gap - lane.stride * lane.lo);
  Expr hit = equal(lane.gap == 1 ? index : index * number(lane.gap), scaled);
  if (!lane.full()) {
    const Expr behind = l - number(lane.lo), zero = number(0);
    const Expr ahead = less(l, number(lane.lo + lane.gap * (lane.count - 1) + 1));
    hit = mask_and(hit, mask_and(ahead, less(number(-1), behind)));
    if (lane.gap != 1) {
      hit = mask_and(hit, equal(dualtape::apply<ops::Remainder>(behind, number(lane.gap)), zero));
    }
  }
  t.coefficient = where(hit, t.coefficient, constant(b_, 0, t.coefficient.dtype()));
  t.lanes[j] = {.length = lane.length};
  return t;
}

Term LaneSpace::make_all_dense(Term t) const {
  for (std::size_t j = 0; j < t.lanes.size(); ++j) {
    if (t.lanes[j].lies()) t = make_dense(std::move(t), j);
  }
  return t;
}

Term LaneSpace::separate(Term t) const {
  for (std::size_t j = t.lanes.size(); j-- > 0;) {
    if (t.lanes[j].lies() && lane_on(t, t.lanes[j].axis) != j) t = make_dense(std::move(t), j);
  }
  return t;
}

Expr LaneSpace::along_lane(const Expr& x, std::size_t from, const Lane& lane) const {
  Expr part = x;
  if (x.shape()[from] != 1) {
    part = slice_axis(x, from, lane.first, lane.count, lane.stride);
  } else if (lane.full()) {
    return x;
  }
  if (lane.full()) return part;
  lose_structure();
  Dims shape = part.shape();
  shape[from] = lane.count;
  part = broadcast_to(part, shape);
  Dims start(part.rank()), step(part.rank(), 1);
  shape[from] = lane.length;
  start[from] = lane.lo;
  step[from] = lane.gap;
  return pad(part, shape, start, step);
}

Term LaneSpace::contract_lane(Term t, std::size_t j) const {
  if (t.lanes[j].indexed) return contract_indexed(std::move(t), j);
  const Lane lane = t.lanes[j];
  const std::size_t from = value_axis(t, lane.axis), own = lane_axis(t, j);
  const Expr part = drop_axis(along_lane(t.coefficient, from, lane), own);
  const std::size_t at = own < from ? from - 1 : from;
  const std::size_t to = lanes_first_ ? j : t.shape.size() - 1 + j;
  t.coefficient = move_axis(part, static_cast<std::int64_t>(at), static_cast<std::int64_t>(to));
  t.lanes[j] = {.length = lane.length};
  drop_value_axis(t, lane.axis);
  return t;
}

Term LaneSpace::sum_axis(Term t, std::size_t a) const {
  const auto axis = static_cast<std::int64_t>(value_axis(t, a));
  const std::int64_t n = t.shape[a];
  if (n == 1) {
    t.coefficient = drop_axis(t.coefficient, value_axis(t, a));
  } else if (coefficient_length(t, a) == n) {
    t.coefficient = sum(t.coefficient, Dims{axis});
  } else {
    t.coefficient = drop_axis(t.coefficient * static_cast<double>(n), value_axis(t, a));
  }
  drop_value_axis(t, a);
  return t;
}

Term LaneSpace::full_axis(Term t, std::size_t a) const {
  Dims shape = t.coefficient.shape();
  shape[value_axis(t, a)] = slot_length(t, a);
  t.coefficient = broadcast_to(t.coefficient, shape);
  return t;
}

Term LaneSpace::broadcast(Term t, const Dims& to) const {
  const std::size_t lead = to.size() - t.shape.size();
  for (std::size_t a = 0; a < t.shape.size(); ++a) {
    const std::size_t lane = lane_on(t, a);
    if (t.shape[a] != to[lead + a] && lane < t.lanes.size()) t = make_dense(std::move(t), lane);
  }
  Dims value(lead, 1);
  value.append(value_lengths(t, *this));
  t.coefficient =
      engine::reshape(t.coefficient, joined(value, lane_lengths(t, t.coefficient, *this)));
  for (Lane& lane : t.lanes) lane.axis += lane.lies() ? lead : 0;
  t.shape = to;
  return t;
}

Term LaneSpace::transpose(Term t, std::span<const std::int64_t> permutation) const {
  Dims order = iota_dims(t.coefficient.rank());
  Term result = t;
  for (std::size_t a = 0; a < permutation.size(); ++a) {
    const auto old = static_cast<std::size_t>(permutation[a]);
    order[value_axis(t, a)] = static_cast<std::int64_t>(value_axis(t, old));
    result.shape[a] = t.shape[old];
    for (std::size_t j = 0; j < t.lanes.size(); ++j) {
      if (t.lanes[j].lies() && t.lanes[j].axis == old) result.lanes[j].axis = a;
    }
  }
  result.coefficient = engine::transpose(t.coefficient, order);
  return result;
}

void LaneSpace::add(Terms& sum, Term t) const {
  for (Term& known : sum) {
    if (known.lanes == t.lanes) {
      known.coefficient = known.coefficient + t.coefficient;
      return;
    }
  }
  sum.push_back(std::move(t));
  const bool may_exceed = max_terms_ > kMaxTerms;  // they are never written as one array
  if (sum.size() == 1) return;
  if (sum.size() <= max_terms_ && (may_exceed || !exceeds_dense(sum))) return;
  Terms dense;
  for (Term& term : sum) {
    Term full = make_all_dense(std::move(term));
    auto same = std::ranges::find_if(dense, [&](const Term& d) { return d.lanes == full.lanes; });
    if (same == dense.end()) {
      dense.push_back(std::move(full));
    } else {
      same->coefficient = same->coefficient + full.coefficient;
    }
  }
  sum = std::move(dense);
}

}  // namespace dualtape::engine
