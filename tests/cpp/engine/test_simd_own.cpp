/// The float kernels as they are where libmvec is missing, for the processor that the compiler
/// takes for granted: no kernel library of this build may look so.
#include "engine/float_kernels.hpp"
#include "kernels/simd/loops.hpp"
#include "kernels/simd/pairs.hpp"

#if defined(DUALTAPE_CALL_LIBMVEC)
#error "this test is about the functions that replace libmvec's"
#endif

namespace {

using namespace dualtape::engine;

Kernel full(OpCode op, DType dtype) {
  static constexpr KernelTable kDouble = simd::make_table<double>();
  static constexpr KernelTable kFloat = simd::make_table<float>();
  return dtype == DType::kFloat64 ? kDouble[op] : kFloat[op];
}

template <class T>
Kernel single(OpCode op, Broadcast which) {
  static constexpr KernelTable kLeft = simd::make_broadcast_table<T, 1>();
  static constexpr KernelTable kRight = simd::make_broadcast_table<T, 2>();
  return which == Broadcast::kLeft ? kLeft[op] : kRight[op];
}

Kernel broadcast(OpCode op, DType dtype, Broadcast which) {
  return dtype == DType::kFloat64 ? single<double>(op, which) : single<float>(op, which);
}

PairKernel pair(OpCode first, OpCode second, DType dtype) {
  return dtype == DType::kFloat64 ? simd::find_pair<double>(first, second, simd::Pairs{})
                                  : simd::find_pair<float>(first, second, simd::Pairs{});
}

}  // namespace

int main(int argc, char** argv) {
  return float_kernels::run_all({full, broadcast, pair}, argc, argv);
}
