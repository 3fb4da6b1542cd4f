#include <pybind11/pybind11.h>

#include "version.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() = "The compiled part of dualtape.";
  module.attr("__version__") = dualtape::engine::version();
}
