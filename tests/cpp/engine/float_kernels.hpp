/// Tests of float kernels of the registry: errors in ulp against the rules in a wider type, special
/// values, and independence of the place in the array.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "check.hpp"
#include "dualtape/ops/registry.hpp"
#include "kernels/kernels.hpp"

namespace float_kernels {

using namespace dualtape;
using namespace dualtape::engine;

inline std::mt19937_64 generator(20240817);

/// Where the kernels under test come from.
struct Source {
  Kernel (*full)(OpCode op, DType dtype) = nullptr;
  Kernel (*broadcast)(OpCode op, DType dtype, Broadcast which) = nullptr;
  PairKernel (*pair)(OpCode first, OpCode second, DType dtype) = nullptr;
};
inline Source source;

template <class T>
constexpr DType kType = std::is_same_v<T, double> ? DType::kFloat64 : DType::kFloat32;
template <class T>
using Wider = std::conditional_t<std::is_same_v<T, double>, long double, double>;
/// Unsigned integer of the size of T.
template <class T>
using Pattern = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;

/// Smooth functions with a rule in a wider type. The exact ones have a test of their own; the gamma
/// family and the functions with orders have no such rule (tests/test_gamma.py, test_rules.py).
inline bool is_function(const ops::OpInfo& info) {
  return info.kind == Kind::kSmooth && info.max_ulp > 0.5 && info.name != "remainder" &&
         info.name != "gammaln" && info.name != "digamma" &&
         (!info.parametric || info.name == "integer_power");
}

/// The bound of float32: 4 ulp, as tests/test_rules.py.
template <class T>
double bound(const ops::OpInfo& info) {
  return std::is_same_v<T, double> ? info.max_ulp : std::max(info.max_ulp, 4.0);
}

template <class T>
struct Operands {
  std::array<std::vector<T>, 3> x;
  std::int64_t parameter = 0;
  explicit Operands(std::size_t n) {
    for (auto& v : x) v.resize(n);
  }
  std::size_t size() const { return x[0].size(); }
};

template <class T>
std::vector<T> run(int op, const Operands<T>& operands) {
  const void* in[] = {operands.x[0].data(), operands.x[1].data(), operands.x[2].data()};
  std::vector<T> y(operands.size());
  const Kernel kernel = source.full(static_cast<OpCode>(op), kType<T>);
  kernel(y.data(), in, static_cast<std::int64_t>(y.size()), &operands.parameter);
  return y;
}

/// The rule itself in the wider type.
template <class T>
using Rule = Wider<T> (*)(const Operands<T>& operands, std::size_t i);

template <class T>
std::array<Rule<T>, ops::op_count> make_rules() {
  std::array<Rule<T>, ops::op_count> rules{};
  ops::for_each_op([&]<class Op>() {
    using W = Wider<T>;
    if constexpr (Op::kind != Kind::kSmooth ||
                  Op::integral != std::is_same_v<Op, ops::IntegerPower>) {
      return;
    } else if constexpr (is_parametric<Op>) {
      rules[static_cast<std::size_t>(ops::op_index<Op>)] = [](const Operands<T>& o, std::size_t i) {
        return std::pow(W(o.x[0][i]), W(static_cast<double>(o.parameter)));
      };
    } else if constexpr (Op::arity == 1) {
      rules[static_cast<std::size_t>(ops::op_index<Op>)] = [](const Operands<T>& o, std::size_t i) {
        return W(Op::template value<W>(W(o.x[0][i])));
      };
    } else if constexpr (Op::arity == 2) {
      rules[static_cast<std::size_t>(ops::op_index<Op>)] = [](const Operands<T>& o, std::size_t i) {
        return W(Op::template value<W>(W(o.x[0][i]), W(o.x[1][i])));
      };
    }
  });
  return rules;
}

/// |y - exact| in units of the last place of the exact value; 0, infinities and NaN must agree.
template <class T>
double ulp_error(T y, Wider<T> exact) {
  const T rounded = static_cast<T>(exact);
  if (std::isnan(rounded)) return std::isnan(y) ? 0 : kInf;
  if (std::isinf(rounded) || std::isinf(y)) {
    // The largest number beside infinity: within an ulp.
    const T big = std::numeric_limits<T>::max();
    const bool close = std::min(std::abs(y), std::abs(rounded)) >= big && (y < 0) == (rounded < 0);
    return y == rounded ? 0 : close ? 1 : kInf;
  }
  if (exact == 0) return y == 0 && std::signbit(y) == std::signbit(rounded) ? 0 : kInf;
  if (std::signbit(y) != std::signbit(rounded) && y != 0) return kInf;
  const T size = std::abs(rounded);
  const Wider<T> unit = std::nextafter(size, std::numeric_limits<T>::infinity()) - size;
  return static_cast<double>(std::abs(Wider<T>(y) - exact) / unit);
}

/// Largest error of the operation over the operands; where, as text.
template <class T>
double worst(int op, Rule<T> rule, const Operands<T>& operands, std::string& where) {
  const std::vector<T> y = run(op, operands);
  double largest = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double error = ulp_error<T>(y[i], rule(operands, i));
    if (error > largest) {
      largest = error;
      where = check::text(operands.x[0][i]) + ", " + check::text(operands.x[1][i]) + " gave " +
              check::text(y[i]);
    }
  }
  return largest;
}

/// n points of the intervals that the registry names.
template <class T>
Operands<T> of_domain(const ops::OpInfo& info, std::size_t n) {
  Operands<T> operands(n);
  for (std::size_t k = 0; k < 3; ++k) {
    const Domain& domain = info.sampling.arguments[k];
    std::uniform_real_distribution<double> uniform(domain.lo, domain.hi);
    for (T& x : operands.x[k]) x = static_cast<T>(uniform(generator));
  }
  return operands;
}

/// Bit patterns at equal steps from a random one: all magnitudes, subnormals, infinities, NaN.
template <class T>
Operands<T> of_patterns(std::size_t n) {
  Operands<T> operands(n);
  const Pattern<T> step = ~Pattern<T>{0} / n | 1u;
  for (auto& x : operands.x) {
    auto pattern = static_cast<Pattern<T>>(generator());
    for (T& v : x) v = std::bit_cast<T>(pattern += step);
    std::shuffle(x.begin(), x.end(), generator);
  }
  return operands;
}

/// Every pair of values at which functions have branches.
template <class T>
Operands<T> of_edges() {
  using L = std::numeric_limits<T>;
  std::vector<T> edges;
  for (double x : {0.0,    1e-300, 1e-30,  1e-20,  1e-10, 1e-5,  0.1,   0.25,  0.5,   0.75,
                   1.0,    1.5,    2.0,    3.0,    4.0,   5.0,   10.0,  22.0,  50.0,  88.0,
                   89.0,   104.0,  127.0,  128.0,  149.0, 150.0, 700.0, 709.7, 710.5, 745.2,
                   1023.0, 1024.0, 1074.0, 1075.0, 1e5,   1e10,  1e22,  1e300}) {
    edges.push_back(static_cast<T>(x));
  }
  for (T x : {L::max(), L::min(), L::min() / 2, L::denorm_min(), L::infinity(), L::quiet_NaN(),
              std::nextafter(T(1), T(0)), std::nextafter(T(1), T(2))}) {
    edges.push_back(x);
  }
  const std::size_t m = 2 * edges.size();
  Operands<T> operands(m * m);
  for (std::size_t i = 0; i < m * m; ++i) {
    const std::size_t a = i % m, b = i / m;
    operands.x[0][i] = a % 2 ? -edges[a / 2] : edges[a / 2];
    operands.x[1][i] = b % 2 ? -edges[b / 2] : edges[b / 2];
  }
  return operands;
}

/// The sums of logarithms cross 0 where relative accuracy ends.
inline bool has_relative_accuracy(const ops::OpInfo& info) {
  return !info.name.starts_with("logaddexp");
}

template <class T>
void errors_are_within_max_ulp(std::size_t n, bool print) {
  const auto rules = make_rules<T>();
  for (int op = 0; op < ops::op_count; ++op) {
    const ops::OpInfo& info = ops::op_table[static_cast<std::size_t>(op)];
    const Rule<T> rule = rules[static_cast<std::size_t>(op)];
    if (!is_function(info) || !rule) continue;
    std::vector<Operands<T>> cases{of_domain<T>(info, n)};
    if (has_relative_accuracy(info)) cases.insert(cases.end(), {of_patterns<T>(n), of_edges<T>()});
    const std::vector<int> none{0};
    std::string line;
    for (int parameter : info.parametric ? info.parameters : std::span<const int>(none)) {
      for (Operands<T>& operands : cases) {
        operands.parameter = parameter;
        std::string where;
        const double error = worst<T>(op, rule, operands, where);
        line += "  " + check::text(std::round(100 * error) / 100).substr(0, 5);
        const std::string n_text = info.parametric ? " n = " + std::to_string(parameter) : "";
        check::is_true(error <= bound<T>(info), std::string(info.name) + n_text + " at " + where +
                                                    ": " + check::text(error) + " ulp");
      }
    }
    if (print) std::printf("%-14s %s\n", std::string(info.name).c_str(), line.c_str());
  }
}

/// Bits of y[i], whatever n, the element's place and whether the result overwrites an operand.
template <class T>
void results_do_not_depend_on_the_place() {
  constexpr std::size_t kMost = 3 * 64 / sizeof(T) + 1;
  for (int op = 0; op < ops::op_count; ++op) {
    const ops::OpInfo& info = ops::op_table[static_cast<std::size_t>(op)];
    if (info.kind == Kind::kPredicate || info.kind == Kind::kSelect) continue;
    const Kernel kernel = source.full(static_cast<OpCode>(op), kType<T>);
    Operands<T> operands = of_domain<T>(info, kMost);
    const std::int64_t parameter = info.parametric ? info.parameters.back() : 0;
    std::vector<T> wanted(kMost);
    for (std::size_t i = 0; i < kMost; ++i) {
      const void* in[] = {&operands.x[0][i], &operands.x[1][i], &operands.x[2][i]};
      kernel(&wanted[i], in, 1, &parameter);
    }
    for (std::size_t n = 0; n <= kMost; ++n) {
      for (std::size_t overwritten = 0; overwritten < static_cast<std::size_t>(info.arity) + 1;
           ++overwritten) {
        auto x = operands.x;
        std::vector<T> y(kMost, T(-7));
        std::vector<T>& out = overwritten < 3 && overwritten < static_cast<std::size_t>(info.arity)
                                  ? x[overwritten]
                                  : y;
        const std::vector<T> before = out;
        const void* in[] = {x[0].data(), x[1].data(), x[2].data()};
        kernel(out.data(), in, static_cast<std::int64_t>(n), &parameter);
        const bool same = std::memcmp(out.data(), wanted.data(), n * sizeof(T)) == 0;
        const bool kept =
            std::memcmp(out.data() + n, before.data() + n, (kMost - n) * sizeof(T)) == 0;
        check::is_true(same && kept, std::string(info.name) + ", n = " + std::to_string(n));
      }
    }
  }
}

/// f(first, second, kernel) for every pair of functions that has a kernel.
template <class F>
void for_each_pair(DType dtype, F f) {
  for (int first = 0; first < ops::op_count; ++first) {
    for (int second = 0; second < ops::op_count; ++second) {
      const PairKernel pair =
          source.pair(static_cast<OpCode>(first), static_cast<OpCode>(second), dtype);
      if (pair) f(first, second, pair);
    }
  }
}

/// Two functions at once: each has its own bits, with any numbers beside it, for any n, also where
/// a result overwrites the operand.
template <class T>
void pairs_have_the_bits_of_both() {
  int count = 0;
  for_each_pair(kType<T>, [&](int first, int second, PairKernel pair) {
    ++count;
    const ops::OpInfo& info = ops::op_table[static_cast<std::size_t>(first)];
    for (const Operands<T>& operands :
         {of_domain<T>(info, 20000), of_patterns<T>(20000), of_edges<T>()}) {
      const std::vector<T> y = run(first, operands), z = run(second, operands);
      for (std::size_t n = 0; n <= y.size(); n = n < 100 ? n + 1 : n + y.size() - 100) {
        for (int overwritten = 0; overwritten < 3; ++overwritten) {
          std::vector<T> x(operands.x[0].begin(), operands.x[0].begin() + n), a(n), b(n);
          T* const out[] = {overwritten == 1 ? x.data() : a.data(),
                            overwritten == 2 ? x.data() : b.data()};
          pair(out[0], out[1], x.data(), static_cast<std::int64_t>(n));
          const bool same = std::memcmp(out[0], y.data(), n * sizeof(T)) == 0 &&
                            std::memcmp(out[1], z.data(), n * sizeof(T)) == 0;
          check::is_true(same,
                         std::string(info.name) + " and its partner, n = " + std::to_string(n));
        }
      }
    }
  });
  if (std::is_same_v<T, double>) check::is_true(count > 0, "there are pairs");
}

/// A kernel that reads one operand as a single value gives what the full one does.
template <class T>
void single_operands_are_broadcast() {
  constexpr std::size_t kCount = 37;
  for (int op = 0; op < ops::op_count; ++op) {
    const ops::OpInfo& info = ops::op_table[static_cast<std::size_t>(op)];
    for (Broadcast which : {Broadcast::kLeft, Broadcast::kRight}) {
      const Kernel single = source.broadcast(static_cast<OpCode>(op), kType<T>, which);
      check::is_true((single != nullptr) == (info.arity == 2), std::string(info.name));
      if (!single) continue;
      Operands<T> operands = of_domain<T>(info, kCount);
      auto& constant = operands.x[which == Broadcast::kLeft ? 0 : 1];
      std::fill(constant.begin(), constant.end(), constant[0]);
      const void* in[] = {operands.x[0].data(), operands.x[1].data()};
      const Kernel full = source.full(static_cast<OpCode>(op), kType<T>);
      std::vector<T> wanted(kCount), y(kCount);
      full(wanted.data(), in, kCount, &operands.parameter);
      single(y.data(), in, kCount, &operands.parameter);
      const std::size_t bytes = kCount * (info.kind == Kind::kPredicate ? 1 : sizeof(T));
      check::is_true(std::memcmp(y.data(), wanted.data(), bytes) == 0, std::string(info.name));
    }
  }
}

/// Comparisons, selections, rounding, arithmetic: the bits of the scalar rule at all pairs of
/// edges.
template <class T>
void exact_rules_are_exact() {
  const Operands<T> operands = of_edges<T>();
  ops::for_each_op([&]<class Op>() {
    if constexpr (Op::arity < 3 && !is_parametric<Op> &&
                  (Op::max_ulp <= 0.5 || std::is_same_v<Op, ops::Remainder>)) {
      using R = std::conditional_t<Op::kind == Kind::kPredicate, bool, T>;
      std::vector<T> memory(operands.size());
      const void* in[] = {operands.x[0].data(), operands.x[1].data()};
      const auto n = static_cast<std::int64_t>(operands.size());
      source.full(static_cast<OpCode>(ops::op_index<Op>), kType<T>)(memory.data(), in, n, nullptr);
      const R* y = reinterpret_cast<const R*>(memory.data());
      for (std::size_t i = 0; i < operands.size(); ++i) {
        const T a = operands.x[0][i], b = operands.x[1][i];
        double wanted = 0;
        if constexpr (Op::arity == 1) {
          wanted = Op::template value<T>(a);
        } else {
          wanted = Op::template value<T>(a, b);
        }
        check::same(y[i], wanted,
                    std::string(Op::name) + " of " + check::text(a) + ", " + check::text(b));
      }
    }
  });
}

template <class T>
void where_picks() {
  constexpr std::size_t kCount = 83;
  const Operands<T> operands = of_patterns<T>(kCount);
  std::array<bool, kCount> mask{};
  for (bool& m : mask) m = generator() & 1;
  for (std::size_t n = 0; n <= kCount; ++n) {
    std::vector<T> y(n);
    const void* in[] = {mask.data(), operands.x[1].data(), operands.x[2].data()};
    source.full(ops::op_index<ops::Where>, kType<T>)(y.data(), in, static_cast<std::int64_t>(n),
                                                     nullptr);
    for (std::size_t i = 0; i < n; ++i) check::same(y[i], operands.x[mask[i] ? 1 : 2][i], "where");
  }
}

/// All of them. With the argument `table` it prints the largest errors: at points of the registry's
/// intervals, at bit patterns, at edges; a second argument is the number of points.
inline int run_all(const Source& kernels, int argc, char** argv) {
  source = kernels;
  const bool print = argc > 1 && std::string(argv[1]) == "table";
  const std::size_t n = argc > 2 ? std::stoul(argv[2]) : 20000;
  return check::run({
      {"errors_are_within_max_ulp, float64", [&] { errors_are_within_max_ulp<double>(n, print); }},
      {"errors_are_within_max_ulp, float32", [&] { errors_are_within_max_ulp<float>(n, print); }},
      {"results_do_not_depend_on_the_place, float64", results_do_not_depend_on_the_place<double>},
      {"results_do_not_depend_on_the_place, float32", results_do_not_depend_on_the_place<float>},
      {"single_operands_are_broadcast, float64", single_operands_are_broadcast<double>},
      {"single_operands_are_broadcast, float32", single_operands_are_broadcast<float>},
      {"pairs_have_the_bits_of_both, float64", pairs_have_the_bits_of_both<double>},
      {"pairs_have_the_bits_of_both, float32", pairs_have_the_bits_of_both<float>},
      {"exact_rules_are_exact, float64", exact_rules_are_exact<double>},
      {"exact_rules_are_exact, float32", exact_rules_are_exact<float>},
      {"where_picks, float64", where_picks<double>},
      {"where_picks, float32", where_picks<float>},
  });
}

}  // namespace float_kernels
