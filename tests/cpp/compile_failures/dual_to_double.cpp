// A dual does not turn into its value: the tangent would be lost in silence.
// error: (cannot convert|no viable conversion)
#include <dualtape/dual.hpp>

double half(const dualtape::Dual<double>& x) {
#ifdef DUALTAPE_CONTROL
  const double value = x.value();
#else
  const double value = x;
#endif
  return value / 2;
}
