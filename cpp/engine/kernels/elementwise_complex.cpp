#include <complex>

#include "kernels/elementwise.hpp"

namespace dualtape::engine {
namespace {

template <class Op>
struct HasComplex : std::bool_constant<Op::holomorphic || Op::kind == Kind::kPredicate> {};

}  // namespace

const KernelTable& kernels_complex64() {
  static constexpr KernelTable kTable = elementwise::make_table<std::complex<float>, HasComplex>();
  return kTable;
}

const KernelTable& kernels_complex128() {
  static constexpr KernelTable kTable = elementwise::make_table<std::complex<double>, HasComplex>();
  return kTable;
}

}  // namespace dualtape::engine
