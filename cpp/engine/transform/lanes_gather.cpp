/// Indexed lanes: take turns a lane along the first axis into one whose entries lie at the indices
/// taken, and adding at indices moves entries there. No identity is gathered from.

#include <algorithm>

#include "ops/elementwise.hpp"
#include "ops/gather.hpp"
#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

bool same(const Tangent& a, const Tangent& b) {
  return a.has_value() == b.has_value() && (!a || same_value(*a, *b));
}

Expr number(std::int64_t n) { return Expr(static_cast<double>(n)); }

/// Axis `from` of x becomes the first, of n entries.
Expr to_front(const Expr& x, std::size_t from, std::int64_t n) {
  Dims shape = x.shape();
  shape[from] = n;
  return move_axis(broadcast_to(x, shape), static_cast<std::int64_t>(from), 0);
}

/// `x` with its first axis at `to`.
Expr from_front(const Expr& x, std::size_t to) {
  return move_axis(x, 0, static_cast<std::int64_t>(to));
}

/// Zeros with a first axis of length n, and the entries of x added at `index` along it.
Expr added_up(const Expr& x, const Expr& index, std::int64_t n) {
  Dims shape = x.shape();
  shape[0] = n;
  return take_add(full(x.builder(), 0, Type{x.dtype(), shape}), index, x);
}

/// Indices from the start, all in [0, n).
Expr wrapped(const Expr& index, std::int64_t n) {
  return where(less(index, number(0)), index + number(n), index);
}

/// A column along value axis a, as it stands beside the coefficient.
Expr column(const LaneSpace& space, const Term& t, std::size_t a, const Expr& x) {
  Dims shape(t.shape.size(), 1);
  shape[a] = x.shape()[0];
  return space.beside_lanes(reshape(x, shape), t.shape.size(), t.lanes.size());
}

/// A vector along the first of `rank` axes.
Expr beside_rest(const Expr& x, std::size_t rank) {
  Dims shape(rank, 1);
  shape[0] = x.shape()[0];
  return reshape(x, shape);
}

Term masked(const LaneSpace& space, Term t, std::size_t a, const Expr& mask) {
  const Expr zero = constant(space.builder(), 0, t.coefficient.dtype());
  t.coefficient = where(column(space, t, a, mask), t.coefficient, zero);
  return t;
}

}  // namespace

bool operator==(const Lane& a, const Lane& b) {
  return a.length == b.length && a.strided == b.strided && a.axis == b.axis && a.first == b.first &&
         a.stride == b.stride && a.lo == b.lo && a.gap == b.gap && a.count == b.count &&
         a.indexed == b.indexed && same(a.rows, b.rows) && same(a.cols, b.cols);
}

std::int64_t LaneSpace::slot_length(const Term& t, std::size_t a) {
  const std::size_t j = lane_on(t, a);
  return j < t.lanes.size() && t.lanes[j].indexed ? t.lanes[j].count : t.shape[a];
}

Expr LaneSpace::at_slots(const Term& t, Expr c) {
  for (const Lane& lane : t.lanes) {
    if (!lane.indexed || !lane.rows) continue;
    const std::size_t behind = t.shape.size() - lane.axis;
    if (behind > c.rank()) continue;  // c repeats along this axis
    const std::size_t axis = c.rank() - behind;
    if (c.shape()[axis] == 1) continue;
    c = from_front(take(to_front(c, axis, c.shape()[axis]), *lane.rows), axis);
  }
  return c;
}

Term LaneSpace::densify_indexed(Term t, std::size_t j) const {
  const Lane lane = t.lanes[j];
  const std::size_t value = value_axis(t, lane.axis), own = lane_axis(t, j);
  const std::int64_t n = t.shape[lane.axis];
  const Expr k = iota(b_, lane.count);
  const Expr places = lane.rows.value_or(k) * number(lane.length) + lane.cols.value_or(k);
  Expr x = added_up(to_front(t.coefficient, value, lane.count), places, n * lane.length);
  // The lane's own axis, of length one, is among those behind the first.
  const std::size_t gone = own < value ? own + 1 : own;
  Dims shape{n, lane.length};
  for (std::size_t a = 1; a < x.rank(); ++a) {
    if (a != gone) shape.push_back(x.shape()[a]);
  }
  x = engine::reshape(x, shape);
  // [value, own, rest...]
  Dims order;
  std::int64_t rest = 2;
  for (std::size_t a = 0; a < x.rank(); ++a) {
    order.push_back(a == value ? 0 : a == own ? 1 : rest++);
  }
  t.coefficient = engine::transpose(x, order);
  t.lanes[j] = {.length = lane.length};
  return t;
}

Term LaneSpace::contract_indexed(Term t, std::size_t j) const {
  const Lane lane = t.lanes[j];
  const std::size_t value = value_axis(t, lane.axis), own = lane_axis(t, j);
  Expr x = to_front(t.coefficient, value, lane.count);
  if (lane.cols) x = added_up(x, *lane.cols, lane.length);
  // The first axis becomes the lane's own, of length one so far.
  Dims shape = x.shape();
  shape.erase(own < value ? own + 1 : own);
  x = engine::reshape(x, shape);
  t.shape.erase(lane.axis);
  for (Lane& other : t.lanes) {
    if (other.lies() && other.axis > lane.axis) --other.axis;
  }
  t.lanes[j] = {.length = lane.length};
  t.coefficient = from_front(x, lane_axis(t, j));
  return t;
}

namespace {

/// x[index] for a vector of indices.
class Take {
 public:
  Take(const LaneSpace& space, const Expr& index, Term t)
      : space_(space), index_(index), t_(space.separate(std::move(t))) {}

  Term run() {
    std::size_t j = LaneSpace::lane_on(t_, 0);
    if (j < t_.lanes.size() && t_.lanes[j].indexed && t_.lanes[j].rows) {
      t_ = space_.make_dense(std::move(t_), j);
      j = t_.lanes.size();
    }
    const std::int64_t n = t_.shape[0], count = index_.shape()[0];
    if (space_.coefficient_length(t_, 0) != 1) {
      const std::size_t axis = space_.value_axis(t_, 0);
      t_.coefficient = from_front(take(to_front(t_.coefficient, axis, n), index_), axis);
    }
    t_.shape[0] = count;
    if (j == t_.lanes.size()) return std::move(t_);
    return at_indices(j, wrapped(index_, n), n);
  }

 private:
  /// The lane's entries at these places of the axis, of length n before.
  Term at_indices(std::size_t j, const Expr& places, std::int64_t n) {
    const Lane old = t_.lanes[j];
    Lane lane{.length = old.length, .axis = 0, .count = places.shape()[0], .indexed = true};
    if (old.indexed) {
      lane.cols = old.cols ? take(*old.cols, places) : places;
    } else if (old.is_identity(n)) {
      lane.cols = places;
    } else {
      const Expr behind = places - number(old.first);
      const Expr k = dualtape::apply<ops::FloorDivide>(behind, number(old.stride));
      const Expr inside = mask_and(equal(k * number(old.stride), behind),
                                   mask_and(less(k, number(old.count)), less(number(-1), k)));
      const Expr zero = constant(space_.builder(), 0, DType::kInt64);
      lane.cols = where(inside, k * number(old.gap) + number(old.lo), zero);
      t_ = masked(space_, std::move(t_), 0, inside);
    }
    t_.lanes[j] = lane;
    return std::move(t_);
  }

  const LaneSpace& space_;
  const Expr& index_;
  Term t_;
};

/// Rows of a term added at a vector of indices into an axis of length n.
Term spread(const LaneSpace& space, const Expr& index, Term t, std::int64_t n) {
  t = space.separate(std::move(t));
  const std::size_t j = LaneSpace::lane_on(t, 0), axis = space.value_axis(t, 0);
  const Expr places = wrapped(index, n);
  if (j == t.lanes.size()) {
    const Expr rows = to_front(t.coefficient, axis, t.shape[0]);
    t.coefficient = from_front(added_up(rows, places, n), axis);
    t.shape[0] = n;
    return t;
  }
  const Lane old = t.lanes[j];
  Lane lane{.length = old.length, .axis = 0, .count = old.count, .indexed = true};
  if (old.indexed) {
    lane.rows = old.rows ? take(places, *old.rows) : places;
    lane.cols = old.cols;
  } else {
    lane.rows = slice_axis(places, 0, old.first, old.count, old.stride);
    if (!old.full()) {
      lane.cols = iota(space.builder(), old.count) * number(old.gap) + number(old.lo);
    }
    if (t.coefficient.shape()[axis] != 1) {
      t.coefficient = slice_axis(t.coefficient, axis, old.first, old.count, old.stride);
    }
  }
  t.lanes[j] = lane;
  t.shape[0] = n;
  return t;
}

}  // namespace

namespace {

/// An index array of so few columns is taken column by column: its lanes lie along one axis each.
constexpr std::int64_t kMaxColumns = 4;

/// The index as a matrix with a column for each entry of its last axes; one column: a vector's.
Expr in_columns(const Expr& index) {
  const std::int64_t n = element_count(index.shape());
  const std::int64_t rows = index.rank() > 1 ? index.shape()[0] : n;
  const std::int64_t columns = rows == 0 ? 1 : n / rows;
  const bool few = columns <= kMaxColumns;
  return reshape(index, Dims{few ? rows : n, few ? columns : 1});
}
Expr column_of(const Expr& index, std::int64_t k) {
  return reshape(slice_axis(index, 1, k, 1), Dims{index.shape()[0]});
}

/// t with a second axis of length n, zero but at index k.
Term in_column(const LaneSpace& space, Term t, std::int64_t k, std::int64_t n) {
  Dims shape = t.shape;
  shape.insert(1, 1);
  t = space.reshape(std::move(t), shape);
  t.shape[1] = n;
  return masked(space, std::move(t), 1, equal(iota(space.builder(), n), number(k)));
}

/// t at index k of its second axis, which has no lane.
Term at_column(const LaneSpace& space, Term t, std::int64_t k) {
  if (space.coefficient_length(t, 1) != 1) {
    t.coefficient = slice_axis(t.coefficient, space.value_axis(t, 1), k, 1);
  }
  t.shape[1] = 1;
  return space.sum_axis(std::move(t), 1);
}

Dims with_rows(const Dims& shape, std::size_t n_index, const Dims& rows) {
  Dims result = rows;
  result.append(std::span(shape).subspan(n_index));
  return result;
}

}  // namespace

Terms push_take(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
                const Term& t) {
  const Expr index = in_columns(x[1].value);
  const std::int64_t n = index.shape()[1];
  Terms result;
  for (std::int64_t k = 0; k < n; ++k) {
    Term part = Take(space, column_of(index, k), t).run();
    if (n > 1) part = in_column(space, std::move(part), k, n);
    result.push_back(space.reshape(std::move(part), call.type.shape));
  }
  return result;
}

namespace {

/// Only entries of the operand that are not written over.
Term kept(const LaneSpace& space, const Expr& index, Term t) {
  Builder& b = space.builder();
  const std::int64_t n = t.shape[0];
  const Expr ones = full(b, 1, Type{DType::kInt64, index.shape()});
  const Expr written = take_set(full(b, 0, Type{DType::kInt64, Dims{n}}), index, ones);
  const Expr mask = LaneSpace::at_slots(t, beside_rest(equal(written, number(0)), t.shape.size()));
  t.coefficient = where(space.beside_lanes(mask, t.shape.size(), t.lanes.size()), t.coefficient,
                        constant(b, 0, t.coefficient.dtype()));
  return t;
}

/// Only the last of the values written to a place.
Term last_written(const LaneSpace& space, const Expr& index, std::int64_t n, Term t) {
  Dims shape = index.shape();
  shape.resize(t.shape.size(), 1);
  const Expr mask = LaneSpace::at_slots(t, reshape(last_writes(index, n), shape));
  t.coefficient = where(space.beside_lanes(mask, t.shape.size(), t.lanes.size()), t.coefficient,
                        constant(space.builder(), 0, t.coefficient.dtype()));
  return t;
}

}  // namespace

Terms push_scatter(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
                   std::size_t operand, Term t) {
  const Expr& index = x[1].value;
  const bool set = call.op == kTakeSet;
  if (operand == 0) return {set ? kept(space, index, std::move(t)) : std::move(t)};
  const std::int64_t n = call.type.shape[0];
  if (set) t = last_written(space, index, n, std::move(t));
  t = space.separate(std::move(t));
  const Expr columns = in_columns(index);
  const std::size_t rank = index.rank();
  if (const std::int64_t m = columns.shape()[1]; m > 1) {
    const Term wide = space.reshape(t, with_rows(t.shape, rank, columns.shape()));
    if (LaneSpace::lane_on(wide, 1) == wide.lanes.size()) {
      Terms result;
      for (std::int64_t k = 0; k < m; ++k) {
        space.add(result, spread(space, column_of(columns, k), at_column(space, wide, k), n));
      }
      return result;
    }
  }
  const Dims rows{element_count(index.shape())};
  t = space.reshape(std::move(t), with_rows(t.shape, rank, rows));
  return {spread(space, reshape(index, rows), std::move(t), n)};
}

}  // namespace dualtape::engine
