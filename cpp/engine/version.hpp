#pragma once

#include <string_view>

namespace dualtape::engine {

/// The version the engine was built as, from pyproject.toml.
std::string_view version();

}  // namespace dualtape::engine
