// Eigen would take the conjugate of complex entries; ours would not be conjugated.
// error: over complex numbers are not supported
#include <dualtape/dual.hpp>

#ifdef DUALTAPE_CONTROL
using Scalar = dualtape::Dual<double>;
#else
using Scalar = dualtape::Dual<std::complex<double>>;
#endif

Scalar squared_norm(const Eigen::Matrix<Scalar, 2, 1>& x) { return x.squaredNorm(); }
