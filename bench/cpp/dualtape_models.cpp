// Statistics and learning.
#include "dualtape.hpp"
#include "nodes.hpp"

void contest::add_dualtape_models() {
  add_statements<workloads::Mixture>();
  add_statements<workloads::Lstm>();
  add_nodes<nodes::Mixture>();
}
