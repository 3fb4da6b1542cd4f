#include "kernels/level.hpp"
#include "kernels/product_eigen.hpp"

namespace dualtape::engine {

Product lookup_real_product(DType dtype) {
  return dtype == DType::kFloat64   ? eigen_product<double>
         : dtype == DType::kFloat32 ? eigen_product<float>
                                    : nullptr;
}

}  // namespace dualtape::engine
