/// Derivatives of C++ models: see include/dualtape/model_abi.hpp.
#pragma once

#include <span>

#include "ops/array_ops.hpp"
#include "program/external.hpp"

namespace dualtape::engine {

/// (x[..., n], v_1[..., n], ..., v_k[..., n]) -> D^k F(x)[v_1, ..., v_k] : [..., m], or with
/// y_bar[..., m] as the last operand, transposed, D^(k+1) F(x)[v_1, ..., v_k, .]^T y_bar : [...,
/// n]. DerivativeError past the order the model was made for.
Expr external(const External& model, bool transposed, std::span<const Expr> args);

}  // namespace dualtape::engine
