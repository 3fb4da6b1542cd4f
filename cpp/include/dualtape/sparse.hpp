/// Sparse Jacobians and Hessians as Eigen's sparse matrices: pattern and colouring once, then for
/// each x a few products by duals or a tape, from which every entry is read.
///
///   dualtape::SparseJacobian jacobian(f, x);      // finds the pattern at x
///   const Eigen::SparseMatrix<double>& a = jacobian(x);
///   jacobian(other_x);                            // the same matrix, new entries
#pragma once

#include <dualtape/drivers.hpp>
#include <dualtape/sparse/colouring.hpp>
#include <dualtape/sparse/trace.hpp>

#include <Eigen/SparseCore>
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dualtape {

namespace sparse::detail {

namespace core = dualtape::detail;

/// Lanes of duals.
inline constexpr int kFew = 4, kMany = 8;

/// Where an entry of the matrix is found among products.
struct Read {
  Colour product;
  SparseIndex at;     // in the product
  SparseIndex entry;  // among the matrix's values
};

inline void sort(std::vector<Read>& reads) { std::ranges::stable_sort(reads, {}, &Read::product); }

/// Calls f for the reads of products [first, last).
template <class F>
void for_products(const std::vector<Read>& reads, Colour first, Colour last, F f) {
  for (auto read = std::ranges::lower_bound(reads, first, {}, &Read::product);
       read != reads.end() && read->product < last; ++read) {
    f(*read);
  }
}

/// A matrix of this pattern; `place[k]` is where its k-th entry by rows stands among the values.
template <class T>
Eigen::SparseMatrix<T> matrix_of(const Pattern& p, std::vector<SparseIndex>& place) {
  std::vector<SparseIndex> from;
  const Pattern by_columns = transposed(p, &from);
  place.resize(from.size());
  for (std::size_t at = 0; at < from.size(); ++at) {
    place[static_cast<std::size_t>(from[at])] = static_cast<SparseIndex>(at);
  }
  Eigen::SparseMatrix<T> matrix(p.rows, p.columns);
  matrix.resizeNonZeros(static_cast<Eigen::Index>(p.size()));
  std::ranges::copy(by_columns.starts, matrix.outerIndexPtr());
  std::ranges::copy(by_columns.indices, matrix.innerIndexPtr());
  std::fill_n(matrix.valuePtr(), p.size(), T(0));
  return matrix;
}

/// The entries of either pattern.
inline Pattern united(const Pattern& p, const Pattern& q) {
  Pattern result{p.rows, p.columns, {0}, {}};
  for (std::size_t i = 0; i < static_cast<std::size_t>(p.rows); ++i) {
    std::ranges::set_union(p.row(i), q.row(i), std::back_inserter(result.indices));
    result.starts.push_back(static_cast<SparseIndex>(result.indices.size()));
  }
  return result;
}

/// Runs f on traced numbers and gives the trace to use(trace).
template <class F, class X, class Use>
void traced(F& f, const X& x, bool keep, Use use) {
  using T = typename core::Of<X>::Scalar;
  Trace trace(static_cast<std::size_t>(core::Of<X>::size(x)), keep);
  const auto inputs = core::transformed<Traced<T>>(
      x, [](const T& value, int i) { return Traced<T>(value, static_cast<std::uint32_t>(i) + 1); });
  const core::Rebound<decltype(f(inputs)), Traced<T>> y = f(inputs);
  using Outputs = core::Of<decltype(y)>;
  for (int i = 0; i < Outputs::size(y); ++i) trace.finish(Outputs::at(y, i).number());
  use(trace);
}

/// The entries that a function was seen to have.
template <Pattern (Trace::*kFind)() const>
class Seen {
 public:
  /// Runs f at x; true if the pattern has grown.
  template <class F, class X>
  bool grows(F& f, const X& x, const char* driver) {
    std::uint64_t hash = 0;
    if (!hashes_.empty()) traced(f, x, false, [&](const Trace& trace) { hash = trace.hash(); });
    if (hashes_.contains(hash)) return false;
    bool grown = false;
    traced(f, x, true, [&](const Trace& trace) {
      Pattern here = (trace.*kFind)();
      grown = hashes_.empty();
      hashes_.insert(trace.hash());
      if (grown) {
        pattern_ = std::move(here);
        return;
      }
      if (here.rows != pattern_.rows || here.columns != pattern_.columns) {
        core::fail<std::invalid_argument>(std::string(driver) + ": the Jacobian was " +
                                          text_of(pattern_) + ", now it is " + text_of(here));
      }
      Pattern both = united(pattern_, here);
      grown = !(both == pattern_);
      pattern_ = std::move(both);
    });
    return grown;
  }
  const Pattern& pattern() const { return pattern_; }

 private:
  static std::string text_of(const Pattern& p) {
    return std::to_string(p.rows) + " x " + std::to_string(p.columns);
  }

  std::set<std::uint64_t> hashes_;  // of the ways f went
  Pattern pattern_;
};

/// Duals whose tangents are the groups [first, first + N) of columns.
template <int N, class X>
auto grouped_duals(const X& x, const std::vector<Colour>& colours, Colour first) {
  using T = typename core::Of<X>::Scalar;
  using D = Dual<T, N>;
  return core::transformed<D>(x, [&](const T& value, int j) {
    const Colour lane = colours[static_cast<std::size_t>(j)] - first;
    return lane >= 0 && lane < N ? D::variable(value, lane) : D(value);
  });
}

}  // namespace sparse::detail

/// The Jacobian of f, by entries of f(x) and of x as `jacobian` has them. The pattern is that of
/// the operations f went through, either branch of a `where` included; each evaluation goes through
/// them anew (at a few times the cost of f), and where an `if` went another way the pattern grows
/// by that. Of X and of what f returns the sizes must stay.
template <class F, class X>
class SparseJacobian {
  using Argument = detail::Plain<X>;
  using T = typename detail::Of<X>::Scalar;

 public:
  SparseJacobian(F f, const X& x) : f_(std::move(f)) { look(x); }

  const Eigen::SparseMatrix<T>& operator()(const X& given) {
    const Argument x = given;
    look(x);
    std::fill_n(matrix_.valuePtr(), pattern().size(), T(0));
    colouring_.n_columns <= sparse::detail::kFew ? forward<sparse::detail::kFew>(x)
                                                 : forward<sparse::detail::kMany>(x);
    reverse(x, colouring_, by_rows_);
    if (!by_columns_.empty() && !is_finite()) by_tape(x);
    return matrix_;
  }

  const sparse::Pattern& pattern() const { return seen_.pattern(); }
  /// Products that an evaluation takes: with J from the right, and from the left.
  int forward_products() const { return colouring_.n_columns; }
  int reverse_products() const { return colouring_.n_rows; }

 private:
  using Reads = std::vector<sparse::detail::Read>;
  static constexpr int kSweepLanes = 32;

  void look(const Argument& x) {
    if (!seen_.grows(f_, x, "SparseJacobian")) return;
    matrix_ = sparse::detail::matrix_of<T>(pattern(), place_);
    colouring_ = sparse::colour(pattern(), {});
    by_columns_.clear();
    by_rows_ = reads(colouring_, &by_columns_);
    row_colouring_ = {};
  }

  /// Those of products with groups of rows; those with groups of columns go to `columns`.
  Reads reads(const sparse::Colouring& groups, Reads* columns) const {
    Reads rows;
    std::size_t k = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(pattern().rows); ++i) {
      for (const sparse::SparseIndex j : pattern().row(i)) {
        const sparse::SparseIndex entry = place_[k++];
        if (groups.by_row[i]) {
          rows.push_back({groups.rows[i], j, entry});
        } else {
          columns->push_back({groups.columns[static_cast<std::size_t>(j)],
                              static_cast<sparse::SparseIndex>(i), entry});
        }
      }
    }
    sparse::detail::sort(rows);
    if (columns) sparse::detail::sort(*columns);
    return rows;
  }

  template <int N>
  void forward(const Argument& x) {
    using D = Dual<T, N>;
    for (sparse::Colour first = 0; first < colouring_.n_columns; first += N) {
      const auto inputs = sparse::detail::grouped_duals<N>(x, colouring_.columns, first);
      const detail::Rebound<decltype(f_(inputs)), D> y = f_(inputs);
      sparse::detail::for_products(by_columns_, first, first + N, [&](const auto& read) {
        matrix_.valuePtr()[read.entry] =
            detail::Of<decltype(y)>::at(y, read.at).tangent(read.product - first);
      });
    }
  }

  void reverse(const Argument& x, const sparse::Colouring& groups, const Reads& reads) {
    if (groups.n_rows == 0) return;
    tape_.reset();
    const auto recording = tape_.record();
    const auto inputs = detail::variables(tape_, x);
    const detail::Rebound<decltype(f_(inputs)), Var<T>> y = f_(inputs);
    for (sparse::Colour first = 0; first < groups.n_rows; first += kSweepLanes) {
      const int lanes = std::min(groups.n_rows - first, kSweepLanes);
      tape_.start_sweep(lanes);
      for (std::size_t i = 0; i < groups.rows.size(); ++i) {
        const sparse::Colour lane = groups.rows[i] - first;
        if (groups.rows[i] == sparse::kNoColour || lane < 0 || lane >= lanes) continue;
        tape_.set_cotangent(detail::Of<decltype(y)>::at(y, static_cast<int>(i)), T(1), lane);
      }
      tape_.pullback();
      sparse::detail::for_products(reads, first, first + lanes, [&](const auto& read) {
        matrix_.valuePtr()[read.entry] = tape_.cotangent(
            detail::Of<decltype(inputs)>::at(inputs, read.at), read.product - first);
      });
    }
  }

  bool is_finite() const {
    return std::all_of(matrix_.valuePtr(), matrix_.valuePtr() + pattern().size(),
                       [](const T& value) { return dualtape::is_finite(value); });
  }

  /// Backward alone: a dual's tangent of 0 beside an infinite partial gives NaN, a cotangent of 0
  /// adds nothing.
  void by_tape(const Argument& x) {
    if (row_colouring_.by_row.empty()) {
      row_colouring_ = sparse::colour(pattern(), {.forward = false, .reverse = true});
      all_by_rows_ = reads(row_colouring_, nullptr);
    }
    reverse(x, row_colouring_, all_by_rows_);
  }

  F f_;
  sparse::detail::Seen<&sparse::Trace::jacobian> seen_;
  std::vector<sparse::SparseIndex> place_;  // of entries by rows among the matrix's values
  sparse::Colouring colouring_, row_colouring_;
  Reads by_columns_, by_rows_, all_by_rows_;
  Eigen::SparseMatrix<T> matrix_;
  Tape<T> tape_;
};

/// The Hessian of a scalar f, both triangles; symmetric to the last bit. Pattern as for
/// SparseJacobian; the products are of a star colouring, forward over reverse, 4 or 8 to a sweep.
template <class F, class X>
class SparseHessian {
  using Argument = detail::Plain<X>;
  using T = typename detail::Of<X>::Scalar;

 public:
  SparseHessian(F f, const X& x) : f_(std::move(f)) { look(x); }

  const Eigen::SparseMatrix<T>& operator()(const X& given) {
    const Argument x = given;
    look(x);
    colouring_.n_colours <= sparse::detail::kFew ? multiply(x, few_) : multiply(x, many_);
    return matrix_;
  }

  const sparse::Pattern& pattern() const { return seen_.pattern(); }
  /// Products with the Hessian that an evaluation takes.
  int products() const { return colouring_.n_colours; }

 private:
  template <int N>
  void multiply(const Argument& x, Tape<Dual<T, N>>& tape) {
    for (sparse::Colour first = 0; first < colouring_.n_colours; first += N) {
      const auto inputs = sparse::detail::grouped_duals<N>(x, colouring_.colours, first);
      const auto rows = value_and_gradient(f_, inputs, tape).derivative;
      sparse::detail::for_products(reads_, first, first + N, [&](const auto& read) {
        matrix_.valuePtr()[read.entry] =
            detail::Of<decltype(rows)>::at(rows, read.at).tangent(read.product - first);
      });
    }
  }

  void look(const Argument& x) {
    if (!seen_.grows(f_, x, "SparseHessian")) return;
    std::vector<sparse::SparseIndex> place;
    matrix_ = sparse::detail::matrix_of<T>(pattern(), place);
    colouring_ = sparse::star_colour(pattern());
    reads_.clear();
    std::size_t k = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(pattern().rows); ++i) {
      const auto row = static_cast<sparse::SparseIndex>(i);
      for (const sparse::SparseIndex j : pattern().row(i)) {
        const bool by_column = colouring_.by_column[k] != 0;
        const sparse::SparseIndex group = by_column ? j : row;
        reads_.push_back(
            {colouring_.colours[static_cast<std::size_t>(group)], by_column ? row : j, place[k++]});
      }
    }
    sparse::detail::sort(reads_);
  }

  F f_;
  sparse::detail::Seen<&sparse::Trace::hessian> seen_;
  sparse::StarColouring colouring_;
  std::vector<sparse::detail::Read> reads_;
  Eigen::SparseMatrix<T> matrix_;
  Tape<Dual<T, sparse::detail::kFew>> few_;
  Tape<Dual<T, sparse::detail::kMany>> many_;
};

/// The Jacobian once: see SparseJacobian.
template <class F, class X>
auto sparse_jacobian(F&& f, const X& x) {
  return SparseJacobian<std::decay_t<F>, X>(std::forward<F>(f), x)(x);
}

/// The Hessian once: see SparseHessian.
template <class F, class X>
auto sparse_hessian(F&& f, const X& x) {
  return SparseHessian<std::decay_t<F>, X>(std::forward<F>(f), x)(x);
}

}  // namespace dualtape
