/// A number that writes down which operations it went through: where the Jacobian and the Hessian
/// of a function can be nonzero.
///
/// A tape's statements would not do: one knows neither which of its partials are constants, nor the
/// branch of a `where` that was not taken.
#pragma once

#include <dualtape/eigen.hpp>
#include <dualtape/error.hpp>
#include <dualtape/ops/registry.hpp>
#include <dualtape/sparse/pattern.hpp>

#include <limits>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dualtape::sparse {

template <BaseNumber T>
class Traced;

/// What an operation does to second derivatives.
enum class Bend : std::uint32_t {
  kNone,      // linear, or linear by pieces
  kProduct,   // bends in pairs of its operands
  kQuotient,  // a / b: in pairs of its operands, and in b
  kAll,
};

/// The operations of this thread's tracing. A value's number is its position, counted from 1; those
/// of inputs come first, 0 stands for all constants.
class Trace {
 public:
  /// keep: the operations themselves, not their hash alone.
  Trace(std::size_t inputs, bool keep) : inputs_(inputs), last_(inputs), keep_(keep) {
    outer_ = std::exchange(active_, this);
  }
  ~Trace() { active_ = outer_; }
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// The number of the result.
  static std::uint32_t record(Bend bend, std::uint32_t a, std::uint32_t b) {
    if ((a | b) == 0) return 0;
    if (!active_) dualtape::detail::fail<std::logic_error>("trace: a value outlived its tracing");
    return active_->append(bend, a, b);
  }
  void finish(std::uint32_t output) {
    outputs_.push_back(output);
    mix((std::uint64_t{1} << 63) + output);
  }

  /// Over all operations and results: equal for functions that went the same way.
  std::uint64_t hash() const { return hash_; }

  /// Rows by results, columns by inputs.
  Pattern jacobian() const {
    IndexSets sets(static_cast<std::int64_t>(inputs_));
    std::vector<bool> wanted(values());
    for (const std::uint32_t y : outputs_) wanted[y] = true;
    reach(wanted);
    const std::vector<IndexSets::Id> of = dependencies(sets, wanted);
    std::vector<IndexSets::Id> rows;
    for (const std::uint32_t y : outputs_) rows.push_back(of[y]);
    return pattern(rows, sets);
  }

  /// Of the sum of the results; symmetric.
  Pattern hessian() const {
    IndexSets sets(static_cast<std::int64_t>(inputs_));
    std::vector<bool> needed(values()), wanted(values());
    for (const std::uint32_t y : outputs_) needed[y] = true;
    reach(needed);
    // Of what bends alone: the inputs of a running sum would be as many as its terms, every time.
    for (std::size_t k = 0; k < operations_.size(); ++k) {
      const Operation& op = operations_[k];
      if (op.bend != Bend::kNone && needed[inputs_ + 1 + k]) wanted[op.a] = wanted[op.b] = true;
    }
    reach(wanted);
    const std::vector<IndexSets::Id> of = dependencies(sets, wanted);
    std::vector<IndexSets::Id> rows(inputs_, IndexSets::kEmpty);
    std::set<std::pair<IndexSets::Id, IndexSets::Id>> met;
    const auto bend = [&](IndexSets::Id a, IndexSets::Id b) {
      if (a == IndexSets::kEmpty || b == IndexSets::kEmpty || !met.emplace(a, b).second) return;
      const auto view = sets.of(a);
      for (const SparseIndex i : std::vector<SparseIndex>(view.begin(), view.end())) {
        IndexSets::Id& row = rows[static_cast<std::size_t>(i)];
        row = sets.unite(row, b);
      }
    };
    for (std::size_t k = 0; k < operations_.size(); ++k) {
      if (!needed[inputs_ + 1 + k]) continue;
      const Operation& op = operations_[k];
      const IndexSets::Id a = of[op.a], b = of[op.b];
      if (op.bend == Bend::kAll) {
        const IndexSets::Id both = sets.unite(a, b);
        bend(both, both);
      } else if (op.bend != Bend::kNone) {
        bend(a, b);
        bend(b, a);
        if (op.bend == Bend::kQuotient) bend(b, b);
      }
    }
    return pattern(rows, sets);
  }

 private:
  struct Operation {
    Bend bend;
    std::uint32_t a, b;
  };

  std::uint32_t append(Bend bend, std::uint32_t a, std::uint32_t b) {
    if (last_ == std::numeric_limits<std::uint32_t>::max()) {
      dualtape::detail::fail<std::length_error>("trace: at most 2^32 - 1 operations");
    }
    mix((std::uint64_t{a} << 32) + b + (static_cast<std::uint64_t>(bend) << 62));
    if (keep_) operations_.push_back({bend, a, b});
    return static_cast<std::uint32_t>(++last_);
  }

  void mix(std::uint64_t word) {
    hash_ = (hash_ ^ word) * 0x9E3779B97F4A7C15u;
    hash_ ^= hash_ >> 29;
  }

  /// Constants, inputs and results of operations.
  std::size_t values() const { return 1 + inputs_ + operations_.size(); }

  /// For each wanted value the inputs it depends on.
  std::vector<IndexSets::Id> dependencies(IndexSets& sets, const std::vector<bool>& wanted) const {
    std::vector<IndexSets::Id> of{IndexSets::kEmpty};
    of.reserve(values());
    for (std::size_t j = 0; j < inputs_; ++j) {
      of.push_back(IndexSets::single(static_cast<std::int64_t>(j)));
    }
    for (const Operation& op : operations_) {
      of.push_back(wanted[of.size()] ? sets.unite(of[op.a], of[op.b]) : IndexSets::kEmpty);
    }
    return of;
  }

  /// Marks what the marked values depend on too.
  void reach(std::vector<bool>& marked) const {
    for (std::size_t k = operations_.size(); k-- > 0;) {
      if (marked[inputs_ + 1 + k]) marked[operations_[k].a] = marked[operations_[k].b] = true;
    }
  }

  Pattern pattern(std::span<const IndexSets::Id> rows, const IndexSets& sets) const {
    Pattern p;
    p.rows = static_cast<std::int64_t>(rows.size());
    p.columns = static_cast<std::int64_t>(inputs_);
    for (const IndexSets::Id row : rows) {
      const auto columns = sets.of(row);
      if (p.size() + columns.size() > std::numeric_limits<SparseIndex>::max()) {
        dualtape::detail::fail<std::length_error>("a sparse matrix has fewer than 2^31 entries");
      }
      p.indices.insert(p.indices.end(), columns.begin(), columns.end());
      p.starts.push_back(static_cast<SparseIndex>(p.size()));
    }
    return p;
  }

  inline static constinit thread_local Trace* active_ = nullptr;

  std::size_t inputs_, last_;
  bool keep_;
  Trace* outer_;
  std::uint64_t hash_ = 0x2545F4914F6CDD1Du;
  std::vector<Operation> operations_;
  std::vector<std::uint32_t> outputs_;
};

/// A value and its number in the active trace. Comparisons compare values.
template <BaseNumber T>
class Traced : public EnableOperators {
 public:
  using value_type = T;

  Traced() : value_(0) {}
  /// A constant.
  template <class S>
    requires dualtape::detail::is_inner<S, T>
  Traced(const S& value) : value_(static_cast<T>(value)) {}
  Traced(const T& value, std::uint32_t number) : value_(value), number_(number) {}

  const T& value() const { return value_; }
  std::uint32_t number() const { return number_; }

 private:
  T value_;
  std::uint32_t number_ = 0;
};

}  // namespace dualtape::sparse

namespace dualtape {

template <class T>
struct BaseOf<sparse::Traced<T>> : BaseOf<T> {};

template <class T>
bool is_exactly_zero(const sparse::Traced<T>& x) {
  return x.number() == 0 && x.value() == T(0);
}
template <class T>
bool is_finite(const sparse::Traced<T>& x) {
  return is_finite(x.value());
}

template <class T>
struct ActiveTraits<sparse::Traced<T>> {
  static constexpr bool is_active = true;
  static constexpr bool accepts_constants = true;
  template <class S>
  static constexpr bool is_constant = detail::is_inner<S, T>;
  using mask_type = bool;
  using X = sparse::Traced<T>;
  using Bend = sparse::Bend;

  template <class Op, class... Xs>
  static auto apply(const Xs&... xs) {
    if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(detail::inner_value<X>(xs)...);
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return X(T(dualtape::apply<Op>(detail::inner_value<X>(xs)...)));
    } else if constexpr (Op::kind == Kind::kSelect) {
      return pick(xs...);
    } else {
      const T y = dualtape::apply<Op>(detail::inner_value<X>(xs)...);
      return X(y, record(bend_of<Op>, number(xs)...));
    }
  }

  template <class Op>
    requires(Op::parametric)
  static X apply(int n, const X& x) {
    return X(dualtape::apply<Op>(n, x.value()), record(Bend::kAll, x.number()));
  }

 private:
  template <class Op>
  static constexpr bool is_any_of(auto... ops) {
    return (std::same_as<Op, decltype(ops)> || ...);
  }
  template <class Op>
  static constexpr Bend bend_of = is_any_of<Op>(ops::Add{}, ops::Subtract{}, ops::Negative{},
                                                ops::Absolute{}, ops::Maximum{}, ops::Minimum{})
                                      ? Bend::kNone
                                  : std::same_as<Op, ops::Multiply> ? Bend::kProduct
                                  : std::same_as<Op, ops::Divide>   ? Bend::kQuotient
                                                                    : Bend::kAll;

  static std::uint32_t number(const X& x) { return x.number(); }
  template <class S>
  static std::uint32_t number(const S&) {
    return 0;
  }

  static std::uint32_t record(Bend bend, std::uint32_t a, std::uint32_t b = 0) {
    return sparse::Trace::record(bend, a, b);
  }
  static std::uint32_t record(Bend bend, std::uint32_t a, std::uint32_t b, std::uint32_t c) {
    return record(bend, record(Bend::kNone, a, b), c);
  }

  /// Either branch may be the one taken elsewhere.
  template <class A, class B>
  static X pick(bool mask, const A& a, const B& b) {
    const T& value = mask ? T(detail::inner_value<X>(a)) : T(detail::inner_value<X>(b));
    return X(value, record(Bend::kNone, number(a), number(b)));
  }
};

}  // namespace dualtape

template <class T>
struct Eigen::NumTraits<dualtape::sparse::Traced<T>>
    : dualtape::detail::EigenTraits<dualtape::sparse::Traced<T>, T, 2> {};
template <class T>
class std::numeric_limits<dualtape::sparse::Traced<T>> : public std::numeric_limits<T> {};
