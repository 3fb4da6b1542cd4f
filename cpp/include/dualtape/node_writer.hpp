/// What recording a node of dense partials needs to know of variables and tapes.
#pragma once

#include <dualtape/tape.hpp>

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
