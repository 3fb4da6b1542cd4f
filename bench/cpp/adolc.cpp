// ADOL-C: traced anew at every call, as the others, and one reverse sweep.
#include <adolc/adolc.h>

#include "contest.hpp"

void contest::add_adolc() {
  workloads::for_each([]<class W> {
    add<W>("ADOL-C", [](const Vector& x, Vector& g) {
      trace_on(1, 1);
      std::vector<adouble> inputs(x.size());
      for (std::size_t i = 0; i < x.size(); ++i) inputs[i] <<= x[i];
      adouble y = W::value(inputs);
      double value = 0;
      y >>= value;
      trace_off();
      double weight = 1;
      reverse(1, 1, static_cast<int>(x.size()), 0, &weight, g.data());
    });
  });
}
