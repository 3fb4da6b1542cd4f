/// The table of one element type; for the linalg_*.cpp only.
#pragma once

#include "kernels/linalg_batch.hpp"
#include "kernels/linalg_triangular.hpp"

namespace dualtape::engine::linalg {

template <class T>
const LinearAlgebra* functions() {
  if constexpr (kIsReal<T>) {
    static constexpr LinearAlgebra kFunctions{factor<T>,      solve<T>,    inverse<T>,
                                              determinant<T>, cholesky<T>, triangular_solve<T>};
    return &kFunctions;
  } else {
    static constexpr LinearAlgebra kFunctions{factor<T>,      solve<T>, inverse<T>,
                                              determinant<T>, nullptr,  nullptr};
    return &kFunctions;
  }
}

}  // namespace dualtape::engine::linalg
