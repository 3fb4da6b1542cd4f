/// Declarations of the active types, and what is known of any of them.
#pragma once

#include <dualtape/ops/traits.hpp>

#include <bit>
#include <cmath>
#include <cstdint>

/// A thread's own pointer at a fixed distance from the thread's register, in shared libraries too:
/// otherwise each recording function there would call for its address. Eight bytes of what the
/// loader keeps for such variables of libraries loaded later.
/// Programs have it so without asking; and there GCC, asked, may write what the linker refuses.
#if defined(__GNUC__) && defined(__ELF__) && defined(__PIC__) && !defined(__PIE__)
#define DUALTAPE_FIXED_TLS [[gnu::tls_model("initial-exec")]]
#else
#define DUALTAPE_FIXED_TLS
#endif

namespace dualtape {

template <class T, int N = 1>
class Dual;
template <class T>
class Var;
template <class T, int N>
class Term;
template <class T>
class Tape;
namespace detail {
template <class T>
class Caller;
template <class T>
class Assignment;
template <class T>
class NodeWriter;
}  // namespace detail

/// The number at the bottom of a nesting: double for Dual<Var<double>>.
template <class T>
struct BaseOf {
  using type = T;
};
template <class T, int N>
struct BaseOf<Dual<T, N>> : BaseOf<T> {};
template <class T>
struct BaseOf<Var<T>> : BaseOf<T> {};
template <class T, int N>
struct BaseOf<Term<T, N>> : BaseOf<T> {};
template <class T>
using base_t = typename BaseOf<T>::type;

/// The number itself, all tangents dropped.
template <BaseNumber T>
const T& base_value(const T& x) {
  return x;
}
template <Active T>
decltype(auto) base_value(const T& x) {
  return base_value(x.value());
}

/// Zero with all its tangents: a constant zero at every level, not only where the value vanishes.
template <BaseNumber T>
bool is_exactly_zero(const T& x) {
  return x == T(0);
}
template <class T, int N>
bool is_exactly_zero(const Dual<T, N>& x) {
  if (!is_exactly_zero(x.value())) return false;
  for (int i = 0; i < N; ++i) {
    if (!is_exactly_zero(x.tangent(i))) return false;
  }
  return true;
}
template <class T>
bool is_exactly_zero(const Var<T>& x) {
  return !x.is_recorded() && is_exactly_zero(x.value());
}

/// True if no inf or NaN is in it, tangents included.
template <BaseNumber T>
DUALTAPE_INLINE bool is_finite(const T& x) {
  if constexpr (std::same_as<T, double>) {
    // By its bits: the units of floating point arithmetic are what a loop on duals is short of.
    return std::bit_cast<std::uint64_t>(x) << 1 < std::bit_cast<std::uint64_t>(kInf) << 1;
  } else {
    return x - x == T(0);
  }
}
template <class T, int N>
bool is_finite(const Dual<T, N>& x) {
  for (int i = 0; i < N; ++i) {
    if (!is_finite(x.tangent(i))) return false;
  }
  return is_finite(x.value());
}
template <class T>
bool is_finite(const Var<T>& x) {
  return is_finite(x.value());
}

namespace detail {

/// So seldom that registers need not be given up for a call then.
DUALTAPE_INLINE bool seldom(bool condition) {
#if defined(__GNUC__)
  return __builtin_expect_with_probability(condition, false, 1 - 1e-6);
#else
  return condition;
#endif
}

/// a b + c, rounded once where the processor can: its latency is what long chains of statements
/// wait for.
template <class T>
DUALTAPE_INLINE T multiply_add(const T& a, const T& b, const T& c) {
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  if constexpr (std::floating_point<T>) return std::fma(a, b, c);
#endif
  return c + a * b;
}

/// Numbers, or packs of them (pack.hpp): operations of duals over them are inlined.
template <class T>
inline constexpr bool is_number = BaseNumber<T>;

/// Numbers, and duals of them: what a function's derivatives at a place can be made of before it is
/// recorded.
template <class T>
inline constexpr bool is_untaped = BaseNumber<T>;
template <class T, int N>
inline constexpr bool is_untaped<Dual<T, N>> = std::floating_point<T>;
/// How many numbers such a T is made of.
template <class T>
inline constexpr std::size_t numbers_of = 1;
template <class T, int N>
inline constexpr std::size_t numbers_of<Dual<T, N>> = static_cast<std::size_t>(N) + 1;

/// A tape's variable or expression.
template <class X>
inline constexpr bool is_taped = false;
template <class T>
inline constexpr bool is_taped<Var<T>> = true;
template <class T, int N>
inline constexpr bool is_taped<Term<T, N>> = true;

template <class X>
concept Taped = is_taped<X>;

/// S is an expression whose value a T holds.
template <class S, class T>
inline constexpr bool is_expression = false;
template <class T, int N>
inline constexpr bool is_expression<Term<T, N>, Var<T>> = true;

/// What a Dual or Var over T takes as a constant: a T, and whatever is one for T.
template <class S, class T>
inline constexpr bool is_inner =
    std::same_as<S, T> || std::is_arithmetic_v<S> || ConstantOf<S, T> || is_expression<S, T>;

/// A constant S beside a T, as T's own `apply` takes it best.
template <class T, class S>
DUALTAPE_INLINE decltype(auto) as_constant(const S& s) {
  if constexpr (BaseNumber<T> || (!std::same_as<S, T> && !accepts_constants<T>())) {
    return static_cast<T>(s);
  } else {
    return (s);
  }
}

/// The level below: x.value() of an active A, a constant as it is.
template <class A, class X>
DUALTAPE_INLINE decltype(auto) inner_value(const X& x) {
  if constexpr (std::same_as<A, X>) {
    return (x.value());
  } else {
    return as_constant<typename A::value_type>(x);
  }
}

/// The level below as the A::value_type that `partial` wants.
template <class A, class X>
DUALTAPE_INLINE typename A::value_type inner_operand(const X& x) {
  return static_cast<typename A::value_type>(inner_value<A>(x));
}

}  // namespace detail
}  // namespace dualtape
