/// dualtape: reverse with a new tape and with one used again, 8 cotangents at once, second order,
/// forward.
#pragma once

#include <dualtape/drivers.hpp>

#include <memory>
#include <span>

#include "contest.hpp"

namespace contest {

/// Records W at x, whose scalars are T, on a tape used before.
template <class W, class T>
dualtape::Var<T> record(dualtape::Tape<T>& tape, const std::vector<T>& x,
                        std::vector<dualtape::Var<T>>& inputs) {
  tape.reset();
  const auto recording = tape.record();
  inputs.resize(x.size());
  tape.variables(x, inputs);
  return W::value(inputs);
}

template <class W>
void reverse(dualtape::Tape<double>& tape, int lanes, const Vector& x, Vector& g) {
  thread_local std::vector<dualtape::Var<double>> inputs;
  const dualtape::Var<double> y = record<W>(tape, x, inputs);
  tape.start_sweep(lanes);
  for (int lane = 0; lane < lanes; ++lane) tape.set_cotangent(y, 1 + lane, lane);
  tape.pullback();
  tape.cotangents(inputs, g);
}

/// H v beside the gradient, v = (1, ..., 1): forward over reverse.
template <class W>
void second_order(dualtape::Tape<dualtape::Dual<double>>& tape, const Vector& x, Vector& g) {
  using D = dualtape::Dual<double>;
  thread_local std::vector<dualtape::Var<D>> inputs;
  thread_local std::vector<D> point, gradient;
  point.clear();
  for (const double value : x) point.push_back(D::variable(value));
  gradient.resize(x.size());
  const dualtape::Var<D> y = record<W>(tape, point, inputs);
  tape.start_sweep();
  tape.set_cotangent(y, D(1));
  tape.pullback();
  tape.cotangents(inputs, gradient);
  for (std::size_t i = 0; i < x.size(); ++i) g[i] = gradient[i].value();
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

/// A workload written with plain statements.
template <class W>
void add_statements() {
  using dualtape::Dual, dualtape::Tape;
  const auto tape = std::make_shared<Tape<double>>();
  const auto bytes = [tape] { return static_cast<double>(tape->statement_bytes()); };
  add<W>(
      "dualtape reverse, tape reused",
      [tape](const Vector& x, Vector& g) { reverse<W>(*tape, 1, x, g); }, bytes);
  add<W>("dualtape reverse", [](const Vector& x, Vector& g) {
    Tape<double> fresh;
    reverse<W>(fresh, 1, x, g);
  });
  add<W>("dualtape reverse, 8 cotangents",
         [tape](const Vector& x, Vector& g) { reverse<W>(*tape, 8, x, g); });
  const auto nested = std::make_shared<Tape<Dual<double>>>();
  add<W>("dualtape gradient and H v",
         [nested](const Vector& x, Vector& g) { second_order<W>(*nested, x, g); });
  if (W::point().size() <= 8) add<W>("dualtape forward", forward<W>);
}

/// A workload whose loops are nodes of the tape.
template <class W>
void add_nodes() {
  const auto tape = std::make_shared<dualtape::Tape<double>>();
  add<W>(
      "dualtape reverse, loops as nodes",
      [tape](const Vector& x, Vector& g) { reverse<W>(*tape, 1, x, g); },
      [tape] { return static_cast<double>(tape->statement_bytes()); });
  const auto nested = std::make_shared<dualtape::Tape<dualtape::Dual<double>>>();
  add<W>("dualtape gradient and H v, loops as nodes",
         [nested](const Vector& x, Vector& g) { second_order<W>(*nested, x, g); });
}

}  // namespace contest
