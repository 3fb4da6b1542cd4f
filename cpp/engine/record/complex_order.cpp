#include "record/complex_order.hpp"

#include <algorithm>
#include <string>

#include "record/elementwise.hpp"
#include "record/functions.hpp"
#include "record/known_ops.hpp"

namespace dualtape::engine {
namespace {

Expr apply(OpCode op, std::initializer_list<Expr> args) {
  return emit_elementwise(op, {args.begin(), args.size()});
}

Expr either(const Expr& a, const Expr& b) { return apply(known_ops.logical_or, {a, b}); }
Expr negated(const Expr& a) { return apply(known_ops.logical_not, {a}); }

/// a before b, by the real parts and then by the imaginary ones: `op` is less or one of its kin.
/// A NaN in an imaginary part makes it false.
Expr compared(OpCode op, const Expr& a, const Expr& b) {
  const OpCode strict = op == known_ops.less_equal      ? known_ops.less
                        : op == known_ops.greater_equal ? known_ops.greater
                                                        : op;
  const Expr ar = real(a), ai = imag(a), br = real(b), bi = imag(b);
  const Expr unknown = either(apply(known_ops.isnan, {ai}), apply(known_ops.isnan, {bi}));
  const Expr by_real = mask_and(apply(strict, {ar, br}), negated(unknown));
  return either(by_real, mask_and(apply(known_ops.equal, {ar, br}), apply(op, {ai, bi})));
}

/// The one of a and b that stands at the end, the first of equal ones. NaN wins, or where
/// `skips_nan` it loses.
Expr chosen(OpCode op, const Expr& a, const Expr& b, bool skips_nan) {
  const Expr nan = apply(known_ops.isnan, {skips_nan ? b : a});
  return apply(known_ops.where, {either(nan, compared(op, a, b)), a, b});
}

}  // namespace

std::optional<Expr> on_ordered_complex(OpCode op, std::span<const Expr> args) {
  constexpr OpCode kComparisons[] = {known_ops.less, known_ops.less_equal, known_ops.greater,
                                     known_ops.greater_equal};
  const OpCode up = known_ops.greater_equal, down = known_ops.less_equal;
  if (std::ranges::find(kComparisons, op) != std::end(kComparisons)) {
    return compared(op, args[0], args[1]);
  }
  if (op == known_ops.maximum) return chosen(up, args[0], args[1], false);
  if (op == known_ops.minimum) return chosen(down, args[0], args[1], false);
  if (op == known_ops.fmax) return chosen(up, args[0], args[1], true);
  if (op == known_ops.fmin) return chosen(down, args[0], args[1], true);
  if (op == known_ops.clip) {
    return chosen(down, chosen(up, args[0], args[1], false), args[2], false);
  }
  if (op == known_ops.rint) {
    return make_complex(apply(op, {real(args[0])}), apply(op, {imag(args[0])}));
  }
  return std::nullopt;
}

std::optional<Expr> on_complex_by_scipy(OpCode op, const Expr& x) {
  const std::string_view name = ops::op_table[op].name;
  if (name != "erf" && name != "erfc") return std::nullopt;
  const Ref module = Ref::checked(PyImport_ImportModule("dualtape.scipy._integrals"));
  const std::string function = "complex_" + std::string(name);
  const Ref composition = Ref::checked(PyObject_GetAttrString(module.get(), function.c_str()));
  const Ref argument = Ref::checked(make_array(x));
  const Ref result = Ref::checked(PyObject_CallOneArg(composition.get(), argument.get()));
  return array_argument(result.get(), "erf");
}

PyObject* complex_order(const Signature& signature, const Arguments& a) {
  const Ref module = Ref::checked(PyImport_ImportModule("dualtape.numpy._complex_order"));
  const Ref function = Ref::checked(PyObject_GetAttrString(module.get(), signature.function));
  const Ref kwargs = Ref::checked(PyDict_New());
  for (std::size_t i = 1; i < kMaxParameters && signature.parameters[i]; ++i) {
    if (a[i] && PyDict_SetItemString(kwargs.get(), signature.parameters[i], a[i]) < 0) {
      throw PythonError{};
    }
  }
  const Ref args = Ref::checked(PyTuple_Pack(1, a[0]));
  return Ref::checked(PyObject_Call(function.get(), args.get(), kwargs.get())).release();
}

}  // namespace dualtape::engine
