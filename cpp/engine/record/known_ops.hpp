/// Opcodes of the registry that recording treats in a way of their own.
#pragma once

#include <string_view>
#include <utility>

#include "dualtape/ops/registry.hpp"
#include "program/program.hpp"

namespace dualtape::engine {

struct KnownOps {
  template <class Op>
  static constexpr OpCode of = static_cast<OpCode>(ops::op_index<Op>);
  OpCode add = of<ops::Add>, subtract = of<ops::Subtract>, multiply = of<ops::Multiply>,
         divide = of<ops::Divide>, negative = of<ops::Negative>, power = of<ops::Power>,
         integer_power = of<ops::IntegerPower>, square = of<ops::Square>, sqrt = of<ops::Sqrt>,
         reciprocal = of<ops::Reciprocal>, absolute = of<ops::Absolute>, floor = of<ops::Floor>,
         ceil = of<ops::Ceil>, rint = of<ops::Rint>, trunc = of<ops::Trunc>,
         floor_divide = of<ops::FloorDivide>, remainder = of<ops::Remainder>,
         maximum = of<ops::Maximum>, minimum = of<ops::Minimum>, fmax = of<ops::Fmax>,
         fmin = of<ops::Fmin>, clip = of<ops::Clip>, where = of<ops::Where>, equal = of<ops::Equal>,
         not_equal = of<ops::NotEqual>, less = of<ops::Less>, less_equal = of<ops::LessEqual>,
         greater = of<ops::Greater>, greater_equal = of<ops::GreaterEqual>,
         logical_and = of<ops::LogicalAnd>, logical_or = of<ops::LogicalOr>,
         logical_xor = of<ops::LogicalXor>, logical_not = of<ops::LogicalNot>,
         hypot = of<ops::Hypot>, sign = of<ops::Sign>, isnan = of<ops::IsNan>,
         isfinite = of<ops::IsFinite>, isinf = of<ops::IsInf>, polygamma = of<ops::Polygamma>;
};
inline constexpr KnownOps known_ops;

}  // namespace dualtape::engine
