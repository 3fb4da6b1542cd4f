/// Variables of reverse mode and the expressions between them.
#pragma once

#include <dualtape/forward.hpp>
#include <dualtape/ops/registry.hpp>
#include <dualtape/statements.hpp>

#include <array>
#include <bit>
#include <cstdint>
#include <ostream>
#include <utility>

namespace dualtape {

/// A value recorded on a tape, or a constant. It knows the recording it belongs to, so that a
/// variable of another tape, or of one reset since, is an error and not a wrong derivative.
template <class T>
class Var {
  static_assert(Scalar<T>, "Var: wanted a floating point, complex or active T");

 public:
  using value_type = T;

  DUALTAPE_INLINE Var() : value_(0) {}
  /// A constant: never recorded.
  template <class S>
    requires detail::is_inner<S, T>
  DUALTAPE_INLINE Var(const S& value) : value_(static_cast<T>(value)) {}
  /// Records the expression as one statement of this thread's active tape.
  template <int N>
  DUALTAPE_INLINE Var(const Term<T, N>& term)
      : Var(detail::Assignment<T>::assign(*Tape<T>::active_, term)) {}

  DUALTAPE_INLINE const T& value() const { return value_; }
  /// False for constants and whatever is computed of constants alone.
  bool is_recorded() const { return id_ != 0; }

 private:
  friend class Tape<T>;
  friend struct ActiveTraits<Var<T>>;
  template <class, int>
  friend class Term;
  template <class>
  friend class detail::Caller;
  template <class>
  friend class detail::Assignment;
  template <class>
  friend class detail::NodeWriter;
  DUALTAPE_INLINE Var(const T& value, std::uint64_t id) : value_(value), id_(id) {}

  T value_;
  std::uint64_t id_ = 0;  // number of the recording, above that of the variable; 0 for a constant
};

/// A right-hand side that is not recorded yet: its value and its partials in N variables, which
/// forward mode has made on the way. Assigning it to a Var records one statement, whatever the
/// length of the formula. It refers to nothing, so `auto y = a * b;` is safe; but each use of such
/// a y counts the variables anew: give it the type Var if it is used more than once.
template <class T, int N>
class Term {
 public:
  using value_type = T;

  DUALTAPE_INLINE Term() : value_(0), partials_{}, ids_{} {}
  template <class S>
    requires detail::is_inner<S, T>
  DUALTAPE_INLINE Term(const S& value) : value_(static_cast<T>(value)), partials_{}, ids_{} {}
  /// Another expression is recorded, so that it fits. Explicit: so `c ? x : a * b` is a Var.
  DUALTAPE_INLINE explicit Term(const Var<T>& x) : value_(x.value_), partials_{T(1)}, ids_{x.id_} {}
  template <int M>
  DUALTAPE_INLINE explicit Term(const Term<T, M>& x) : Term(Var<T>(x)) {}

  template <class X>
    requires(std::same_as<X, Var<T>>)
  DUALTAPE_INLINE Term& operator=(const X& x) {
    return *this = Term(x);
  }
  template <int M>
    requires(M != N)
  DUALTAPE_INLINE Term& operator=(const Term<T, M>& x) {
    return *this = Var<T>(x);
  }

  DUALTAPE_INLINE const T& value() const { return value_; }
  DUALTAPE_INLINE bool is_recorded() const { return any_id(std::make_index_sequence<N>()) != 0; }

 private:
  template <class>
  friend class detail::Assignment;
  friend struct ActiveTraits<Var<T>>;
  struct Unset {};
  DUALTAPE_INLINE explicit Term(Unset) {}

  template <std::size_t... I>
  DUALTAPE_INLINE std::uint64_t any_id(std::index_sequence<I...>) const {
    return (ids_[I] | ...);
  }

  T value_;
  std::array<T, N> partials_;
  std::array<std::uint64_t, N> ids_;
};

namespace detail {

/// Variables of tapes of V in an X.
template <class V, class X>
struct Leaves : std::integral_constant<int, 0> {};
template <class V>
struct Leaves<V, V> : std::integral_constant<int, 1> {};
template <class T, int N>
struct Leaves<Var<T>, Term<T, N>> : std::integral_constant<int, N> {};

/// Numbers of variables of the operands of an operation -> the most that one may have, for their
/// sum to fit a statement when those with more are recorded first.
constexpr int widest_operand(std::initializer_list<int> leaves) {
  int sum = 0, widest = 1, wide = 0;
  for (const int n : leaves) sum += n, widest = std::max(widest, n);
  for (const int n : leaves) wide += n == widest;
  if (sum <= kMaxLeaves) return kMaxLeaves;
  return sum - wide * (widest - 1) <= kMaxLeaves ? widest - 1 : 1;
}

/// Variables of an operation's result.
template <class V, class... Xs>
inline constexpr int kTermSize =
    ((Leaves<V, Xs>::value > widest_operand({Leaves<V, Xs>::value...}) ? 1 : Leaves<V, Xs>::value) +
     ... + 0);

template <std::size_t N>
constexpr int sum_of_first(std::size_t count, const std::array<int, N>& numbers) {
  int sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += numbers[i];
  return sum;
}

}  // namespace detail

template <class T, int N>
struct detail::Promote<Var<T>, Term<T, N>> {
  using type = Var<T>;
};
template <class T, int N>
struct detail::Promote<Term<T, N>, Var<T>> {
  using type = Var<T>;
};
template <class T, int N, int M>
  requires(N != M)
struct detail::Promote<Term<T, N>, Term<T, M>> {
  using type = Var<T>;
};

template <class T>
struct ActiveTraits<Var<T>> {
  static_assert(std::same_as<mask_t<T>, bool>, "Var: wanted a T whose comparisons are bool");

  using V = Var<T>;
  template <class X>
  static constexpr int leaves = detail::Leaves<V, X>::value;
  template <class... Xs>
  static constexpr int limit = detail::widest_operand({leaves<Xs>...});

  static constexpr bool is_active = true;
  static constexpr bool accepts_constants = true;
  template <class S>
  static constexpr bool is_constant = detail::is_inner<S, T>;
  using mask_type = bool;
  template <class... Xs>
  using Result = Term<T, detail::kTermSize<V, Xs...>>;

  template <class Op, class... Xs>
  DUALTAPE_INLINE static auto apply(const Xs&... xs) {
    if constexpr (Op::kind == Kind::kSelect) {
      return pick(xs...);
    } else if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(inner(xs)...);
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return Result<Xs...>(T(dualtape::apply<Op>(inner(xs)...)));
    } else {
      return expression<Op>(std::index_sequence_for<Xs...>{}, 0, fit<limit<Xs...>>(xs)...);
    }
  }

  template <class Op, class... Xs>
    requires(Op::parametric)
  DUALTAPE_INLINE static auto apply(int n, const Xs&... xs) {
    return expression<Op>(std::index_sequence_for<Xs...>{}, n, fit<limit<Xs...>>(xs)...);
  }

 private:
  template <int Limit, class X>
  DUALTAPE_INLINE static decltype(auto) fit(const X& x) {
    if constexpr (leaves<X> > Limit) {
      return V(x);
    } else {
      return (x);
    }
  }

  template <class X>
  DUALTAPE_INLINE static decltype(auto) inner(const X& x) {
    if constexpr (leaves<X> > 0) {
      return (x.value());
    } else {
      return detail::as_constant<T>(x);
    }
  }

  template <class Op, std::size_t... I, class... Xs>
  DUALTAPE_INLINE static auto expression(std::index_sequence<I...>, [[maybe_unused]] int n,
                                         const Xs&... xs) {
    using R = Result<Xs...>;
    R result(typename R::Unset{});
    if constexpr (is_parametric<Op>) {
      result.value_ = dualtape::apply<Op>(n, inner(xs)...);
    } else {
      result.value_ = dualtape::apply<Op>(inner(xs)...);
    }
    constexpr std::array<int, sizeof...(Xs)> kLeaves{leaves<Xs>...};
    (put_operand<detail::sum_of_first(I, kLeaves), Op, static_cast<int>(I)>(result, n, xs, xs...),
     ...);
    return result;
  }

  /// The partials of an operation in the variables of its operand I, which is `x`.
  template <int Offset, class Op, int I, class R, class X, class... Xs>
  DUALTAPE_INLINE static void put_operand(R& result, [[maybe_unused]] int n, const X& x,
                                          const Xs&... xs) {
    if constexpr (leaves<X> == 0) {
    } else if constexpr (std::same_as<Op, ops::Add> ||
                         (std::same_as<Op, ops::Subtract> && I == 0)) {
      put<Offset>(result, x, Plus{});
    } else if constexpr (std::same_as<Op, ops::Negative> || std::same_as<Op, ops::Subtract>) {
      put<Offset>(result, x, Minus{});
    } else {
      put<Offset>(result, x, partial<Op, I>(n, x, result.value_, xs...));
    }
  }

  /// Operations whose partials are cheap to find, and never change a tape below.
  template <class Op>
  static constexpr bool is_cheap =
      std::same_as<Op, ops::Multiply> ||
      (BaseNumber<T> && (Op::arity == 1 || std::same_as<Op, ops::Divide>));

  /// Where it may be dear, it is not evaluated for a constant.
  template <class Op, int I, class X, class... Xs>
  DUALTAPE_INLINE static T partial([[maybe_unused]] int n, const X& x, const T& y,
                                   const Xs&... xs) {
    if constexpr (!is_cheap<Op>) {
      if (!x.is_recorded()) return T(0);
    }
    if constexpr (is_parametric<Op> && sizeof...(Xs) == 1) {
      return Op::template partial<T>(n, x.value(), y);
    } else if constexpr (is_parametric<Op>) {
      return Op::template partial<I, T>(n, static_cast<T>(inner(xs))..., y);
    } else if constexpr (sizeof...(Xs) == 1) {
      return Op::template partial<T>(x.value(), y);
    } else {
      return Op::template partial<I, T>(static_cast<T>(inner(xs))..., y);
    }
  }

  struct Plus {};
  struct Minus {};

  /// An operand with partial `slope`, by the chain rule. Pack expansions, not loops: the arrays
  /// live in registers at any level of optimisation.
  template <int Offset, class R, class X, class Slope>
  DUALTAPE_INLINE static void put(R& result, const X& x, const Slope& slope) {
    constexpr auto kAt = static_cast<std::size_t>(Offset);
    if constexpr (std::same_as<X, V>) {
      result.ids_[kAt] = x.id_;
      if constexpr (std::same_as<Slope, T>) {
        result.partials_[kAt] = slope;
      } else {
        result.partials_[kAt] = T(std::same_as<Slope, Plus> ? 1 : -1);
      }
    } else {
      put_term<kAt>(result, x, slope, std::make_index_sequence<leaves<X>>());
    }
  }

  DUALTAPE_INLINE static bool vanishes(const T& slope) {
    if constexpr (std::same_as<T, double>) {
      return std::bit_cast<std::uint64_t>(slope) << 1 == 0;
    } else {
      return is_exactly_zero(slope);
    }
  }

  template <std::size_t At, class R, class X, class Slope, std::size_t... I>
  DUALTAPE_INLINE static void put_term(R& result, const X& x, const Slope& slope,
                                       std::index_sequence<I...>) {
    ((result.ids_[At + I] = x.ids_[I]), ...);
    if constexpr (std::same_as<Slope, Plus>) {
      ((result.partials_[At + I] = x.partials_[I]), ...);
    } else if constexpr (std::same_as<Slope, Minus>) {
      ((result.partials_[At + I] = -x.partials_[I]), ...);
    } else {
      // A partial of 0 shuts off what lies behind it, be it infinite, as a sweep would.
      if (vanishes(slope)) [[unlikely]] {
        ((result.partials_[At + I] = T(0)), ...);
      } else {
        ((result.partials_[At + I] = slope * x.partials_[I]), ...);
      }
    }
  }

  template <class A, class B>
  DUALTAPE_INLINE static auto pick(bool mask, const A& a, const B& b) {
    if constexpr (std::same_as<A, B>) {
      return mask ? a : b;
    } else {
      return mask ? V(a) : V(b);
    }
  }
};

template <class T, int N>
struct ActiveTraits<Term<T, N>> : ActiveTraits<Var<T>> {};

/// Rules and generic code select between expressions of several lengths.
template <class A, class B>
  requires(!std::same_as<A, B> &&
           (detail::is_expression<A, promote_t<A, B>> || detail::is_expression<B, promote_t<A, B>>))
promote_t<A, B> select(bool mask, const A& a, const B& b) {
  return mask ? promote_t<A, B>(a) : promote_t<A, B>(b);
}

template <class T>
std::ostream& operator<<(std::ostream& out, const Var<T>& x) {
  return out << x.value();
}
template <class T, int N>
std::ostream& operator<<(std::ostream& out, const Term<T, N>& x) {
  return out << x.value();
}

}  // namespace dualtape
