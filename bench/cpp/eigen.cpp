// Eigen's AutoDiffScalar: forward, one tangent for each input. Only where the inputs are few.
#include <unsupported/Eigen/AutoDiff>

#include "contest.hpp"

void contest::add_eigen() {
  workloads::for_each([]<class W> {
    if (W::point().size() > 8) return;
    add<W>("Eigen AutoDiffScalar", [](const Vector& x, Vector& g) {
      using A = Eigen::AutoDiffScalar<Eigen::Matrix<double, Eigen::Dynamic, 1, 0, 8, 1>>;
      const auto n = static_cast<Eigen::Index>(x.size());
      std::vector<A> inputs;
      for (Eigen::Index i = 0; i < n; ++i) {
        inputs.emplace_back(x[static_cast<std::size_t>(i)], n, i);
      }
      const A y = W::value(inputs);
      for (Eigen::Index i = 0; i < n; ++i) g[static_cast<std::size_t>(i)] = y.derivatives()[i];
    });
  });
  using workloads::Bundle;
  add_bundle("Eigen AutoDiffScalar",
             [](const auto& x, Bundle::Block& block) __attribute__((flatten)) {
               using A = Eigen::AutoDiffScalar<Eigen::Vector<double, Bundle::kInputs>>;
               std::array<A, Bundle::kInputs> inputs;
               for (std::size_t i = 0; i < x.size(); ++i) {
                 inputs[i] = A(x[i], Bundle::kInputs, static_cast<int>(i));
               }
               const auto y = Bundle::value(inputs);
               for (std::size_t e = 0; e < y.size(); ++e) {
                 Eigen::Map<Eigen::Vector<double, Bundle::kInputs>>(block.data() + e * x.size()) =
                     y[e].derivatives();
               }
             });
}
