// Linear algebra through Eigen.
#include "dualtape.hpp"
#include "nodes.hpp"

void contest::add_dualtape_matrices() {
  add_statements<workloads::Cholesky>();
  add_nodes<nodes::Cholesky>();
}
