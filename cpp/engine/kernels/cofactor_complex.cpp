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

CofactorsPtr make_complex_cofactors(DType dtype, std::int64_t n) {
  if (dtype == DType::kComplex128) return std::make_unique<CofactorOf<Complex>>(n);
  return std::make_unique<WidenedCofactors<std::complex<float>, Complex>>(n);
}

}  // namespace dualtape::engine
