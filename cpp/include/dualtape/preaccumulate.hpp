/// A part of a model as one node of the tape: its Jacobian is made in forward mode and recorded in
/// place of its statements.
#pragma once

#include <dualtape/drivers.hpp>
#include <dualtape/node_writer.hpp>

#include <utility>

namespace dualtape {

namespace detail {

/// The scalar of an argument: X itself, or of a std::array or an Eigen matrix its entries'.
template <class X>
struct EntryOf {
  using type = X;
};
template <class T, std::size_t N>
struct EntryOf<std::array<T, N>> {
  using type = T;
};
template <class X>
  requires std::derived_from<X, Eigen::DenseBase<X>>
struct EntryOf<X> {
  using type = typename X::Scalar;
};

/// Records f as one node, in variables of tapes of T.
template <class T>
class Preaccumulation {
  using V = Var<T>;
  using Writer = NodeWriter<T>;

  template <class X>
  static constexpr bool is_input = std::same_as<typename VarOf<typename EntryOf<X>::type>::type, V>;
  template <class X>
  static constexpr int size = [] {
    if constexpr (is_input<X>) return Of<X>::kSize;
    return 0;
  }();

 public:
  template <class F, class... Xs>
  static auto record(F& f, const Xs&... xs) {
    static_assert(((size<Xs> != Eigen::Dynamic) && ...),
                  "preaccumulate: wanted scalars, std::arrays and Eigen matrices of fixed sizes");
    if constexpr (BaseNumber<T>) {
      return record(f, std::index_sequence_for<Xs...>(), xs...);
    } else {
      return statements(f, xs...);
    }
  }

 private:
  template <std::size_t N>
  struct Inputs {
    std::array<typename Writer::Id, N> ids;
    std::uint32_t recordings = 0;
    bool constants = false;
  };

  template <class F, std::size_t... A, class... Xs>
  DUALTAPE_INLINE static auto record(F& f, std::index_sequence<A...>, const Xs&... xs) {
    constexpr std::array<int, sizeof...(Xs)> kSizes{size<Xs>...};
    constexpr std::size_t kN = static_cast<std::size_t>((size<Xs> + ...));
    static_assert(kN <= LocalNode<T>::kMost);
    using D = Dual<T, static_cast<int>(kN)>;
    Inputs<kN> inputs;
    using Y = Plain<decltype(f(lift<sum_of_first(A, kSizes)>(inputs, xs)...))>;
    static_assert(std::same_as<typename Of<Y>::Scalar, D> || BaseNumber<typename Of<Y>::Scalar>,
                  "preaccumulate: wanted a function whose results follow from its arguments alone");
    const Y y = f(lift<sum_of_first(A, kSizes)>(inputs, xs)...);
    if constexpr (!std::same_as<typename Of<Y>::Scalar, D>) {
      return transformed<V>(y, [](const auto& value, int) { return V(value); });
    } else {
      // An infinite slope beside a tangent of 0 is NaN in forward mode, statements tell them apart.
      if (!all_finite<kN>(y)) [[unlikely]]
        return statements(f, xs...);
      return append(inputs, y);
    }
  }

  template <int Offset, std::size_t N, class X>
  DUALTAPE_INLINE static decltype(auto) lift(Inputs<N>& inputs, const X& x) {
    if constexpr (is_input<X>) {
      return transformed<Dual<T, static_cast<int>(N)>>(x, [&](const V& v, int i) {
        const typename Writer::Id id = Writer::id(v);
        inputs.ids[static_cast<std::size_t>(Offset + i)] = id;
        inputs.recordings |= Writer::recording(id);
        inputs.constants |= id == 0;
        return Dual<T, static_cast<int>(N)>::variable(v.value(), Offset + i);
      });
    } else {
      return (x);
    }
  }

  template <class F, class... Xs>
  [[gnu::noinline]] static auto statements(F& f, const Xs&... xs) {
    return Rebound<decltype(f(as_variables(xs)...)), V>(f(as_variables(xs)...));
  }
  template <class X>
  static decltype(auto) as_variables(const X& x) {
    if constexpr (is_input<X>) {
      return Rebound<X, V>(x);
    } else {
      return (x);
    }
  }

  template <std::size_t N, class Y>
  static bool all_finite(const Y& y) {
    bool all = true;
    for (int j = 0; j < Of<Y>::size(y); ++j) {
      for (std::size_t i = 0; i < N; ++i) all &= is_finite(partial(y, j, i));
    }
    return all;
  }
  template <class Y>
  DUALTAPE_INLINE static const T& partial(const Y& y, int j, std::size_t i) {
    return Of<Y>::at(y, j).tangent(static_cast<int>(i));
  }

  template <std::size_t N, class Y>
  static auto append(const Inputs<N>& inputs, const Y& y) {
    const auto outputs = static_cast<std::size_t>(Of<Y>::size(y));
    if (outputs > LocalNode<T>::kMost) [[unlikely]]
      refuse_results(outputs);
    if (inputs.recordings == 0 || outputs == 0) [[unlikely]]
      return transformed<V>(y, [](const auto& d, int) { return V(d.value()); });
    Head<T>& head = Writer::head(inputs.recordings);
    const std::size_t pairs = LocalNode<T>::pairs(outputs, N);
    Writer::reserve(head, pairs);
    T* partials = head.partials + head.used;
    for (int j = 0; j < Of<Y>::size(y); ++j) {
      for (std::size_t i = 0; i < N; ++i) new (partials++) T(partial(y, j, i));
    }
    if (outputs * N < pairs) new (partials) T(0);
    if (inputs.constants) drop_constants(head.partials + head.used, outputs, inputs);
    std::uint32_t* words = head.words + head.used;
    for (std::size_t i = 0; i < N; ++i) words[i] = Writer::number(inputs.ids[i]);
    head.used += pairs;
    head.words[head.used - 1] = LocalNode<T>::tag(outputs, N);
    const typename Writer::Id first = head.next;
    head.next += outputs;
    return transformed<V>(y, [first](const auto& d, int j) {
      return Writer::variable(d.value(), first + static_cast<unsigned>(j));
    });
  }

  [[noreturn, gnu::noinline]] static void refuse_results(std::size_t outputs) {
    fail<std::length_error>("preaccumulate: wanted at most " + std::to_string(LocalNode<T>::kMost) +
                            " results, got " + std::to_string(outputs));
  }

  template <std::size_t N>
  [[gnu::noinline]] static void drop_constants(T* partials, std::size_t outputs,
                                               const Inputs<N>& inputs) {
    for (std::size_t k = 0; k < outputs * N; ++k) {
      if (inputs.ids[k % N] == 0) partials[k] = T(0);
    }
  }
};

}  // namespace detail

/// f(x...), recorded on a tape as one node instead of a statement for each assignment in it: its
/// Jacobian is made at once, by duals with one tangent for each input, and the tape keeps 8 bytes
/// for each entry of it. Worth it where f has few inputs and results and much in between: the tape
/// shrinks, and the sweep takes one multiplication for each entry.
///
/// x are scalars, std::arrays or Eigen matrices of fixed size, of variables or numbers. f is
/// generic and returns one of these; its results must follow from its arguments and from numbers,
/// not from variables that it captures. For scalars that are no tape variables f is just called, so
/// models that use it keep working for every scalar type. Where a partial is not finite, and on
/// tapes of duals or of variables, where it would cost more, f's statements are recorded after all.
/// Source: Griewank, Walther (2008), Evaluating Derivatives, section 10.2, preaccumulation.
template <class F, class... Xs>
auto preaccumulate(F&& f, const Xs&... xs) {
  using V = typename detail::CommonVar<typename detail::EntryOf<Xs>::type...>::type;
  if constexpr (std::is_void_v<V>) {
    return f(xs...);
  } else {
    return detail::Preaccumulation<typename V::value_type>::record(f, xs...);
  }
}

}  // namespace dualtape
