/// Sums over all lanes of products of two terms.

#include <algorithm>
#include <cstdlib>

#include "ops/elementwise.hpp"
#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

/// The index along an axis of a value of this rank.
Expr index_of(Builder& b, const Dims& shape, std::size_t axis) {
  Dims column(shape.size(), 1);
  column[axis] = shape[axis];
  return engine::reshape(iota(b, shape[axis]), column);
}
Expr number(std::int64_t n) { return Expr(static_cast<double>(n)); }

/// sum_l s[i, l] t[i, l] for terms of one shape.
class Inner {
 public:
  Inner(const LaneSpace& space, OpCode op, Term s, Term t)
      : space_(space), op_(op), b_(space.builder()), s_(std::move(s)), t_(std::move(t)) {}

  /// Absent: structurally zero.
  Tangent run() {
    for (std::size_t j = 0; j < s_.lanes.size(); ++j) {
      if (!s_.lanes[j].lies() && !t_.lanes[j].lies()) continue;
      if (!meet(j)) return {};
    }
    Expr sum = summed();
    if (!hits_.empty()) {
      Expr hit = hits_.front();
      for (std::size_t k = 1; k < hits_.size(); ++k) hit = mask_and(hit, hits_[k]);
      sum = where(hit, sum, constant(b_, 0, sum.dtype()));
    }
    return broadcast_to(sum, s_.shape);
  }

 private:
  /// Where both lanes are strided, their product is nonzero on some entries of the value, and no
  /// lane is left. Else they become dense. False: it is zero everywhere.
  bool meet(std::size_t j) {
    const Lane& p = s_.lanes[j];
    const Lane& q = t_.lanes[j];
    if (p.strided && q.strided && p.gap == q.gap) {
      const std::int64_t ahead = (q.lo - p.lo) / p.gap;  // entry k of p is entry k - ahead of q
      if ((q.lo - p.lo) % p.gap != 0) return false;
      const std::int64_t lo = std::max<std::int64_t>(0, ahead);
      const std::int64_t hi = std::min(p.count, q.count + ahead);
      if (lo >= hi) return false;
      const std::int64_t first = q.first - q.stride * ahead;
      if (p.axis == q.axis) {
        const std::int64_t shift = first - p.first, slope = p.stride - q.stride;
        if (slope == 0) {
          if (shift == 0) hit_range(p, lo, hi);
          return shift == 0;
        }
        const std::int64_t k = shift / slope;
        if (shift % slope != 0 || k < lo || k >= hi) return false;
        hit_range(p, k, k + 1);
        return true;
      }
      if (std::abs(p.stride) == 1) {
        hit_diagonal(p, q.axis, first, q.stride, lo, hi);
        return true;
      }
    }
    // An entry for each index of the value: the same lanes there.
    if (p.indexed && p == q && !p.rows) return true;
    if (p.lies()) s_ = space_.make_dense(std::move(s_), j);
    if (q.lies()) t_ = space_.make_dense(std::move(t_), j);
    return true;
  }

  /// The indices first + stride k for lo <= k < hi.
  void hit_range(const Lane& lane, std::int64_t lo, std::int64_t hi) {
    const std::int64_t n = s_.shape[lane.axis], count = hi - lo;
    if (count == n) return;
    const std::int64_t first = lane.first + lane.stride * lo;
    const std::int64_t low = std::min(first, first + lane.stride * (count - 1));
    const Expr ones = full(b_, 1, Type{DType::kFloat64, {count}});
    Dims column(s_.shape.size(), 1);
    column[lane.axis] = n;
    const Expr marks = pad(ones, {n}, {low}, {std::abs(lane.stride)});
    hits_.push_back(equal(engine::reshape(marks, column), number(1)));
  }

  /// i[p.axis] = p.first +- k and i[axis] = first + stride k.
  void hit_diagonal(const Lane& p, std::size_t axis, std::int64_t first, std::int64_t stride,
                    std::int64_t lo, std::int64_t hi) {
    const Expr k = (index_of(b_, s_.shape, p.axis) - number(p.first)) * number(p.stride);
    const Expr on = equal(index_of(b_, s_.shape, axis), k * number(stride) + number(first));
    hits_.push_back(mask_and(on, mask_and(less(k, number(hi)), less(number(lo - 1), k))));
  }

  /// The product, summed over the lane axes; those of strided lanes have one entry.
  Expr summed() const {
    Dims axes;
    double repeats = 1;
    for (std::size_t j = 0; j < s_.lanes.size(); ++j) {
      const std::size_t axis = space_.lane_axis(s_, j);
      const auto length = [&](const Term& t) { return t.coefficient.shape()[axis]; };
      if (!s_.lanes[j].lies() && length(s_) == 1 && length(t_) == 1) {
        repeats *= static_cast<double>(s_.lanes[j].length);
      }
      axes.push_back(static_cast<std::int64_t>(axis));
    }
    const Expr sum = engine::sum(product(), axes);
    return repeats == 1 ? sum : sum * Expr(repeats);
  }

  /// Zero where one factor is, if zeros are absolute: whatever the other is.
  Expr product() const {
    const Expr &x = s_.coefficient, &y = t_.coefficient;
    if (op_ != kZeroMultiply) return x * y;
    // Not where(x == 0, 0, ...): in x this has the derivative y at x = 0, too.
    return where(equal(y, constant(b_, 0, y.dtype())), zero_multiply(x, y), zero_multiply(y, x));
  }

  const LaneSpace& space_;
  OpCode op_;
  Builder& b_;
  Term s_, t_;
  std::vector<Expr> hits_;
};

bool same_lengths(const Term& s, const Term& t) {
  return std::ranges::equal(s.lanes, t.lanes, {}, &Lane::length, &Lane::length);
}

}  // namespace

Tangent LaneSpace::inner(OpCode op, const Terms& x, const Terms& y, const Dims& shape,
                         const Dims& input) const {
  Tangent total;
  for (const Term& s : x) {
    for (const Term& t : y) {
      Term a = separate(broadcast(s, shape)), b = separate(broadcast(t, shape));
      if (!same_lengths(a, b)) {
        a = with_input_lanes(std::move(a), input);
        b = with_input_lanes(std::move(b), input);
      }
      const Tangent part = Inner(*this, op, std::move(a), std::move(b)).run();
      if (part) accumulate(total, *part);
    }
  }
  return total;
}

Term LaneSpace::with_input_lanes(Term t, const Dims& input) const {
  t = make_all_dense(std::move(t));
  Dims value, lanes;
  for (std::size_t a = 0; a < t.shape.size(); ++a) value.push_back(coefficient_length(t, a));
  for (const Lane& lane : t.lanes) lanes.push_back(lane.length);
  t.coefficient =
      engine::reshape(broadcast_to(t.coefficient, joined(value, lanes)), joined(value, input));
  t.lanes.clear();
  for (auto n : input) t.lanes.push_back({.length = n});
  return t;
}

}  // namespace dualtape::engine
