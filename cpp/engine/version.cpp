#include "version.hpp"

#include <Eigen/src/Core/util/Macros.h>

namespace dualtape::engine {

std::string_view version() { return DUALTAPE_VERSION; }

std::string compiler_name() {
#ifdef __clang__
  return __VERSION__;  // names itself
#else
  return "GCC " __VERSION__;
#endif
}

std::string eigen_version() {
  return std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
         std::to_string(EIGEN_MINOR_VERSION);
}

}  // namespace dualtape::engine
