#include "plan/run_scalars.hpp"

namespace dualtape::engine {

template const void* const* interpret_scalars<float>(const ScalarRun&, const Frame&);

}  // namespace dualtape::engine
