/// What recording a node of dense partials needs to know of variables and tapes.
#pragma once

#include <dualtape/pack.hpp>
#include <dualtape/tape.hpp>

#include <algorithm>

namespace dualtape::detail {

template <class T>
class NodeWriter {
 public:
  using Id = std::uint64_t;

  static Id id(const Var<T>& x) { return x.id_; }
  static std::uint32_t number(Id id) { return static_cast<std::uint32_t>(id); }
  static std::uint32_t recording(Id id) { return static_cast<std::uint32_t>(id >> 32); }
  static Var<T> variable(const T& value, Id id) { return {value, id}; }

  /// Where variables of these recordings, or-ed together, are recorded.
  static Head<T>& head(std::uint32_t recordings) {
    Head<T>& head = *Tape<T>::active_;
    if (recordings != head.recording()) [[unlikely]]
      Assignment<T>::refuse_recording(recordings);
    return head;
  }

  static void reserve(Head<T>& head, std::size_t pairs) {
    if (head.used + pairs > head.capacity) [[unlikely]]
      head.tape->grow(pairs);
  }

  /// Values of variables in a row, as many as a pack holds; past the n-th the last one again.
  DUALTAPE_INLINE static Wide<T> values(const Var<T>* x, std::size_t n) {
    if constexpr (is_flat) {
      if (n >= kSize) [[likely]] {
        const auto* numbers = reinterpret_cast<const Stored*>(x);
        return pick(numbers[0], numbers[1], std::make_index_sequence<kSize>());
      }
    }
    Wide<T> result{};
    for (std::size_t p = 0; p < kSize; ++p) {
      WideOf<T>::set(result, p, x[std::min(p, n - 1)].value());
    }
    return result;
  }

  /// Variables of n values of a pack, numbered from `first` on.
  DUALTAPE_INLINE static void put(Var<T>* y, const Wide<T>& values, Id first, std::size_t n) {
    if constexpr (is_flat) {
      if (n == kSize) [[likely]] {
        put_all(reinterpret_cast<Stored*>(y), values, first, std::make_index_sequence<kSize>());
        return;
      }
    }
    for (std::size_t p = 0; p < n; ++p) y[p] = {WideOf<T>::get(values, p), first + p};
  }
  /// The first n partials of a pack, into memory of a block.
  DUALTAPE_INLINE static void put(T* partials, const Wide<T>& values, std::size_t n) {
    if constexpr (is_flat) {
      if (n == kSize) [[likely]] {
        *reinterpret_cast<Stored*>(partials) = values.vector();
        return;
      }
    }
    for (std::size_t p = 0; p < n; ++p) new (partials + p) T(WideOf<T>::get(values, p));
  }

 private:
  /// A variable is two numbers in memory: its value and, by its bits, its own.
  static constexpr std::size_t kSize = WideOf<T>::size;
  static constexpr bool is_flat = kSize > 1 && is_vectorised<T> && sizeof(T) == sizeof(Id);
  using Stored = typename VectorOf<T, is_flat ? static_cast<int>(kSize) : 1>::Stored;

  template <std::size_t... P>
  DUALTAPE_INLINE static Wide<T> pick(const Stored& low, const Stored& high,
                                      std::index_sequence<P...>) {
    const typename Wide<T>::Vector a = low, b = high;
    return Wide<T>(shuffle<2 * P...>(a, b));
  }
  template <std::size_t... P>
  DUALTAPE_INLINE static void put_all(Stored* y, const Wide<T>& values, Id first,
                                      std::index_sequence<P...>) {
    using Bits = typename VectorOf<T, static_cast<int>(kSize)>::Bits;
    constexpr std::size_t kHalf = kSize / 2;
    const auto ids = std::bit_cast<typename Wide<T>::Vector>(static_cast<std::int64_t>(first) +
                                                             Bits{static_cast<std::int64_t>(P)...});
    y[0] = shuffle<(P % 2 * kSize + P / 2)...>(values.vector(), ids);
    y[1] = shuffle<(P % 2 * kSize + P / 2 + kHalf)...>(values.vector(), ids);
  }
  template <std::size_t... From, class Vector>
  DUALTAPE_INLINE static Vector shuffle(Vector a, Vector b) {
    return __builtin_shufflevector(a, b, static_cast<int>(From)...);
  }
};

/// X is a variable or an expression: the variable's type, else void.
template <class X>
struct VarOf {
  using type = void;
};
template <Taped X>
struct VarOf<X> : TapeVar<X> {};

template <class A, class B>
struct JoinVars : Promote<A, B> {};
template <class A>
struct JoinVars<A, void> {
  using type = A;
};
template <class B>
  requires(!std::is_void_v<B>)
struct JoinVars<void, B> {
  using type = B;
};

/// The type of tape variables that a function of these scalars is recorded with; void if none is
/// one.
template <class... Scalars>
struct CommonVar {
  using type = void;
};
template <class S, class... Rest>
struct CommonVar<S, Rest...>
    : JoinVars<typename VarOf<S>::type, typename CommonVar<Rest...>::type> {};

}  // namespace dualtape::detail
