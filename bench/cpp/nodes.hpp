/// Workloads with their loops named for the tape: parts of them are one node each.
#pragma once

#include <dualtape/matrix.hpp>
#include <dualtape/preaccumulate.hpp>

#include "workloads.hpp"

namespace nodes {

/// A step of RK4 is a function of 3 + 3 numbers.
struct Lorenz : workloads::Lorenz {
  template <class T>
  static T value(const std::vector<T>& x) {
    State<T> u{x[0], x[1], x[2]};
    const State<T> p{x[3], x[4], x[5]};
    for (int i = 0; i < kSteps; ++i) {
      u = dualtape::preaccumulate(
          [](auto state, const auto& parameters) {
            step(state, parameters.data());
            return state;
          },
          u, p);
    }
    return u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
  }
};

/// The solution is one node.
struct Cholesky : workloads::Cholesky {
  template <class T>
  static T value(const std::vector<T>& x) {
    const System<T> s = system(x);
    const Column<T> y = dualtape::solve_positive(s.a, s.b);
    T sum(0);
    for (const T& entry : y) sum += entry * entry;
    return sum;
  }
};

}  // namespace nodes
