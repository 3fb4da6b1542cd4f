#include "kernels/divided_signs.hpp"

#include <limits>

namespace dualtape::engine::dense {
namespace {

constexpr double kEps = std::numeric_limits<double>::epsilon();

/// Rows [first, first + size) of the small matrix.
struct Range {
  std::int64_t first, size;
};

/// Vector j in the basis in which the matrix is small.
template <class T>
struct Coordinates {
  const Matrix<T>& basis;
  const T* vector;

  double operator()(std::int64_t k) const {
    T sum(0);
    const T* const row = basis.row(k);
    for (std::int64_t i = 0; i < basis.columns(); ++i) sum += conj(row[i]) * vector[i];
    return real(sum);
  }
  double squares(Range part) const {
    double sum = 0;
    for (std::int64_t k = part.first; k < part.first + part.size; ++k) {
      sum += squared((*this)(k));
    }
    return sum;
  }
};

/// What the halves of a part are, and the entry that has the sign of its vectors: negative.
class Tearing {
 public:
  Tearing(const Tridiagonal& t, Range block) : t_(t), levels_(0) {
    for (std::int64_t k = block.size; k > kUndivided; k = (k + 1) / 2) ++levels_;
  }
  std::int64_t levels() const { return levels_; }
  static Range low(Range x) { return {x.first, x.size / 2}; }
  static Range high(Range x) { return {x.first + x.size / 2, x.size - x.size / 2}; }
  /// Zero: that of a half.
  template <class T>
  double entry(const Coordinates<T>& y, Range x) const {
    const std::int64_t cut = x.first + x.size / 2;
    const double e = t_.e[static_cast<std::size_t>(cut - 1)];
    double largest = 0;
    for (std::int64_t k = x.first; k < x.first + x.size; ++k) {
      largest = std::max(largest, std::abs(t_.d[static_cast<std::size_t>(k)]));
    }
    const double found = y(cut - 1) + std::copysign(1.0, e) * y(cut);
    return std::abs(found) <= 8 * kEps * largest / std::abs(e) ? 0 : found;
  }

 private:
  const Tridiagonal& t_;
  std::int64_t levels_;
};

class RowTearing {
 public:
  explicit RowTearing(Range block) : levels_(1) {
    for (std::int64_t k = block.size; k >= 2 * (kUndivided + 1); k /= 2) ++levels_;
  }
  std::int64_t levels() const { return levels_; }
  static Range low(Range x) { return {x.first, x.size / 2}; }
  static Range high(Range x) { return {x.first + x.size / 2 + 1, x.size - x.size / 2 - 1}; }
  template <class T>
  double entry(const Coordinates<T>& y, Range x) const {
    const double found = y(x.first + x.size / 2);
    return std::abs(found) <= 16 * kEps ? 0 : found;
  }

 private:
  std::int64_t levels_;
};

/// Whether LAPACK's vector is minus this one.
template <class Tears, class T>
bool is_turned(const Tears& tears, const Coordinates<T>& y, Range part) {
  for (std::int64_t level = 0; level < tears.levels() && part.size > 1; ++level) {
    if (const double entry = tears.entry(y, part); entry != 0) return entry > 0;
    const Range low = Tears::low(part), high = Tears::high(part);
    part = y.squares(low) > y.squares(high) ? low : high;
  }
  return false;
}

template <class T>
void turn(Matrix<T>& x, std::int64_t j) {
  for (std::int64_t i = 0; i < x.columns(); ++i) x(j, i) = -x(j, i);
}

/// The parts between couplings that are as good as zero.
template <class IsZero>
std::vector<Range> blocks_of(std::int64_t n, IsZero is_zero) {
  std::vector<Range> blocks;
  for (std::int64_t first = 0, last = 0; last < n; ++last) {
    if (last + 1 < n && !is_zero(last)) continue;
    if (last + 1 - first > kUndivided) blocks.push_back({first, last + 1 - first});
    first = last + 1;
  }
  return blocks;
}

}  // namespace

template <class T>
void sign_as_divided(const Tridiagonal& t, const Matrix<T>& basis, Matrix<T>& vectors) {
  const auto coupling_is_zero = [&](std::int64_t i) {
    const auto k = static_cast<std::size_t>(i);
    return std::abs(t.e[k]) <=
           kEps / 2 * std::sqrt(std::abs(t.d[k])) * std::sqrt(std::abs(t.d[k + 1]));
  };
  for (const Range block : blocks_of(vectors.rows(), coupling_is_zero)) {
    const Tearing tears(t, block);
    for (std::int64_t j = block.first; j < block.first + block.size; ++j) {
      if (is_turned(tears, Coordinates<T>{basis, vectors.row(j)}, block)) turn(vectors, j);
    }
  }
}

template <class T>
void sign_as_divided(const std::vector<double>& d, const std::vector<double>& e,
                     const Matrix<T>& basis, Matrix<T>& left, Matrix<T>& right) {
  double largest = 0;
  for (const double x : d) largest = std::max(largest, std::abs(x));
  for (const double x : e) largest = std::max(largest, std::abs(x));
  const auto coupling_is_zero = [&](std::int64_t i) {
    return std::abs(e[static_cast<std::size_t>(i)]) < 0.45 * kEps * largest;
  };
  for (const Range block : blocks_of(left.rows(), coupling_is_zero)) {
    const RowTearing tears(block);
    for (std::int64_t j = block.first; j < block.first + block.size; ++j) {
      if (!is_turned(tears, Coordinates<T>{basis, left.row(j)}, block)) continue;
      turn(left, j);
      turn(right, j);
    }
  }
}

template void sign_as_divided(const Tridiagonal&, const Matrix<double>&, Matrix<double>&);
template void sign_as_divided(const Tridiagonal&, const Matrix<Complex>&, Matrix<Complex>&);
template void sign_as_divided(const std::vector<double>&, const std::vector<double>&,
                              const Matrix<double>&, Matrix<double>&, Matrix<double>&);
template void sign_as_divided(const std::vector<double>&, const std::vector<double>&,
                              const Matrix<Complex>&, Matrix<Complex>&, Matrix<Complex>&);

}  // namespace dualtape::engine::dense
