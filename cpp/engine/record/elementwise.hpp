/// Recording the elementwise functions of the registry as NumPy's ufuncs.
#pragma once

#include <optional>

#include "record/operand.hpp"

namespace dualtape::engine {

/// Opcode of a registered function; nothing if there is none of this name.
std::optional<OpCode> find_op(std::string_view name);

/// Element types NumPy's loop takes and gives.
struct Loop {
  DType in;
  DType out;
};
/// As NumPy resolves them; TypeError as NumPy's. Answers are kept by opcode and codes.
Loop resolve_loop(OpCode op, std::span<const Operand> operands);
/// numpy.result_type of the operands.
DType result_dtype(std::span<const Operand> operands);

/// ufunc(*operands): at least one is traced, or a recorder is active.
Expr record_elementwise(OpCode op, std::span<const Operand> operands);
/// ufunc(*operands) as a tracer: of shape () a NumPy scalar.
PyObject* elementwise_result(OpCode op, std::span<const Operand> operands);
/// f(a) or f(a, b) of what most operations are of: tracers of one recording and one floating type,
/// or such a tracer and a Python number or an array of its type. Nothing is converted there and
/// nothing broadcast. nullptr, without an error, for all else. As an operator it makes a Python
/// number of Python numbers.
PyObject* elementwise_alike(OpCode op, PyObject* a, PyObject* b, bool is_operator);
/// An operator of Python: between Python numbers the result is a Python number. NotImplemented for
/// foreign operands.
PyObject* binary_operator(OpCode op, PyObject* a, PyObject* b);
PyObject* unary_operator(OpCode op, PyObject* a);

/// polygamma(n, x) and the like.
Expr record_parametric(OpCode op, int n, const Operand& x);

}  // namespace dualtape::engine
