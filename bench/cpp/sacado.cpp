// Sacado's reverse mode (Rad), whose memory is used again at every call.
#include <Sacado_trad.hpp>

#include "contest.hpp"

void contest::add_sacado() {
  workloads::for_each([]<class W> {
    add<W>("Sacado Rad", [](const Vector& x, Vector& g) {
      using A = Sacado::Rad::ADvar<double>;
      std::vector<A> inputs(x.begin(), x.end());
      A y = W::value(inputs);
      A::Gradcomp();
      for (std::size_t i = 0; i < x.size(); ++i) g[i] = inputs[i].adj();
    });
  });
}
