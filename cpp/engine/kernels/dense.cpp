#include "kernels/dense.hpp"

#include <new>

#include "program/errors.hpp"

namespace dualtape::engine::dense {

template <class T>
Matrix<T> solve(const Matrix<T>& a, const Matrix<T>& b) {
  const std::int64_t n = a.rows(), columns = b.columns();
  const LinearAlgebra& functions = *kernels().linear_algebra(kDType<T>);
  Matrix<T> factors(n + 1, n), x(n, columns), work(n, columns);
  Status status = functions.factor(factors.data(), {a.data(), 1, n * n, n, 1}, n);
  if (status == Status::kOk) {
    status =
        functions.solve(x.data(), {factors.data(), 1, n * n, n, 1},
                        {b.data(), 1, n * columns, columns, 1}, n, columns, false, work.data());
  }
  if (status == Status::kSingular) throw SingularMatrixError("solve: singular matrix");
  if (status != Status::kOk) throw std::bad_alloc();
  return x;
}

template Matrix<double> solve(const Matrix<double>&, const Matrix<double>&);
template Matrix<Complex> solve(const Matrix<Complex>&, const Matrix<Complex>&);

}  // namespace dualtape::engine::dense
