// The rules on a type whose comparisons are not bool, as the array engine's Expr is: a rule that
// branches with `if` would not compile here. Evaluated, the expressions give what numbers give.
#include <dualtape/dual.hpp>

#include <memory>

#include "check.hpp"

namespace symbolic {

/// An expression tree; a mask is one too (1 or 0).
class Symbol : public dualtape::EnableOperators {
 public:
  Symbol() : Symbol(0.0) {}
  explicit Symbol(double constant) : node_(std::make_shared<Node>(Node{-1, 0, constant, {}})) {}
  Symbol(int opcode, int n, std::vector<Symbol> arguments)
      : node_(std::make_shared<Node>(Node{opcode, n, 0, std::move(arguments)})) {}

  double evaluate() const;

 private:
  struct Node {
    int opcode;
    int n;
    double constant;
    std::vector<Symbol> arguments;
  };
  std::shared_ptr<const Node> node_;
};

}  // namespace symbolic

template <>
struct dualtape::ActiveTraits<symbolic::Symbol> {
  static constexpr bool is_active = true;
  using mask_type = symbolic::Symbol;
  using Symbol = symbolic::Symbol;
  template <class Op>
  static Symbol apply(const Symbol& x) {
    return {ops::op_index<Op>, 0, {x}};
  }
  template <class Op, std::same_as<Symbol>... Xs>
    requires(Op::parametric)
  static Symbol apply(int n, const Xs&... xs) {
    return {ops::op_index<Op>, n, {xs...}};
  }
  template <class Op>
  static Symbol apply(const Symbol& a, const Symbol& b) {
    return {ops::op_index<Op>, 0, {a, b}};
  }
  template <class Op>
  static Symbol apply(const Symbol& a, const Symbol& b, const Symbol& c) {
    return {ops::op_index<Op>, 0, {a, b, c}};
  }
};

double symbolic::Symbol::evaluate() const {
  using namespace dualtape;
  if (node_->opcode < 0) return node_->constant;
  std::array<double, 3> x{};
  for (std::size_t i = 0; i < node_->arguments.size(); ++i) x[i] = node_->arguments[i].evaluate();
  double y = kNaN;
  ops::for_each_op([&]<class Op> {
    if (ops::op_index<Op> != node_->opcode) return;
    if constexpr (Op::kind == Kind::kSelect) {
      y = Op::value(x[0] != 0, x[1], x[2]);
    } else if constexpr (is_parametric<Op> && Op::arity == 1) {
      y = Op::value(node_->n, x[0]);
    } else if constexpr (is_parametric<Op> && Op::arity == 2) {
      y = Op::value(node_->n, x[0], x[1]);
    } else if constexpr (is_parametric<Op>) {
      y = Op::value(node_->n, x[0], x[1], x[2]);
    } else if constexpr (Op::arity == 1) {
      y = Op::value(x[0]);
    } else if constexpr (Op::arity == 2) {
      y = Op::value(x[0], x[1]);
    } else {
      y = Op::value(x[0], x[1], x[2]);
    }
  });
  return y;
}

namespace {

using namespace dualtape;
using symbolic::Symbol;

/// lo, hi, the point between, and the special points of an argument.
std::vector<double> points(const Domain& domain) {
  std::vector<double> result{domain.lo, 0.3 * domain.lo + 0.7 * domain.hi, domain.hi};
  result.insert(result.end(), domain.special.begin(), domain.special.end());
  return result;
}

template <class Op, class T>
std::array<T, 3> partials(const std::array<T, 3>& x, const T& y) {
  if constexpr (is_parametric<Op> && Op::arity == 1) {
    return {Op::template partial<T>(2, x[0], y), T(0), T(0)};
  } else if constexpr (requires { requires Op::constant_first; }) {
    return {T(0), Op::template partial<1, T>(2, x[0], x[1], y), T(0)};
  } else if constexpr (is_parametric<Op> && Op::arity == 2) {
    return {Op::template partial<0, T>(2, x[0], x[1], y),
            Op::template partial<1, T>(2, x[0], x[1], y), T(0)};
  } else if constexpr (is_parametric<Op>) {
    return {Op::template partial<0, T>(2, x[0], x[1], x[2], y),
            Op::template partial<1, T>(2, x[0], x[1], x[2], y),
            Op::template partial<2, T>(2, x[0], x[1], x[2], y)};
  } else if constexpr (Op::arity == 1) {
    return {Op::template partial<T>(x[0], y), T(0), T(0)};
  } else if constexpr (Op::arity == 2) {
    return {Op::template partial<0, T>(x[0], x[1], y), Op::template partial<1, T>(x[0], x[1], y),
            T(0)};
  } else {
    return {Op::template partial<0, T>(x[0], x[1], x[2], y),
            Op::template partial<1, T>(x[0], x[1], x[2], y),
            Op::template partial<2, T>(x[0], x[1], x[2], y)};
  }
}

template <class Op, class T>
T value(const std::array<T, 3>& x) {
  if constexpr (is_parametric<Op> && Op::arity == 1) {
    return apply<Op>(2, x[0]);
  } else if constexpr (is_parametric<Op> && Op::arity == 2) {
    return apply<Op>(2, x[0], x[1]);
  } else if constexpr (is_parametric<Op>) {
    return apply<Op>(2, x[0], x[1], x[2]);
  } else if constexpr (Op::arity == 1) {
    return apply<Op>(x[0]);
  } else if constexpr (Op::arity == 2) {
    return apply<Op>(x[0], x[1]);
  } else {
    return apply<Op>(x[0], x[1], x[2]);
  }
}

template <class F>
void for_samples(const Sampling& sampling, int arity, F f) {
  const auto only_first = std::vector<double>{0};
  for (const double a : points(sampling.arguments[0])) {
    for (const double b : arity > 1 ? points(sampling.arguments[1]) : only_first) {
      for (const double c : arity > 2 ? points(sampling.arguments[2]) : only_first) {
        f(std::array{a, b, c});
      }
    }
  }
}

void partials_on_symbols_equal_those_on_numbers() {
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth) {
      for_samples(Op::sampling, Op::arity, [](const std::array<double, 3>& x) {
        const std::array s{Symbol(x[0]), Symbol(x[1]), Symbol(x[2])};
        const auto wanted = partials<Op>(x, value<Op>(x));
        const auto got = partials<Op>(s, value<Op>(s));
        for (std::size_t i = 0; i < 3; ++i) {
          check::same(got[i].evaluate(), wanted[i], std::string(Op::name));
        }
      });
    }
  });
}

void duals_of_symbols_equal_duals_of_numbers() {
  ops::for_each_op([]<class Op> {
    if constexpr (Op::kind == Kind::kSmooth && Op::arity == 1) {
      for_samples(Op::sampling, Op::arity, [](const std::array<double, 3>& x) {
        using Number = Dual<Dual<double>>;
        using Symbolic = Dual<Dual<Symbol>>;
        const auto number = Number::variable(Dual<double>::variable(x[0]));
        const auto symbol = Symbolic::variable(Dual<Symbol>::variable(Symbol(x[0])));
        const Number wanted = value<Op>(std::array<Number, 3>{number, 0, 0});
        const Symbolic got = value<Op>(std::array<Symbolic, 3>{symbol, 0, 0});
        // The second order: 0 * inf at poles differs, there a number knows that a tangent is 0.
        const double second = wanted.tangent(0).tangent(0);
        if (!std::isfinite(second)) return;
        check::close(got.tangent(0).tangent(0).evaluate(), second, 1e-15, std::string(Op::name));
      });
    }
  });
}

void masks_select_between_duals() {
  const auto x = Dual<Symbol>::variable(Symbol(-3));
  const Dual<Symbol> y = select(x < 0, x * x, exp(x));
  check::same(y.value().evaluate(), 9);
  check::same(y.tangent(0).evaluate(), -6);
  const Symbol both = mask_and(x.value() < Symbol(0), mask_not(x.value() == Symbol(1)));
  check::same(both.evaluate(), 1);
}

}  // namespace

int main() {
  return check::run({
      {"partials on symbols equal those on numbers", partials_on_symbols_equal_those_on_numbers},
      {"duals of symbols equal duals of numbers", duals_of_symbols_equal_duals_of_numbers},
      {"masks select between duals", masks_select_between_duals},
  });
}
