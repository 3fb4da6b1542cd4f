#include "version.hpp"

namespace dualtape::engine {

std::string_view version() { return DUALTAPE_VERSION; }

}  // namespace dualtape::engine
