#include "kernels/kernels.hpp"
#include "kernels/moves.hpp"
#include "kernels/prepared.hpp"

namespace dualtape::engine {
namespace {

/// A kernel that looks at the layouts itself.
class Unprepared final : public PreparedKernel {
 public:
  Unprepared(ArrayKernel kernel, const ArrayCall& call)
      : kernel_(kernel), out_(call.out), attrs_(call.attrs) {
    for (std::size_t k = 0; k < call.in.size(); ++k) in_[k] = call.in[k];
    operands_ = call.in.size();
  }
  void run(char* out, const char* const* in, char*) const override {
    Array arrays[kMost];
    // Operands are only read.
    for (std::size_t k = 0; k < operands_; ++k) arrays[k] = {const_cast<char*>(in[k]), in_[k]};
    kernel_({out, &out_}, {arrays, operands_}, attrs_);
  }

 private:
  static constexpr std::size_t kMost = 2;
  ArrayKernel kernel_;
  const Layout& out_;
  const Layout* in_[kMost] = {};
  std::size_t operands_;
  Dims attrs_;
};

}  // namespace

PreparedPtr prepare_scan(const ArrayCall& call) {
  const ArrayKernel kernel = lookup_scan_kernel(call.op, call.in[0]->dtype);
  return kernel ? make_prepared<Unprepared>(kernel, call) : nullptr;
}

PreparedPtr prepare(const ArrayCall& call) {
  switch (call.op) {
    case kReshape:
    case kPad:
    case kUpdateSlice:
    case kAddSlice:
    case kConcatenate:
    case kIota:
    case kEye: return prepare_move(call);
    case kTake:
    case kTakeAdd:
    case kTakeSet: return prepare_take(call);
    case kDotGeneral: return prepare_product(call);
    case kCumSum:
    case kArgMax:
    case kArgMin: return prepare_scan(call);
    case kSort:
    case kArgSort:
    case kSearchSorted: return prepare_order(call);
    case kCumMax:
    case kCumMin:
    case kRecurrence: return prepare_recurrence(call);
    case kLu:
    case kSolve:
    case kInv:
    case kDet:
    case kCofactor:
    case kCholesky:
    case kCholeskyTangent:
    case kTriangularSolve: return prepare_linalg(call);
    case kFft:
    case kRfft:
    case kIrfft: return prepare_fft(call);
    case kExternal: return prepare_external(call);
    case kSlogDet:
    case kPivots:
    case kEigh:
    case kSvd:
    case kQr:
    case kFactor:
    case kPinv:
    case kSylvester:
    case kMatrixFunction:
    case kFrechet: return prepare_decomposition(call);
    default: return nullptr;
  }
}

}  // namespace dualtape::engine
