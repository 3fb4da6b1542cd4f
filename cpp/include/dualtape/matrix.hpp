/// Products and solves of matrices of tape variables, recorded as one node each.
#pragma once

#include <dualtape/decompositions.hpp>

namespace dualtape {

namespace detail {

/// A X = B, by factors that are kept:  B_bar = A^-T X_bar,  A_bar = -B_bar X^T,
/// X_dot = A^-1 (B_dot - A_dot X).
/// Source: Giles (2008), An extended collection of matrix derivative results.
template <class T, class Factors>
struct SolveRule {
  NodeMatrix<T> a, b;
  Factors factors;
  DenseMatrix<T> x;

  template <class Accumulate>
  void pullback(const DenseMatrix<T>& x_bar, Accumulate accumulate) const {
    const DenseMatrix<T> b_bar = factors.transpose().solve(x_bar);
    accumulate(a, -b_bar * x.transpose());
    accumulate(b, b_bar);
  }
  template <class Tangent>
  DenseMatrix<T> pushforward(Tangent tangent) const {
    DenseMatrix<T> rest = tangent(b);
    rest.noalias() -= tangent(a) * x;
    return factors.solve(rest);
  }
};

template <template <class> class Factorisation, class A, class B>
auto solve_by(const char* name, const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  using V = NodeVar<A, B>;
  using T = typename V::value_type;
  if (a.rows() != a.cols() || a.rows() != b.rows()) {
    fail<std::invalid_argument>(std::string(name) + ": A must be (n, n) and B (n, k), got (" +
                                std::to_string(a.rows()) + ", " + std::to_string(a.cols()) +
                                ") and (" + std::to_string(b.rows()) + ", " +
                                std::to_string(b.cols()) + ")");
  }
  using Factors = Factorisation<DenseMatrix<T>>;
  const DenseMatrix<typename A::Scalar> lhs = a;
  const DenseMatrix<typename B::Scalar> rhs = b;
  NodeMatrix<T> left = node_matrix<T>(lhs), right = node_matrix<T>(rhs);
  const std::uint32_t recording = left.recording() | right.recording();
  const Factors factors(left.values);
  const DenseMatrix<T> x = factors.solve(right.values);
  Eigen::Matrix<V, A::RowsAtCompileTime, B::ColsAtCompileTime> result(x.rows(), x.cols());
  matrix_node<T>(recording, x, SolveRule<T, Factors>{std::move(left), std::move(right), factors, x},
                 [&](Eigen::Index i, Eigen::Index j, const V& entry) { result(i, j) = entry; });
  return result;
}

template <class M>
using GeneralFactors = Eigen::PartialPivLU<M>;
template <class M>
using PositiveFactors = Eigen::LLT<M>;

}  // namespace detail

/// X of A X = B, by LU with row exchanges, recorded as one node; A or B may be of numbers.
template <class A, class B>
  requires detail::Taped<detail::NodeVar<A, B>>
auto solve(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  return detail::solve_by<detail::GeneralFactors>("solve", a, b);
}

/// The same for a symmetric positive definite A, by Cholesky. Only A's lower triangle is read for
/// the value; the derivative takes A's entries as independent, the upper ones too.
template <class A, class B>
  requires detail::Taped<detail::NodeVar<A, B>>
auto solve_positive(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  return detail::solve_by<detail::PositiveFactors>("solve_positive", a, b);
}

/// A B as one node; A or B may be of numbers.
template <class A, class B>
  requires detail::Taped<detail::NodeVar<A, B>>
auto product(const Eigen::MatrixBase<A>& a, const Eigen::MatrixBase<B>& b) {
  using V = detail::NodeVar<A, B>;
  using T = typename V::value_type;
  eigen_assert(a.cols() == b.rows());
  Eigen::Matrix<V, A::RowsAtCompileTime, B::ColsAtCompileTime> c(a.rows(), b.cols());
  const detail::DenseMatrix<typename A::Scalar> lhs = a;
  const detail::DenseMatrix<typename B::Scalar> rhs = b;
  detail::product_node(detail::node_matrix<T>(lhs), detail::node_matrix<T>(rhs),
                       [&](Eigen::Index i, Eigen::Index j, const V& entry) { c(i, j) = entry; });
  return c;
}

}  // namespace dualtape
