// Iterations: a partial and an ordinary differential equation.
#include "dualtape.hpp"
#include "nodes.hpp"

namespace {

using contest::Vector;
using dualtape::Tape, dualtape::Var;

/// The tape holds one segment at a time: the states between segments are stored, and the segments
/// recorded again, the last one first.
template <class W>
void with_checkpoints(Tape<double>& tape, const Vector& x, Vector& g) {
  using Numbers = typename W::template State<double>;
  using Variables = typename W::template State<Var<double>>;
  constexpr int kSegment = 100;
  static_assert(W::kSteps % kSegment == 0);
  thread_local std::vector<Numbers> states;
  states.assign({{x[0], x[1], x[2]}});
  for (int i = 0; i < W::kSteps; i += kSegment) {
    Numbers u = states.back();
    for (int k = 0; k < kSegment; ++k) W::step(u, x.data() + 3);
    states.push_back(u);
  }
  tape.reset();
  const auto recording = tape.record();
  const Variables p{tape.variable(x[3]), tape.variable(x[4]), tape.variable(x[5])};
  const auto begin = tape.position();
  tape.start_sweep();
  Numbers u_bar;
  for (std::size_t i = 0; i < 3; ++i) u_bar[i] = 2 * states.back()[i];
  for (std::size_t segment = states.size() - 1; segment-- > 0;) {
    Variables u;
    tape.variables(states[segment], u);
    const Variables start = u;
    for (int k = 0; k < kSegment; ++k) W::step(u, p.data());
    tape.extend_sweep(begin);
    for (std::size_t i = 0; i < 3; ++i) tape.set_cotangent(u[i], u_bar[i]);
    tape.pullback(begin);
    tape.cotangents(start, u_bar);
    if (segment > 0) tape.rewind(begin);
  }
  std::copy(u_bar.begin(), u_bar.end(), g.begin());
  tape.cotangents(p, std::span(g).subspan(3));
}

template <class W>
void add_checkpoints(const char* contestant) {
  const auto tape = std::make_shared<Tape<double>>();
  contest::add<W>(
      contestant, [tape](const Vector& x, Vector& g) { with_checkpoints<W>(*tape, x, g); },
      [tape] { return static_cast<double>(tape->statement_bytes()); });
}

}  // namespace

void contest::add_dualtape_steps() {
  add_statements<workloads::Burgers>();
  add_nodes<nodes::Burgers>();
  add_statements<workloads::Lorenz<1000>>();
  add_nodes<nodes::Lorenz<1000>>();
  add_statements<workloads::Lorenz<100000>>();
  add_nodes<nodes::Lorenz<100000>>();
  add_checkpoints<workloads::Lorenz<100000>>("dualtape reverse, 1000 checkpoints");
  add_checkpoints<nodes::Lorenz<100000>>("dualtape reverse, steps as nodes, 1000 checkpoints");
}
