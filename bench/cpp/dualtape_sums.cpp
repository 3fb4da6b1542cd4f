// Products and sums over many inputs.
#include "dualtape.hpp"
#include "nodes.hpp"

void contest::add_dualtape_sums() {
  add_statements<workloads::Speelpenning>();
  add_statements<workloads::LogSumExp>();
  add_statements<workloads::Rosenbrock>();
  add_statements<workloads::BlackScholes>();
  add_nodes<nodes::Speelpenning>();
  add_nodes<nodes::LogSumExp>();
  add_nodes<nodes::Rosenbrock>();
}
