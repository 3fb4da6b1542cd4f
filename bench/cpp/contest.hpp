/// Registers contestants with Google Benchmark; a gradient is checked before it is timed.
#pragma once

#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "workloads.hpp"

namespace contest {

using workloads::Vector;

/// What each library's source file defines.
void add_plain();
void add_dualtape();
void add_eigen();
void add_adolc();
void add_sacado();

template <class W>
void check(const char* library, const Vector& x, const Vector& got) {
  Vector wanted(x.size());
  W::gradient(x, wanted);
  double scale = 0, error = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    scale = std::max(scale, std::abs(wanted[i]));
    error = std::max(error, std::abs(got[i] - wanted[i]));
  }
  if (error <= 1e-9 * scale) return;
  std::fprintf(stderr, "%s, %s: wrong gradient, error %g of %g\n", W::name, library, error, scale);
  std::exit(1);
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
