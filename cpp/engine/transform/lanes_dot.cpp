/// dot_general of terms with a stored matrix c.
///
/// Where every contracted axis has a strided lane, or a constant coefficient, nothing is multiplied
/// out:
///
///   sum_k coefficient[i, k] (k == start + step l) c[k, j] = coefficient[i, start + step l] c[start
///   + step l, j]
///
/// is an elementwise product, and with a coefficient of 1 a view of c. Else the lanes on contracted
/// axes become dense and the coefficient is multiplied with c as a matrix.

#include <algorithm>

#include "transform/lanes.hpp"

namespace dualtape::engine {
namespace {

class Dot {
 public:
  Dot(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x, Term t)
      : space_(space), call_(call), t_(space.separate(std::move(t))), is_lhs_(x[0].linear) {
    const DotDims d = dot_dims(call.attrs);
    c_ = x[is_lhs_ ? 1 : 0].value;
    t_contract_ = is_lhs_ ? d.lhs_contract : d.rhs_contract;
    c_contract_ = is_lhs_ ? d.rhs_contract : d.lhs_contract;
    t_batch_ = is_lhs_ ? d.lhs_batch : d.rhs_batch;
    c_batch_ = is_lhs_ ? d.rhs_batch : d.lhs_batch;
    t_free_ = free_axes(t_.shape.size(), t_contract_, t_batch_);
    c_free_ = free_axes(c_.rank(), c_contract_, c_batch_);
  }

  Term run() {
    Term result;
    result.shape = call_.type.shape;
    if (needs_product()) {
      for (auto a : t_contract_) {
        const std::size_t j = lane(a);
        if (j < t_.lanes.size()) t_ = space_.make_dense(std::move(t_), j);
      }
      result.lanes = result_lanes();
      result.coefficient = matrix_product();
    } else {
      result.lanes = result_lanes();
      result.coefficient = elementwise_product();
    }
    return result;
  }

 private:
  std::size_t lane(std::int64_t a) const {
    return LaneSpace::lane_on(t_, static_cast<std::size_t>(a));
  }
  bool has_lane(std::int64_t a) const { return lane(a) < t_.lanes.size(); }
  std::size_t n_lanes() const { return t_.lanes.size(); }

  bool needs_product() const {
    return std::ranges::any_of(t_contract_, [&](std::int64_t a) {
      return !has_lane(a) && space_.coefficient_length(t_, static_cast<std::size_t>(a)) != 1;
    });
  }

  /// Value axis of the result for a batch or free axis of the operand.
  std::size_t result_axis(std::size_t a) const {
    const auto axis = static_cast<std::int64_t>(a);
    auto position = [&](const Dims& list) {
      return static_cast<std::size_t>(std::ranges::find(list, axis) - list.begin());
    };
    if (t_batch_.contains(axis)) return position(t_batch_);
    return t_batch_.size() + (is_lhs_ ? 0 : c_free_.size()) + position(t_free_);
  }

  std::vector<Lane> result_lanes() const {
    std::vector<Lane> lanes;
    for (const Lane& old : t_.lanes) {
      const bool contracted =
          old.lies() && t_contract_.contains(static_cast<std::int64_t>(old.axis));
      lanes.push_back(contracted ? Lane{.length = old.length} : old);
      if (lanes.back().lies()) lanes.back().axis = result_axis(old.axis);
    }
    return lanes;
  }

  /// batch, the operand's free axes and those of the other as the result has them.
  Dims value_order(const Dims& batch, const Dims& t_free, const Dims& c_free) const {
    Dims order = batch;
    order.append(is_lhs_ ? t_free : c_free);
    order.append(is_lhs_ ? c_free : t_free);
    return order;
  }

  static Dims lengths(const Expr& x, const Dims& axes) {
    Dims result;
    for (auto a : axes) result.push_back(x.shape()[static_cast<std::size_t>(a)]);
    return result;
  }

  Expr elementwise_product() const { return lifted_coefficient() * lifted_matrix(); }

  /// The coefficient, contracted axes gone, with axes of length one for c's free axes.
  Expr lifted_coefficient() const {
    Term t = t_;
    Dims batch = t_batch_, rest = t_free_, contract = t_contract_;
    std::ranges::sort(contract);
    for (std::size_t k = contract.size(); k-- > 0;) {
      const auto a = static_cast<std::size_t>(contract[k]);
      const std::size_t j = LaneSpace::lane_on(t, a);
      if (j < t.lanes.size()) {
        t = space_.contract_lane(std::move(t), j);
      } else {
        t.shape[a] = 1;  // c is summed along it
        t = space_.sum_axis(std::move(t), a);
      }
      for (Dims* list : {&batch, &rest}) {
        for (auto& axis : *list) axis -= axis > contract[k] ? 1 : 0;
      }
    }
    Dims order = batch;
    order.append(rest);
    t = space_.transpose(std::move(t), order);
    Dims lanes;
    for (std::size_t j = 0; j < t.lanes.size(); ++j) {
      lanes.push_back(t.coefficient.shape()[space_.lane_axis(t, j)]);
    }
    Dims value;
    for (std::size_t a = 0; a < t.shape.size(); ++a) {
      value.push_back(space_.coefficient_length(t, a));
    }
    const std::size_t n_batch = batch.size();
    const Dims batch_part(value.data(), value.data() + n_batch);
    const Dims free_part(value.data() + n_batch, value.end());
    return reshape(
        t.coefficient,
        space_.joined(value_order(batch_part, free_part, Dims(c_free_.size(), 1)), lanes));
  }

  /// c, contracted axes along their lanes, with axes of length one for the operand's free axes and
  /// the other lanes.
  Expr lifted_matrix() const {
    Expr c = c_;
    Dims lane_axis(n_lanes(), -1), summed;
    for (std::size_t k = 0; k < t_contract_.size(); ++k) {
      const auto axis = static_cast<std::size_t>(c_contract_[k]);
      const std::size_t j = lane(t_contract_[k]);
      if (j < n_lanes()) {
        c = space_.along_lane(c, axis, t_.lanes[j]);
        lane_axis[j] = c_contract_[k];
      } else {
        summed.push_back(c_contract_[k]);
      }
    }
    std::ranges::sort(summed);
    c = sum(c, summed);
    auto kept = [&](const Dims& axes) {
      Dims result;
      for (auto a : axes) {
        result.push_back(a - std::ranges::count_if(summed, [&](auto s) { return s < a; }));
      }
      return result;
    };
    const Dims batch = kept(c_batch_), rest = kept(c_free_);
    Dims lanes, lane_lengths;
    for (auto a : lane_axis) {
      if (a < 0) {
        lane_lengths.push_back(1);
      } else {
        const Dims at = kept(Dims{a});
        lanes.append(at);
        lane_lengths.append(lengths(c, at));
      }
    }
    Dims values = batch;
    values.append(rest);
    const Expr ordered = transpose(c, space_.joined(values, lanes));
    const Dims value = value_order(lengths(c, batch), Dims(t_free_.size(), 1), lengths(c, rest));
    return reshape(ordered, space_.joined(value, lane_lengths));
  }

  /// In the order of operands, if there is one, after which the axes lie as they are wanted: a
  /// product is written once, and what reads it runs along memory.
  Expr matrix_product() {
    for (const Dims* list : {&t_contract_, &t_batch_}) {
      for (auto a : *list) t_ = space_.full_axis(std::move(t_), static_cast<std::size_t>(a));
    }
    const Dims contract = coefficient_axes(t_contract_), batch = coefficient_axes(t_batch_);
    const Expr& x = t_.coefficient;
    const bool ahead = space_.lanes_first(), first = is_natural(ahead);
    const Expr y = first ? dot_general(x, c_, {contract, c_contract_, batch, c_batch_})
                         : dot_general(c_, x, {c_contract_, contract, c_batch_, batch});
    const std::int64_t n = element_count(y.shape());
    space_.count_moved(first ? 0 : n, is_natural(!ahead) ? 0 : n);
    return transpose(y, product_order(first, ahead));
  }

  /// With the coefficient as lhs: then a batch axis that vmap puts in front stays in front.
  bool is_natural(bool lanes_ahead) const {
    const std::size_t rank = call_.type.shape.size() + n_lanes();
    return product_order(true, lanes_ahead) == iota_dims(rank);
  }

  Dims coefficient_axes(const Dims& axes) const {
    Dims result;
    for (auto a : axes) {
      result.push_back(
          static_cast<std::int64_t>(space_.value_axis(t_, static_cast<std::size_t>(a))));
    }
    return result;
  }

  static Dims range(std::size_t first, std::size_t count) {
    Dims d = iota_dims(count);
    for (auto& v : d) v += static_cast<std::int64_t>(first);
    return d;
  }

  /// The product has the axes batch, lhs free, rhs free; the lanes are among the coefficient's free
  /// axes. `first`: the coefficient is the lhs; `ahead`: the lanes are wanted before the value.
  Dims product_order(bool first, bool ahead) const {
    const std::size_t n_batch = t_batch_.size(), n_free = t_free_.size(), n_c = c_free_.size();
    const std::size_t own = n_batch + (first ? 0 : n_c);
    const std::size_t c_at = n_batch + (first ? n_free + n_lanes() : 0);
    const Dims lanes = range(own + (ahead ? 0 : n_free), n_lanes());
    const Dims rest = range(own + (ahead ? n_lanes() : 0), n_free);
    const Dims value = value_order(range(0, n_batch), rest, range(c_at, n_c));
    Dims order = ahead ? lanes : value;
    order.append(ahead ? value : lanes);
    return order;
  }

  const LaneSpace& space_;
  const OpCall& call_;
  Term t_;
  bool is_lhs_;
  Expr c_;
  Dims t_contract_, c_contract_, t_batch_, c_batch_, t_free_, c_free_;
};

}  // namespace

namespace {

/// dot_general of a term whose indexed lanes' axes have their entries instead: contracted ones
/// become batch axes, whose entries are added up in the result.
class IndexedDot {
 public:
  IndexedDot(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x, Term t)
      : space_(space), call_(call), x_(x.begin(), x.end()), t_(space.separate(std::move(t))) {}

  Term run() {
    const std::size_t own = x_[0].linear ? 0 : 1;
    DotDims d = dot_dims(call_.attrs);
    Dims& contract = own == 0 ? d.lhs_contract : d.rhs_contract;
    Dims& batch = own == 0 ? d.lhs_batch : d.rhs_batch;
    Dims& c_contract = own == 0 ? d.rhs_contract : d.lhs_contract;
    Dims& c_batch = own == 0 ? d.rhs_batch : d.lhs_batch;
    const std::vector<Lane> lanes = t_.lanes;
    Dims moved, c_moved, summed;
    for (std::size_t j = 0; j < lanes.size(); ++j) {
      const Lane& lane = lanes[j];
      if (!lane.indexed) continue;
      const auto axis = static_cast<std::int64_t>(lane.axis);
      t_.shape[lane.axis] = lane.count;
      t_.lanes[j].rows = {};
      if (const std::size_t k = position(batch, axis); k < batch.size()) {
        take_rows(1 - own, c_batch[k], lane);
      }
      const std::size_t k = position(contract, axis);
      if (k == contract.size()) continue;
      take_rows(1 - own, c_contract[k], lane);
      moved.push_back(axis);
      c_moved.push_back(c_contract[k]);
      summed.push_back(static_cast<std::int64_t>(j));
      contract.erase(k);
      c_contract.erase(k);
    }
    batch = joined(moved, batch);
    c_batch = joined(c_moved, c_batch);
    return summed_up(product(d), lanes, summed);
  }

 private:
  static std::size_t position(const Dims& list, std::int64_t axis) {
    return static_cast<std::size_t>(std::ranges::find(list, axis) - list.begin());
  }
  static Dims joined(Dims first, const Dims& rest) {
    first.append(rest);
    return first;
  }

  void take_rows(std::size_t c, std::int64_t axis, const Lane& lane) {
    if (!lane.rows) return;
    Expr& x = x_[c].value;
    x = move_axis(take(move_axis(x, axis, 0), *lane.rows), 0, axis);
    x_[c].type = x.type();
  }

  Term product(const DotDims& d) const {
    const std::size_t own = x_[0].linear ? 0 : 1;
    const Dims& other = x_[1 - own].value.shape();
    const Dims& lhs = own == 0 ? t_.shape : other;
    const Dims& rhs = own == 0 ? other : t_.shape;
    Type type{call_.type.dtype, {}};
    const auto add = [&](const Dims& shape, const Dims& axes) {
      for (auto a : axes) type.shape.push_back(shape[static_cast<std::size_t>(a)]);
    };
    add(lhs, d.lhs_batch);
    add(lhs, free_axes(lhs.size(), d.lhs_contract, d.lhs_batch));
    add(rhs, free_axes(rhs.size(), d.rhs_contract, d.rhs_batch));
    const Dims attrs = dot_attrs(d);
    return Dot(space_, {kDotGeneral, type, attrs}, x_, t_).run();
  }

  static Dims dot_attrs(const DotDims& d) {
    Dims attrs{static_cast<std::int64_t>(d.lhs_contract.size()),
               static_cast<std::int64_t>(d.lhs_batch.size())};
    for (const Dims* list : {&d.lhs_contract, &d.rhs_contract, &d.lhs_batch, &d.rhs_batch}) {
      attrs.append(*list);
    }
    return attrs;
  }

  /// The contracted lanes lie along the first axes of the product.
  Term summed_up(Term y, const std::vector<Lane>& lanes, const Dims& summed) const {
    for (std::size_t k = summed.size(); k-- > 0;) {
      y = space_.contract_lane(std::move(y), static_cast<std::size_t>(summed[k]));
    }
    for (std::size_t j = 0; j < lanes.size(); ++j) {
      if (y.lanes[j].indexed) y.lanes[j].rows = lanes[j].rows;
    }
    y.shape = call_.type.shape;
    return y;
  }

  const LaneSpace& space_;
  const OpCall& call_;
  std::vector<LaneArg> x_;
  Term t_;
};

}  // namespace

Term push_dot(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x, Term t) {
  const bool indexed = std::ranges::any_of(t.lanes, &Lane::indexed);
  if (indexed) return IndexedDot(space, call, x, std::move(t)).run();
  return Dot(space, call, x, std::move(t)).run();
}

}  // namespace dualtape::engine
