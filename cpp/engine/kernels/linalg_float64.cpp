#include "kernels/linalg.hpp"

namespace dualtape::engine {

ArrayKernel lookup_linalg_float64(OpCode op) { return linalg::lookup<double>(op); }

}  // namespace dualtape::engine
