#include "kernels/level.hpp"
#include "kernels/simd/chain.hpp"

namespace dualtape::engine {

const ChainKernels* chains_float32() { return simd::make_chains<float>(); }

}  // namespace dualtape::engine
