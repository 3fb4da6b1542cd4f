// A dual has no truth value: `if (x)` would ask for its value and forget that it has tangents.
// error: (could not convert|not contextually convertible)
#include <dualtape/dual.hpp>

double sign_of(const dualtape::Dual<double>& x) {
#ifdef DUALTAPE_CONTROL
  if (x > 0) return 1;
#else
  if (x) return 1;
#endif
  return -1;
}
