#include "kernels/level.hpp"
#include "kernels/linalg_functions.hpp"

namespace dualtape::engine {

const LinearAlgebra* linear_algebra_complex128() {
  return linalg::functions<std::complex<double>>();
}

}  // namespace dualtape::engine
