/// Order of complex numbers as NumPy has it: by the real part, then by the imaginary one.
#pragma once

#include <optional>
#include <span>

#include "record/operand.hpp"
#include "record/parse.hpp"

namespace dualtape::engine {

/// Comparisons, extremes, clip and rint of complex values; nothing for other functions.
std::optional<Expr> on_ordered_complex(OpCode op, std::span<const Expr> args);

/// erf and erfc of a complex value: compositions of dualtape.scipy; nothing for other functions.
std::optional<Expr> on_complex_by_scipy(OpCode op, const Expr& x);

/// sort, max and their kin of a complex array: compositions of dualtape.numpy._complex_order.
PyObject* complex_order(const Signature& signature, const Arguments& a);

}  // namespace dualtape::engine
