#include "transform/work.hpp"

#include "program/opcodes.hpp"

namespace dualtape::engine {
namespace {

/// One multiplication and addition of a matrix product, in elements moved through memory.
constexpr double kProduct = 0.1;
/// A scattered element: no vector instruction reads or writes it.
constexpr double kScattered = 4;
/// A number in or out of a C++ model, and of its derivative by a tape. Nobody knows what it
/// computes.
constexpr double kModel = 4, kModelTape = 6;

double elements(const Program& p, ValueId v) {
  return static_cast<double>(element_count(p.type_of(v).shape));
}

double work_of_step(const Program& p, ValueId v) {
  const auto args = p.args_of(v);
  const auto attrs = p.attrs_of(v);
  switch (p.instructions[v].op) {
    case kInput:
    case kConstant:
    case kGet:
    case kReshape:
    case kTranspose:
    case kBroadcastTo:
    case kSlice:
    case kStopGradient: return 0;
    case kAddSlice:
    case kUpdateSlice: return elements(p, args[1]);
    case kTake: return kScattered * elements(p, v);
    case kTakeAdd:
    case kTakeSet: return kScattered * elements(p, args[2]);
    case kSum:
    case kProd:
    case kMax:
    case kMin:
    case kCumSum: return elements(p, args[0]);
    case kDotGeneral: {
      double inner = 1;
      for (std::int64_t k = 0; k < attrs[0]; ++k) {
        const auto axis = static_cast<std::size_t>(attrs[2 + static_cast<std::size_t>(k)]);
        inner *= static_cast<double>(p.type_of(args[0]).shape[axis]);
      }
      return elements(p, v) * (1 + kProduct * inner);
    }
    case kSolve: {
      const Dims& a = p.type_of(args[0]).shape;
      return elements(p, v) * (1 + kProduct * static_cast<double>(a[a.size() - 1]));
    }
    case kExternal: {
      const External& model = External::of(attrs[0]);
      const double calls = elements(p, v) / static_cast<double>(p.type_of(v).shape.back());
      return calls * static_cast<double>(model.inputs() + model.outputs()) *
             (attrs[1] != 0 ? kModelTape : kModel);
    }
    case kCall: {
      const auto k = static_cast<std::size_t>(attrs[0]);
      return work_of(*p.subprograms[k]);
    }
    default: return elements(p, v);
  }
}

}  // namespace

double work_of(const Program& program) {
  double sum = 0;
  for (ValueId v = 0; v < program.size(); ++v) sum += work_of_step(program, v);
  return sum;
}

}  // namespace dualtape::engine
