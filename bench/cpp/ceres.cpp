// Ceres' Jet: forward, one tangent for each input. Only where the inputs are few.
#include <ceres/jet.h>

#include "contest.hpp"

void contest::add_ceres() {
  workloads::for_each([]<class W> {
    if (W::point().size() > 8) return;
    add<W>("Ceres Jet", [](const Vector& x, Vector& g) {
      using J = ceres::Jet<double, 8>;
      std::vector<J> inputs;
      for (std::size_t i = 0; i < x.size(); ++i) inputs.emplace_back(x[i], static_cast<int>(i));
      const J y = W::value(inputs);
      for (std::size_t i = 0; i < x.size(); ++i) g[i] = y.v[static_cast<int>(i)];
    });
  });
  using workloads::Bundle;
  // Inlined as a whole, as dualtape's driver does it.
  add_bundle("Ceres Jet", [](const auto& x, Bundle::Block& block) __attribute__((flatten)) {
    using J = ceres::Jet<double, Bundle::kInputs>;
    std::array<J, Bundle::kInputs> inputs;
    for (std::size_t i = 0; i < x.size(); ++i) inputs[i] = J(x[i], static_cast<int>(i));
    const auto y = Bundle::value(inputs);
    for (std::size_t e = 0; e < y.size(); ++e) {
      for (std::size_t i = 0; i < x.size(); ++i) {
        block[e * x.size() + i] = y[e].v[static_cast<int>(i)];
      }
    }
  });
}
