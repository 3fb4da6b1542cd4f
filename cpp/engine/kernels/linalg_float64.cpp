#include "kernels/level.hpp"
#include "kernels/linalg_functions.hpp"

namespace dualtape::engine {

const LinearAlgebra* linear_algebra_float64() { return linalg::functions<double>(); }

}  // namespace dualtape::engine
