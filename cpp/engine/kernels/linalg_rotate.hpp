/// Sweeps of plane rotations on the rows of a matrix: the vectors of eigh and svd. For
/// linalg_float64.cpp only.
#pragma once

#include "kernels/linalg.hpp"
#include "kernels/product_tile.hpp"

namespace dualtape::engine::linalg {

/// A strip of columns: the row that the next rotation has in common with this one stays in
/// registers.
template <int kVectors, int kLanes>
void rotate_strip(double* z, std::int64_t row, const RotationSweep& sweep) {
  using V = product::Vector<double, kLanes>;
  double* at = z + sweep.first * row;
  const std::int64_t step = sweep.step * row;
  V carried[kVectors];
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) carried[v] = product::load<V>(at + v * kLanes);
  for (std::int64_t k = 0; k < sweep.count; ++k, at += step) {
    const auto [c, s] = sweep.rotations[k];
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const V next = product::load<V>(at + step + v * kLanes);
      product::store(at + v * kLanes, V(c * carried[v] + s * next));
      carried[v] = c * next - s * carried[v];
    }
  }
#pragma GCC unroll 4
  for (int v = 0; v < kVectors; ++v) product::store(at + v * kLanes, carried[v]);
}

template <int kVectors, int kLanes>
void rotate_strips(double* z, std::int64_t row, std::int64_t columns, const RotationSweep* sweeps,
                   std::int64_t count) {
  constexpr std::int64_t kStrip = kVectors * kLanes;
  for (; columns >= kStrip; columns -= kStrip, z += kStrip) {
    for (std::int64_t k = 0; k < count; ++k) rotate_strip<kVectors, kLanes>(z, row, sweeps[k]);
  }
  if constexpr (kVectors > 1) {
    if (columns > 0) rotate_strips<kVectors / 2, kLanes>(z, row, columns, sweeps, count);
  } else if constexpr (kLanes > 1) {
    if (columns > 0) rotate_strips<1, kLanes / 2>(z, row, columns, sweeps, count);
  }
}

inline void rotate(double* z, std::int64_t row, std::int64_t columns, const RotationSweep* sweeps,
                   std::int64_t count) {
  rotate_strips<4, product::kWidth<double>>(z, row, columns, sweeps, count);
}

}  // namespace dualtape::engine::linalg
