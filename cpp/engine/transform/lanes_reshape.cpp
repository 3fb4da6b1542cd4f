/// Reshaping terms: axes are matched in groups of equal size. Where one axis becomes several, or
/// several one, identity lanes are split and merged likewise; other lanes of such a group become
/// dense.

#include <algorithm>

#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

/// Axes [from, from_end) of the old shape hold the elements of axes [to, to_end) of the new one.
struct Group {
  std::size_t from, from_end, to, to_end;
  bool is_one_axis() const { return from_end - from == 1 && to_end - to == 1; }
};

std::vector<Group> match(const Dims& from, const Dims& to) {
  std::vector<Group> groups;
  for (std::size_t i = 0, o = 0; i < from.size() || o < to.size();) {
    Group g{i, i, o, o};
    if (i < from.size() && from[i] == 1) {
      ++g.from_end;
    } else if (o < to.size() && to[o] == 1) {
      ++g.to_end;
    } else {
      std::int64_t p = from[g.from_end++], q = to[g.to_end++];
      while (p != q) {
        if (p < q) {
          p *= from[g.from_end++];
        } else {
          q *= to[g.to_end++];
        }
      }
    }
    i = g.from_end;
    o = g.to_end;
    groups.push_back(g);
  }
  return groups;
}

/// One reshape of a term: decides for each lane what becomes of it, then writes the new term.
class Reshaper {
 public:
  Reshaper(const LaneSpace& space, Term t, const Dims& to)
      : space_(space), t_(std::move(t)), to_(to), groups_(match(t_.shape, to)) {}

  Term run() {
    for (const Group& g : groups_) {
      if (!g.is_one_axis() && !splits(g) && !merges(g)) make_dense(g);
    }
    Term result;
    result.shape = to_;
    Dims value;
    for (const Group& g : groups_) value.append(value_part(g));
    Dims lane_lengths;
    for (std::size_t j = 0; j < t_.lanes.size(); ++j) add_lanes(j, result, lane_lengths);
    result.coefficient = engine::reshape(t_.coefficient, space_.joined(value, lane_lengths));
    return result;
  }

 private:
  std::size_t lane(std::size_t axis) const { return LaneSpace::lane_on(t_, axis); }
  bool has_lane(std::size_t axis) const { return lane(axis) < t_.lanes.size(); }

  void make_dense(const Group& g) {
    for (std::size_t a = g.from; a < g.from_end; ++a) {
      while (has_lane(a)) t_ = space_.make_dense(std::move(t_), lane(a));
    }
  }

  bool splits(const Group& g) const {
    if (g.from_end - g.from != 1 || g.to_end - g.to < 2 || !has_lane(g.from)) return false;
    return t_.lanes[lane(g.from)].is_identity(t_.shape[g.from]);
  }

  /// Every axis has an identity lane, and these follow one another.
  bool merges(const Group& g) const {
    if (g.to_end - g.to != 1 || g.from_end - g.from < 2 || !has_lane(g.from)) return false;
    const std::size_t first = lane(g.from);
    for (std::size_t a = g.from; a < g.from_end; ++a) {
      const std::size_t j = lane(a);
      if (j != first + a - g.from || !t_.lanes[j].is_identity(t_.shape[a])) return false;
    }
    return true;
  }

  /// Coefficient lengths of the new axes of a group: ones if it does not change along it.
  Dims value_part(const Group& g) {
    bool constant = true;
    for (std::size_t a = g.from; a < g.from_end; ++a) {
      constant = constant && space_.coefficient_length(t_, a) == 1;
    }
    if (constant) return Dims(g.to_end - g.to, 1);
    for (std::size_t a = g.from; a < g.from_end; ++a) t_ = space_.full_axis(std::move(t_), a);
    if (g.is_one_axis()) return {LaneSpace::slot_length(t_, g.from)};
    return Dims(to_.data() + g.to, to_.data() + g.to_end);
  }

  const Group& group_of(std::size_t axis) const {
    return *std::ranges::find_if(
        groups_, [&](const Group& g) { return g.from <= axis && axis < g.from_end; });
  }

  void add_lanes(std::size_t j, Term& result, Dims& lengths) const {
    const Lane& old = t_.lanes[j];
    if (!old.lies()) {
      result.lanes.push_back(old);
      lengths.push_back(t_.coefficient.shape()[space_.lane_axis(t_, j)]);
      return;
    }
    const Group& g = group_of(old.axis);
    if (g.is_one_axis()) {
      result.lanes.push_back(old);
      result.lanes.back().axis = g.to;
      lengths.push_back(1);
    } else if (old.axis == g.from) {  // a merged lane stands for its group
      for (std::size_t o = g.to; o < g.to_end; ++o) {
        const std::int64_t n = to_[o];
        result.lanes.push_back({.length = n, .strided = true, .axis = o, .count = n});
        lengths.push_back(1);
      }
    }
  }

  const LaneSpace& space_;
  Term t_;
  const Dims& to_;
  std::vector<Group> groups_;
};

}  // namespace

Term LaneSpace::reshape(Term t, const Dims& to) const {
  return Reshaper(*this, separate(std::move(t)), to).run();
}

}  // namespace dualtape::engine
