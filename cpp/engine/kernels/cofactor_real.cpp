#include "kernels/cofactor.hpp"

namespace dualtape::engine {

Cofactor lookup_real_cofactor(DType dtype) {
  return dtype == DType::kFloat64 ? cofactor<double> : cofactor<float>;
}

}  // namespace dualtape::engine
