// Blocks of bundle adjustment: forward by the driver for few inputs, and in reverse.
#include "dualtape.hpp"

void contest::add_dualtape_bundle() {
  using dualtape::Tape, dualtape::Var, workloads::Bundle;
  add_bundle("dualtape forward", [](const auto& x, Bundle::Block& block) {
    using Rows = Eigen::Matrix<double, 2, Bundle::kInputs, Eigen::RowMajor>;
    const auto residual = [](const auto& inputs) { return Bundle::value(inputs); };
    Eigen::Map<Rows>(block.data()) = dualtape::value_and_jacobian(residual, x).derivative;
  });
  const auto tape = std::make_shared<Tape<double>>();
  add_bundle("dualtape reverse, tape reused", [tape](const auto& x, Bundle::Block& block) {
    tape->reset();
    const auto recording = tape->record();
    std::array<Var<double>, Bundle::kInputs> inputs;
    tape->variables(x, inputs);
    const auto y = Bundle::value(inputs);
    tape->start_sweep(2);
    for (int e = 0; e < 2; ++e) tape->set_cotangent(y[static_cast<std::size_t>(e)], 1, e);
    tape->pullback();
    for (std::size_t e = 0; e < 2; ++e) {
      tape->cotangents(inputs, std::span(block).subspan(e * x.size(), x.size()),
                       static_cast<int>(e));
    }
  });
}
