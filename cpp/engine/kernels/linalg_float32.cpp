#include "kernels/level.hpp"
#include "kernels/linalg_functions.hpp"

namespace dualtape::engine {

const LinearAlgebra* linear_algebra_float32() { return linalg::functions<float>(); }

}  // namespace dualtape::engine
