// dualtape: reverse with a new tape, reverse with the tape used again, forward in chunks of 8.
#include <dualtape/dual.hpp>
#include <dualtape/tape.hpp>

#include <memory>

#include "contest.hpp"

namespace {

using contest::Vector;

template <class W>
void reverse(dualtape::Tape<double>& tape, const Vector& x, Vector& g) {
  tape.reset();
  const auto recording = tape.record();
  thread_local std::vector<dualtape::Var<double>> inputs;
  inputs.resize(x.size());
  tape.variables(x, inputs);
  const dualtape::Var<double> y = W::value(inputs);
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  tape.cotangents(inputs, g);
}

template <class W>
void forward(const Vector& x, Vector& g) {
  using D = dualtape::Dual<double, 8>;
  std::vector<D> inputs(x.begin(), x.end());
  for (std::size_t begin = 0; begin < x.size(); begin += 8) {
    const std::size_t end = std::min(begin + 8, x.size());
    for (std::size_t i = begin; i < end; ++i) {
      inputs[i] = D::variable(x[i], static_cast<int>(i - begin));
    }
    const D y = W::value(inputs);
    for (std::size_t i = begin; i < end; ++i) {
      g[i] = y.tangent(static_cast<int>(i - begin));
      inputs[i] = x[i];
    }
  }
}

}  // namespace

void contest::add_dualtape() {
  workloads::for_each([]<class W> {
    const auto tape = std::make_shared<dualtape::Tape<double>>();
    add<W>(
        "dualtape reverse, tape reused",
        [tape](const Vector& x, Vector& g) { reverse<W>(*tape, x, g); },
        [tape] { return static_cast<double>(tape->statement_bytes()); });
    add<W>("dualtape reverse", [](const Vector& x, Vector& g) {
      dualtape::Tape<double> fresh;
      reverse<W>(fresh, x, g);
    });
    if (W::point().size() <= 8) add<W>("dualtape forward", forward<W>);
  });
}
