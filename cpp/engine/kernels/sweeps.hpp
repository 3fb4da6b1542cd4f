/// Sweeps of rotations, kept until there are enough of them to read the matrix once for all.
#pragma once

#include "kernels/dense.hpp"

namespace dualtape::engine::dense {

/// Acts on the rows of z. Rotations of rows of complex numbers are those of their parts.
class Sweeps {
 public:
  template <class T>
  explicit Sweeps(Matrix<T>& z)
      : z_(reinterpret_cast<double*>(z.data())),
        row_(z.columns() * static_cast<std::int64_t>(sizeof(T) / sizeof(double))) {}

  void begin(std::int64_t first, std::int64_t step) {
    if (rotations_.size() > kKept) flush();
    sweeps_.push_back({first, step, 0, nullptr});
  }
  void add(double c, double s) {
    rotations_.push_back({c, s});
    ++sweeps_.back().count;
  }
  void flush() {
    const Rotation* at = rotations_.data();
    for (RotationSweep& sweep : sweeps_) {
      sweep.rotations = at;
      at += sweep.count;
    }
    kernels()
        .linear_algebra(DType::kFloat64)
        ->rotate(z_, row_, row_, sweeps_.data(), static_cast<std::int64_t>(sweeps_.size()));
    sweeps_.clear();
    rotations_.clear();
  }

 private:
  static constexpr std::size_t kKept = 2048;  // 32 KiB

  double* z_;
  std::int64_t row_;
  std::vector<RotationSweep> sweeps_;
  std::vector<Rotation> rotations_;
};

}  // namespace dualtape::engine::dense
