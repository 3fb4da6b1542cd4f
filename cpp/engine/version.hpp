#pragma once

#include <string>
#include <string_view>

namespace dualtape::engine {

/// The version the engine was built as, from pyproject.toml.
std::string_view version();

/// Name and version of the compiler, version of Eigen.
std::string compiler_name();
std::string eigen_version();

}  // namespace dualtape::engine
