// Iterations: a partial and an ordinary differential equation.
#include "dualtape.hpp"
#include "nodes.hpp"

void contest::add_dualtape_steps() {
  add_statements<workloads::Burgers>();
  add_statements<workloads::Lorenz>();
  add_nodes<nodes::Burgers>();
  add_nodes<nodes::Lorenz>();
}
