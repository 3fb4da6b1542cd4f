#include "kernels/linalg.hpp"

namespace dualtape::engine {

ArrayKernel lookup_linalg_float32(OpCode op) { return linalg::lookup<float>(op); }

}  // namespace dualtape::engine
