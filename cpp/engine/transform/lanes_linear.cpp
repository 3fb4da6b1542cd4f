/// Running sums and solves of terms.

#include <algorithm>

#include "ops/elementwise.hpp"
#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

/// The index along an axis of the coefficient.
Expr index_along(Builder& b, std::int64_t n, std::size_t axis, std::size_t rank) {
  Dims shape(rank, 1);
  shape[axis] = n;
  return reshape(iota(b, n), shape);
}

}  // namespace

/// Of a lane with i = first + step l, coefficient c: c[l] from that i on (up to it, in reverse).
Term push_cumsum(const LaneSpace& space, const OpCall& call, Term t) {
  space.lose_structure();
  t = space.separate(std::move(t));
  const auto a = static_cast<std::size_t>(call.attrs[0]);
  const bool reverse = call.attrs[1] != 0;
  const std::size_t j = LaneSpace::lane_on(t, a);
  if (j < t.lanes.size() && (t.lanes[j].indexed || t.lanes[j].gap != 1)) {
    t = space.make_dense(std::move(t), j);
  } else if (j < t.lanes.size()) {
    const Lane lane = t.lanes[j];
    Term summed = space.contract_lane(t, j);
    summed.shape = t.shape;
    for (std::size_t k = 0; k < t.lanes.size(); ++k) {
      if (k != j) summed.lanes[k].axis = t.lanes[k].axis;
    }
    const std::int64_t at[] = {static_cast<std::int64_t>(space.value_axis(summed, a))};
    const Expr c = expand_dims(summed.coefficient, at);
    Builder& b = space.builder();
    const auto number = [](std::int64_t n) { return Expr(static_cast<double>(n)); };
    const Expr i = index_along(b, t.shape[a], space.value_axis(summed, a), c.rank());
    const Expr l = index_along(b, lane.length, space.lane_axis(summed, j), c.rank());
    const Expr from = l * number(lane.stride) + number(lane.first - lane.stride * lane.lo);
    const Expr out = reverse ? less(from, i) : less(i, from);
    summed.coefficient = where(out, constant(b, 0, c.dtype()), c);
    return summed;
  }
  t = space.full_axis(std::move(t), a);
  t.coefficient = cumsum(t.coefficient, static_cast<std::int64_t>(space.value_axis(t, a)), reverse);
  return t;
}

/// The lanes are further columns; one along the columns, or along a batch axis, stays.
Term push_solve(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x, Term t) {
  space.lose_structure();
  t = space.separate(std::move(t));
  const std::size_t rank = t.shape.size(), row = rank - 2;
  for (std::size_t j = 0; j < t.lanes.size(); ++j) {
    const Lane& lane = t.lanes[j];
    if (lane.indexed || (lane.strided && lane.axis == row)) t = space.make_dense(std::move(t), j);
  }
  for (std::size_t a = 0; a <= row; ++a) t = space.full_axis(std::move(t), a);
  Dims order;
  for (std::size_t a = 0; a < rank; ++a) {
    order.push_back(static_cast<std::int64_t>(space.value_axis(t, a)));
  }
  for (std::size_t j = 0; j < t.lanes.size(); ++j) {
    order.push_back(static_cast<std::int64_t>(space.lane_axis(t, j)));
  }
  const Expr values_first = transpose(t.coefficient, order);
  Dims columns(values_first.shape().data(), values_first.shape().data() + row + 1);
  columns.push_back(element_count(values_first.shape()) /
                    std::max<std::int64_t>(element_count(columns), 1));
  const Expr y = solve(x[0].value, x[1].value, reshape(values_first, columns), call.attrs[0] != 0);
  Dims back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    back[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  }
  t.coefficient = transpose(reshape(y, values_first.shape()), back);
  return t;
}

}  // namespace dualtape::engine
