/// The rows of references.txt: what mpmath gives for every smooth function of the registry.
#pragma once

#include <dualtape/ops/registry.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

namespace references {

using namespace dualtape;

struct Row {
  double first;   // x, or a
  double second;  // n of a parametric function, or b
  std::array<double, 6> wanted;
};

inline const std::multimap<std::string, Row>& table() {
  static const auto rows = [] {
    std::multimap<std::string, Row> result;
    std::ifstream file("references.txt");
    for (std::string line; std::getline(file, line);) {
      std::istringstream in(line);
      std::string name, a, b;
      in >> name >> a >> b;
      Row row{};
      std::size_t count = 0;
      for (std::string number; in >> number;) row.wanted.at(count++) = std::stod(number);
      const bool two_arguments = count == 6;
      row.first = std::stod(two_arguments ? a : b);
      row.second = std::stod(two_arguments ? b : a);
      result.emplace(name, row);
    }
    return result;
  }();
  return rows;
}

template <class F>
void for_rows(std::string_view name, F f) {
  const auto [begin, end] = table().equal_range(std::string(name));
  for (auto i = begin; i != end; ++i) f(i->second);
}

/// Each further order costs a few roundings; rules wrong by 1e-9 are far outside.
template <class Op>
inline constexpr double kToleranceOf =
    std::max(64.0, 4 * Op::max_ulp) * std::numeric_limits<double>::epsilon();

/// Bessel functions have no derivative in their first argument (test_special.cpp).
template <class Op>
inline constexpr bool has_constant_argument = requires { requires Op::constant_first; };

template <class Op, class A, class B>
auto evaluate(const A& a, const B& b) {
  if constexpr (is_parametric<Op>) {
    return apply<Op>(0, a, b);
  } else {
    return apply<Op>(a, b);
  }
}

template <class Op, class T>
T evaluate(int n, const T& x) {
  if constexpr (is_parametric<Op>) {
    return apply<Op>(n, x);
  } else {
    return apply<Op>(x);
  }
}

}  // namespace references
