// The model in Python: _populations.populations(rates, start), and others like it.
#include <dualtape/python.hpp>

#include "populations.hpp"

PYBIND11_MODULE(_populations, module) {
  using dualtape::python::function, dualtape::python::order;
  module.attr("populations") = function("populations", Populations{}, order<2>);
  module.def(
      "populations_at",
      [](int samples, double interval, int steps) {
        return function("populations", Populations{samples, interval, steps}, order<2>);
      },
      pybind11::arg("samples"), pybind11::arg("interval"), pybind11::arg("steps") = 10);
}
