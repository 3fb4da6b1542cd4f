// Duals of different numbers of lanes belong to different derivatives.
// error: (no match for|invalid operands)
#include <dualtape/dual.hpp>

using Three = dualtape::Dual<double, 3>;
#ifdef DUALTAPE_CONTROL
using Other = Three;
#else
using Other = dualtape::Dual<double, 2>;
#endif

Three sum(const Three& a, const Other& b) { return a + b; }
