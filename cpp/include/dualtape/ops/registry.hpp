/// The one list of elementary functions. From it come opcodes (positions), duals, tapes, Python
/// names and test rows.
#pragma once

#include <dualtape/ops/arithmetic.hpp>
#include <dualtape/ops/bessel.hpp>
#include <dualtape/ops/comparison.hpp>
#include <dualtape/ops/exponential.hpp>
#include <dualtape/ops/hyperbolic.hpp>
#include <dualtape/ops/incomplete.hpp>
#include <dualtape/ops/powers.hpp>
#include <dualtape/ops/rounding.hpp>
#include <dualtape/ops/selection.hpp>
#include <dualtape/ops/special.hpp>
#include <dualtape/ops/trigonometric.hpp>
#include <dualtape/ops/zeta.hpp>

#include <span>
#include <tuple>
#include <utility>

namespace dualtape::ops {

template <class... Ops>
struct TypeList {
  static constexpr int size = sizeof...(Ops);
};

using Registry = TypeList<
    // arithmetic and powers
    Add, Subtract, Multiply, Divide, Negative, Power, IntegerPower, Square, Sqrt, Cbrt, Reciprocal,
    // exponential
    Exp, Exp2, Expm1, Log, Log2, Log10, Log1p, Expit, LogExpit, LogAddExp, LogAddExp2,
    // trigonometric and hyperbolic
    Sin, Cos, Tan, ArcSin, ArcCos, ArcTan, ArcTan2, Hypot, Sinh, Cosh, Tanh, Sech2, ArcSinh,
    ArcCosh, ArcTanh,
    // special
    ExpMinusSquare, Erf, Erfc, ErfInv, ErfcInv, GammaLn, Digamma, Polygamma, GammaInc, GammaIncC,
    BetaInc, Zeta, BesselJ, BesselY, BesselI, BesselIe, BesselK, BesselKe,
    // rounding
    Absolute, Sign, Floor, Ceil, Rint, Trunc, Heaviside, CopySign, FloorDivide, Remainder, Fmod,
    // selection
    Maximum, Minimum, Fmax, Fmin, Clip, Where,
    // masks
    Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual, IsNan, IsFinite, IsInf, LogicalAnd,
    LogicalOr, LogicalXor, LogicalNot>;

inline constexpr int op_count = Registry::size;

namespace detail {

template <class Op, class... Ops>
constexpr int position(TypeList<Ops...>) {
  int i = 0;
  (void)((std::is_same_v<Op, Ops> || (++i, false)) || ...);
  return i;
}

template <std::size_t I, class... Ops>
std::tuple_element_t<I, std::tuple<Ops...>> element(TypeList<Ops...>);

}  // namespace detail

/// Position of Op in the registry: its opcode.
template <class Op>
inline constexpr int op_index = [] {
  constexpr int index = detail::position<Op>(Registry{});
  static_assert(index < op_count, "the operation is not in the registry");
  return index;
}();

/// The I-th operation.
template <int I>
using op_at = decltype(detail::element<static_cast<std::size_t>(I)>(Registry{}));

/// Calls f.template operator()<Op>() for every operation, in order.
template <class F, class... Ops>
constexpr void for_each_op(F&& f, TypeList<Ops...>) {
  (f.template operator()<Ops>(), ...);
}
template <class F>
constexpr void for_each_op(F&& f) {
  for_each_op(std::forward<F>(f), Registry{});
}

/// What is known of an operation at run time.
struct OpInfo {
  std::string_view name;
  int arity;
  Kind kind;
  bool parametric;
  bool holomorphic;
  bool integral;
  double max_ulp;
  Sampling sampling;
  std::span<const int> parameters;  ///< integers to test a parametric operation with
};

namespace detail {

template <class Op>
constexpr OpInfo info() {
  static_assert(ElementaryFunction<Op>,
                "a rule needs name, arity, kind, holomorphic, integral, max_ulp and sampling");
  std::span<const int> parameters;
  if constexpr (is_parametric<Op>) parameters = Op::parameters;
  return {Op::name,     Op::arity,   Op::kind,     is_parametric<Op>, Op::holomorphic,
          Op::integral, Op::max_ulp, Op::sampling, parameters};
}

template <class... Ops>
constexpr std::array<OpInfo, sizeof...(Ops)> table(TypeList<Ops...>) {
  return {info<Ops>()...};
}

}  // namespace detail

/// The registry by opcode.
inline constexpr std::array<OpInfo, op_count> op_table = detail::table(Registry{});

}  // namespace dualtape::ops
