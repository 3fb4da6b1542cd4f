#include "kernels/fft_lines.hpp"
#include "kernels/level.hpp"

namespace dualtape::engine {

void fft_float64(const FftLines& lines, void* scratch) {
  fourier::Lines<double>(lines, scratch).run();
}

}  // namespace dualtape::engine
