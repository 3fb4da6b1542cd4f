#include "transform/laplacian.hpp"

#include <algorithm>
#include <unordered_map>

#include "ops/elementwise.hpp"
#include "program/errors.hpp"
#include "transform/lanes.hpp"
#include "transform/lanes_run.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

/// A mask that compares first derivatives with zero. It tells which of two products of the same
/// factors is to be taken, one with an absolute zero in the first factor, one in the second (the
/// derivative of zero_multiply); both are summed here with absolute zeros in either factor.
constexpr int kComparison = -1;

/// A value by its degree in the direction.
struct Homogeneous {
  int degree = 0;
  Tangent value;  // degree 0; degree 2: summed over the lanes, absent: zero
  Terms terms;    // degree 1
};

/// Whether the result is linear in each of the two operands.
bool is_product(OpCode op) {
  return op == opcode_of<ops::Multiply> || op == kZeroMultiply || op == kDotGeneral ||
         op == kExternal;
}

/// Whether an instruction is linear in all operands that depend on the direction.
bool is_linear(OpCode op) {
  switch (op) {
    case opcode_of<ops::Add>:
    case opcode_of<ops::Subtract>:
    case opcode_of<ops::Negative>:
    case opcode_of<ops::Multiply>:
    case opcode_of<ops::Divide>:
    case opcode_of<ops::Where>: return true;
    default: return is_array_op(op) && rules_of(op).transpose != nullptr;
  }
}

class DirectionSum {
 public:
  /// The lanes are entries `box` of input number `direction`.
  DirectionSum(const Program& p, std::span<const Expr> x, std::size_t direction, const Box& box,
               Builder& b)
      : p_(p), b_(b), box_(box), space_(b, false), values_(p.size()) {
    for (std::size_t i = 0; i < p.inputs.size(); ++i) {
      Homogeneous& h = values_[p.inputs[i]];
      if (i < x.size()) {
        h.value = x[i];
        continue;
      }
      h.degree = 1;
      if (i - x.size() == direction) h.terms = space_.identity(p.type_of(p.inputs[i]), box);
    }
  }

  std::vector<Tangent> run() {
    for (ValueId v = 0; v < p_.size(); ++v) {
      if (p_.instructions[v].op != kInput) step(v);
    }
    std::vector<Tangent> sums;
    for (ValueId v : p_.outputs) {
      const Homogeneous& y = values_[v];
      // A second derivative that does not depend on the direction is zero.
      if (y.degree == 1 && !y.terms.empty()) refuse();
      sums.push_back(y.degree == 2 ? y.value : Tangent());
    }
    return sums;
  }

 private:
  [[noreturn]] static void refuse() {
    throw DerivativeError("a derivative rule is not linear in its tangents");
  }

  void step(ValueId v) {
    const OpCode op = p_.instructions[v].op;
    const auto args = p_.args_of(v);
    if (op == kGet) {
      values_[v].value = get(b_, tuples_.at(args[0]), p_.attrs_of(v)[0], p_.type_of(v));
      return;
    }
    if (op == opcode_of<ops::Equal> && values_[args[0]].degree == 1) {
      values_[v].degree = kComparison;
      return;
    }
    if (op == opcode_of<ops::Where> && values_[args[0]].degree == kComparison) {
      values_[v] = values_[args[1]];
      return;
    }
    int degree = 0, sum = 0;
    for (ValueId a : args) {
      degree = std::max(degree, values_[a].degree);
      sum += values_[a].degree;
    }
    const bool compared =
        std::ranges::any_of(args, [&](ValueId a) { return values_[a].degree == kComparison; });
    if (compared || (degree > 0 && !is_linear(op))) refuse();
    if (is_product(op)) degree = sum;
    values_[v].degree = degree;
    if (subprogram_count(op) > 0) {
      copy_tuple(v);
    } else if (degree == 0) {
      values_[v].value = replay(p_, v, plain(v), b_);
    } else if (degree == 1) {
      push(v);
    } else if (degree == 2) {
      const bool of_firsts = is_product(op) && std::ranges::any_of(args, [&](ValueId a) {
                               return values_[a].degree == 1;
                             });
      values_[v].value = of_firsts ? product(v) : summed(v);
    } else {
      refuse();
    }
  }

  std::vector<Expr> plain(ValueId v) const {
    std::vector<Expr> values;
    for (ValueId a : p_.args_of(v)) {
      const Tangent& x = values_[a].value;
      values.push_back(x ? *x : full(b_, 0, p_.type_of(a)));
    }
    return values;
  }

  /// A custom rule on values of x: it stays one.
  void copy_tuple(ValueId v) {
    const auto attrs = p_.attrs_of(v);
    const std::size_t n = subprogram_count(p_.instructions[v].op);
    std::vector<ProgramPtr> programs;
    for (std::size_t k = 0; k < n; ++k) {
      programs.push_back(p_.subprograms[static_cast<std::size_t>(attrs[k])]);
    }
    tuples_[v] = emit_tuple(b_, p_.instructions[v].op, programs, attrs.subspan(n), plain(v));
  }

  void push(ValueId v) {
    std::vector<LaneArg> operands;
    bool any = false;
    for (ValueId a : p_.args_of(v)) {
      const Homogeneous& h = values_[a];
      operands.push_back({h.degree == 1, p_.type_of(a), h.value.value_or(Expr()), h.terms});
      any = any || !h.terms.empty();
    }
    if (any) values_[v].terms = push_lanes(space_, call_of(p_, v), operands, box_.count);
  }

  /// Linear in what is summed already.
  Tangent summed(ValueId v) const {
    const auto args = p_.args_of(v);
    const bool zero = std::ranges::all_of(args, [&](ValueId a) {
      return values_[a].degree == 0 || (values_[a].degree == 2 && !values_[a].value);
    });
    if (zero) return {};
    return replay(p_, v, plain(v), b_);
  }

  Tangent product(ValueId v) const {
    const auto args = p_.args_of(v);
    if (p_.instructions[v].op == kExternal) return model_product(v);
    const Terms &x = values_[args[0]].terms, &y = values_[args[1]].terms;
    if (x.empty() || y.empty()) return {};
    if (p_.instructions[v].op == kDotGeneral) return matrix_product(v);
    return space_.inner(p_.instructions[v].op, x, y, p_.type_of(v).shape, box_.count);
  }

  /// A model's second derivative along each of the lanes.
  Tangent model_product(ValueId v) const {
    std::vector<Batched> operands;
    const std::int64_t lanes = element_count(box_.count);
    for (ValueId a : p_.args_of(v)) {
      const Homogeneous& h = values_[a];
      if (h.degree == 0) {
        operands.push_back({h.value ? *h.value : full(b_, 0, p_.type_of(a)), false});
        continue;
      }
      if (h.terms.empty()) return {};
      const Type& type = p_.type_of(a);
      const Expr dense = space_.assemble(h.terms, type, box_.count);
      const Dims flat{element_count(type.shape), lanes};
      const Expr turned = transpose(reshape(dense, flat), Dims{1, 0});
      operands.push_back({reshape(turned, prefixed(lanes, type.shape)), true});
    }
    return sum(rules_of(kExternal).batch(call_of(p_, v), operands, lanes), Dims{0});
  }

  /// The lanes are further contracted axes.
  Tangent matrix_product(ValueId v) const {
    const auto args = p_.args_of(v);
    DotDims d = dot_dims(p_.attrs_of(v));
    Expr x[2];
    for (int k = 0; k < 2; ++k) {
      const Type& type = p_.type_of(args[static_cast<std::size_t>(k)]);
      x[k] = space_.assemble(values_[args[static_cast<std::size_t>(k)]].terms, type, box_.count);
      for (std::size_t j = 0; j < box_.count.size(); ++j) {
        (k == 0 ? d.lhs_contract : d.rhs_contract)
            .push_back(static_cast<std::int64_t>(type.shape.size() + j));
      }
    }
    return dot_general(x[0], x[1], d);
  }

  const Program& p_;
  Builder& b_;
  Box box_;
  LaneSpace space_;
  std::vector<Homogeneous> values_;
  std::unordered_map<ValueId, ValueId> tuples_;
};

}  // namespace

std::vector<Expr> sum_over_directions(const Program& second, std::span<const Expr> x,
                                      std::size_t n_directions, std::int64_t chunk, Builder& b) {
  std::vector<Tangent> total(second.outputs.size());
  for (std::size_t i = 0; i < n_directions; ++i) {
    const Dims shape = second.type_of(second.inputs[x.size() + i]).shape;
    for (const Box& box : parts_of(shape, chunk)) {
      const auto sums = DirectionSum(second, x, i, box, b).run();
      for (std::size_t k = 0; k < sums.size(); ++k) {
        if (sums[k]) accumulate(total[k], *sums[k]);
      }
    }
  }
  std::vector<Expr> result;
  for (std::size_t k = 0; k < total.size(); ++k) {
    result.push_back(total[k] ? *total[k] : full(b, 0, second.type_of(second.outputs[k])));
  }
  return result;
}

}  // namespace dualtape::engine
