/// Batched linear algebra: leading axes are a batch of matrices, each given to a kernel.
#include "kernels/linalg.hpp"

#include <new>
#include <string>
#include <vector>

#include "kernels/library.hpp"
#include "kernels/moves.hpp"
#include "kernels/strided.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// Leading axes of an operand as one batch of contiguous matrices of its last two axes.
class Batch {
 public:
  explicit Batch(const Array& x) : data_(x.data) {
    const std::size_t rank = x.shape().size();
    rows_ = x.shape()[rank - 2];
    step_ = rows_ * x.shape()[rank - 1] * static_cast<std::int64_t>(x.item());
    if (x.layout->contiguous) return;
    copy_.resize(static_cast<std::size_t>(x.count()) * x.item());
    copy_to_contiguous(copy_.data(), x);
    data_ = copy_.data();
  }
  const char* operator[](std::int64_t k) const { return data_ + k * step_; }
  std::int64_t rows() const { return rows_; }

 private:
  const char* data_;
  std::vector<char> copy_;
  std::int64_t rows_, step_;
};

/// Calls f(k, k-th matrix of `out`).
template <class F>
void for_each_matrix(const Array& out, F&& f) {
  if (out.count() == 0) return;
  const Dims& shape = out.shape();
  const std::int64_t batches = element_count(std::span(shape.begin(), shape.size() - 2));
  const std::int64_t step = out.count() / batches * static_cast<std::int64_t>(out.item());
  for (std::int64_t k = 0; k < batches; ++k) f(k, out.data + k * step);
}

const LinearAlgebra& functions(const Array& out) {
  return *kernels().linear_algebra(out.layout->dtype);
}

void check(Status status, const char* operation) {
  if (status == Status::kSingular) {
    throw SingularMatrixError(std::string(operation) + ": singular matrix");
  }
  if (status == Status::kNoMemory) throw std::bad_alloc();
}

void solve(const Array& out, Arrays in, Attrs attrs) {
  const bool transposed = !attrs.empty() && attrs[0] != 0;
  const Batch a(in[0]), b(in[1]);
  const LinearAlgebra& algebra = functions(out);
  for_each_matrix(out, [&](std::int64_t k, void* x) {
    check(algebra.solve(x, a[k], b[k], a.rows(), out.shape().back(), transposed), "solve");
  });
}

void inv(const Array& out, Arrays in, Attrs) {
  const Batch a(in[0]);
  const LinearAlgebra& algebra = functions(out);
  for_each_matrix(
      out, [&](std::int64_t k, void* y) { check(algebra.inverse(y, a[k], a.rows()), "inv"); });
}

void det(const Array& out, Arrays in, Attrs) {
  const Batch a(in[0]);
  const LinearAlgebra& algebra = functions(out);
  const auto item = static_cast<std::int64_t>(out.item());
  for (std::int64_t k = 0; k < out.count(); ++k) {
    check(algebra.determinant(out.data + k * item, a[k], a.rows()), "det");
  }
}

void cofactor_matrices(const Array& out, Arrays in, Attrs) {
  const Batch a(in[0]);
  const DType dtype = out.layout->dtype;
  const Cofactor cofactor =
      is_complex(dtype) ? lookup_complex_cofactor(dtype) : lookup_real_cofactor(dtype);
  for_each_matrix(out, [&](std::int64_t k, void* c) { cofactor(c, a[k], a.rows()); });
}

}  // namespace

ArrayKernel lookup_linalg_kernel(OpCode op, DType dtype) {
  if (!is_inexact(dtype)) return nullptr;
  switch (op) {
    case kSolve: return solve;
    case kInv: return inv;
    case kDet: return det;
    case kCofactor: return cofactor_matrices;
    default: return nullptr;
  }
}

}  // namespace dualtape::engine
