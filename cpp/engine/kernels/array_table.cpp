#include "kernels/kernels.hpp"
#include "kernels/moves.hpp"

namespace dualtape::engine {

ArrayKernel lookup_array_kernel(OpCode op, DType dtype) {
  switch (op) {
    case kPad: return pad_kernel;
    case kUpdateSlice: return update_slice_kernel;
    case kConcatenate: return concatenate_kernel;
    case kIota: return iota_kernel;
    case kEye: return eye_kernel;
    case kTake: return take_kernel;
    case kTakeAdd: return take_add_kernel;
    case kTakeSet: return take_set_kernel;
    case kDotGeneral: return lookup_product_kernel();
    case kCumSum:
    case kArgMax:
    case kArgMin: return lookup_scan_kernel(op, dtype);
    default: return lookup_linalg_kernel(op, dtype);
  }
}

}  // namespace dualtape::engine
