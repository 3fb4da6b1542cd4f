/// Products and solves of matrices of tape variables, recorded as one node each.
#pragma once

#include <dualtape/eigen.hpp>
#include <dualtape/product.hpp>

#include <Eigen/Cholesky>
#include <Eigen/LU>

namespace dualtape {

namespace detail {

template <class T>
DenseMatrix<T> values(const DenseMatrix<Var<T>>& x) {
  return x.unaryExpr([](const Var<T>& v) { return v.value(); });
}
template <BaseNumber T>
DenseMatrix<T> values(const DenseMatrix<T>& x) {
  return x;
}

/// The inputs of a node: the entries of a, then those of b; numbers are constants.
template <class T, class A, class B>
std::vector<Var<T>> entries(const DenseMatrix<A>& a, const DenseMatrix<B>& b) {
  std::vector<Var<T>> result(a.data(), a.data() + a.size());
  result.insert(result.end(), b.data(), b.data() + b.size());
  return result;
}

template <class T, class Rule>
DenseMatrix<Var<T>> matrix_node(const std::vector<Var<T>>& inputs, const DenseMatrix<T>& y,
                                Rule rule) {
  const auto size = static_cast<std::size_t>(y.size());
  const auto outputs = external<T>(std::span<const Var<T>>(inputs),
                                   std::span<const T>(y.data(), size), std::move(rule));
  return Eigen::Map<const DenseMatrix<Var<T>>>(outputs.data(), y.rows(), y.cols());
}

/// A X = B, by factors that are kept:  B_bar = A^-T X_bar,  A_bar = -B_bar X^T,
/// X_dot = A^-1 (B_dot - A_dot X).
/// Source: Giles (2008), An extended collection of matrix derivative results.
template <class T, class Factors>
struct SolveRule {
  Factors factors;
  DenseMatrix<T> x;

  void pullback(std::span<const T> y_bar, std::span<T> all_bar) const {
    const Eigen::Index n = x.rows();
    const DenseMatrix<T> b_bar =
        factors.transpose().solve(ConstMatrixView<T>(y_bar.data(), n, x.cols()));
    MatrixView<T>(all_bar.data(), n, n).noalias() -= b_bar * x.transpose();
    MatrixView<T>(all_bar.data() + n * n, n, x.cols()) += b_bar;
  }
  void pushforward(std::span<const T> all_dot, std::span<T> x_dot) const {
    const Eigen::Index n = x.rows();
    DenseMatrix<T> rest = ConstMatrixView<T>(all_dot.data() + n * n, n, x.cols());
    rest.noalias() -= ConstMatrixView<T>(all_dot.data(), n, n) * x;
    MatrixView<T>(x_dot.data(), n, x.cols()) = factors.solve(rest);
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
  const DenseMatrix<typename A::Scalar> lhs = a;
  const DenseMatrix<typename B::Scalar> rhs = b;
  const Factorisation<DenseMatrix<T>> factors(values(lhs));
  const DenseMatrix<T> x = factors.solve(values(rhs));
  DenseMatrix<V> result = matrix_node<T>(entries<T>(lhs, rhs), x,
                                         SolveRule<T, Factorisation<DenseMatrix<T>>>{factors, x});
  return Eigen::Matrix<V, A::RowsAtCompileTime, B::ColsAtCompileTime>(std::move(result));
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
