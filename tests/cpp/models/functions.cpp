// Models without a template of one scalar type: argument types are named.
#include <dualtape/python.hpp>

#include <new>
#include <stdexcept>

PYBIND11_MODULE(_functions, module) {
  using dualtape::python::function, dualtape::python::order;

  // A matrix of fixed size in, an expression of it out; read in NumPy's order.
  module.attr("scaled") = function<Eigen::Matrix<double, 2, 3>, double>(
      "scaled", [](const auto& a, const auto& s) { return (a.array() * s).square().matrix(); },
      order<1>);

  // The length of the result depends on the values.
  module.attr("fickle") = function<Eigen::VectorXd>(
      "fickle",
      [](const auto& x) {
        using X = std::remove_cvref_t<decltype(x)>;
        return X(x.head(x[0] < 2.0 ? 1 : 2));
      },
      order<1>);

  module.attr("failing") = function<double>(
      "failing",
      [](const auto& x) {
        const double value = dualtape::base_value(x);
        if (value == 2) throw std::domain_error("two is not wanted");
        if (value == 3) throw std::out_of_range("three is past the end");
        if (value == 4) throw std::runtime_error("four went wrong");
        if (value == 5) throw std::bad_alloc();
        if (value == 6) throw 6;
        return x * x;
      },
      order<2>);
}
