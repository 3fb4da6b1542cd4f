/// Lanes: derivatives in every entry of an input at once, without an identity matrix.
///
/// The tangent of a value v in all entries of an input x is a tensor T[v axes, x axes]. It is kept
/// as a short sum of terms
///
///   T[i, l] = coefficient[i, l] * prod over strided lanes (i[axis] == first + stride * k and
///                                                       l[lane] == lo + gap * k for some k)
///
/// A lane is an axis of x, or a factor of one. A strided lane lies along an axis of the value:
/// nothing is stored for it. A dense lane has an axis of the coefficient. Coefficients broadcast:
/// an axis along which they do not change has length one. So an elementwise function stays a
/// diagonal, a matmul over a strided axis is the stored matrix, and x itself is the coefficient 1
/// with every lane strided.
#pragma once

#include <span>
#include <vector>

#include "ops/rules.hpp"

namespace dualtape::engine {

struct Lane {
  std::int64_t length = 0;
  bool strided = false;
  // Strided: entry k < count is index first + stride * k of the value's axis and index lo + gap * k
  // of the lane (gap > 0); all else is zero.
  std::size_t axis = 0;
  std::int64_t first = 0, stride = 1, lo = 0, gap = 1, count = 0;
  // Indexed: entry k < count is index rows[k] of the value's axis and cols[k] of the lane (int64;
  // absent: k itself); all else is zero, and what falls on one place adds up. The coefficient's
  // axis for the value has the entries, or length one. With rows the lane is alone on its axis.
  bool indexed = false;
  Tangent rows = {}, cols = {};

  bool lies() const { return strided || indexed; }
  /// Every index of the lane is met.
  bool full() const { return lo == 0 && gap == 1 && count == length; }
  /// The lane is the axis (of n entries) itself.
  bool is_identity(std::int64_t n) const {
    return strided && full() && first == 0 && stride == 1 && length == n;
  }
  friend bool operator==(const Lane& a, const Lane& b);
};

struct Term {
  Expr coefficient;  // value axes and one axis for each lane, in the order of the LaneSpace
  std::vector<Lane> lanes;
  Dims shape;  // of the value
};
using Terms = std::vector<Term>;  // their sum; none: structurally zero

/// Entries start <= i < start + count of the input, axis by axis.
struct Box {
  Dims start, count;
};

/// The entries [i, i] of a square matrix.
Expr matrix_diagonal(const Expr& x);

/// How coefficients are laid out: the axes that come first in the matrix wanted come first in them.
class LaneSpace {
 public:
  /// More terms than this cost more than their dense sum.
  static constexpr std::size_t kMaxTerms = 8;

  LaneSpace(Builder& b, bool lanes_first, std::size_t max_terms = kMaxTerms)
      : b_(b), lanes_first_(lanes_first), max_terms_(max_terms) {}

  Builder& builder() const { return b_; }
  bool lanes_first() const { return lanes_first_; }
  /// Whether a term was made that is zero in more places than its lanes tell.
  bool has_lost_structure() const { return has_lost_structure_; }
  void lose_structure() const { has_lost_structure_ = true; }

  /// x, differentiated in its entries in the box.
  Terms identity(const Type& type, const Box& box) const;
  /// The terms as one array: value axes and lanes, in this space's order, of full length.
  Expr assemble(const Terms& terms, const Type& value, const Dims& input) const;
  /// Entries [i, i] of the terms of a value shaped as the input.
  Expr diagonal(const Terms& terms, const Type& value) const;

  /// Where value axis a and lane j stand in the coefficient.
  std::size_t value_axis(const Term& t, std::size_t a) const {
    return lanes_first_ ? t.lanes.size() + a : a;
  }
  std::size_t lane_axis(const Term& t, std::size_t j) const {
    return lanes_first_ ? j : t.shape.size() + j;
  }
  std::int64_t coefficient_length(const Term& t, std::size_t a) const {
    return t.coefficient.shape()[value_axis(t, a)];
  }
  /// Coefficient shape of these value and lane lengths.
  Dims joined(const Dims& value, const Dims& lanes) const;
  /// c, of shape `value` or one that broadcasts to it, as it stands beside coefficients with these
  /// lanes.
  Expr beside_lanes(const Expr& c, std::size_t value_rank, std::size_t n_lanes) const;

  /// The strided or indexed lane along a value axis; lanes.size() if there is none.
  static std::size_t lane_on(const Term& t, std::size_t axis);
  /// Length of the coefficient's axis for value axis a, where it changes along it.
  static std::int64_t slot_length(const Term& t, std::size_t a);
  /// c, of the value's rank, as it is along the coefficient's axes: at the rows of indexed lanes.
  static Expr at_slots(const Term& t, Expr c);

  /// Gives a strided or indexed lane an axis of its own.
  Term make_dense(Term t, std::size_t lane) const;
  Term make_all_dense(Term t) const;
  /// No two lanes on one axis.
  Term separate(Term t) const;
  /// The lane's entries of x along axis `from`, where they belong in the lane; zero elsewhere. An
  /// axis of length one stays, if it can.
  Expr along_lane(const Expr& x, std::size_t from, const Lane& lane) const;
  /// Sums over the value axis of lane j, which becomes dense: no work, but for an indexed lane with
  /// cols, whose entries are added up.
  Term contract_lane(Term t, std::size_t lane) const;
  /// Sums over a value axis without lanes.
  Term sum_axis(Term t, std::size_t a) const;
  /// The coefficient with its value axis a at full length.
  Term full_axis(Term t, std::size_t a) const;
  Term broadcast(Term t, const Dims& to) const;
  Term reshape(Term t, const Dims& to) const;
  Term transpose(Term t, std::span<const std::int64_t> permutation) const;

  /// Elements of products that do not lie in memory as coefficients do here, and with the lanes on
  /// the other side.
  void count_moved(std::int64_t here, std::int64_t other) const {
    moved_here_ += here;
    moved_other_ += other;
  }
  /// Elements that would lie better with the lanes on the other side.
  std::int64_t misplaced() const { return moved_here_ - moved_other_; }

  /// sum_l x[i, l] y[i, l] over all lanes, for values that broadcast to `shape`; absent: zero.
  /// `op`: multiply or zero_multiply.
  Tangent inner(OpCode op, const Terms& x, const Terms& y, const Dims& shape,
                const Dims& input) const;
  /// Dense, with one lane for each axis of the input.
  Term with_input_lanes(Term t, const Dims& input) const;

  /// sum += t: into the term with the same lanes, if there is one.
  void add(Terms& sum, Term t) const;

 private:
  Term densify_indexed(Term t, std::size_t lane) const;
  Term contract_indexed(Term t, std::size_t lane) const;

  Builder& b_;
  bool lanes_first_;
  mutable std::int64_t moved_here_ = 0, moved_other_ = 0;
  std::size_t max_terms_;
  mutable bool has_lost_structure_ = false;
};

/// An operand of a linear instruction.
struct LaneArg {
  bool linear;
  Type type;
  Expr value;  // unless linear
  Terms terms;
};

/// Terms of the result of an instruction from those of its linear operands. `input`: shape of what
/// is differentiated in.
Terms push_lanes(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
                 const Dims& input);
/// take of a term; take_add, take_set of one of operand `operand`.
Terms push_take(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
                const Term& t);
Terms push_scatter(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x,
                   std::size_t operand, Term t);
Term push_cumsum(const LaneSpace& space, const OpCall& call, Term t);
Term push_solve(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x, Term t);
/// The rule for dot_general.
Term push_dot(const LaneSpace& space, const OpCall& call, std::span<const LaneArg> x, Term t);

}  // namespace dualtape::engine
