/// Registers contestants with Google Benchmark; a gradient is checked before it is timed.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "workloads.hpp"

namespace contest {

using workloads::Vector;

/// What the source files define, one for each library, of dualtape for each family of workloads.
void add_plain();
void add_dualtape_sums();
void add_dualtape_steps();
void add_dualtape_models();
void add_dualtape_matrices();
void add_dualtape_bundle();
void add_eigen();
void add_adolc();
void add_ceres();
void add_cppad();
void add_sacado();
void add_stan();

inline void compare(const char* workload, const char* library, const double* got,
                    const double* wanted, std::size_t size) {
  double scale = 0, error = 0;
  for (std::size_t i = 0; i < size; ++i) {
    scale = std::max(scale, std::abs(wanted[i]));
    error = std::max(error, std::abs(got[i] - wanted[i]));
  }
  if (error <= 1e-9 * scale) return;
  std::fprintf(stderr, "%s, %s: wrong derivative, error %g of %g\n", workload, library, error,
               scale);
  std::exit(1);
}

template <class W>
void check(const char* library, const Vector& x, const Vector& got) {
  Vector wanted(x.size());
  W::gradient(x, wanted);
  compare(W::name, library, got.data(), wanted.data(), x.size());
}

/// jacobian(x, block) of one observation of bundle adjustment.
template <class F>
void add_bundle(const char* library, F jacobian) {
  using workloads::Bundle;
  benchmark::RegisterBenchmark(
      (std::string(Bundle::name) + "/" + library).c_str(), [=](benchmark::State& state) {
        auto x = Bundle::point();
        Bundle::Block got{}, wanted{};
        jacobian(x, got);
        Bundle::jacobian(x, wanted);
        compare(Bundle::name, library, got.data(), wanted.data(), got.size());
        for (auto _ : state) {
          benchmark::DoNotOptimize(x);
          jacobian(x, got);
          benchmark::DoNotOptimize(got);
        }
      });
}

/// gradient(x, g) is timed as "workload/library".
template <class W>
void add(const char* library, std::function<void(const Vector&, Vector&)> gradient,
         std::function<double()> bytes = {}) {
  benchmark::RegisterBenchmark((std::string(W::name) + "/" + library).c_str(),
                               [=](benchmark::State& state) {
                                 const Vector x = W::point();
                                 Vector g(x.size());
                                 gradient(x, g);
                                 check<W>(library, x, g);
                                 for (auto _ : state) {
                                   gradient(x, g);
                                   benchmark::DoNotOptimize(g.data());
                                   benchmark::ClobberMemory();
                                 }
                                 if (bytes) state.counters["bytes"] = bytes();
                               });
}

}  // namespace contest
