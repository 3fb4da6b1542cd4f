/// Balancing before the eigenvalues of a matrix are sought, as LAPACK's dgebal: rows and columns
/// are exchanged until what decouples stands outside of a block in the middle, and scaled by powers
/// of two, without rounding, until rows and columns of the block have similar sizes.
/// Source: Parlett and Reinsch (1969), Balancing a matrix for calculation of eigenvalues and
/// eigenvectors; James, Langou and Lowery (2014), On matrix balancing and eigenvector computation.
#pragma once

#include <limits>
#include <utility>

#include "kernels/dense.hpp"

namespace dualtape::engine::dense {

template <class T>
class Balance {
 public:
  /// a becomes D^-1 P^T a P D.
  explicit Balance(Matrix<T>& a)
      : a_(a),
        n_(a.rows()),
        last_(n_ - 1),
        partner_(static_cast<std::size_t>(n_)),
        scale_(static_cast<std::size_t>(n_), 1.0) {
    isolate_rows();
    isolate_columns();
    while (scale_block()) {
    }
  }
  /// The block: rows and columns `first` .. `last`.
  std::int64_t first() const { return first_; }
  std::int64_t last() const { return last_; }

  /// Eigenvectors of the balanced matrix, the rows of x, become those of a.
  void undo(Matrix<Complex>& x) const {
    for (std::int64_t k = 0; k < x.rows(); ++k) {
      Complex* const v = x.row(k);
      for (std::int64_t i = first_; i <= last_; ++i) v[i] *= scale_[static_cast<std::size_t>(i)];
      for (std::int64_t i = first_; i-- > 0;) std::swap(v[i], v[partner(i)]);
      for (std::int64_t i = last_ + 1; i < n_; ++i) std::swap(v[i], v[partner(i)]);
    }
  }

 private:
  std::int64_t partner(std::int64_t i) const { return partner_[static_cast<std::size_t>(i)]; }
  void exchange(std::int64_t i, std::int64_t to) {
    partner_[static_cast<std::size_t>(to)] = i;
    if (i == to) return;
    for (std::int64_t k = 0; k < n_; ++k) std::swap(a_(k, i), a_(k, to));
    std::swap_ranges(a_.row(i), a_.row(i) + n_, a_.row(to));
  }
  /// Rows with nothing beside the diagonal go to the end.
  void isolate_rows() {
    for (bool found = true; found;) {
      found = false;
      for (std::int64_t i = last_; i >= 0; --i) {
        bool alone = true;
        for (std::int64_t j = 0; j <= last_ && alone; ++j) alone = i == j || a_(i, j) == T(0);
        if (!alone) continue;
        exchange(i, last_);
        if (last_ == 0) return;
        --last_;
        found = true;
      }
    }
  }
  void isolate_columns() {
    for (bool found = true; found && last_ > 0;) {
      found = false;
      for (std::int64_t j = first_; j <= last_; ++j) {
        bool alone = true;
        for (std::int64_t i = first_; i <= last_ && alone; ++i) alone = i == j || a_(i, j) == T(0);
        if (!alone) continue;
        exchange(j, first_);
        ++first_;
        found = true;
      }
    }
  }
  bool scale_block() {
    bool changed = false;
    for (std::int64_t i = first_; i <= last_; ++i) changed |= scale_one(i);
    return changed;
  }
  bool scale_one(std::int64_t i) {
    double column = 0, row = 0, column_largest = 0, row_largest = 0;
    for (std::int64_t k = first_; k <= last_; ++k) {
      column = std::hypot(column, std::abs(a_(k, i)));
      row = std::hypot(row, std::abs(a_(i, k)));
    }
    for (std::int64_t k = 0; k <= last_; ++k) {
      column_largest = std::max(column_largest, std::abs(a_(k, i)));
    }
    for (std::int64_t k = first_; k < n_; ++k) {
      row_largest = std::max(row_largest, std::abs(a_(i, k)));
    }
    if (column == 0 || row == 0) return false;
    const double before = column + row;
    double f = 1;
    for (; column < row / 2 && std::max({f, column, column_largest}) < kMost &&
           std::min({row / 2, row_largest}) > kLeast;
         row_largest /= 2) {
      f *= 2;
      column *= 2;
      column_largest *= 2;
      row /= 2;
    }
    for (; column / 2 >= row && std::max(row, row_largest) < kMost &&
           std::min({f, column / 2, column_largest}) > kLeast;
         row_largest *= 2) {
      f /= 2;
      column /= 2;
      column_largest /= 2;
      row *= 2;
    }
    if (column + row >= 0.95 * before) return false;
    double& total = scale_[static_cast<std::size_t>(i)];
    if ((f < 1 && total < 1 && f * total <= kLeast) || (f > 1 && total > 1 && total >= kMost / f)) {
      return false;
    }
    total *= f;
    for (std::int64_t k = first_; k < n_; ++k) a_(i, k) /= f;
    for (std::int64_t k = 0; k <= last_; ++k) a_(k, i) *= f;
    return true;
  }

  static constexpr double kLeast =
      2 * std::numeric_limits<double>::min() / std::numeric_limits<double>::epsilon();
  static constexpr double kMost = 1 / kLeast;

  Matrix<T>& a_;
  std::int64_t n_, first_ = 0, last_;
  std::vector<std::int64_t> partner_;
  std::vector<double> scale_;
};

}  // namespace dualtape::engine::dense
