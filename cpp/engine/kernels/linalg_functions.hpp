/// The table of one element type; for the linalg_*.cpp only.
#pragma once

#include "kernels/linalg_batch.hpp"
#include "kernels/linalg_cholesky.hpp"
#include "kernels/linalg_rotate.hpp"

namespace dualtape::engine::linalg {

template <class T>
const LinearAlgebra* functions() {
  static constexpr LinearAlgebra kFunctions = [] {
    LinearAlgebra f{factor<T>,           solve<T>,    inverse<T>,
                    determinant<T>,      cholesky<T>, cholesky_tangent<T>,
                    triangular_solve<T>, nullptr,     nullptr};
    if constexpr (std::is_same_v<T, double> || std::is_same_v<T, std::complex<double>>)
      f.cofactor = cofactor<T>;
    if constexpr (std::is_same_v<T, double>) f.rotate = rotate;
    return f;
  }();
  return &kFunctions;
}

}  // namespace dualtape::engine::linalg
