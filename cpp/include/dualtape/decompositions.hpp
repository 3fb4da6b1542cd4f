/// What Eigen's LLT, PartialPivLU and triangular solves of tape variables record: one node each.
#pragma once

#include <dualtape/product.hpp>

#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <algorithm>
#include <utility>
#include <vector>

namespace dualtape::detail {

/// Decompositions, and solves of several columns, with matrices of so many rows are nodes: below,
/// and for one column, statements take less time. Of nested scalars, for which matrix kernels do
/// not pay, only solves are: the rule of a decomposition has six times the operations of the
/// decomposition.
inline constexpr Eigen::Index kNodeRows = 16;

/// A node whose result is a matrix, one lane after the other. Its rule, which holds the arguments,
/// gives
///   pullback(y_bar, accumulate)    calls accumulate(x, x_bar) for each argument x
///   pushforward(tangent)           y_dot, tangent(x) being an argument's
template <class T, class Rule>
class MatrixNode final : public External<T> {
 public:
  MatrixNode(Rule rule, Eigen::Index rows, Eigen::Index cols)
      : rule_(std::move(rule)), rows_(rows), cols_(cols) {
    this->outputs = static_cast<std::uint32_t>(rows * cols);
  }

  void pullback(T* lanes, std::uint32_t first, int width) const override {
    DenseMatrix<T> y_bar(rows_, cols_);
    for (int lane = 0; lane < width; ++lane) {
      bool any = false;
      for (std::uint32_t i = 0; i < this->outputs; ++i) {
        T& entry = y_bar(static_cast<Eigen::Index>(i));
        entry = lanes[NodeMatrix<T>::at(first + i, width, lane)];
        any = any || !is_exactly_zero(entry);
      }
      if (!any) continue;
      rule_.pullback(y_bar, [&](const NodeMatrix<T>& x, const auto& x_bar) {
        if (!x.is_constant()) x.accumulate(lanes, width, lane, x_bar);
      });
    }
  }

  void pushforward(T* lanes, std::uint32_t first, int width) const override {
    for (int lane = 0; lane < width; ++lane) {
      const DenseMatrix<T> y_dot =
          rule_.pushforward([&](const NodeMatrix<T>& x) { return x.tangents(lanes, width, lane); });
      for (std::uint32_t i = 0; i < this->outputs; ++i) {
        lanes[NodeMatrix<T>::at(first + i, width, lane)] = y_dot(static_cast<Eigen::Index>(i));
      }
    }
  }

 private:
  Rule rule_;
  Eigen::Index rows_, cols_;
};

/// Records y = f(arguments of the rule) and calls put(i, j, entry) for each entry of y.
template <class T, class Rule, class Put>
void matrix_node(std::uint32_t recording, const DenseMatrix<T>& y, Rule rule, Put put) {
  std::uint32_t next = 0;
  const bool recorded = recording != 0 && y.size() != 0;
  if (recorded) {
    next = Caller<T>::append(
        recording, std::make_unique<MatrixNode<T, Rule>>(std::move(rule), y.rows(), y.cols()));
  }
  for (Eigen::Index j = 0; j < y.cols(); ++j) {
    for (Eigen::Index i = 0; i < y.rows(); ++i) {
      put(i, j, recorded ? Caller<T>::output(y(i, j), next++) : Var<T>(y(i, j)));
    }
  }
}

template <class T>
bool all_finite(const DenseMatrix<T>& x) {
  return std::all_of(x.data(), x.data() + x.size(), [](const T& v) { return is_finite(v); });
}

/// The strictly lower triangle, and `diagonal` times the diagonal.
template <class T>
DenseMatrix<T> lower_part(const DenseMatrix<T>& x, double diagonal) {
  DenseMatrix<T> result = DenseMatrix<T>::Constant(x.rows(), x.cols(), T(0));
  for (Eigen::Index j = 0; j < x.cols(); ++j) {
    for (Eigen::Index i = j + 1; i < x.rows(); ++i) result(i, j) = x(i, j);
    if (diagonal != 0) result(j, j) = T(diagonal * x(j, j));
  }
  return result;
}
/// The upper triangle with its diagonal.
template <class T>
DenseMatrix<T> upper_part(const DenseMatrix<T>& x) {
  return lower_part<T>(x.transpose(), 1).transpose();
}

/// y -= sum_k a(i, k) b(k, j) over k in [begin, end).
template <class T, class A, class B>
void subtract_inner(Var<T>& y, EntryView<A> a, EntryView<B> b, Eigen::Index i, Eigen::Index j,
                    Eigen::Index begin, Eigen::Index end) {
  if (begin >= end) return;
  a.begin += begin * a.across, b.begin += begin * b.down;
  a.cols = end - begin;
  inner_product<SubtractFrom>(y, EntryView<const A>{a.begin, a.rows, a.cols, a.down, a.across},
                              EntryView<const B>{b.begin, b.rows, b.cols, b.down, b.across}, i, j);
}

/// A X = B, A triangular:  B_bar = A^-T X_bar,  A_bar = -B_bar X^T,  X_dot = A^-1 (B_dot - A_dot
/// X).
template <class T>
struct TriangularRule {
  NodeMatrix<T> a, b;
  DenseMatrix<T> x;
  bool lower;

  static DenseMatrix<T> solve(const DenseMatrix<T>& a, const DenseMatrix<T>& b, bool lower) {
    DenseMatrix<T> x = b;
    const auto solve_in_place = [&](auto&& part) {
      if (lower) {
        a.template triangularView<Eigen::Lower>().solveInPlace(part);
      } else {
        a.template triangularView<Eigen::Upper>().solveInPlace(part);
      }
    };
    if (x.cols() == 1) {  // Eigen's kernel for vectors
      solve_in_place(x.col(0));
    } else {
      solve_in_place(x);
    }
    return x;
  }
  template <class Accumulate>
  void pullback(const DenseMatrix<T>& x_bar, Accumulate accumulate) const {
    const DenseMatrix<T> b_bar = solve(a.values.transpose(), x_bar, !lower);
    accumulate(b, b_bar);
    accumulate(a, -b_bar * x.transpose());
  }
  template <class Tangent>
  DenseMatrix<T> pushforward(Tangent tangent) const {
    DenseMatrix<T> rest = tangent(b);
    rest.noalias() -= tangent(a) * x;
    return solve(a.values, rest, lower);
  }
};

/// x := A^-1 x for a triangular A.
template <class T, class A>
void solve_triangular(const EntryView<const A>& a, const EntryView<Var<T>>& x, bool lower,
                      bool unit_diagonal) {
  const Eigen::Index n = a.rows;
  if (n >= kNodeRows && x.cols > 1) {
    NodeMatrix<T> left(a, lower ? (unit_diagonal ? Part::kUnitLower : Part::kLower)
                                : (unit_diagonal ? Part::kUnitUpper : Part::kUpper));
    NodeMatrix<T> right(EntryView<const Var<T>>{x.begin, x.rows, x.cols, x.down, x.across});
    const DenseMatrix<T> y = TriangularRule<T>::solve(left.values, right.values, lower);
    if (left.is_finite() && all_finite(y)) {
      const std::uint32_t recording = left.recording() | right.recording();
      right.values.resize(0, 0);
      TriangularRule<T> rule{std::move(left), std::move(right), y, lower};
      return matrix_node<T>(
          recording, y, std::move(rule),
          [&](Eigen::Index i, Eigen::Index j, const Var<T>& entry) { x(i, j) = entry; });
    }
  }
  for (Eigen::Index j = 0; j < x.cols; ++j) {
    for (Eigen::Index k = 0; k < n; ++k) {
      const Eigen::Index i = lower ? k : n - 1 - k;
      subtract_inner(x(i, j), a, x, i, j, lower ? 0 : i + 1, lower ? i : n);
      if (!unit_diagonal) x(i, j) = x(i, j) / a(i, i);
    }
  }
}

/// A = L L^T in A's lower triangle: with S = L^-T P L^-1, P the lower triangle of L^T L_bar and
/// half of its diagonal,  A_bar_ii = S_ii,  A_bar_ij = S_ij + S_ji. Source: Murray (2016),
/// Differentiation of the Cholesky decomposition.
template <class T>
struct CholeskyRule {
  NodeMatrix<T> a;  // its lower triangle
  DenseMatrix<T> l;

  template <class Accumulate>
  void pullback(const DenseMatrix<T>& l_bar, Accumulate accumulate) const {
    const DenseMatrix<T> p = lower_part<T>(l.transpose() * lower_part(l_bar, 1), 0.5);
    const DenseMatrix<T> up = l.transpose();
    const DenseMatrix<T> half = TriangularRule<T>::solve(up, p, false);
    const DenseMatrix<T> s = TriangularRule<T>::solve(up, half.transpose(), false);
    DenseMatrix<T> a_bar = s + s.transpose();
    a_bar.diagonal() = s.diagonal();
    accumulate(a, a_bar);
  }
  /// L_dot = L P, P the lower triangle of L^-1 A_dot L^-T and half of its diagonal.
  template <class Tangent>
  DenseMatrix<T> pushforward(Tangent tangent) const {
    const DenseMatrix<T> below = tangent(a);
    DenseMatrix<T> a_dot = below + below.transpose();
    a_dot.diagonal() = below.diagonal();
    const DenseMatrix<T> half = TriangularRule<T>::solve(l, a_dot, true);
    const DenseMatrix<T> m = TriangularRule<T>::solve(l, half.transpose(), true);
    return l * lower_part(m, 0.5);
  }
};

/// A := L in the lower triangle; the row where A proves not to be positive, or -1.
template <class T>
Eigen::Index factor_positive(const EntryView<Var<T>>& a) {
  const Eigen::Index n = a.rows;
  if (BaseNumber<T> && n >= kNodeRows) {
    NodeMatrix<T> argument(EntryView<const Var<T>>{a.begin, n, n, a.down, a.across}, Part::kLower);
    DenseMatrix<T> l = std::move(argument.values);
    const Eigen::Index failed = Eigen::internal::llt_inplace<T, Eigen::Lower>::blocked(l);
    if (failed != -1) return failed;
    if (all_finite(l)) {
      const std::uint32_t recording = argument.recording();
      matrix_node<T>(recording, l, CholeskyRule<T>{std::move(argument), l},
                     [&](Eigen::Index i, Eigen::Index j, const Var<T>& entry) {
                       if (i >= j) a(i, j) = entry;
                     });
      return -1;
    }
  }
  const EntryView<Var<T>> transposed{a.begin, n, n, a.across, a.down};
  for (Eigen::Index k = 0; k < n; ++k) {
    subtract_inner(a(k, k), a, transposed, k, k, 0, k);
    if (a(k, k).value() <= T(0)) return k;
    a(k, k) = sqrt(a(k, k));
    for (Eigen::Index i = k + 1; i < n; ++i) {
      subtract_inner(a(i, k), a, transposed, i, k, 0, k);
      a(i, k) = a(i, k) / a(k, k);
    }
  }
  return -1;
}

/// P A = L U of a square A, L and U in one matrix:  with Z the strictly lower triangle of L^T L_bar
/// and the upper one of U_bar U^T,  A_bar = P^T L^-T Z U^-T.
template <class T>
struct LuRule {
  NodeMatrix<T> a;
  DenseMatrix<T> lu;
  std::vector<Eigen::Index> swaps;  // row i with row swaps[i], in order

  template <class Accumulate>
  void pullback(const DenseMatrix<T>& lu_bar, Accumulate accumulate) const {
    const DenseMatrix<T> l = lower(), u = upper();
    const DenseMatrix<T> below = lower_part(lu_bar, 0);
    const DenseMatrix<T> z =
        lower_part<T>(l.transpose() * below, 0) + upper_part<T>(upper_part(lu_bar) * u.transpose());
    const DenseMatrix<T> left = TriangularRule<T>::solve(l.transpose(), z, false);
    DenseMatrix<T> a_bar = TriangularRule<T>::solve(u, left.transpose(), false).transpose();
    for (Eigen::Index i = std::ssize(swaps); i-- > 0;) a_bar.row(i).swap(a_bar.row(to(i)));
    accumulate(a, a_bar);
  }
  /// M = L^-1 P A_dot U^-1;  L_dot = L times M's strictly lower triangle, U_dot = M's upper one U.
  template <class Tangent>
  DenseMatrix<T> pushforward(Tangent tangent) const {
    const DenseMatrix<T> l = lower(), u = upper();
    DenseMatrix<T> a_dot = tangent(a);
    for (Eigen::Index i = 0; i < std::ssize(swaps); ++i) a_dot.row(i).swap(a_dot.row(to(i)));
    const DenseMatrix<T> left = TriangularRule<T>::solve(l, a_dot, true);
    const DenseMatrix<T> m =
        TriangularRule<T>::solve(u.transpose(), left.transpose(), true).transpose();
    return l * lower_part(m, 0) + upper_part(m) * u;
  }

 private:
  Eigen::Index to(Eigen::Index i) const { return swaps[static_cast<std::size_t>(i)]; }
  DenseMatrix<T> lower() const {
    DenseMatrix<T> l = lower_part(lu, 0);
    l.diagonal().setConstant(T(1));
    return l;
  }
  DenseMatrix<T> upper() const { return upper_part(lu); }
};

/// A := L and U by the row exchanges `swaps`, which are those of A's values.
template <class T>
void eliminate(const EntryView<Var<T>>& a, const std::vector<Eigen::Index>& swaps) {
  for (Eigen::Index k = 0; k < std::ssize(swaps); ++k) {
    const Eigen::Index from = swaps[static_cast<std::size_t>(k)];
    for (Eigen::Index j = 0; j < a.cols && from != k; ++j) std::swap(a(k, j), a(from, j));
    const bool zero = base_value(a(k, k)) == 0;
    for (Eigen::Index i = k + 1; i < a.rows && !zero; ++i) a(i, k) = a(i, k) / a(k, k);
    for (Eigen::Index j = k + 1; j < a.cols; ++j) {
      for (Eigen::Index i = k + 1; i < a.rows; ++i) a(i, j) = a(i, j) - a(i, k) * a(k, j);
    }
  }
}

/// The same with the exchanges that Eigen finds, which are put into `transpositions`; the first
/// pivot that is 0, or -1.
template <class T, class PivIndex>
Eigen::Index factor_general(const EntryView<Var<T>>& a, PivIndex* transpositions, PivIndex& count) {
  NodeMatrix<T> argument(EntryView<const Var<T>>{a.begin, a.rows, a.cols, a.down, a.across});
  DenseMatrix<T> lu = std::move(argument.values);
  using Values = Eigen::internal::partial_lu_impl<T, Eigen::ColMajor, PivIndex, Eigen::Dynamic>;
  const Eigen::Index zero =
      Values::blocked_lu(a.rows, a.cols, lu.data(), lu.outerStride(), transpositions, count);
  std::vector<Eigen::Index> swaps(transpositions, transpositions + std::min(a.rows, a.cols));
  if (BaseNumber<T> && a.rows == a.cols && a.rows >= kNodeRows && zero == -1 && all_finite(lu)) {
    const std::uint32_t recording = argument.recording();
    LuRule<T> rule{std::move(argument), lu, std::move(swaps)};
    matrix_node<T>(recording, lu, std::move(rule),
                   [&](Eigen::Index i, Eigen::Index j, const Var<T>& entry) { a(i, j) = entry; });
  } else {
    eliminate(a, swaps);
  }
  return zero;
}

/// What Eigen calls for the solution of a triangular system in place.
template <class Lhs, class Rhs, bool Left, bool Lower, bool UnitDiagonal>
struct TapedTriangular {
  static void run(const Lhs& lhs, Rhs& rhs) {
    using V = typename Rhs::Scalar;
    if constexpr ((int(Lhs::Flags) & Eigen::DirectAccessBit) == 0) {
      const DenseMatrix<typename Lhs::Scalar> stored = lhs;
      TapedTriangular<DenseMatrix<typename Lhs::Scalar>, Rhs, Left, Lower, UnitDiagonal>::run(
          stored, rhs);
    } else {
      auto a = EntryView<const typename Lhs::Scalar>::of(lhs);
      auto x = EntryView<V>::of(rhs);
      if constexpr (!Left) {  // X A = B is A^T X^T = B^T
        std::swap(a.down, a.across);
        std::swap(x.down, x.across), std::swap(x.rows, x.cols);
      }
      solve_triangular<typename V::value_type>(a, x, Left == Lower, UnitDiagonal);
    }
  }
};

}  // namespace dualtape::detail

namespace Eigen::internal {

template <class Lhs, class Rhs, int Side, int Mode>
  requires dualtape::detail::Taped<typename Rhs::Scalar>
struct triangular_solver_selector<Lhs, Rhs, Side, Mode, NoUnrolling, 1>
    : dualtape::detail::TapedTriangular<Lhs, Rhs, Side == OnTheLeft, (Mode & Lower) != 0,
                                        (Mode & UnitDiag) != 0> {};
template <class Lhs, class Rhs, int Side, int Mode>
  requires dualtape::detail::Taped<typename Rhs::Scalar>
struct triangular_solver_selector<Lhs, Rhs, Side, Mode, NoUnrolling, Dynamic>
    : dualtape::detail::TapedTriangular<Lhs, Rhs, Side == OnTheLeft, (Mode & Lower) != 0,
                                        (Mode & UnitDiag) != 0> {};

template <class T>
struct llt_inplace<dualtape::Var<T>, Lower> {
  template <class Matrix>
  static Index blocked(Matrix& a) {
    return dualtape::detail::factor_positive(dualtape::detail::EntryView<dualtape::Var<T>>::of(a));
  }
  template <class Matrix>
  static Index unblocked(Matrix& a) {
    return blocked(a);
  }
  template <class Matrix, class Column>
  static Index rankUpdate(Matrix& l, const Column& x, const dualtape::Var<T>& sigma) {
    return llt_rank_update_lower(l, x, sigma);
  }
};

template <class T, int StorageOrder, class PivIndex, int SizeAtCompileTime>
struct partial_lu_impl<dualtape::Var<T>, StorageOrder, PivIndex, SizeAtCompileTime> {
  static Index blocked_lu(Index rows, Index cols, dualtape::Var<T>* a, Index stride,
                          PivIndex* transpositions, PivIndex& count, Index /*block*/ = 256) {
    constexpr bool kByRows = StorageOrder == RowMajor;
    return dualtape::detail::factor_general<T>(
        dualtape::detail::EntryView<dualtape::Var<T>>{a, rows, cols, kByRows ? stride : 1,
                                                      kByRows ? 1 : stride},
        transpositions, count);
  }
};

}  // namespace Eigen::internal
