/// The registry of elementary functions as a table by opcode, its rules instantiated with Expr.
#pragma once

#include <span>
#include <string_view>

#include "program/expr.hpp"

namespace dualtape::engine {

struct Elementwise {
  std::string_view name;
  int arity;
  Kind kind;
  bool integral;
  bool parametric;
  /// d y / d argument; a weak result is a constant. nullptr unless kind is kSmooth.
  Expr (*partial)(int argument, std::span<const Expr> x, const Expr& y, int n);
  /// The value of constants.
  double (*fold)(std::span<const double> x, int n);
};

/// `op` is of the registry.
const Elementwise& elementwise(OpCode op);

template <class Op>
inline constexpr OpCode opcode_of = static_cast<OpCode>(ops::op_index<Op>);

/// The structural integer of a parametric instruction, 0 for the others.
inline int parameter_of(std::span<const std::int64_t> attrs) {
  return attrs.empty() ? 0 : static_cast<int>(attrs[0]);
}

/// Comparisons under their own names: in this namespace `==` compares structures.
inline Expr equal(const Expr& a, const Expr& b) { return dualtape::apply<ops::Equal>(a, b); }
inline Expr less(const Expr& a, const Expr& b) { return dualtape::apply<ops::Less>(a, b); }

}  // namespace dualtape::engine
