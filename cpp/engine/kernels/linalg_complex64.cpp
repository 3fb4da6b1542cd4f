#include "kernels/level.hpp"
#include "kernels/linalg_functions.hpp"

namespace dualtape::engine {

const LinearAlgebra* linear_algebra_complex64() { return linalg::functions<std::complex<float>>(); }

}  // namespace dualtape::engine
