/// The float kernels in use: those of the library that DUALTAPE_KERNELS names, or the best one.
#include "engine/float_kernels.hpp"

int main(int argc, char** argv) {
  using namespace dualtape::engine;
  return float_kernels::run_all({lookup_kernel, lookup_broadcast_kernel, lookup_pair_kernel}, argc,
                                argv);
}
