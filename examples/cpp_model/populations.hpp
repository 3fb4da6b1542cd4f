/// Predator and prey: the model, once, for numbers, for derivatives in C++ and for Python.
#pragma once

#include <dualtape/model.hpp>

/// Numbers of prey and predators at `samples` times, `interval` years apart, from their numbers at
/// the start: rows by time, columns prey, predators. Rates, per year: births of prey, prey caught
/// by a predator, births of predators for a prey, deaths of predators.
struct Populations {
  int samples = 21;
  double interval = 0.5;
  int steps = 10;  // of Runge-Kutta's, an interval

  template <class T>
  dualtape::Matrix<T> operator()(const dualtape::Vector<T>& rates,
                                 const dualtape::Vector<T>& start) const {
    const auto slope = [&](const dualtape::Vector<T>& n) {
      dualtape::Vector<T> result(2);
      result << n[0] * (rates[0] - rates[1] * n[1]), n[1] * (rates[2] * n[0] - rates[3]);
      return result;
    };
    const double h = interval / steps;
    dualtape::Matrix<T> result(samples, 2);
    dualtape::Vector<T> n = start;
    for (int sample = 0; sample < samples; ++sample) {
      result.row(sample) = n;
      for (int step = 0; step < steps; ++step) {
        const dualtape::Vector<T> a = slope(n), b = slope(n + 0.5 * h * a);
        const dualtape::Vector<T> c = slope(n + 0.5 * h * b), d = slope(n + h * c);
        n += h / 6 * (a + 2 * b + 2 * c + d);
      }
    }
    return result;
  }
};
