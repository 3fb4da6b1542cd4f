/// The derivatives of det. Order k + 1 in directions E_1 .. E_k is a matrix C[n, n]: det' is
/// sum(C * A') for k = 0. From A = U S V^H, with F = U^H E V,
///   C = det(U) det(V^H) conj(U) R conj(V^H),
///   R_ij = the sum over all sets K of k + 1 indices, i and j among them, of prod_{l not in K} s_l
///          times the mixed cofactor (i, j) of F_1 .. F_k restricted to K
/// which divides by nothing: right for singular A as well.
///
/// Rare and slow to compile: part of the core, not of the kernel libraries, and for double alone:
/// narrower matrices are widened.
#pragma once

#include <Eigen/LU>
#include <cmath>
#include <complex>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/moves.hpp"

namespace dualtape::engine {

template <class T>
using Square = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Singular vectors and values of one matrix: A = u diag(s) vh.
template <class T>
struct SingularValues {
  Square<T> u, vh;
  Eigen::VectorXd s;
};

template <class T>
SingularValues<T> singular_values(const Eigen::Map<const Square<T>>& matrix);

/// det(A) A^-T, which is as accurate far from singular, and 10 to 100 times as fast; false nearer.
template <class T>
bool regular_cofactor(Eigen::Map<Square<T>>& c, const Eigen::Map<const Square<T>>& matrix) {
  const Eigen::PartialPivLU<Square<T>> lu(matrix);
  const T det = lu.determinant();
  if (!(lu.rcond() > std::sqrt(std::sqrt(std::numeric_limits<double>::epsilon()))) ||
      !std::isnormal(std::abs(det))) {
    return false;
  }
  c.noalias() = det * lu.inverse().transpose();
  return true;
}

/// The mixed cofactors of `order` matrices, spread over all sets of rows and columns.
template <class T>
class MixedCofactors {
 public:
  MixedCofactors(Square<T>& out, const std::vector<Square<T>>& directions, const Eigen::VectorXd& s)
      : out_(out), f_(directions), s_(s), after_(s.size() + 1) {
    after_(s.size()) = 1;
    for (Eigen::Index i = s.size(); i-- > 0;) after_(i) = after_(i + 1) * s(i);
    out_.setZero();
    choose(0, 1);
  }

 private:
  using Indices = std::vector<Eigen::Index>;

  /// All ways to complete the set; `product` is that of the values passed over.
  void choose(Eigen::Index from, double product) {
    if (set_.size() == f_.size() + 1) return add(product * after_(from));
    for (; from < s_.size() && product != 0; product *= s_(from++)) {
      set_.push_back(from);
      choose(from + 1, product);
      set_.pop_back();
    }
  }
  void add(double product) {
    if (product == 0) return;
    for (std::size_t i = 0; i < set_.size(); ++i) {
      for (std::size_t j = 0; j < set_.size(); ++j) {
        Indices columns = set_;
        columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(j));
        std::vector<bool> used(f_.size());
        const T minor = expand(0, i, columns, used);
        out_(set_[i], set_[j]) += ((i + j) % 2 ? -product : product) * minor;
      }
    }
  }
  /// By the rows of the set but for `left_out`, each from another matrix.
  T expand(std::size_t row, std::size_t left_out, const Indices& columns, std::vector<bool>& used) {
    if (row == left_out) ++row;
    if (columns.empty()) return T(1);
    T sum(0);
    for (std::size_t k = 0; k < f_.size(); ++k) {
      if (used[k]) continue;
      used[k] = true;
      for (std::size_t j = 0; j < columns.size(); ++j) {
        Indices rest = columns;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(j));
        const T term = f_[k](set_[row], columns[j]) * expand(row + 1, left_out, rest, used);
        sum += j % 2 ? -term : term;
      }
      used[k] = false;
    }
    return sum;
  }

  Square<T>& out_;
  const std::vector<Square<T>>& f_;
  const Eigen::VectorXd& s_;
  Eigen::VectorXd after_;
  Indices set_;
};

/// One matrix after the other; equal neighbours share their singular values.
template <class T>
class CofactorOf final : public Cofactors {
 public:
  explicit CofactorOf(std::int64_t n) : n_(n), last_(static_cast<std::size_t>(n * n)) {}
  void run(void* out, const void* a, std::span<const void* const> directions) override {
    using Map = Eigen::Map<const Square<T>>;
    const Map matrix(static_cast<const T*>(a), n_, n_);
    Eigen::Map<Square<T>> c(static_cast<T*>(out), n_, n_);
    if (directions.empty() && regular_cofactor(c, matrix)) return;
    factor(matrix);
    std::vector<Square<T>> turned;
    for (const void* e : directions) {
      turned.push_back(f_.u.adjoint() * Map(static_cast<const T*>(e), n_, n_) * f_.vh.adjoint());
    }
    Square<T> inside(n_, n_);
    MixedCofactors<T>(inside, turned, f_.s);
    c.noalias() = f_.u.conjugate() * (sign_ * inside) * f_.vh.conjugate();
  }

 private:
  void factor(const Eigen::Map<const Square<T>>& matrix) {
    const std::size_t bytes = last_.size() * sizeof(T);
    if (f_.s.size() != 0 && std::memcmp(last_.data(), matrix.data(), bytes) == 0) return;
    f_ = singular_values<T>(matrix);
    sign_ = f_.u.determinant() * f_.vh.determinant();
    std::memcpy(last_.data(), matrix.data(), bytes);
  }

  std::int64_t n_;
  std::vector<T> last_;
  SingularValues<T> f_;
  T sign_{};
};

/// The same for a narrower type.
template <class Narrow, class Wide>
class WidenedCofactors final : public Cofactors {
 public:
  explicit WidenedCofactors(std::int64_t n)
      : count_(static_cast<std::size_t>(n * n)), wide_(n), result_(count_) {}
  void run(void* out, const void* a, std::span<const void* const> directions) override {
    const auto widened = [&](const void* x) {
      const Narrow* from = static_cast<const Narrow*>(x);
      return std::vector<Wide>(from, from + count_);
    };
    std::vector<std::vector<Wide>> copies;
    std::vector<const void*> places;
    for (const void* e : directions) places.push_back(copies.emplace_back(widened(e)).data());
    wide_.run(result_.data(), widened(a).data(), places);
    for (std::size_t i = 0; i < count_; ++i) static_cast<Narrow*>(out)[i] = Narrow(result_[i]);
  }

 private:
  std::size_t count_;
  CofactorOf<Wide> wide_;
  std::vector<Wide> result_;
};

}  // namespace dualtape::engine
