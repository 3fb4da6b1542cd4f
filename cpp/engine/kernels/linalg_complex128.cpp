#include "kernels/linalg.hpp"

namespace dualtape::engine {

ArrayKernel lookup_linalg_complex128(OpCode op) { return linalg::lookup<std::complex<double>>(op); }

}  // namespace dualtape::engine
