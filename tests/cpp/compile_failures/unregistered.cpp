// Only operations of the registry have an opcode.
// error: the operation is not in the registry
#include <dualtape/ops/registry.hpp>

struct Cube : dualtape::ops::Square {};

#ifdef DUALTAPE_CONTROL
constexpr int opcode = dualtape::ops::op_index<dualtape::ops::Square>;
#else
constexpr int opcode = dualtape::ops::op_index<Cube>;
#endif
