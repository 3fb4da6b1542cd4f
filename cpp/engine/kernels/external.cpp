/// Calls of C++ models. Along an axis on which only the second operand changes, a model takes all
/// entries at once (its lanes): a Jacobian's directions share one recording.

#include <algorithm>
#include <vector>

#include "kernels/prepared.hpp"
#include "kernels/strided.hpp"
#include "program/external.hpp"

namespace dualtape::engine {
namespace {

class ExternalKernel final : public PreparedKernel {
 public:
  explicit ExternalKernel(const ArrayCall& call)
      : model_(External::of(call.attrs[0]).shared_from_this()), transposed_(call.attrs[1] != 0) {
    const std::size_t axes = call.out.shape.size() - 1;
    for (const Layout* in : call.in) operands_.push_back({in->shape.back(), in->strides});
    result_ = {call.out.shape.back(), call.out.strides};
    shape_ = Dims(std::span<const std::int64_t>(call.out.shape).first(axes));
    lane_axis_ = find_lane_axis();
    lanes_ = lane_axis_ < axes ? shape_[lane_axis_] : 1;
    if (lane_axis_ < axes) shape_[lane_axis_] = 1;
    std::int64_t numbers = 0;
    for (std::size_t i = 0; i < operands_.size(); ++i) {
      operands_[i].scratch = numbers;
      operands_[i].packed = is_packed(operands_[i], lanes_of(i));
      if (!operands_[i].packed) numbers += lanes_of(i) * operands_[i].size;
    }
    result_.scratch = numbers;
    result_.packed = is_packed(result_, lanes_);
    if (!result_.packed) numbers += lanes_ * result_.size;
    scratch_bytes = align_to_line(numbers * kItem);
  }

  void run(char* out, const char* const* in, char* scratch) const override {
    if (lanes_ == 0) return;
    const std::int64_t count = element_count(shape_);
    std::vector<const double*> vectors(operands_.size());
    auto* numbers = reinterpret_cast<double*>(scratch);
    for (std::int64_t k = 0; k < count; ++k) {
      for (std::size_t i = 0; i < operands_.size(); ++i) {
        const Vectors& x = operands_[i];
        const auto* from = reinterpret_cast<const double*>(in[i]) + offset(x, k);
        vectors[i] = x.packed ? from : pack(x, lanes_of(i), from, numbers + x.scratch);
      }
      double* to = reinterpret_cast<double*>(out) + offset(result_, k);
      double* result = result_.packed ? to : numbers + result_.scratch;
      const auto order = static_cast<std::int32_t>(operands_.size()) - (transposed_ ? 2 : 1);
      model_->evaluate({order, transposed_ ? 1 : 0, lanes_, vectors.data(), result});
      if (!result_.packed) unpack(result, to);
    }
  }

 private:
  static constexpr std::int64_t kItem = sizeof(double);

  /// An operand or the result: vectors along the last axis.
  struct Vectors {
    std::int64_t size;
    Dims strides;
    bool packed = false;  // as the model wants them
    std::int64_t scratch = 0;
  };

  std::int64_t lanes_of(std::size_t operand) const { return operand == 1 ? lanes_ : 1; }
  std::int64_t lane_stride(const Vectors& x) const {
    return lane_axis_ < shape_.size() ? x.strides[lane_axis_] : 0;
  }

  /// The innermost axis along which operands but the second repeat.
  std::size_t find_lane_axis() const {
    if (operands_.size() < 2) return shape_.size();
    for (std::size_t a = shape_.size(); a-- > 0;) {
      bool repeats = true;
      for (std::size_t i = 0; i < operands_.size(); ++i) {
        repeats = repeats && (i == 1 || operands_[i].strides[a] == 0 || shape_[a] == 1);
      }
      if (repeats) return a;
    }
    return shape_.size();
  }

  bool is_packed(const Vectors& x, std::int64_t lanes) const {
    const bool along = x.strides.back() == 1 || x.size <= 1;
    return along && (lanes <= 1 || lane_stride(x) == x.size);
  }

  /// Of the k-th entry of the axes that are no lanes.
  std::int64_t offset(const Vectors& x, std::int64_t k) const {
    std::int64_t sum = 0;
    for (std::size_t a = shape_.size(); a-- > 0; k /= shape_[a]) {
      sum += k % shape_[a] * x.strides[a];
    }
    return sum;
  }

  const double* pack(const Vectors& x, std::int64_t lanes, const double* from, double* to) const {
    for (std::int64_t lane = 0; lane < lanes; ++lane) {
      for (std::int64_t j = 0; j < x.size; ++j) {
        to[lane * x.size + j] = from[lane * lane_stride(x) + j * x.strides.back()];
      }
    }
    return to;
  }

  void unpack(const double* from, double* to) const {
    for (std::int64_t lane = 0; lane < lanes_; ++lane) {
      std::copy_n(from + lane * result_.size, result_.size, to + lane * lane_stride(result_));
    }
  }

  ExternalPtr model_;
  bool transposed_;
  std::vector<Vectors> operands_;
  Vectors result_{};
  Dims shape_;  // batch axes; that of the lanes has length 1
  std::size_t lane_axis_ = 0;
  std::int64_t lanes_ = 1;
};

}  // namespace

PreparedPtr prepare_external(const ArrayCall& call) { return make_prepared<ExternalKernel>(call); }

}  // namespace dualtape::engine
