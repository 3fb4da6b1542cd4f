/// Forward mode: a value with N tangents.
#pragma once

#include <dualtape/eigen.hpp>
#include <dualtape/error.hpp>

#include <ostream>
#include <stdexcept>
#include <string>

namespace dualtape {

/// x + sum_i x_dot_i eps_i with eps_i eps_j = 0. T is a number or again an active type, and may be
/// mixed with constants; a comparison compares values. There is no conversion to bool or back to T.
template <class T, int N>
class Dual {
  static_assert(Scalar<T> && N >= 1, "Dual: wanted a floating point, complex or active T, N >= 1");

 public:
  using value_type = T;
  using Tangent = Eigen::Array<T, N, 1>;
  static constexpr int lanes = N;

  Dual() : value_(0), tangent_(Tangent::Constant(T(0))) {}
  /// A constant.
  template <class S>
    requires detail::is_inner<S, T>
  Dual(const S& value) : value_(static_cast<T>(value)), tangent_(Tangent::Constant(T(0))) {}
  Dual(const T& value, const Tangent& tangent) : value_(value), tangent_(tangent) {}

  /// An input: tangent 1 in `lane`, 0 in the others.
  static Dual variable(const T& value, int lane = 0) {
    if (lane < 0 || lane >= N) {
      detail::fail<std::out_of_range>("Dual::variable: lane must be below " + std::to_string(N) +
                                      ", got " + std::to_string(lane));
    }
    Dual x(value);
    x.tangent_[lane] = T(1);
    return x;
  }

  const T& value() const { return value_; }
  T& value() { return value_; }
  const Tangent& tangent() const { return tangent_; }
  Tangent& tangent() { return tangent_; }
  const T& tangent(int lane) const { return tangent_[lane]; }
  T& tangent(int lane) { return tangent_[lane]; }

 private:
  T value_;
  Tangent tangent_;
};

template <class T, int N>
struct ActiveTraits<Dual<T, N>> {
  static constexpr bool is_active = true;
  static constexpr bool accepts_constants = true;
  template <class S>
  static constexpr bool is_constant = detail::is_inner<S, T>;
  using mask_type = mask_t<T>;
  using D = Dual<T, N>;

  template <class Op>
  static auto apply(const D& x) {
    if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(x.value());
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return D(dualtape::apply<Op>(x.value()));
    } else if constexpr (std::same_as<Op, ops::Negative>) {
      return D(-x.value(), -x.tangent());
    } else {
      const T y = dualtape::apply<Op>(x.value());
      return D(y, x.tangent() * Op::template partial<T>(x.value(), y));
    }
  }

  template <class Op>
    requires(Op::parametric)
  static D apply(int n, const D& x) {
    const T y = dualtape::apply<Op>(n, x.value());
    return D(y, x.tangent() * Op::template partial<T>(n, x.value(), y));
  }

  template <class Op, class... Xs>
    requires(Op::parametric && sizeof...(Xs) > 1)
  static D apply(int n, const Xs&... xs) {
    const T y = dualtape::apply<Op>(n, detail::inner_value<D>(xs)...);
    typename D::Tangent tangent = D::Tangent::Constant(T(0));
    add_terms<Op>(std::index_sequence_for<Xs...>{}, tangent, n, y, xs...);
    return D(y, tangent);
  }

  template <class Op, class A, class B>
    requires(!is_parametric<Op>)
  static auto apply(const A& a, const B& b) {
    using Y = std::conditional_t<Op::kind == Kind::kPredicate, mask_type, T>;
    const Y y = dualtape::apply<Op>(detail::inner_value<D>(a), detail::inner_value<D>(b));
    if constexpr (Op::kind == Kind::kPredicate) {
      return y;
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return D(y);
    } else if constexpr (std::same_as<Op, ops::Add> || std::same_as<Op, ops::Subtract>) {
      return D(y, signed_tangent<1>(a) + signed_tangent<std::same_as<Op, ops::Add> ? 1 : -1>(b));
    } else {
      typename D::Tangent tangent = D::Tangent::Constant(T(0));
      add_term<Op, 0>(tangent, a, a, b, y);
      add_term<Op, 1>(tangent, b, a, b, y);
      return D(y, tangent);
    }
  }

  template <class Op, class A, class B, class C>
    requires(!is_parametric<Op>)
  static D apply(const A& a, const B& b, const C& c) {
    if constexpr (Op::kind == Kind::kSelect) {
      return pick(a, D(b), D(c));
    } else {
      const T y = dualtape::apply<Op>(detail::inner_value<D>(a), detail::inner_value<D>(b),
                                      detail::inner_value<D>(c));
      typename D::Tangent tangent = D::Tangent::Constant(T(0));
      add_term<Op, 0>(tangent, a, a, b, c, y);
      add_term<Op, 1>(tangent, b, a, b, c, y);
      add_term<Op, 2>(tangent, c, a, b, c, y);
      return D(y, tangent);
    }
  }

 private:
  template <int Sign, class X>
  static typename D::Tangent signed_tangent(const X& x) {
    if constexpr (!std::same_as<X, D>) {
      return D::Tangent::Constant(T(0));
    } else if constexpr (Sign > 0) {
      return x.tangent();
    } else {
      return -x.tangent();
    }
  }

  /// tangent += partial<I> x_dot, x being argument I; a constant has none.
  template <class Op, int I, class X, class... Arguments>
  static void add_term(typename D::Tangent& tangent, const X& x, const Arguments&... arguments) {
    if constexpr (std::same_as<X, D>) {
      const T partial = Op::template partial<I, T>(operand(arguments)...);
      if constexpr (may_meet_constant<Op, I>) {
        if (!is_finite(partial) && has_no_tangent(x)) return;
      }
      tangent += x.tangent() * partial;
    }
  }

  template <class Op, std::size_t... I, class... Xs>
  static void add_terms(std::index_sequence<I...>, typename D::Tangent& tangent, int n, const T& y,
                        const Xs&... xs) {
    (add_parametric_term<Op, static_cast<int>(I)>(tangent, n, y, xs, xs...), ...);
  }
  template <class Op, int I, class X, class... Xs>
  static void add_parametric_term(typename D::Tangent& tangent, int n, const T& y, const X& x,
                                  const Xs&... xs) {
    if constexpr (std::same_as<X, D>) {
      // Constant parameters arrive as duals too; their partials are dear, or do not exist.
      if constexpr (I + 1 < Op::arity && std::same_as<mask_type, bool>) {
        if (has_no_tangent(x)) return;
      }
      tangent += x.tangent() * Op::template partial<I, T>(n, operand(xs)..., y);
    }
  }

  /// Constants of rules and of outer nestings arrive as duals of tangent 0. Where their partial is
  /// infinite (T(0.5) / y at y = 0) or undefined (a constant exponent of a negative base) they must
  /// not add 0 * inf. Only here: elsewhere a finite value with an infinite partial and a tangent
  /// that happens to be 0, sqrt(x^2) at 0, is truly undetermined and gives NaN.
  template <class Op, int I>
  static constexpr bool may_meet_constant =
      std::same_as<mask_type, bool> &&
      (std::same_as<Op, ops::Multiply> || std::same_as<Op, ops::Divide> ||
       (std::same_as<Op, ops::Power> && I == 1));

  static bool has_no_tangent(const D& x) {
    for (int i = 0; i < N; ++i) {
      if (!is_exactly_zero(x.tangent(i))) return false;
    }
    return true;
  }

  template <class X>
  static T operand(const X& x) {
    if constexpr (std::same_as<X, T>) {
      return x;
    } else {
      return detail::inner_operand<D>(x);
    }
  }

  template <class M>
  static D pick(const M& mask, const D& a, const D& b) {
    if constexpr (std::same_as<M, bool>) {
      return mask ? a : b;
    } else {
      D y(select(mask, a.value(), b.value()));
      for (int i = 0; i < N; ++i) y.tangent(i) = select(mask, a.tangent(i), b.tangent(i));
      return y;
    }
  }
};

template <class T, int N>
std::ostream& operator<<(std::ostream& out, const Dual<T, N>& x) {
  out << x.value() << " + [";
  for (int i = 0; i < N; ++i) out << (i ? ", " : "") << x.tangent(i);
  return out << "] eps";
}

}  // namespace dualtape
