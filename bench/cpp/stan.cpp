// Stan Math's reverse mode, whose memory is used again at every call.
#include <stan/math/rev/core.hpp>
#include <stan/math/rev/fun.hpp>

#include "contest.hpp"

void contest::add_stan() {
  workloads::for_each([]<class W> {
    add<W>("Stan Math", [](const Vector& x, Vector& g) {
      std::vector<stan::math::var> inputs(x.begin(), x.end());
      stan::math::var y = W::value(inputs);
      y.grad();
      for (std::size_t i = 0; i < x.size(); ++i) g[i] = inputs[i].adj();
      stan::math::recover_memory();
    });
  });
}
