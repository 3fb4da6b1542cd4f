/// The functions that the benchmark differentiates, each with a gradient written by hand.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "matrices.hpp"
#include "models.hpp"

namespace workloads {

/// prod x_i
struct Speelpenning {
  static constexpr const char* name = "Speelpenning product, n = 1000";
  static Vector point() { return spread(1000, 0.99, 1.01); }
  template <class T>
  static T value(const std::vector<T>& x) {
    T product(1);
    for (const T& factor : x) product *= factor;
    return product;
  }
  static void gradient(const Vector& x, Vector& g) {
    double before = 1;
    for (std::size_t i = 0; i < x.size(); ++i) g[i] = before, before *= x[i];
    double after = 1;
    for (std::size_t i = x.size(); i-- > 0;) g[i] *= after, after *= x[i];
  }
};

/// log sum exp x_i
struct LogSumExp {
  static constexpr const char* name = "log-sum-exp, n = 1000";
  static Vector point() { return spread(1000, -2, 2); }
  template <class T>
  static T value(const std::vector<T>& x) {
    using std::exp, std::log;
    T sum(0);
    for (const T& term : x) sum += exp(term);
    return log(sum);
  }
  static void gradient(const Vector& x, Vector& g) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) sum += g[i] = std::exp(x[i]);
    for (double& entry : g) entry /= sum;
  }
};

/// sum 100 (x_{i+1} - x_i^2)^2 + (1 - x_i)^2
struct Rosenbrock {
  static constexpr const char* name = "Rosenbrock, n = 1000";
  static Vector point() { return spread(1000, -1.2, 1.2); }
  template <class T>
  static T value(const std::vector<T>& x) {
    T sum(0);
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      const T valley = x[i + 1] - x[i] * x[i];
      const T slope = 1.0 - x[i];
      sum += 100.0 * valley * valley + slope * slope;
    }
    return sum;
  }
  static void gradient(const Vector& x, Vector& g) {
    g.assign(x.size(), 0);
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      const double valley = x[i + 1] - x[i] * x[i];
      g[i] += -400 * x[i] * valley - 2 * (1 - x[i]);
      g[i + 1] += 200 * valley;
    }
  }
};

/// Price of a call by 1000 fixed normal numbers, in (spot, strike, rate, volatility, time).
struct BlackScholes {
  static constexpr const char* name = "Black-Scholes Monte Carlo, 1000 paths";
  static Vector point() { return {100, 95, 0.03, 0.2, 1.5}; }
  static const Vector& normals() {
    static const Vector z = spread(1000, -3, 3);
    return z;
  }
  template <class T>
  static T value(const std::vector<T>& x) {
    using std::exp, std::sqrt;
    const T drift = (x[2] - 0.5 * x[3] * x[3]) * x[4];
    const T spread_of_log = x[3] * sqrt(x[4]);
    T sum(0);
    for (const double z : normals()) {
      const T gain = x[0] * exp(drift + spread_of_log * z) - x[1];
      if (gain > 0.0) sum += gain;
    }
    return exp(-x[2] * x[4]) * sum / 1000.0;
  }
  static void gradient(const Vector& x, Vector& g) {
    const double root = std::sqrt(x[4]), discount = std::exp(-x[2] * x[4]) / 1000;
    const double drift = (x[2] - 0.5 * x[3] * x[3]) * x[4];
    double sum = 0, ends = 0, weighted = 0, count = 0;
    for (const double z : normals()) {
      const double end = x[0] * std::exp(drift + x[3] * root * z);
      if (end - x[1] > 0) sum += end - x[1], ends += end, weighted += end * z, count += 1;
    }
    g[0] = discount * ends / x[0];
    g[1] = -discount * count;
    g[2] = discount * (x[4] * ends - x[4] * sum);
    g[3] = discount * (root * weighted - x[3] * x[4] * ends);
    g[4] =
        discount * ((x[2] - 0.5 * x[3] * x[3]) * ends + x[3] / (2 * root) * weighted - x[2] * sum);
  }
};

/// Burgers' equation, 128 cells, 50 upwind steps: the energy at the end.
struct Burgers {
  static constexpr const char* name = "Burgers, 128 cells x 50 steps";
  static constexpr double kRatio = 0.2;  // time step by cell width
  static Vector point() { return spread(128, 0.5, 1.5); }
  template <class T>
  static T value(const std::vector<T>& x) {
    std::vector<T> u = x;
    for (int step = 0; step < 50; ++step) {
      T before = u.back();
      for (T& cell : u) {
        const T old = cell;
        cell = old - kRatio * old * (old - before);
        before = old;
      }
    }
    T energy(0);
    for (const T& cell : u) energy += cell * cell;
    return energy;
  }
  static void gradient(const Vector& x, Vector& g) {
    const std::size_t n = x.size();
    std::vector<Vector> states{x};
    for (int step = 0; step < 50; ++step) {
      const Vector& u = states.back();
      Vector next(n);
      for (std::size_t i = 0; i < n; ++i) {
        next[i] = u[i] - kRatio * u[i] * (u[i] - u[(i + n - 1) % n]);
      }
      states.push_back(std::move(next));
    }
    for (std::size_t i = 0; i < n; ++i) g[i] = 2 * states.back()[i];
    Vector u_bar(n);
    for (std::size_t step = 50; step-- > 0;) {
      const Vector& u = states[step];
      std::fill(u_bar.begin(), u_bar.end(), 0);
      for (std::size_t i = 0; i < n; ++i) {
        const std::size_t left = (i + n - 1) % n;
        u_bar[i] += g[i] * (1 - kRatio * (2 * u[i] - u[left]));
        u_bar[left] += g[i] * kRatio * u[i];
      }
      g = u_bar;
    }
  }
};

/// Lorenz' system over a time of 1 by steps of RK4: |u|^2 at the end, in the start and the three
/// parameters.
template <int Steps>
struct Lorenz {
  static constexpr const char* name =
      Steps == 1000 ? "Lorenz, 1000 steps of RK4" : "Lorenz, 100000 steps of RK4";
  static constexpr int kSteps = Steps;
  static constexpr double kStep = 1.0 / Steps;
  static Vector point() { return {1, 2, 3, 10, 28, 8.0 / 3}; }
  template <class T>
  using State = std::array<T, 3>;
  template <class T>
  static State<T> slope(const State<T>& u, const T* p) {
    return {p[0] * (u[1] - u[0]), u[0] * (p[1] - u[2]) - u[1], u[0] * u[1] - p[2] * u[2]};
  }
  template <class T>
  static State<T> moved(const State<T>& u, double h, const State<T>& k) {
    return {u[0] + h * k[0], u[1] + h * k[1], u[2] + h * k[2]};
  }
  template <class T>
  static void step(State<T>& u, const T* p) {
    const State<T> k1 = slope(u, p), k2 = slope(moved(u, kStep / 2, k1), p);
    const State<T> k3 = slope(moved(u, kStep / 2, k2), p), k4 = slope(moved(u, kStep, k3), p);
    for (std::size_t i = 0; i < 3; ++i) {
      u[i] += kStep / 6 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
    }
  }
  template <class T>
  static T value(const std::vector<T>& x) {
    State<T> u{x[0], x[1], x[2]};
    for (int i = 0; i < kSteps; ++i) step(u, x.data() + 3);
    return u[0] * u[0] + u[1] * u[1] + u[2] * u[2];
  }
  /// g += (d slope / d parameters)^T k_bar; returns (d slope / du)^T k_bar.
  static State<double> slope_back(const State<double>& u, const Vector& x,
                                  const State<double>& k_bar, Vector& g) {
    g[3] += k_bar[0] * (u[1] - u[0]);
    g[4] += k_bar[1] * u[0];
    g[5] -= k_bar[2] * u[2];
    return {-x[3] * k_bar[0] + (x[4] - u[2]) * k_bar[1] + u[1] * k_bar[2],
            x[3] * k_bar[0] - k_bar[1] + u[0] * k_bar[2], -u[0] * k_bar[1] - x[5] * k_bar[2]};
  }
  static void gradient(const Vector& x, Vector& g) {
    struct Stages {
      State<double> u1, u2, u3, u4;
    };
    std::vector<Stages> stages(kSteps);
    const double* p = x.data() + 3;
    State<double> u{x[0], x[1], x[2]};
    for (Stages& s : stages) {
      const auto k1 = slope(s.u1 = u, p), k2 = slope(s.u2 = moved(u, kStep / 2, k1), p);
      const auto k3 = slope(s.u3 = moved(u, kStep / 2, k2), p);
      const auto k4 = slope(s.u4 = moved(u, kStep, k3), p);
      for (std::size_t i = 0; i < 3; ++i) {
        u[i] += kStep / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
      }
    }
    g.assign(6, 0);
    State<double> u_bar{2 * u[0], 2 * u[1], 2 * u[2]};
    const State<double> none{};
    for (std::size_t step = kSteps; step-- > 0;) {
      const Stages& s = stages[step];
      const auto w4 = slope_back(s.u4, x, moved(none, kStep / 6, u_bar), g);
      const auto k3_bar = moved(moved(none, kStep / 3, u_bar), kStep, w4);
      const auto w3 = slope_back(s.u3, x, k3_bar, g);
      const auto k2_bar = moved(moved(none, kStep / 3, u_bar), kStep / 2, w3);
      const auto w2 = slope_back(s.u2, x, k2_bar, g);
      const auto k1_bar = moved(moved(none, kStep / 6, u_bar), kStep / 2, w2);
      const auto w1 = slope_back(s.u1, x, k1_bar, g);
      for (std::size_t i = 0; i < 3; ++i) u_bar[i] += w1[i] + w2[i] + w3[i] + w4[i];
    }
    std::copy(u_bar.begin(), u_bar.end(), g.begin());
  }
};

/// Calls f.operator()<Workload>() for each.
template <class F>
void for_each(F f) {
  f.template operator()<Speelpenning>();
  f.template operator()<LogSumExp>();
  f.template operator()<Rosenbrock>();
  f.template operator()<BlackScholes>();
  f.template operator()<Burgers>();
  f.template operator()<Lorenz<1000>>();
  f.template operator()<Lorenz<100000>>();
  f.template operator()<Mixture>();
  f.template operator()<Lstm>();
  f.template operator()<Cholesky>();
}

}  // namespace workloads
