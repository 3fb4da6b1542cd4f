#include <complex>

#include "kernels/level.hpp"
#include "kernels/product_eigen.hpp"

namespace dualtape::engine {

Product lookup_complex_product(DType dtype) {
  return dtype == DType::kComplex128  ? eigen_product<std::complex<double>>
         : dtype == DType::kComplex64 ? eigen_product<std::complex<float>>
                                      : nullptr;
}

}  // namespace dualtape::engine
