/// Derivatives without dualtape: the complex step, and central differences of it.
#pragma once

#include <dualtape/tape.hpp>

#include <complex>
#include <span>
#include <vector>

#include "check.hpp"

namespace numeric {

using Vector = std::vector<double>;

/// n numbers over [lo, hi), in mixed order.
inline Vector points(std::size_t n, double lo = -0.9, double hi = 1.7) {
  Vector x(n);
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = lo + (hi - lo) * static_cast<double>((7 * i + 3) % n) / static_cast<double>(n);
  }
  return x;
}

template <class X>
using EntryOf = std::decay_t<decltype(std::declval<X>()[0])>;
template <class X>
auto span_of(const X& x) {
  return std::span<const EntryOf<X>>(x.data(), x.size());
}

/// Gradient of f, generic and holomorphic, of a vector: exact to rounding.
template <class F>
Vector gradient(const F& f, const Vector& x) {
  constexpr double kStep = 1e-100;
  std::vector<std::complex<double>> z(x.begin(), x.end());
  Vector g;
  for (std::complex<double>& entry : z) {
    entry += std::complex<double>(0, kStep);
    g.push_back(std::imag(std::complex<double>(f(z))) / kStep);
    entry = entry.real();
  }
  return g;
}

/// Rows of the Hessian, by fourth-order central differences of gradients: to about 1e-11.
template <class F>
std::vector<Vector> hessian(const F& f, const Vector& x) {
  constexpr double kStep = 1e-3;
  std::vector<Vector> rows;
  for (std::size_t i = 0; i < x.size(); ++i) {
    Vector row(x.size());
    for (const int k : {-2, -1, 1, 2}) {
      Vector moved = x;
      moved[i] += k * kStep;
      const double weight = (k > 0 ? 1 : -1) * (k * k == 1 ? 8 : -1) / (12 * kStep);
      const Vector g = gradient(f, moved);
      for (std::size_t j = 0; j < x.size(); ++j) row[j] += weight * g[j];
    }
    rows.push_back(row);
  }
  return rows;
}

/// Cotangents of x where that of y is 1.
inline Vector pulled(dualtape::Tape<double>& tape, const std::vector<dualtape::Var<double>>& x,
                     const dualtape::Var<double>& y) {
  tape.start_sweep();
  tape.set_cotangent(y, 1);
  tape.pullback();
  Vector g(x.size());
  tape.cotangents(x, g);
  return g;
}

/// Entry by entry, relative to each.
inline void close(const Vector& got, const Vector& wanted, double rtol,
                  const check::Where& where = check::Where::current()) {
  check::is_true(got.size() == wanted.size(), "sizes", where);
  for (std::size_t i = 0; i < wanted.size() && i < got.size(); ++i) {
    check::close(got[i], wanted[i], rtol, "entry " + std::to_string(i), where);
  }
}

}  // namespace numeric
