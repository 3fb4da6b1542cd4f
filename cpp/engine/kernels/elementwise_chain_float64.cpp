#include "kernels/level.hpp"
#include "kernels/simd/chain.hpp"

namespace dualtape::engine {

const ChainKernels* chains_float64() { return simd::make_chains<double>(); }

}  // namespace dualtape::engine
