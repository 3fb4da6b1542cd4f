/// Variables of reverse mode and the expressions between them.
#pragma once

#include <dualtape/forward.hpp>
#include <dualtape/ops/registry.hpp>
#include <dualtape/statements.hpp>

#include <array>
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

  Var() : value_(0) {}
  /// A constant: never recorded.
  template <class S>
    requires detail::is_inner<S, T>
  Var(const S& value) : value_(static_cast<T>(value)) {}
  /// Records the expression as one statement of this thread's active tape.
  template <int N>
  Var(const Term<T, N>& term) : Var(Tape<T>::assign(term)) {}

  const T& value() const { return value_; }
  /// False for constants and whatever is computed of constants alone.
  bool is_recorded() const { return recording_ != 0; }

 private:
  friend class Tape<T>;
  friend struct ActiveTraits<Var<T>>;
  template <class, int>
  friend class Term;
  template <class>
  friend class detail::Caller;
  Var(const T& value, std::uint32_t index, std::uint32_t recording)
      : value_(value), index_(index), recording_(recording) {}

  T value_;
  std::uint32_t index_ = 0;      // 0 for a constant
  std::uint32_t recording_ = 0;  // number of the recording, 0 for a constant
};

/// A right-hand side that is not recorded yet: its value and its partials in N variables, which
/// forward mode has made on the way. Assigning it to a Var records one statement, whatever the
/// length of the formula. It refers to nothing, so `auto y = a * b;` is safe; but each use of such
/// a y counts the variables anew: give it the type Var if it is used more than once.
template <class T, int N>
class Term {
 public:
  using value_type = T;

  Term() : value_(0) { clear(); }
  template <class S>
    requires detail::is_inner<S, T>
  Term(const S& value) : value_(static_cast<T>(value)) {
    clear();
  }
  /// Another expression is recorded, so that it fits. Explicit: so `c ? x : a * b` is a Var.
  explicit Term(const Var<T>& x) { *this = x; }
  template <int M>
  explicit Term(const Term<T, M>& x) : Term(Var<T>(x)) {}

  template <class X>
    requires(std::same_as<X, Var<T>>)
  Term& operator=(const X& x) {
    value_ = x.value_;
    clear();
    partials_[0] = T(1);
    indices_[0] = x.index_;
    recording_ = x.recording_;
    return *this;
  }
  template <int M>
    requires(M != N)
  Term& operator=(const Term<T, M>& x) {
    return *this = Var<T>(x);
  }

  const T& value() const { return value_; }
  bool is_recorded() const { return recording_ != 0; }

 private:
  friend class Tape<T>;
  friend struct ActiveTraits<Var<T>>;
  struct Unset {};
  explicit Term(Unset) {}

  void clear() {
    partials_.fill(T(0));
    indices_.fill(0);
    recording_ = 0;
  }

  T value_;
  std::array<T, N> partials_;
  std::array<std::uint32_t, N> indices_;
  std::uint32_t recording_;
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
  static auto apply(const Xs&... xs) {
    if constexpr (Op::kind == Kind::kSelect) {
      return pick(xs...);
    } else if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(inner(xs)...);
    } else if constexpr (Op::kind == Kind::kLocallyConstant) {
      return Result<Xs...>(T(dualtape::apply<Op>(inner(xs)...)));
    } else {
      return expression<Op>(std::index_sequence_for<Xs...>{}, fit<limit<Xs...>>(xs)...);
    }
  }

  template <class Op, class X>
    requires(Op::parametric)
  static auto apply(int n, const X& x) {
    using R = Result<X>;
    R result(typename R::Unset{});
    result.value_ = dualtape::apply<Op>(n, x.value());
    result.recording_ = x.recording_;
    const T outer = Op::template partial<T>(n, x.value(), result.value_);
    put<0>(result, x, [&] { return outer; });
    return result;
  }

 private:
  template <int Limit, class X>
  static decltype(auto) fit(const X& x) {
    if constexpr (leaves<X> > Limit) {
      return V(x);
    } else {
      return (x);
    }
  }

  template <class X>
  static decltype(auto) inner(const X& x) {
    if constexpr (leaves<X> > 0) {
      return (x.value());
    } else {
      return detail::as_constant<T>(x);
    }
  }

  template <class X>
  static std::uint32_t recording(const X& x) {
    if constexpr (leaves<X> > 0) {
      return x.recording_;
    } else {
      return 0;
    }
  }

  template <class Op, std::size_t... I, class... Xs>
  static auto expression(std::index_sequence<I...>, const Xs&... xs) {
    using R = Result<Xs...>;
    R result(typename R::Unset{});
    result.value_ = dualtape::apply<Op>(inner(xs)...);
    result.recording_ = (recording(xs) | ...);
    constexpr std::array<int, sizeof...(Xs)> kLeaves{leaves<Xs>...};
    (put<detail::sum_of_first(I, kLeaves), Op, static_cast<int>(I)>(
         result, xs, [&] { return partial<Op, static_cast<int>(I)>(xs, result.value_, xs...); }),
     ...);
    return result;
  }

  /// Partial in argument I, which is `x`. Where it may be undefined or dear, it is not evaluated
  /// for a constant.
  template <class Op, int I, class X, class... Xs>
  static T partial(const X& x, const T& y, const Xs&... xs) {
    if constexpr (!std::same_as<Op, ops::Multiply>) {
      if (recording(x) == 0) return T(0);
    }
    if constexpr (leaves<X> == 0) {
      return T(0);
    } else if constexpr (sizeof...(Xs) == 1) {
      return Op::template partial<T>(x.value(), y);
    } else {
      return Op::template partial<I, T>(static_cast<T>(inner(xs))..., y);
    }
  }

  /// The partials of an operation in the variables of its operand x, by the chain rule.
  template <int Offset, class Op = void, int I = 0, class R, class X, class Outer>
  static void put(R& result, const X& x, Outer outer) {
    constexpr auto kAt = static_cast<std::size_t>(Offset);
    constexpr bool kPlus =
        std::same_as<Op, ops::Add> || (std::same_as<Op, ops::Subtract> && I == 0);
    constexpr bool kMinus = std::same_as<Op, ops::Negative> || std::same_as<Op, ops::Subtract>;
    if constexpr (std::same_as<X, V>) {
      result.indices_[kAt] = x.index_;
      result.partials_[kAt] = kPlus ? T(1) : kMinus ? T(-1) : outer();
    } else if constexpr (leaves<X> > 0) {
      for (std::size_t i = 0; i < leaves<X>; ++i) result.indices_[kAt + i] = x.indices_[i];
      if constexpr (kPlus) {
        for (std::size_t i = 0; i < leaves<X>; ++i) result.partials_[kAt + i] = x.partials_[i];
      } else if constexpr (kMinus) {
        for (std::size_t i = 0; i < leaves<X>; ++i) result.partials_[kAt + i] = -x.partials_[i];
      } else {
        // A partial of 0 shuts off what lies behind it, be it infinite, as a sweep would.
        const T slope = outer();
        const bool zero = is_exactly_zero(slope);
        for (std::size_t i = 0; i < leaves<X>; ++i) {
          result.partials_[kAt + i] = zero ? T(0) : T(slope * x.partials_[i]);
        }
      }
    }
  }

  template <class A, class B>
  static auto pick(bool mask, const A& a, const B& b) {
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
