/// Duals at the bottom of a nesting: the partials of a T in N inputs, T itself a number, a tape
/// variable or duals over one.
#pragma once

#include <dualtape/dual.hpp>

#include <cstddef>

namespace dualtape::detail {

/// Dual<T, N> for a number or variable T; Dual<Dual<T, N>, K> for a Dual<T, K>, where the order of
/// nesting does not matter: so it is the N tangents that lie side by side in registers.
template <class T, int N>
struct LiftOf {
  using type = Dual<T, N>;
};
template <class T, int K, int N>
struct LiftOf<Dual<T, K>, N> {
  using type = Dual<typename LiftOf<T, N>::type, K>;
};
template <class T, int N>
using Lifted = typename LiftOf<T, N>::type;

/// Input `lane`; a constant where that is negative.
template <class T, int N>
struct Lift {
  DUALTAPE_INLINE static Dual<T, N> make(const T& x, int lane) {
    return lane < 0 ? Dual<T, N>(x) : Dual<T, N>::variable(x, lane);
  }
  DUALTAPE_INLINE static const T& value(const Dual<T, N>& y) { return y.value(); }
  DUALTAPE_INLINE static const T& partial(const Dual<T, N>& y, int lane) { return y.tangent(lane); }
};
template <class T, int K, int N>
struct Lift<Dual<T, K>, N> {
  using Inner = Lift<T, N>;
  using L = Lifted<Dual<T, K>, N>;

  static L make(const Dual<T, K>& x, int lane) {
    L y(Inner::make(x.value(), lane));
    for (int k = 0; k < K; ++k) y.tangent(k) = Inner::make(x.tangent(k), -1);
    return y;
  }
  static Dual<T, K> value(const L& y) {
    Dual<T, K> x(Inner::value(y.value()));
    for (int k = 0; k < K; ++k) x.tangent(k) = Inner::value(y.tangent(k));
    return x;
  }
  static Dual<T, K> partial(const L& y, int lane) {
    Dual<T, K> p(Inner::partial(y.value(), lane));
    for (int k = 0; k < K; ++k) p.tangent(k) = Inner::partial(y.tangent(k), lane);
    return p;
  }
};

}  // namespace dualtape::detail
