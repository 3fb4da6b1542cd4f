// The plain function, the gradient by hand, and main.
#include "contest.hpp"

void contest::add_plain() {
  workloads::for_each([]<class W> {
    benchmark::RegisterBenchmark((std::string(W::name) + "/plain function").c_str(),
                                 [](benchmark::State& state) {
                                   const Vector x = W::point();
                                   for (auto _ : state) {
                                     benchmark::DoNotOptimize(W::template value<double>(x));
                                     benchmark::ClobberMemory();
                                   }
                                 });
    add<W>("gradient by hand", [](const Vector& x, Vector& g) { W::gradient(x, g); });
  });
  using workloads::Bundle;
  benchmark::RegisterBenchmark((std::string(Bundle::name) + "/plain function").c_str(),
                               [](benchmark::State& state) {
                                 auto x = Bundle::point();
                                 for (auto _ : state) {
                                   benchmark::DoNotOptimize(x);
                                   benchmark::DoNotOptimize(Bundle::value(x));
                                 }
                               });
  add_bundle("gradient by hand", Bundle::jacobian);
}

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  contest::add_plain();
  contest::add_dualtape_sums();
  contest::add_dualtape_steps();
  contest::add_dualtape_models();
  contest::add_dualtape_matrices();
  contest::add_dualtape_bundle();
#ifdef CONTEST_EIGEN
  contest::add_eigen();
#endif
#ifdef CONTEST_ADOLC
  contest::add_adolc();
#endif
#ifdef CONTEST_CPPAD
  contest::add_cppad();
#endif
#ifdef CONTEST_CERES
  contest::add_ceres();
#endif
#ifdef CONTEST_SACADO
  contest::add_sacado();
#endif
#ifdef CONTEST_STAN
  contest::add_stan();
#endif
  benchmark::RunSpecifiedBenchmarks();
}
