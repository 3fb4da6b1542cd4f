#include <complex>

#include "kernels/cofactor.hpp"

namespace dualtape::engine {

Cofactor lookup_complex_cofactor(DType dtype) {
  return dtype == DType::kComplex128 ? cofactor<std::complex<double>>
                                     : cofactor<std::complex<float>>;
}

}  // namespace dualtape::engine
