/// A function at many places as one node of the tape.
#pragma once

#include <dualtape/mapping.hpp>

#include <span>

namespace dualtape {

namespace detail {

template <class F, class Y, class... Cs>
void map_columns(F& f, const Column<Y>& y, const Cs&... columns) {
  const std::size_t n = common_size("map", columns...);
  common_size("map_into", y, columns...);
  check_apart("map_into", y, columns...);
  using V = typename CommonVar<std::remove_const_t<typename Cs::Scalar>...>::type;
  if constexpr (std::is_void_v<V>) {
    for (std::size_t i = 0; i < n; ++i) y[i] = f(columns[i]...);
  } else {
    static_assert(std::same_as<Y, V>, "map_into: wanted results of the columns' scalar type");
    Mapping<typename V::value_type, false, F, Cs...> mapping(f, columns...);
    for (std::size_t i = 0; i < n; i += kChunk) {
      mapping.record(i, std::min(i + kChunk, n), y.data + i);
    }
  }
}

/// The scalar that f of these arguments gives; a variable for an expression of variables.
template <class F, class... Cs>
struct ResultOf {
  using Plain = std::remove_cvref_t<decltype(std::declval<F&>()(std::declval<Cs>()[0]...))>;
  using V = typename CommonVar<std::remove_const_t<typename Cs::Scalar>...>::type;
  using type = std::conditional_t<std::is_void_v<V>, Plain, V>;
};
template <class F, class... Cs>
using result_of_t = typename ResultOf<F, Cs...>::type;

template <class F, class... Cs>
auto map_sum_columns(F& f, const Cs&... columns) {
  const std::size_t n = common_size("map_sum", columns...);
  using Y = result_of_t<F, Cs...>;
  using V = typename CommonVar<std::remove_const_t<typename Cs::Scalar>...>::type;
  Y total(0);
  for (std::size_t i = 0; i < n; i += kChunk) {
    const std::size_t end = std::min(i + kChunk, n);
    Y part(0);
    if constexpr (std::is_void_v<V>) {
      part = sum_of_terms<Y>(end - i, [&](std::size_t k) { return f(columns[i + k]...); });
    } else {
      Mapping<typename V::value_type, true, F, Cs...>(f, columns...).record(i, end, &part);
    }
    total = i == 0 ? part : Y(total + part);
  }
  return total;
}

}  // namespace detail

/// y_i = f(a_i, b_i, ...) at every place of columns a, b, ... of equal length, recorded as one node
/// for a thousand places instead of statements for each: 8 bytes for each partial, and where the
/// variables of a column were made one after the other no list of them. f runs on several places at
/// once, in vector registers.
///
/// A column is a contiguous range (std::vector, std::array, std::span, an Eigen vector) of
/// variables or numbers; a scalar is the same at every place. x.subspan(1) beside x.first(n - 1) is
/// a stencil. f is generic and returns a scalar, which must follow from its arguments and from
/// numbers. Where it branches differently at places that are looked at together, it runs on each
/// alone; where a partial is not finite, and on tapes of variables, its statements are
/// recorded. For scalars that are no tape variables f is called place by place.
template <class F, class... Xs>
auto map(F&& f, const Xs&... columns) {
  return [&f]<class... Cs>(const Cs&... cs) {
    std::vector<detail::result_of_t<F, Cs...>> y(detail::common_size("map", cs...));
    detail::map_columns(f, detail::as_column(y), cs...);
    return y;
  }(detail::as_column(columns)...);
}

/// The same into y, which must have the columns' length and lie apart from them. If f throws, the
/// tape is as after the last thousand places done, and y of the thousand begun is NaN, or
/// unchanged.
template <class Y, class F, class... Xs>
void map_into(Y&& y, F&& f, const Xs&... columns) {
  detail::map_columns(f, detail::as_column(y), detail::as_column(columns)...);
}

/// sum_i f(a_i, b_i, ...), a thousand terms to a node. Numbers are added in the order of the node.
template <class F, class... Xs>
auto map_sum(F&& f, const Xs&... columns) {
  return detail::map_sum_columns(f, detail::as_column(columns)...);
}

}  // namespace dualtape
