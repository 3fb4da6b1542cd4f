/// Decompositions on batches of matrices: leading axes are a batch.
#include "kernels/decompose.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "kernels/contiguous.hpp"
#include "memory/workspace.hpp"
#include "ops/decompositions.hpp"
#include "program/errors.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

/// The rank of an operand's matrices: packed factors are vectors.
std::int64_t entries_of(const Layout& x, std::int64_t matrices) {
  return matrices ? x.count / matrices : 0;
}

/// A kernel for each matrix of the batch, in float64 or complex128.
class PerMatrix final : public PreparedKernel {
 public:
  PerMatrix(const ArrayCall& call, MatrixKernel kernel, std::size_t first)
      : kernel_(kernel),
        is_wide_(real_dtype(call.out.dtype) == DType::kFloat64),
        attrs_(call.attrs),
        first_(first) {
    const Layout& a = *call.in[first];
    m_ = a.shape[a.shape.size() - 2];
    n_ = a.shape.back();
    columns_ = call.in.back()->shape.back();
    count_ = element_count(std::span<const std::int64_t>(a.shape).first(a.shape.size() - 2));
    // A complex number is two parts.
    const std::int64_t parts = is_complex(call.out.dtype) ? 2 : 1;
    out_entries_ = parts * entries_of(call.out, count_);
    std::int64_t entries = out_entries_;
    for (std::size_t k = first; k < call.in.size(); ++k, ++operands_) {
      in_entries_[operands_] = parts * entries_of(*call.in[k], count_);
      entries += in_entries_[operands_];
      operand_[operands_] = Contiguous(*call.in[k], scratch_bytes);
    }
    converted_bytes_ = is_wide_ ? 0 : entries * 8;
  }

  void run(char* out, const char* const* in, char* scratch) const override {
    const char* x[3] = {};
    for (std::size_t k = 0; k < operands_; ++k) {
      x[k] = operand_[k].read(in[first_ + k], scratch);
    }
    const std::int64_t work = 60'000 / (m_ * n_ * std::min(m_, n_) * 10 + 200) + 1;
    parallel_for(count_, work, [&](std::int64_t begin, std::int64_t end) {
      if (is_wide_) {
        for (std::int64_t i = begin; i < end; ++i) one(out, x, i);
        return;
      }
      const Workspace space(static_cast<std::size_t>(converted_bytes_));
      for (std::int64_t i = begin; i < end; ++i) {
        one_of_floats(out, x, i, reinterpret_cast<double*>(space.data()));
      }
    });
  }

 private:
  void one(char* out, const char* const* x, std::int64_t i) const {
    MatrixCall call{
        reinterpret_cast<double*>(out) + i * out_entries_, {}, m_, n_, columns_, attrs_};
    for (std::size_t k = 0; k < operands_; ++k) {
      call.in[k] = reinterpret_cast<const double*>(x[k]) + i * in_entries_[k];
    }
    kernel_(call);
  }
  void one_of_floats(char* out, const char* const* x, std::int64_t i, double* space) const {
    MatrixCall call{space, {}, m_, n_, columns_, attrs_};
    space += out_entries_;
    for (std::size_t k = 0; k < operands_; ++k) {
      const float* from = reinterpret_cast<const float*>(x[k]) + i * in_entries_[k];
      std::copy_n(from, in_entries_[k], space);
      call.in[k] = space;
      space += in_entries_[k];
    }
    kernel_(call);
    float* const result = reinterpret_cast<float*>(out) + i * out_entries_;
    const double* const found = call.out_as<double>();
    for (std::int64_t k = 0; k < out_entries_; ++k) result[k] = static_cast<float>(found[k]);
  }

  MatrixKernel kernel_;
  bool is_wide_;
  Dims attrs_;
  std::size_t first_, operands_ = 0;
  std::int64_t m_, n_, columns_, count_, out_entries_, converted_bytes_;
  std::int64_t in_entries_[3] = {};
  Contiguous operand_[3];
};

/// A factor: a window of each matrix's packed numbers.
class FactorWindow final : public PreparedKernel {
 public:
  explicit FactorWindow(const ArrayCall& call) {
    const Layout& packed = *call.in[1];
    const std::size_t lead = packed.shape.size() - 1;
    const auto rest = std::span<const std::int64_t>(call.out.shape).subspan(lead);
    Dims strides(std::span<const std::int64_t>(packed.strides).first(lead));
    for (const std::int64_t s : contiguous_strides(rest)) {
      strides.push_back(s * packed.strides[lead]);
    }
    offset_ = call.attrs[1] * packed.strides[lead] * static_cast<std::int64_t>(packed.item());
    copy_ = StridedCopy(packed.item(), call.out.shape, contiguous_strides(call.out.shape), strides);
  }
  void run(char* out, const char* const* in, char*) const override {
    copy_.run(out, in[1] + offset_);
  }

 private:
  StridedCopy copy_;
  std::int64_t offset_;
};

/// Row exchanges from the rows they give, or back.
class Pivots final : public PreparedKernel {
 public:
  explicit Pivots(const ArrayCall& call)
      : rows_(*call.in[0], scratch_bytes),
        n_(call.out.shape.back()),
        count_(call.out.count),
        back_(call.attrs[0] != 0) {}
  void run(char* out, const char* const* in, char* scratch) const override {
    const auto* x = reinterpret_cast<const std::int64_t*>(rows_.read(in[0], scratch));
    auto* y = reinterpret_cast<std::int64_t*>(out);
    std::vector<std::int64_t> rows(static_cast<std::size_t>(n_));
    for (std::int64_t k = 0; k < count_; k += n_, x += n_, y += n_) {
      std::iota(rows.begin(), rows.end(), std::int64_t{0});
      for (std::int64_t i = 0; i < n_; ++i) {
        const auto found = std::find(rows.begin() + i, rows.end(), x[i]);
        const std::int64_t at = back_ ? x[i] : found - rows.begin();
        if (at < i || at >= n_) {
          throw IndexError("lu_solve: pivot " + std::to_string(i) + " must be in [" +
                           std::to_string(i) + ", " + std::to_string(n_) + "), got " +
                           std::to_string(x[i]));
        }
        std::swap(rows[static_cast<std::size_t>(i)], rows[static_cast<std::size_t>(at)]);
        if (!back_) y[i] = at;
      }
      if (back_) std::copy(rows.begin(), rows.end(), y);
    }
  }

 private:
  Contiguous rows_;
  std::int64_t n_, count_;
  bool back_;
};

}  // namespace

bool all_finite_or_nan(const double* x, std::int64_t count, double* out, std::int64_t n) {
  if (std::all_of(x, x + count, [](double v) { return std::isfinite(v); })) return true;
  std::fill_n(out, n, std::numeric_limits<double>::quiet_NaN());
  return false;
}

bool all_finite_or_nan(const std::complex<double>* x, std::int64_t count, std::complex<double>* out,
                       std::int64_t n) {
  return all_finite_or_nan(reinterpret_cast<const double*>(x), 2 * count,
                           reinterpret_cast<double*>(out), 2 * n);
}

namespace {

/// x / |x|; zero and NaN stay.
double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
std::complex<double> sign_of(const std::complex<double>& x) {
  const double size = std::abs(x);
  return size == 0 ? x : x / size;
}

}  // namespace

template <class T>
void sign_and_log_determinant(const MatrixCall& call) {
  const std::int64_t n = call.n;
  const T* const f = call.in_as<T>(0);
  T sign = 1;
  double total = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const T u = f[i * n + i];
    total += std::log(std::abs(u));
    sign *= sign_of(u);
  }
  // The sign of the permutation: each cycle of k rows is k - 1 swaps.
  std::vector<bool> seen(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) {
    std::int64_t length = 0;
    for (std::int64_t at = i; !seen[static_cast<std::size_t>(at)]; ++length) {
      seen[static_cast<std::size_t>(at)] = true;
      at = static_cast<std::int64_t>(dense::real(f[n * n + at]));
    }
    if (length > 0 && length % 2 == 0) sign = -sign;
  }
  call.out_as<T>()[0] = sign == T(0) ? T(0) : sign;
  call.out_as<T>()[1] = total;
}

namespace {

template <class T>
MatrixKernel kernel_of(OpCode op) {
  switch (op) {
    case kSlogDet: return sign_and_log_determinant<T>;
    case kEigh: return decompose_eigh<T>;
    case kSvd: return decompose_svd<T>;
    case kQr: return decompose_qr<T>;
    case kPinv: return make_pinv<T>;
    case kSylvester: return solve_sylvester<T>;
    case kMatrixFunction: return apply_matrix_function<T>;
    default: return apply_frechet<T>;
  }
}

}  // namespace

PreparedPtr prepare_decomposition(const ArrayCall& call) {
  if (call.op == kPivots) return make_prepared<Pivots>(call);
  const DType dtype = call.out.dtype;
  if (!is_inexact(dtype)) return nullptr;
  if (call.op == kFactor) return make_prepared<FactorWindow>(call);
  const MatrixKernel kernel =
      is_complex(dtype) ? kernel_of<std::complex<double>>(call.op) : kernel_of<double>(call.op);
  if (call.op == kEigh && call.attrs[0] >= static_cast<std::int64_t>(Spectrum::kReal))
    return make_prepared<PerMatrix>(call, decompose_eig, 0);
  return make_prepared<PerMatrix>(call, kernel, call.op == kSlogDet ? 1 : 0);
}

}  // namespace dualtape::engine
