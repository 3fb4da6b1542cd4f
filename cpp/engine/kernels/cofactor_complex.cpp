#include <Eigen/SVD>

#include "kernels/cofactor.hpp"

namespace dualtape::engine {

using Complex = std::complex<double>;

template <>
SingularValues<Complex> singular_values(const Eigen::Map<const Square<Complex>>& matrix) {
  const Eigen::JacobiSVD<Square<Complex>, Eigen::NoQRPreconditioner> svd(
      matrix, Eigen::ComputeFullU | Eigen::ComputeFullV);
  return {svd.matrixU(), svd.matrixV().adjoint(), svd.singularValues()};
}

Cofactor lookup_complex_cofactor(DType dtype) {
  return dtype == DType::kComplex128 ? cofactor<Complex>
                                     : cofactor_widened<std::complex<float>, Complex>;
}

}  // namespace dualtape::engine
