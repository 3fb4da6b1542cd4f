// Forward and reverse meet by nesting, never side by side.
// error: (no match for|invalid operands)
#include <dualtape/drivers.hpp>

using Dual = dualtape::Dual<double>;
#ifdef DUALTAPE_CONTROL
using Other = dualtape::Var<Dual>;
#else
using Other = dualtape::Var<double>;
#endif

auto product(const Dual& a, const Other& b) { return a * b; }
