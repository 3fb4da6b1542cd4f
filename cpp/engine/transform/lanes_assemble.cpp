/// Writing terms into their matrix. A strided lane and its value axis, side by side and taken as
/// one axis, are a diagonal: entries in steps of one more than a row. So a term is written with a
/// single strided store into zeros, and further ones of the same kind are added in place.

#include <algorithm>
#include <optional>

#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

/// An axis of the matrix: a value axis, a lane, or a value axis and the strided lane on it.
struct Place {
  std::optional<std::size_t> value, lane;
  bool is_pair() const { return value && lane; }
};

class Assembler {
 public:
  Assembler(const LaneSpace& space, Term t) : space_(space), t_(std::move(t)) {
    auto value_places = [&](bool with_lanes) {
      for (std::size_t a = 0; a < t_.shape.size(); ++a) {
        const std::size_t j = LaneSpace::lane_on(t_, a);
        const bool pair = j < t_.lanes.size();
        if (!pair) places_.push_back({a, {}});
        if (pair && with_lanes) places_.push_back({a, j});
      }
    };
    if (!space_.lanes_first()) value_places(true);
    for (std::size_t j = 0; j < t_.lanes.size(); ++j) {
      const bool lies = t_.lanes[j].lies();
      if (!lies) places_.push_back({{}, j});
      if (lies && space_.lanes_first()) places_.push_back({t_.lanes[j].axis, j});
    }
    if (space_.lanes_first()) value_places(false);
  }

  /// sum (in the matrix's order; absent: zero) + this term.
  Expr add_to(const Tangent& sum) const {
    if (indexed()) return scattered(sum);
    if (!strided()) {
      const Expr full = broadcast_to(t_.coefficient, matrix_shape());
      return sum ? engine::reshape(*sum, matrix_shape()) + full : full;
    }
    Dims flat, start, step;
    for (const Place& p : places_) {
      flat.push_back(length(p));
      start.push_back(p.is_pair() ? first(p) : 0);
      step.push_back(p.is_pair() ? stride(p) : 1);
    }
    const Expr entries = compact();
    Expr written;
    if (sum) {
      const Expr base = engine::reshape(engine::transpose(split(*sum), order()), flat);
      written =
          update_slice(base, slice(base, start, entries.shape(), step) + entries, start, step);
    } else {
      written = pad(entries, flat, start, step);
    }
    return engine::transpose(engine::reshape(written, pair_shape()), inverse_order());
  }

 private:
  bool strided() const {
    return std::ranges::any_of(places_, [](const Place& p) { return p.is_pair(); });
  }
  bool indexed() const {
    return std::ranges::any_of(t_.lanes, [](const Lane& lane) { return lane.indexed; });
  }

  /// Entries added one by one, each at its flat index in the matrix.
  Expr scattered(const Tangent& sum) const {
    const Expr entries = compact();
    const Dims matrix = matrix_shape(), strides = contiguous_strides(matrix);
    const auto stride_of = [&](std::optional<std::size_t> axis) {
      return axis ? strides[*axis] : std::int64_t{0};
    };
    Tangent index;
    for (std::size_t i = 0; i < places_.size(); ++i) {
      const Place& p = places_[i];
      const auto value = p.value ? std::optional(space_.value_axis(t_, *p.value)) : std::nullopt;
      const auto lane = p.lane ? std::optional(space_.lane_axis(t_, *p.lane)) : std::nullopt;
      Dims column(places_.size(), 1);
      column[i] = entries.shape()[i];
      accumulate(
          index,
          engine::reshape(flat_positions(p, column[i], stride_of(value), stride_of(lane)), column));
    }
    const Dims all{element_count(entries.shape())}, total{element_count(matrix)};
    const Expr base = sum ? engine::reshape(*sum, total)
                          : full(space_.builder(), 0, Type{entries.dtype(), total});
    const Expr places = engine::reshape(broadcast_to(*index, entries.shape()), all);
    return engine::reshape(take_add(base, places, engine::reshape(entries, all)), matrix);
  }

  /// What the n entries of a place add to the flat index: value index * v + lane index * l.
  Expr flat_positions(const Place& p, std::int64_t n, std::int64_t v, std::int64_t l) const {
    const auto number = [](std::int64_t k) { return Expr(static_cast<double>(k)); };
    const Expr k = iota(space_.builder(), n);
    if (!p.is_pair()) return k * number(p.value ? v : l);
    const Lane& lane = t_.lanes[*p.lane];
    if (lane.indexed) return lane.rows.value_or(k) * number(v) + lane.cols.value_or(k) * number(l);
    return k * number(lane.stride * v + lane.gap * l) + number(lane.first * v + lane.lo * l);
  }

  std::int64_t rows(const Place& p) const { return t_.shape[*p.value]; }
  std::int64_t columns(const Place& p) const { return t_.lanes[*p.lane].length; }
  std::int64_t length(const Place& p) const {
    return (p.value ? rows(p) : 1) * (p.lane ? columns(p) : 1);
  }
  /// Flat index of (i, l): row-major over value and lane, or lane and value.
  std::int64_t flat_index(const Place& p, std::int64_t i, std::int64_t l) const {
    return space_.lanes_first() ? l * rows(p) + i : i * columns(p) + l;
  }
  std::int64_t first(const Place& p) const {
    return flat_index(p, t_.lanes[*p.lane].first, t_.lanes[*p.lane].lo);
  }
  std::int64_t stride(const Place& p) const {
    return flat_index(p, t_.lanes[*p.lane].stride, t_.lanes[*p.lane].gap);
  }

  Dims lane_lengths() const {
    Dims lengths;
    for (const Lane& lane : t_.lanes) lengths.push_back(lane.length);
    return lengths;
  }
  Dims matrix_shape() const { return space_.joined(t_.shape, lane_lengths()); }
  Expr split(const Expr& matrix) const { return engine::reshape(matrix, matrix_shape()); }

  /// Axes of the matrix in the order of the places.
  Dims order() const {
    Dims axes;
    for (const Place& p : places_) {
      const auto value = p.value ? static_cast<std::int64_t>(space_.value_axis(t_, *p.value)) : -1;
      const auto lane = p.lane ? static_cast<std::int64_t>(space_.lane_axis(t_, *p.lane)) : -1;
      for (auto axis : space_.lanes_first() ? Dims{lane, value} : Dims{value, lane}) {
        if (axis >= 0) axes.push_back(axis);
      }
    }
    return axes;
  }
  Dims inverse_order() const {
    const Dims forward = order();
    Dims result(forward.size());
    for (std::size_t i = 0; i < forward.size(); ++i) {
      result[static_cast<std::size_t>(forward[i])] = static_cast<std::int64_t>(i);
    }
    return result;
  }
  Dims pair_shape() const {
    const Dims matrix = matrix_shape();
    Dims shape;
    for (auto axis : order()) shape.push_back(matrix[static_cast<std::size_t>(axis)]);
    return shape;
  }

  /// The coefficient's entries that are written: one axis for each place.
  Expr compact() const {
    Expr x = t_.coefficient;
    Dims full = x.shape();
    for (const Place& p : places_) {
      const Lane lane = p.lane ? t_.lanes[*p.lane] : Lane{};
      if (p.value) {
        const std::size_t axis = space_.value_axis(t_, *p.value);
        full[axis] = p.is_pair() ? lane.count : rows(p);
        if (p.is_pair() && lane.strided && x.shape()[axis] != 1) {
          x = slice_axis(x, axis, lane.first, lane.count, lane.stride);
        }
      } else {
        full[space_.lane_axis(t_, *p.lane)] = lane.length;
      }
    }
    x = engine::transpose(broadcast_to(x, full), order());
    Dims shape;
    for (const Place& p : places_) {
      const std::size_t axis =
          p.value ? space_.value_axis(t_, *p.value) : space_.lane_axis(t_, *p.lane);
      shape.push_back(full[axis]);
    }
    return engine::reshape(x, shape);
  }

  const LaneSpace& space_;
  Term t_;
  std::vector<Place> places_;
};

/// Each lane is dense or lies along the value axis of the same number.
bool has_aligned_lanes(const Term& t) {
  if (t.lanes.size() != t.shape.size()) return false;
  for (std::size_t a = 0; a < t.shape.size(); ++a) {
    const Lane& lane = t.lanes[a];
    if (lane.length != t.shape[a] || lane.indexed || (lane.strided && lane.axis != a)) return false;
  }
  return true;
}

/// A range of indices in steps.
struct Range {
  std::int64_t first, step, count;
};

/// The indices i that a lane has at i: those with first + stride k == lo + gap k.
Range fixed_points(const Lane& lane) {
  const std::int64_t slope = lane.stride - lane.gap, shift = lane.lo - lane.first;
  if (slope == 0) return {lane.first, lane.stride, shift == 0 ? lane.count : 0};
  const std::int64_t k = shift / slope;
  const bool hit = shift % slope == 0 && 0 <= k && k < lane.count;
  return {lane.lo + lane.gap * k, 1, hit ? 1 : 0};
}

/// Entries [i, i] of such a term; absent: all zero. Where the value axis and the lane are both
/// stored, they are every (n + 1)-th of n * n entries.
Tangent aligned_diagonal(const LaneSpace& space, const Term& t) {
  Dims pairs, joined, from, count, step, start, skip, length;

  for (std::size_t a = 0; a < t.shape.size(); ++a) {
    const Lane& lane = t.lanes[a];
    const Range at = lane.strided ? fixed_points(lane) : Range{0, 1, t.shape[a]};
    if (at.count == 0) return {};
    const std::size_t value = space.value_axis(t, a), own = space.lane_axis(t, a);
    pairs.append(Dims{static_cast<std::int64_t>(value), static_cast<std::int64_t>(own)});
    const std::int64_t n = t.coefficient.shape()[value], m = t.coefficient.shape()[own];
    joined.push_back(n * m);
    const bool constant = n == 1 && m == 1;
    const std::int64_t both = n == m ? n + 1 : 1;
    from.push_back(constant ? 0 : at.first * both);
    count.push_back(constant ? 1 : at.count);
    step.push_back(at.step * both);
    start.push_back(at.first);
    skip.push_back(at.step);
    length.push_back(at.count);
  }
  const Expr x = engine::reshape(engine::transpose(t.coefficient, pairs), joined);
  const Expr part = slice(x, from, count, step);
  return pad(broadcast_to(part, length), t.shape, start, skip);
}

bool is_dense(const Term& t) {
  return std::ranges::none_of(t.lanes, [](const Lane& lane) { return lane.lies(); });
}

}  // namespace

Expr matrix_diagonal(const Expr& x) {
  const std::int64_t n = x.shape()[0];
  return slice_axis(engine::reshape(x, Dims{n * n}), 0, 0, n, n + 1);
}

Expr LaneSpace::diagonal(const Terms& terms, const Type& value) const {
  if (terms.empty() || element_count(value.shape) == 0) return full(b_, 0, value);
  const std::int64_t n = element_count(value.shape);
  Tangent sum;
  for (const Term& t : terms) {
    if (has_aligned_lanes(t)) {
      if (const Tangent entries = aligned_diagonal(*this, t)) accumulate(sum, *entries);
      continue;
    }
    const Expr square = engine::reshape(assemble({t}, value, value.shape), Dims{n, n});
    accumulate(sum, engine::reshape(matrix_diagonal(square), value.shape));
  }
  return sum ? *sum : full(b_, 0, value);
}

Expr LaneSpace::assemble(const Terms& terms, const Type& value, const Dims& input) const {
  const Dims shape = joined(value.shape, input);
  // An empty matrix has no diagonal to step along.
  if (terms.empty() || element_count(shape) == 0) return full(b_, 0, Type{value.dtype, shape});
  Terms ordered = terms;
  for (Term& t : ordered) t = separate(std::move(t));
  std::ranges::stable_partition(ordered, is_dense);
  Tangent sum;
  for (Term& t : ordered) sum = engine::reshape(Assembler(*this, std::move(t)).add_to(sum), shape);
  return *sum;
}

}  // namespace dualtape::engine
