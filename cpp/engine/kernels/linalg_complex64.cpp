#include "kernels/linalg.hpp"

namespace dualtape::engine {

ArrayKernel lookup_linalg_complex64(OpCode op) { return linalg::lookup<std::complex<float>>(op); }

}  // namespace dualtape::engine
