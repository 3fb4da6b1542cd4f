// A rule without sampling could not be tested, so it does not compile.
// error: a rule needs name, arity, kind, holomorphic, integral, max_ulp and sampling
#include <dualtape/ops/registry.hpp>

struct Cube : dualtape::ops::Square {
  static constexpr std::string_view name = "cube";
#ifndef DUALTAPE_CONTROL
  static constexpr int sampling = 0;  // hides the base's
#endif
};

constexpr auto info = dualtape::ops::detail::info<Cube>();
