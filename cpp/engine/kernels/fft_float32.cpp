#include "kernels/fft_lines.hpp"
#include "kernels/level.hpp"

namespace dualtape::engine {

void fft_float32(const FftLines& lines, void* scratch) {
  fourier::Lines<float>(lines, scratch).run();
}

}  // namespace dualtape::engine
