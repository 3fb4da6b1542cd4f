/// The derivatives of det. Order k + 1 in directions E_1 .. E_k is a matrix C[n, n]: det' is
/// sum(C * A') for k = 0. From A = U S V^H, with F = U^H E V,
///   C = det(U) det(V^H) conj(U) R conj(V^H),
///   R_ij = the sum over all sets K of k + 1 indices, i and j among them, of prod_{l not in K} s_l
///          times the mixed cofactor (i, j) of F_1 .. F_k restricted to K
/// which divides by nothing: right for singular A as well.
///
/// Part of the core, for float64 and complex128: narrower matrices are widened.
#include "kernels/cofactor.hpp"

#include <cstring>

#include "kernels/decompose.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {

using namespace dense;

namespace {

template <class T>
const LinearAlgebra& functions_of() {
  return *kernels().linear_algebra(kDType<T>);
}

template <class T>
T determinant_of(const T* a, std::int64_t n) {
  T det;
  const Workspace work(static_cast<std::size_t>(factor_size(n)) * sizeof(T));
  functions_of<T>().determinant(&det, {{a, 1, n * n, n, 1}, false}, n, work.data());
  return det;
}

/// det(A) A^-T, which is as accurate far from singular, and 10 to 100 times as fast; false nearer.
template <class T>
bool regular_cofactor(T* out, const T* a, const void* factors, std::int64_t n) {
  const std::size_t bytes = static_cast<std::size_t>(factor_size(n)) * sizeof(T);
  const LinearAlgebra& functions = functions_of<T>();
  const Workspace work(bytes);
  if (factors) return functions.cofactor(out, a, factors, n, work.data()) == Status::kOk;
  const Workspace made(bytes);
  functions.factor(made.data(), {a, 1, n * n, n, 1}, n);
  return functions.cofactor(out, a, made.data(), n, work.data()) == Status::kOk;
}

/// The mixed cofactors of `order` matrices, spread over all sets of rows and columns.
template <class T>
class MixedCofactors {
 public:
  MixedCofactors(Matrix<T>& out, const std::vector<Matrix<T>>& directions,
                 const std::vector<double>& s)
      : out_(out), f_(directions), s_(s), after_(s.size() + 1, 1.0) {
    for (std::size_t i = s.size(); i-- > 0;) after_[i] = after_[i + 1] * s[i];
    choose(0, 1);
  }

 private:
  using Indices = std::vector<std::size_t>;

  static auto& entry(auto& x, std::size_t i, std::size_t j) {
    return x(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
  }

  /// All ways to complete the set; `product` is that of the values passed over.
  void choose(std::size_t from, double product) {
    if (set_.size() == f_.size() + 1) return add(product * after_[from]);
    for (; from < s_.size() && product != 0; product *= s_[from++]) {
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
        entry(out_, set_[i], set_[j]) += ((i + j) % 2 ? -product : product) * minor;
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
        const T term = entry(f_[k], set_[row], columns[j]) * expand(row + 1, left_out, rest, used);
        sum += j % 2 ? -term : term;
      }
      used[k] = false;
    }
    return sum;
  }

  Matrix<T>& out_;
  const std::vector<Matrix<T>>& f_;
  const std::vector<double>& s_;
  std::vector<double> after_;
  Indices set_;
};

/// One matrix after the other; equal neighbours share their singular values.
template <class T>
class CofactorsOf final : public Cofactors {
 public:
  explicit CofactorsOf(std::int64_t n) : n_(n), last_(static_cast<std::size_t>(n * n)) {}
  void run(void* out, const void* a, const void* factors,
           std::span<const void* const> directions) override {
    T* const c = static_cast<T*>(out);
    const T* const matrix = static_cast<const T*>(a);
    if (directions.empty() && regular_cofactor(c, matrix, factors, n_)) return;
    if (!all_finite_or_nan(matrix, n_ * n_, c, n_ * n_)) return;
    factor(matrix);
    std::vector<Matrix<T>> turned;
    for (const void* e : directions) {
      Matrix<T> half(n_, n_), whole(n_, n_);
      multiply(half.all(), u_conj_.all().transposed(), square(e));
      multiply(whole.all(), half.all(), vh_conj_.all().transposed());
      turned.push_back(std::move(whole));
    }
    Matrix<T> inside(n_, n_);
    MixedCofactors<T>(inside, turned, values_);
    for (std::int64_t k = 0; k < n_ * n_; ++k) inside.data()[k] *= sign_;
    multiply(Window<T>{c, n_, n_, n_}, (u_conj_ * inside).all(), vh_conj_.all());
  }

 private:
  Window<const T> square(const void* x) const { return {static_cast<const T*>(x), n_, n_, n_}; }
  void factor(const T* matrix) {
    const std::size_t bytes = last_.size() * sizeof(T);
    if (!values_.empty() && std::memcmp(last_.data(), matrix, bytes) == 0) return;
    SingularFactors<T> f = singular_factors(matrix, n_, n_);
    if (!f.converged) throw FactorizationError("det: singular values did not converge");
    sign_ = determinant_of(f.left.data(), n_) * determinant_of(f.right.data(), n_);
    values_ = std::move(f.values);
    u_conj_ = adjoint(f.left);
    vh_conj_ = adjoint(Matrix<T>(f.right.all().transposed()));
    std::memcpy(last_.data(), matrix, bytes);
  }

  std::int64_t n_;
  std::vector<T> last_;
  Matrix<T> u_conj_, vh_conj_;
  std::vector<double> values_;
  T sign_{};
};

/// The same for a narrower type.
template <class Narrow, class Wide>
class WidenedCofactors final : public Cofactors {
 public:
  explicit WidenedCofactors(std::int64_t n)
      : count_(static_cast<std::size_t>(n * n)), wide_(n), result_(count_) {}
  void run(void* out, const void* a, const void*,
           std::span<const void* const> directions) override {
    const auto widened = [&](const void* x) {
      const Narrow* from = static_cast<const Narrow*>(x);
      return std::vector<Wide>(from, from + count_);
    };
    std::vector<std::vector<Wide>> copies;
    std::vector<const void*> places;
    for (const void* e : directions) places.push_back(copies.emplace_back(widened(e)).data());
    wide_.run(result_.data(), widened(a).data(), nullptr, places);
    for (std::size_t i = 0; i < count_; ++i) static_cast<Narrow*>(out)[i] = Narrow(result_[i]);
  }

 private:
  std::size_t count_;
  CofactorsOf<Wide> wide_;
  std::vector<Wide> result_;
};

}  // namespace

std::unique_ptr<Cofactors> make_cofactors(DType dtype, std::int64_t n) {
  switch (dtype) {
    case DType::kFloat32: return std::make_unique<WidenedCofactors<float, double>>(n);
    case DType::kComplex64:
      return std::make_unique<WidenedCofactors<std::complex<float>, Complex>>(n);
    case DType::kComplex128: return std::make_unique<CofactorsOf<Complex>>(n);
    default: return std::make_unique<CofactorsOf<double>>(n);
  }
}

}  // namespace dualtape::engine
