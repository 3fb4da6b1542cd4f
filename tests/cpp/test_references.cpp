// Every smooth function of the registry, its derivatives up to order 4 (two arguments: 2), against
// mpmath (references.txt), as Dual nested four times and as Var over duals.
#include <dualtape/dual.hpp>
#include <dualtape/tape.hpp>

#include <set>

#include "check.hpp"
#include "references.hpp"

namespace {

using namespace dualtape;

using namespace references;

template <class T>
struct Nested {
  static T variable(double x) { return T(x); }
};
template <class T>
struct Nested<Dual<T>> {
  static Dual<T> variable(double x) { return Dual<T>::variable(Nested<T>::variable(x)); }
};

/// f^(n) from the n times nested tangent.
template <class T>
double derivative(const T& y, int n) {
  if constexpr (BaseNumber<T>) {
    return y;
  } else {
    return n == 0 ? base_value(y) : derivative(y.tangent(0), n - 1);
  }
}

using D1 = Dual<double>;
using D2 = Dual<D1>;
using D3 = Dual<D2>;
using D4 = Dual<D3>;

void every_smooth_function_has_references() {
  std::set<std::string> names;
  for (const auto& [name, row] : table()) names.insert(name);
  // Checked by cases in test_edges.cpp: they pick an argument or have derivative 0 or 1.
  // betainc and the Bessel functions: in test_special.cpp.
  const std::set<std::string_view> by_cases{
      "heaviside", "copysign", "remainder", "fmod", "maximum", "minimum", "fmax", "fmin",
      "clip",      "betainc",  "jv",        "yv",   "iv",      "ive",     "kv",   "kve"};
  for (const ops::OpInfo& op : ops::op_table) {
    if (op.kind != Kind::kSmooth || by_cases.contains(op.name)) continue;
    check::is_true(names.contains(std::string(op.name)), "has references: " + std::string(op.name));
  }
}

void forward_orders_0_to_4() {
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1) {
      for_rows(Op::name, [](const Row& row) {
        const auto n = static_cast<int>(row.second);
        const D4 y = evaluate<Op>(n, Nested<D4>::variable(row.first));
        for (int order = 0; order <= 4; ++order) {
          check::close(derivative(y, order), row.wanted.at(static_cast<std::size_t>(order)),
                       kToleranceOf<Op>,
                       std::string(Op::name) + " " + std::to_string(n) + ", order " +
                           std::to_string(order) + " at " + check::text(row.first));
        }
      });
    }
  });
}

void reverse_over_forward_orders_0_to_4() {
  Tape<D3> tape;
  ops::for_each_op([&]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1) {
      for_rows(Op::name, [&](const Row& row) {
        tape.reset();
        const auto recording = tape.record();
        const Var<D3> x = tape.variable(Nested<D3>::variable(row.first));
        const Var<D3> y = evaluate<Op>(static_cast<int>(row.second), x);
        tape.start_sweep();
        tape.set_cotangent(y, D3(1));
        tape.pullback();
        const D3 slope = tape.cotangent(x);
        for (int order = 1; order <= 4; ++order) {
          check::close(derivative(slope, order - 1), row.wanted.at(static_cast<std::size_t>(order)),
                       kToleranceOf<Op>,
                       std::string(Op::name) + ", order " + std::to_string(order) + " at " +
                           check::text(row.first));
        }
      });
    }
  });
}

template <class Y>
void check_second_order(const Y& y, const Row& row, const std::string& name, double tolerance) {
  const std::array<double, 6> got{y.value().value(),       y.tangent(0).value(),
                                  y.tangent(1).value(),    y.tangent(0).tangent(0),
                                  y.tangent(0).tangent(1), y.tangent(1).tangent(1)};
  for (std::size_t k = 0; k < got.size(); ++k) {
    check::close(got[k], row.wanted[k], tolerance,
                 name + ", entry " + std::to_string(k) + " at " + check::text(row.first) + ", " +
                     check::text(row.second));
  }
}

void functions_of_two_arguments() {
  using Inner = Dual<double, 2>;
  using Outer = Dual<Inner, 2>;
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 2 && !has_constant_argument<Op>) {
      for_rows(Op::name, [](const Row& row) {
        const Outer a = Outer::variable(Inner::variable(row.first, 0), 0);
        const Outer b = Outer::variable(Inner::variable(row.second, 1), 1);
        check_second_order(evaluate<Op>(a, b), row, std::string(Op::name), kToleranceOf<Op>);
      });
    }
  });
}

void functions_of_two_arguments_in_reverse() {
  using Inner = Dual<double, 2>;
  Tape<Inner> tape;
  ops::for_each_op([&]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 2 && !has_constant_argument<Op>) {
      for_rows(Op::name, [&](const Row& row) {
        tape.reset();
        const auto recording = tape.record();
        const Var<Inner> a = tape.variable(Inner::variable(row.first, 0));
        const Var<Inner> b = tape.variable(Inner::variable(row.second, 1));
        const Var<Inner> y = evaluate<Op>(a, b);
        tape.start_sweep();
        tape.set_cotangent(y, Inner(1));
        tape.pullback();
        Dual<Inner, 2> result(y.value());
        result.tangent(0) = tape.cotangent(a);
        result.tangent(1) = tape.cotangent(b);
        check_second_order(result, row, std::string(Op::name), kToleranceOf<Op>);
      });
    }
  });
}

/// A checker that lets a rule pass which is wrong by 1e-9 proves nothing.
void checker_rejects_a_rule_wrong_by_1e_9() {
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1) {
      for_rows(Op::name, [](const Row& row) {
        const D1 y = evaluate<Op>(static_cast<int>(row.second), D1::variable(row.first));
        if (row.wanted[1] == 0) return;
        check::is_true(!check::is_close(y.tangent(0) * (1 + 1e-9), row.wanted[1], kToleranceOf<Op>),
                       std::string(Op::name) + " off by 1e-9 is noticed");
      });
    }
  });
}

}  // namespace

int main() {
  return check::run({
      {"every smooth function has references", every_smooth_function_has_references},
      {"forward, orders 0 to 4", forward_orders_0_to_4},
      {"reverse over forward, orders 0 to 4", reverse_over_forward_orders_0_to_4},
      {"functions of two arguments", functions_of_two_arguments},
      {"functions of two arguments in reverse", functions_of_two_arguments_in_reverse},
      {"the checker rejects a rule wrong by 1e-9", checker_rejects_a_rule_wrong_by_1e_9},
  });
}
