// CppAD: taped anew, as the others, and the tape of an earlier call played again at new inputs.
#include <cppad/cppad.hpp>
#include <memory>

#include "contest.hpp"

namespace {

template <class W>
void record(const contest::Vector& x, CppAD::ADFun<double>& function) {
  std::vector<CppAD::AD<double>> inputs(x.begin(), x.end());
  CppAD::Independent(inputs);
  const std::vector<CppAD::AD<double>> outputs{W::value(inputs)};
  function.Dependent(inputs, outputs);
}

}  // namespace

void contest::add_cppad() {
  workloads::for_each([]<class W> {
    const Vector weight{1};
    add<W>("CppAD", [weight](const Vector& x, Vector& g) {
      CppAD::ADFun<double> function;
      record<W>(x, function);
      function.Forward(0, x);
      g = function.Reverse(1, weight);
    });
    const auto kept = std::make_shared<CppAD::ADFun<double>>();
    add<W>("CppAD, tape replayed", [weight, kept](const Vector& x, Vector& g) {
      if (kept->Domain() == 0) record<W>(x, *kept);
      kept->Forward(0, x);
      g = kept->Reverse(1, weight);
    });
  });
}
