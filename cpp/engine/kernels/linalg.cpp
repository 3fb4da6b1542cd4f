/// Batched linear algebra: leading axes are a batch of matrices, given to the kernel library.
#include "kernels/linalg.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "kernels/cofactor.hpp"
#include "kernels/contiguous.hpp"
#include "kernels/library.hpp"
#include "kernels/prepared.hpp"
#include "kernels/strided_copy.hpp"
#include "memory/workspace.hpp"
#include "program/errors.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

std::int64_t bytes_of(const Layout& x) { return x.count * static_cast<std::int64_t>(x.item()); }

std::int64_t matrices_in(const Layout& x) {
  return element_count(std::span<const std::int64_t>(x.shape).first(x.shape.size() - 2));
}

/// Leading axes of an operand as one batch of matrices of its last two axes; copied to the scratch
/// if they do not lie one step apart.
class Batch {
 public:
  Batch() = default;
  /// `dense`: each matrix is wanted contiguous.
  Batch(const Layout& x, bool dense, std::int64_t& scratch_bytes) {
    const std::size_t rank = x.shape.size();
    batch_ = {nullptr, matrices_in(x), 0, x.strides[rank - 2], x.strides[rank - 1]};
    const std::int64_t columns = x.shape[rank - 1];
    bool regular = !dense || (batch_.row == columns && batch_.column == 1);
    std::int64_t merged = 1;
    for (std::size_t i = rank - 2; i-- > 0;) {
      if (x.shape[i] == 1) continue;
      if (merged == 1) {
        batch_.step = x.strides[i];
      } else if (x.strides[i] != batch_.step * merged) {
        regular = false;
      }
      merged *= x.shape[i];
    }
    if (regular || x.count == 0) return;
    batch_ = {nullptr, batch_.count, x.shape[rank - 2] * columns, columns, 1};
    copied_ = true;
    copy_ = StridedCopy(x);
    at_ = scratch_bytes;
    scratch_bytes += align_to_line(bytes_of(x));
  }
  MatrixBatch read(const char* x, char* scratch) const {
    MatrixBatch batch = batch_;
    batch.data = x;
    if (copied_) {
      copy_.run(scratch + at_, x);
      batch.data = scratch + at_;
    }
    return batch;
  }

 private:
  MatrixBatch batch_{};
  bool copied_ = false;
  std::int64_t at_ = 0;
  StridedCopy copy_;
};

void check(Status status, const char* operation) {
  if (status == Status::kSingular) {
    throw SingularMatrixError(std::string(operation) + ": singular matrix");
  }
  if (status == Status::kNotPositive) {
    throw FactorizationError(std::string(operation) + ": the matrix is not positive definite");
  }
  if (status == Status::kNoMemory) throw std::bad_alloc();
}

/// Matrices [first, last) of a batch.
MatrixBatch part(const MatrixBatch& batch, std::int64_t first, std::int64_t last,
                 std::int64_t item) {
  MatrixBatch some = batch;
  some.data = static_cast<const char*>(batch.data) + first * batch.step * item;
  some.count = last - first;
  return some;
}

/// Calls f(first, last, work) for all of a batch of (n, n) matrices; threads share a large one,
/// each with a scratch of its own.
template <class F>
void share(std::int64_t count, std::int64_t n, char* work, std::int64_t work_bytes, F&& f) {
  constexpr std::int64_t kPieceWork = 60'000;  // operations; small matrices take 1 ns for each
  constexpr std::int64_t kGroup = 16;          // small matrices may be taken side by side
  std::int64_t piece = std::max<std::int64_t>(1, kPieceWork / (n * n * n + 50));
  if (piece > kGroup) piece = piece / kGroup * kGroup;
  if (count <= 2 * piece || !may_share_loops()) return f(std::int64_t{0}, count, work);
  parallel_for(count, piece, [&](std::int64_t first, std::int64_t last) {
    const Workspace own(static_cast<std::size_t>(work_bytes));
    f(first, last, own.data());
  });
}

/// What all share: A is the first operand.
class Decomposition : public PreparedKernel {
 public:
  explicit Decomposition(const ArrayCall& call)
      : functions_(*kernels().linear_algebra(call.in[0]->dtype)),
        n_(call.in[0]->shape.back()),
        a_(*call.in[0], false, scratch_bytes),
        is_factored_(call.in.size() == 2),
        item_(static_cast<std::int64_t>(call.out.item())) {
    if (is_factored_) f_ = Batch(*call.in[1], true, scratch_bytes);
    work_ = scratch_bytes;
    const std::int64_t count = matrices_in(*call.in[0]);
    if (count) result_bytes_ = bytes_of(call.out) / count;
    // The result of `lu` is the factors.
    if (call.op == kLu || call.op == kCholesky) return;
    work_bytes_ = align_to_line(factor_size(n_) * item_);
    scratch_bytes += work_bytes_;
  }

 protected:
  /// Calls f(results, matrices or their factors if these are an operand, work) for parts of the
  /// batch.
  template <class F>
  void for_parts(char* out, const char* const* in, char* scratch, F&& f) const {
    const MatrixBatch batch = is_factored_ ? f_.read(in[1], scratch) : a_.read(in[0], scratch);
    share(batch.count, n_, scratch + work_, work_bytes_,
          [&](std::int64_t first, std::int64_t last, char* work) {
            const Factorable some{part(batch, first, last, item_), is_factored_};
            f(out + first * result_bytes_, some, work);
          });
  }

  const LinearAlgebra& functions_;
  std::int64_t n_;

 private:
  Batch a_, f_;
  bool is_factored_;
  std::int64_t work_ = 0;  // where the function's scratch begins
  std::int64_t item_, work_bytes_ = 0, result_bytes_ = 0;
};

class Factor final : public Decomposition {
 public:
  using Decomposition::Decomposition;
  void run(char* out, const char* const* in, char* scratch) const override {
    for_parts(out, in, scratch, [&](char* f, const Factorable& a, char*) {
      check(functions_.factor(f, a.x, n_), "solve");
    });
  }
};

class Inverse final : public Decomposition {
 public:
  using Decomposition::Decomposition;
  void run(char* out, const char* const* in, char* scratch) const override {
    for_parts(out, in, scratch, [&](char* y, const Factorable& a, char* work) {
      check(functions_.inverse(y, a, n_, work), "inv");
    });
  }
};

class Determinant final : public Decomposition {
 public:
  using Decomposition::Decomposition;
  void run(char* out, const char* const* in, char* scratch) const override {
    for_parts(out, in, scratch, [&](char* y, const Factorable& a, char* work) {
      check(functions_.determinant(y, a, n_, work), "det");
    });
  }
};

/// (A, factors of A, b): A itself is there for the derivatives.
class Solve final : public PreparedKernel {
 public:
  explicit Solve(const ArrayCall& call)
      : functions_(*kernels().linear_algebra(call.out.dtype)),
        n_(call.in[0]->shape.back()),
        columns_(call.out.shape.back()),
        transposed_(call.attrs[0] != 0),
        f_(*call.in[1], true, scratch_bytes),
        b_(*call.in[2], false, scratch_bytes),
        work_(scratch_bytes),
        item_(static_cast<std::int64_t>(call.out.item())) {
    scratch_bytes += align_to_line(n_ * columns_ * item_);
  }
  void run(char* out, const char* const* in, char* scratch) const override {
    const MatrixBatch f = f_.read(in[1], scratch), b = b_.read(in[2], scratch);
    const std::int64_t bytes = n_ * columns_ * item_;
    share(b.count, n_, scratch + work_, align_to_line(bytes),
          [&](std::int64_t first, std::int64_t last, char* work) {
            check(functions_.solve(out + first * bytes, part(f, first, last, item_),
                                   part(b, first, last, item_), n_, columns_, transposed_, work),
                  "solve");
          });
  }

 private:
  const LinearAlgebra& functions_;
  std::int64_t n_, columns_;
  bool transposed_;
  Batch f_, b_;
  std::int64_t work_, item_;
};

class CholeskyFactor final : public Decomposition {
 public:
  using Decomposition::Decomposition;
  void run(char* out, const char* const* in, char* scratch) const override {
    for_parts(out, in, scratch, [&](char* l, const Factorable& a, char*) {
      check(functions_.cholesky(l, a.x, n_), "cholesky");
    });
  }
};

class CholeskyTangent final : public PreparedKernel {
 public:
  explicit CholeskyTangent(const ArrayCall& call)
      : functions_(*kernels().linear_algebra(call.out.dtype)),
        n_(call.out.shape.back()),
        transposed_(call.attrs[0] != 0),
        l_(*call.in[0], false, scratch_bytes),
        x_(*call.in[1], false, scratch_bytes),
        item_(static_cast<std::int64_t>(call.out.item())) {}
  void run(char* out, const char* const* in, char* scratch) const override {
    const MatrixBatch l = l_.read(in[0], scratch), x = x_.read(in[1], scratch);
    share(x.count, n_, nullptr, 0, [&](std::int64_t first, std::int64_t last, char*) {
      check(functions_.cholesky_tangent(out + first * n_ * n_ * item_, part(l, first, last, item_),
                                        part(x, first, last, item_), n_, transposed_),
            "cholesky");
    });
  }

 private:
  const LinearAlgebra& functions_;
  std::int64_t n_;
  bool transposed_;
  Batch l_, x_;
  std::int64_t item_;
};

/// Eigen wants the entries of a row or of a column side by side.
bool has_gaps(const Layout& x) {
  const std::size_t rank = x.shape.size();
  return x.strides[rank - 1] != 1 && x.strides[rank - 2] != 1;
}

class TriangularSolve final : public PreparedKernel {
 public:
  explicit TriangularSolve(const ArrayCall& call)
      : functions_(*kernels().linear_algebra(call.out.dtype)),
        n_(call.in[0]->shape.back()),
        columns_(call.out.shape.back()),
        form_{call.attrs[0] != 0, call.attrs[1] != 0, call.attrs[2] != 0},
        t_(*call.in[0], has_gaps(*call.in[0]), scratch_bytes),
        b_(*call.in[1], false, scratch_bytes),
        item_(static_cast<std::int64_t>(call.out.item())) {}
  void run(char* out, const char* const* in, char* scratch) const override {
    const MatrixBatch t = t_.read(in[0], scratch), b = b_.read(in[1], scratch);
    const std::int64_t bytes = n_ * columns_ * item_;
    share(b.count, n_, nullptr, 0, [&](std::int64_t first, std::int64_t last, char*) {
      check(functions_.triangular_solve(out + first * bytes, part(t, first, last, item_),
                                        part(b, first, last, item_), n_, columns_, form_),
            "solve_triangular");
    });
  }

 private:
  const LinearAlgebra& functions_;
  std::int64_t n_, columns_;
  TriangleForm form_;
  Batch t_, b_;
  std::int64_t item_;
};

/// (A), (A, its factors), or (A, directions ...): see cofactor.cpp.
class CofactorMatrix final : public PreparedKernel {
 public:
  explicit CofactorMatrix(const ArrayCall& call)
      : dtype_(call.out.dtype),
        n_(call.out.shape.back()),
        count_(call.out.count ? matrices_in(call.out) : 0),
        step_(n_ * n_ * static_cast<std::int64_t>(call.out.item())),
        is_factored_(call.in.size() == 2 && call.in[1]->shape[call.in[1]->shape.size() - 2] != n_) {
    for (const Layout* x : call.in) operands_.emplace_back(*x, scratch_bytes);
  }
  void run(char* out, const char* const* in, char* scratch) const override {
    std::vector<const char*> x;
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      x.push_back(operands_[i].read(in[i], scratch));
    }
    const auto cofactors = make_cofactors(dtype_, n_);
    std::vector<const void*> directions(is_factored_ ? 0 : x.size() - 1);
    const std::int64_t factors = step_ / n_ * (n_ + 1);
    for (std::int64_t k = 0; k < count_; ++k) {
      for (std::size_t i = 0; i < directions.size(); ++i) directions[i] = x[i + 1] + k * step_;
      cofactors->run(out + k * step_, x[0] + k * step_, is_factored_ ? x[1] + k * factors : nullptr,
                     directions);
    }
  }

 private:
  DType dtype_;
  std::int64_t n_, count_, step_;
  bool is_factored_;
  std::vector<Contiguous> operands_;
};

}  // namespace

PreparedPtr prepare_linalg(const ArrayCall& call) {
  const DType dtype = call.in[0]->dtype;
  if (!is_inexact(dtype)) return nullptr;
  switch (call.op) {
    case kLu: return make_prepared<Factor>(call);
    case kSolve: return make_prepared<Solve>(call);
    case kInv: return make_prepared<Inverse>(call);
    case kDet: return make_prepared<Determinant>(call);
    case kCholesky: return make_prepared<CholeskyFactor>(call);
    case kCholeskyTangent: return make_prepared<CholeskyTangent>(call);
    case kTriangularSolve: return make_prepared<TriangularSolve>(call);
    default: return make_prepared<CofactorMatrix>(call);
  }
}

}  // namespace dualtape::engine
