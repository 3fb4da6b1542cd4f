#include "plan/run_scalars.hpp"

namespace dualtape::engine {

template const void* const* interpret_scalars<double>(const ScalarRun&, const Frame&);

}  // namespace dualtape::engine
