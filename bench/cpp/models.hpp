/// Workloads with more arithmetic for each input: a mixture's likelihood, a recurrent cell, and the
/// residuals of bundle adjustment.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace workloads {

using Vector = std::vector<double>;

/// n numbers spread over [lo, hi], in mixed order.
inline Vector spread(std::size_t n, double lo, double hi) {
  Vector x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = lo + (hi - lo) * static_cast<double>((7 * i) % n) / static_cast<double>(n);
  }
  return x;
}

/// Log-likelihood of 100 points in 3 dimensions under 5 Gaussians with diagonal covariances, in the
/// weights' logarithms a, the means m and the logarithms q of the inverse deviations.
struct Mixture {
  static constexpr const char* name = "Gaussian mixture, 100 points, 5 components";
  static constexpr std::size_t kPoints = 100, kParts = 5, kDim = 3;
  static Vector point() { return spread(kParts * (1 + 2 * kDim), -0.6, 0.6); }
  static const Vector& data() {
    static const Vector points = spread(kPoints * kDim, -2, 2);
    return points;
  }
  static std::size_t mean(std::size_t k, std::size_t d) { return kParts + k * kDim + d; }
  static std::size_t scale(std::size_t k, std::size_t d) { return mean(kParts + k, d); }

  template <class T>
  static T value(const std::vector<T>& x) {
    using std::exp, std::log;
    std::vector<T> inverse(kParts * kDim), norm(kParts);
    T weights(0);
    for (std::size_t k = 0; k < kParts; ++k) {
      norm[k] = x[k];
      weights += exp(x[k]);
      for (std::size_t d = 0; d < kDim; ++d) {
        inverse[k * kDim + d] = exp(x[scale(k, d)]);
        norm[k] += x[scale(k, d)];
      }
    }
    T sum(0);
    for (std::size_t n = 0; n < kPoints; ++n) {
      T density(0);
      for (std::size_t k = 0; k < kParts; ++k) {
        T square(0);
        for (std::size_t d = 0; d < kDim; ++d) {
          const T z = (data()[n * kDim + d] - x[mean(k, d)]) * inverse[k * kDim + d];
          square += z * z;
        }
        density += exp(norm[k] - 0.5 * square);
      }
      sum += log(density);
    }
    return sum - static_cast<double>(kPoints) * log(weights);
  }

  static void gradient(const Vector& x, Vector& g) {
    g.assign(x.size(), 0);
    std::array<double, kParts * kDim> inverse{}, z{};
    std::array<double, kParts> norm{}, part{};
    double weights = 0;
    for (std::size_t k = 0; k < kParts; ++k) {
      norm[k] = x[k], weights += std::exp(x[k]);
      for (std::size_t d = 0; d < kDim; ++d) {
        inverse[k * kDim + d] = std::exp(x[scale(k, d)]), norm[k] += x[scale(k, d)];
      }
    }
    for (std::size_t n = 0; n < kPoints; ++n) {
      double density = 0;
      for (std::size_t k = 0; k < kParts; ++k) {
        double square = 0;
        for (std::size_t d = 0; d < kDim; ++d) {
          double& own = z[k * kDim + d];
          own = (data()[n * kDim + d] - x[mean(k, d)]) * inverse[k * kDim + d];
          square += own * own;
        }
        density += part[k] = std::exp(norm[k] - 0.5 * square);
      }
      for (std::size_t k = 0; k < kParts; ++k) {
        const double share = part[k] / density;
        g[k] += share;
        for (std::size_t d = 0; d < kDim; ++d) {
          const std::size_t i = k * kDim + d;
          g[mean(k, d)] += share * z[i] * inverse[i];
          g[scale(k, d)] += share * (1 - z[i] * z[i]);
        }
      }
    }
    for (std::size_t k = 0; k < kParts; ++k) {
      g[k] -= static_cast<double>(kPoints) * std::exp(x[k]) / weights;
    }
  }
};

/// An LSTM cell of 8 units over 10 steps of one input: |h|^2 at the end. Each of the four gates has
/// a matrix on (h, input, 1).
struct Lstm {
  static constexpr const char* name = "LSTM cell, 8 units, 10 steps";
  static constexpr std::size_t kUnits = 8, kColumns = kUnits + 2, kSteps = 10;
  static Vector point() { return spread(4 * kUnits * kColumns, -0.5, 0.5); }
  static double input(std::size_t step) { return std::sin(0.7 * static_cast<double>(step)); }
  static std::size_t weight(std::size_t gate, std::size_t unit, std::size_t column) {
    return (gate * kUnits + unit) * kColumns + column;
  }
  template <class T>
  static T gate_sum(const std::vector<T>& x, const std::array<T, kUnits>& h, std::size_t gate,
                    std::size_t unit, double in) {
    T sum = x[weight(gate, unit, kUnits)] * in + x[weight(gate, unit, kUnits + 1)];
    for (std::size_t j = 0; j < kUnits; ++j) sum += x[weight(gate, unit, j)] * h[j];
    return sum;
  }
  template <class T>
  static T sigmoid(const T& x) {
    using std::exp;
    return 1.0 / (1.0 + exp(-x));
  }
  template <class T>
  static T value(const std::vector<T>& x) {
    using std::tanh;
    std::array<T, kUnits> h, c;
    for (std::size_t i = 0; i < kUnits; ++i) h[i] = c[i] = T(0);
    for (std::size_t step = 0; step < kSteps; ++step) {
      const std::array<T, kUnits> before = h;
      for (std::size_t i = 0; i < kUnits; ++i) {
        const T in = sigmoid<T>(gate_sum(x, before, 0, i, input(step)));
        const T forget = sigmoid<T>(gate_sum(x, before, 1, i, input(step)));
        const T out = sigmoid<T>(gate_sum(x, before, 2, i, input(step)));
        const T candidate = tanh(gate_sum(x, before, 3, i, input(step)));
        c[i] = forget * c[i] + in * candidate;
        const T squashed = tanh(c[i]);
        h[i] = out * squashed;
      }
    }
    T norm(0);
    for (const T& unit : h) norm += unit * unit;
    return norm;
  }

  struct Step {
    std::array<double, kUnits> h{}, c{};  // before the step
    std::array<std::array<double, kUnits>, 4> gates{};
    std::array<double, kUnits> squashed{};
  };
  static void gradient(const Vector& x, Vector& g) {
    std::array<Step, kSteps> steps;
    std::array<double, kUnits> h{}, c{};
    for (std::size_t t = 0; t < kSteps; ++t) {
      Step& s = steps[t];
      s.h = h, s.c = c;
      for (std::size_t i = 0; i < kUnits; ++i) {
        for (std::size_t k = 0; k < 3; ++k) {
          s.gates[k][i] = sigmoid(gate_sum(x, s.h, k, i, input(t)));
        }
        s.gates[3][i] = std::tanh(gate_sum(x, s.h, 3, i, input(t)));
        c[i] = s.gates[1][i] * c[i] + s.gates[0][i] * s.gates[3][i];
        s.squashed[i] = std::tanh(c[i]);
        h[i] = s.gates[2][i] * s.squashed[i];
      }
    }
    g.assign(x.size(), 0);
    std::array<double, kUnits> h_bar{}, c_bar{};
    for (std::size_t i = 0; i < kUnits; ++i) h_bar[i] = 2 * h[i];
    for (std::size_t t = kSteps; t-- > 0;) back(steps[t], input(t), x, h_bar, c_bar, g);
  }
  static void back(const Step& s, double in, const Vector& x, std::array<double, kUnits>& h_bar,
                   std::array<double, kUnits>& c_bar, Vector& g) {
    std::array<double, kUnits> before_bar{};
    for (std::size_t i = 0; i < kUnits; ++i) {
      const double a = s.gates[0][i], f = s.gates[1][i], o = s.gates[2][i], z = s.gates[3][i];
      c_bar[i] += h_bar[i] * o * (1 - s.squashed[i] * s.squashed[i]);
      const std::array<double, 4> sums{c_bar[i] * z * a * (1 - a), c_bar[i] * s.c[i] * f * (1 - f),
                                       h_bar[i] * s.squashed[i] * o * (1 - o),
                                       c_bar[i] * a * (1 - z * z)};
      for (std::size_t k = 0; k < 4; ++k) {
        for (std::size_t j = 0; j < kUnits; ++j) {
          g[weight(k, i, j)] += sums[k] * s.h[j];
          before_bar[j] += sums[k] * x[weight(k, i, j)];
        }
        g[weight(k, i, kUnits)] += sums[k] * in;
        g[weight(k, i, kUnits + 1)] += sums[k];
      }
      c_bar[i] *= f;
    }
    h_bar = before_bar;
  }
};

/// One observation of bundle adjustment: the weighted distance of a point's projection from where
/// it was seen, in rotation (3), centre (3), focal length, principal point (2), two coefficients of
/// distortion, the point (3) and the weight. Its Jacobian is a block of 2 x 15.
struct Bundle {
  static constexpr const char* name = "bundle adjustment, a residual's 2 x 15 block";
  static constexpr std::size_t kInputs = 15;
  using Block = std::array<double, 2 * kInputs>;
  static std::array<double, kInputs> point() {
    return {0.1, -0.2, 0.3, 0.4, 0.5, -4, 1.2, 0.03, -0.02, 0.05, -0.01, 0.7, -0.3, 0.9, 1.1};
  }

  template <class T>
  static std::array<T, 2> value(const std::array<T, kInputs>& x) {
    using std::cos, std::sin, std::sqrt;
    const std::array<T, 3> v{T(x[11] - x[3]), T(x[12] - x[4]), T(x[13] - x[5])};
    const T angle = sqrt(x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
    const std::array<T, 3> w{T(x[0] / angle), T(x[1] / angle), T(x[2] / angle)};
    const T c = cos(angle), s = sin(angle);
    const T along = (w[0] * v[0] + w[1] * v[1] + w[2] * v[2]) * (1.0 - c);
    const T depth = v[2] * c + (w[0] * v[1] - w[1] * v[0]) * s + w[2] * along;
    const T p = (v[0] * c + (w[1] * v[2] - w[2] * v[1]) * s + w[0] * along) / depth;
    const T q = (v[1] * c + (w[2] * v[0] - w[0] * v[2]) * s + w[1] * along) / depth;
    const T r = p * p + q * q;
    const T bent = x[6] * (1.0 + r * (x[9] + x[10] * r));
    return {T(x[14] * (x[7] + p * bent - 0.2)), T(x[14] * (x[8] + q * bent + 0.1))};
  }

  /// By hand: d(R v) = R (dv - v x (J_r dw)), J_r the right Jacobian of the rotation.
  static void jacobian(const std::array<double, kInputs>& x, Block& out) {
    using Row = std::array<double, 3>;
    const Row w{x[0], x[1], x[2]}, v{x[11] - x[3], x[12] - x[4], x[13] - x[5]};
    const double t2 = w[0] * w[0] + w[1] * w[1] + w[2] * w[2], t = std::sqrt(t2);
    const double s = std::sin(t), c = std::cos(t);
    const double a = s / t, b = (1 - c) / t2, d = (t - s) / (t2 * t);
    const auto spin = [&](double one, double odd, double even) {
      return std::array<Row, 3>{Row{one + even * w[0] * w[0], even * w[0] * w[1] - odd * w[2],
                                    even * w[0] * w[2] + odd * w[1]},
                                Row{even * w[0] * w[1] + odd * w[2], one + even * w[1] * w[1],
                                    even * w[1] * w[2] - odd * w[0]},
                                Row{even * w[0] * w[2] - odd * w[1],
                                    even * w[1] * w[2] + odd * w[0], one + even * w[2] * w[2]}};
    };
    const auto rotation = spin(c, a, b), right = spin(1 - d * t2, -b, d);
    Row seen{};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) seen[i] += rotation[i][j] * v[j];
    }
    const double p = seen[0] / seen[2], q = seen[1] / seen[2], r = p * p + q * q;
    const double bend = 1 + r * (x[9] + x[10] * r), slope = x[9] + 2 * x[10] * r;
    const std::array<double, 2> at{p, q};
    for (std::size_t e = 0; e < 2; ++e) {
      // Slopes of the residual in p and q, then in the rotated point.
      const double scale = x[14] * x[6], other = scale * at[e] * slope * 2;
      const double in_p = other * p + (e == 0 ? scale * bend : 0);
      const double in_q = other * q + (e == 1 ? scale * bend : 0);
      const Row in_seen{in_p / seen[2], in_q / seen[2], -(in_p * p + in_q * q) / seen[2]};
      Row in_v{}, in_w{};
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) in_v[j] += in_seen[i] * rotation[i][j];
      }
      const Row turned{v[1] * in_v[2] - v[2] * in_v[1], v[2] * in_v[0] - v[0] * in_v[2],
                       v[0] * in_v[1] - v[1] * in_v[0]};
      for (std::size_t i = 0; i < 3; ++i) {
        for (std::size_t j = 0; j < 3; ++j) in_w[j] += turned[i] * right[i][j];
      }
      double* row = out.data() + e * kInputs;
      for (std::size_t i = 0; i < 3; ++i)
        row[i] = in_w[i], row[3 + i] = -in_v[i], row[11 + i] = in_v[i];
      row[6] = x[14] * at[e] * bend;
      row[7] = e == 0 ? x[14] : 0, row[8] = e == 1 ? x[14] : 0;
      row[9] = scale * at[e] * r, row[10] = scale * at[e] * r * r;
      row[14] = (e == 0 ? x[7] - 0.2 : x[8] + 0.1) + x[6] * at[e] * bend;
    }
  }
};

}  // namespace workloads
