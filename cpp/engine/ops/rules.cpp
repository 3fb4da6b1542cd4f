#include "ops/rules.hpp"

namespace dualtape::engine {

const Rules& rules_of(OpCode op) {
  if (!is_array_op(op) || op == kZeroMultiply) return elementwise_rules(op);
  switch (op) {
    case kReshape:
    case kTranspose:
    case kBroadcastTo:
    case kSlice:
    case kStopGradient: return view_rules(op);
    case kConvert:
    case kPad:
    case kUpdateSlice:
    case kAddSlice:
    case kConcatenate: return movement_rules(op);
    case kTake:
    case kTakeAdd:
    case kTakeSet: return gather_rules(op);
    case kSort:
    case kArgSort:
    case kSearchSorted:
    case kCumMax:
    case kCumMin:
    case kRecurrence: return order_rules(op);
    case kDotGeneral: return product_rules(op);
    case kLu:
    case kSolve:
    case kInv:
    case kDet:
    case kCofactor: return linalg_rules(op);
    case kFft:
    case kRfft:
    case kIrfft: return fourier_rules(op);
    case kReal:
    case kImag:
    case kConjugate:
    case kComplex: return complex_rules(op);
    case kSlogDet:
    case kPivots:
    case kCholesky:
    case kCholeskyTangent:
    case kTriangularSolve:
    case kEigh:
    case kSvd:
    case kQr:
    case kFactor: return decomposition_rules(op);
    case kPinv:
    case kSylvester:
    case kMatrixFunction:
    case kFrechet: return matrix_function_rules(op);
    case kExternal: return external_rules(op);
    default: return reduction_rules(op);
  }
}

Tangent push_linear(const OpCall& call, std::span<const Expr>, const Expr&,
                    std::span<const Tangent> x_dot) {
  const Expr args[] = {*x_dot[0]};
  return reapply(call, args);
}

Dims interleave(const Dims& start, const Dims& step) {
  Dims attrs;
  for (std::size_t i = 0; i < start.size(); ++i) {
    attrs.push_back(start[i]);
    attrs.push_back(step[i]);
  }
  return attrs;
}

StartStep start_step(std::span<const std::int64_t> attrs) {
  StartStep result;
  for (std::size_t i = 0; i < attrs.size(); i += 2) {
    result.start.push_back(attrs[i]);
    result.step.push_back(attrs[i + 1]);
  }
  return result;
}

Expr with_batch(const Batched& x, std::int64_t size) {
  if (x.batched) return x.value;
  return broadcast_to(x.value, prefixed(size, x.value.shape()));
}

Dims shifted(std::span<const std::int64_t> axes) {
  Dims result(axes);
  for (auto& a : result) ++a;
  return result;
}

Dims prefixed(std::int64_t first, std::span<const std::int64_t> rest) {
  Dims result{first};
  result.append(rest);
  return result;
}

}  // namespace dualtape::engine
