/// Workloads with their loops named for the tape: parts of them are one node each.
#pragma once

#include <dualtape/map.hpp>
#include <dualtape/matrix.hpp>
#include <dualtape/preaccumulate.hpp>
#include <dualtape/reductions.hpp>

#include "workloads.hpp"

namespace nodes {

using workloads::Vector;

struct Speelpenning : workloads::Speelpenning {
  template <class T>
  static T value(const std::vector<T>& x) {
    return dualtape::prod(x);
  }
};

struct LogSumExp : workloads::LogSumExp {
  template <class T>
  static T value(const std::vector<T>& x) {
    return dualtape::logsumexp(x);
  }
};

/// A step of RK4 is a function of 3 + 3 numbers.
template <int Steps>
struct Lorenz : workloads::Lorenz<Steps> {
  using Base = workloads::Lorenz<Steps>;
  template <class T>
  using State = typename Base::template State<T>;
  template <class T>
  static void step(State<T>& u, const T* p) {
    const auto stepped = [](auto state, const auto& parameters) {
      Base::step(state, parameters.data());
      return state;
    };
    u = dualtape::preaccumulate(stepped, u, State<T>{p[0], p[1], p[2]});
  }
  template <class T>
  static T value(const std::vector<T>& x) {
    State<T> u{x[0], x[1], x[2]};
    for (int i = 0; i < Steps; ++i) step(u, x.data() + 3);
    return u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
  }
};

/// The terms are a function of neighbours.
struct Rosenbrock : workloads::Rosenbrock {
  template <class T>
  static T value(const std::vector<T>& x) {
    const std::span<const T> all(x);
    return dualtape::map_sum(
        [](const auto& a, const auto& b) {
          const auto valley = b - a * a;
          const auto slope = 1.0 - a;
          return 100.0 * valley * valley + slope * slope;
        },
        all.first(x.size() - 1), all.subspan(1));
  }
};

/// A step is a function of neighbours too.
struct Burgers : workloads::Burgers {
  template <class T>
  static T value(const std::vector<T>& x) {
    const auto cell = [](const auto& own, const auto& left) {
      return own - kRatio * own * (own - left);
    };
    std::vector<T> u = x, next(x.size());
    for (int step = 0; step < 50; ++step) {
      const std::span<const T> all(u);
      next[0] = cell(u.front(), u.back());
      dualtape::map_into(std::span(next).subspan(1), cell, all.subspan(1), all.first(u.size() - 1));
      u.swap(next);
    }
    return dualtape::map_sum([](const auto& own) { return own * own; }, u);
  }
};

/// The densities of a part are a function of the points; its parameters are the same at all.
struct Mixture : workloads::Mixture {
  static Vector coordinate(std::size_t d) {
    Vector column;
    for (std::size_t n = 0; n < kPoints; ++n) column.push_back(data()[n * kDim + d]);
    return column;
  }
  static const std::array<Vector, 3>& coordinates() {
    static const std::array<Vector, 3> columns{coordinate(0), coordinate(1), coordinate(2)};
    return columns;
  }

  template <class T>
  static std::vector<T> densities(const std::vector<T>& x, std::size_t k) {
    using std::exp;
    const T norm = x[k] + x[scale(k, 0)] + x[scale(k, 1)] + x[scale(k, 2)];
    std::array<T, 3> inverse;
    for (std::size_t d = 0; d < 3; ++d) inverse[d] = exp(x[scale(k, d)]);
    const auto density = [](auto p, auto q, auto r, const auto& n, const auto& a, const auto& b,
                            const auto& c, const auto& i, const auto& j, const auto& l) {
      const auto u = (p - a) * i, v = (q - b) * j, w = (r - c) * l;
      return exp(n - 0.5 * (u * u + v * v + w * w));
    };
    const auto& at = coordinates();
    return dualtape::map(density, at[0], at[1], at[2], norm, x[mean(k, 0)], x[mean(k, 1)],
                         x[mean(k, 2)], inverse[0], inverse[1], inverse[2]);
  }
  template <class T>
  static T value(const std::vector<T>& x) {
    using std::exp, std::log;
    std::array<std::vector<T>, kParts> parts;
    for (std::size_t k = 0; k < kParts; ++k) parts[k] = densities(x, k);
    const auto total = [](const auto& a, const auto& b, const auto& c, const auto& d,
                          const auto& e) { return log(a + b + c + d + e); };
    return dualtape::map_sum(total, parts[0], parts[1], parts[2], parts[3], parts[4]) -
           static_cast<double>(kPoints) * dualtape::logsumexp(std::span(x).first(kParts));
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
