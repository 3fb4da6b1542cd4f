/// Sums, products and the like of many variables as one node of the tape. For scalars that are no
/// tape variables they just compute.
#pragma once

#include <dualtape/map.hpp>

#include <vector>

namespace dualtape {

namespace detail {

/// Records y as a function of n entries in each of K columns: write(p) puts the partial in entry i
/// of column k into p[k n + i] and returns y.
template <class T, std::size_t K, class Write>
Var<T> record_reduction(const std::array<const Var<T>*, K>& columns, std::size_t n, Write write) {
  using Writer = NodeWriter<T>;
  std::array<Numbering, K> numberings{};
  std::uint32_t recordings = 0;
  if (n > 0) {
    for (std::size_t k = 0; k < K; ++k) numberings[k] = numbering(columns[k], n, recordings);
  }
  if (recordings == 0) {
    std::vector<T> partials(K * n);
    return write(partials.data());
  }
  Head<T>& head = Writer::head(recordings);
  const std::size_t pairs = K * n + K + 2;
  Writer::reserve(head, pairs);
  T* partials = head.partials + head.used;
  std::uint32_t* words = head.words + head.used;
  const T y = write(partials);
  for (std::size_t i = K * n; i < pairs; ++i) new (partials + i) T(0);
  for (std::size_t k = 0; k < K; ++k) {
    words[pairs - 3 - k] = Writer::number(Writer::id(columns[k][0])) |
                           static_cast<std::uint32_t>(numberings[k]) << kIndexBits;
    if (numberings[k] != Numbering::kList) continue;
    for (std::size_t i = 0; i < n; ++i) {
      words[k * n + i] = Writer::number(Writer::id(columns[k][i]));
    }
  }
  words[pairs - 2] = static_cast<std::uint32_t>(n);
  words[pairs - 1] = ColumnsNode<T>::tag(K, true);
  head.used += pairs;
  return Writer::variable(y, head.next++);
}

template <class X>
using ColumnOf = decltype(as_column(std::declval<const X&>()));
template <class C>
using EntryVar = typename VarOf<std::remove_const_t<typename C::Scalar>>::type;

/// Partials of x_0 x_1 ... x_{n-1}: the product of those before and of those after, from both ends
/// at a time, so that neither waits for the other. Nothing is divided: zeros need no care.
template <class T>
T write_product(const Var<T>* x, std::size_t n, T* p) {
  T before(1), after(1);
  for (std::size_t i = 0; i < n / 2; ++i) {
    const std::size_t j = n - 1 - i;
    new (p + i) T(before);
    new (p + j) T(after);
    before = T(before * x[i].value());
    after = T(after * x[j].value());
  }
  if (n % 2 == 1) {
    new (p + n / 2) T(before * after);
    before = T(before * x[n / 2].value());
    after = T(after * x[n / 2].value());
  }
  for (std::size_t i = (n + 1) / 2; i < n; ++i) {
    const std::size_t j = n - 1 - i;
    p[i] = T(p[i] * before);
    p[j] = T(p[j] * after);
    before = T(before * x[i].value());
    after = T(after * x[j].value());
  }
  return before;
}

/// The largest number, by which exponentials are divided; 0 if that is infinite.
template <class C>
auto shift_of(const C& x) {
  using Number = base_t<std::remove_const_t<typename C::Scalar>>;
  Number largest = -std::numeric_limits<Number>::infinity();
  for (std::size_t i = 0; i < x.size; ++i) largest = std::max(largest, Number(base_value(x[i])));
  return is_finite(largest) ? largest : Number(0);
}

}  // namespace detail

/// Sum of a contiguous range, by several sums that are added in the end.
template <class X>
auto sum(const X& x) {
  return map_sum([](const auto& entry) { return entry; }, x);
}

/// Product of a contiguous range; with zeros in it too its derivative is exact.
template <class X>
auto prod(const X& x) {
  const auto column = detail::as_column(x);
  using S = std::remove_const_t<typename decltype(column)::Scalar>;
  if constexpr (detail::Taped<S>) {
    using T = typename S::value_type;
    return detail::record_reduction<T, 1>({column.data}, column.size, [&](T* p) {
      return detail::write_product(column.data, column.size, p);
    });
  } else {
    S product(1);
    for (std::size_t i = 0; i < column.size; ++i) product = S(product * column[i]);
    return product;
  }
}

/// sum_i a_i b_i of contiguous ranges of equal length, of variables or numbers.
template <class A, class B>
auto dot(const A& a, const B& b) {
  const auto x = detail::as_column(a);
  const auto y = detail::as_column(b);
  const std::size_t n = detail::common_size("dot", x, y);
  using X = std::remove_const_t<typename decltype(x)::Scalar>;
  using Y = std::remove_const_t<typename decltype(y)::Scalar>;
  if constexpr (std::same_as<X, Y> && detail::Taped<X>) {
    using T = typename X::value_type;
    return detail::record_reduction<T, 2>({x.data, y.data}, n, [&](T* p) {
      for (std::size_t i = 0; i < n; ++i) new (p + i) T(y[i].value());
      for (std::size_t i = 0; i < n; ++i) new (p + n + i) T(x[i].value());
      return detail::sum_of_terms<T>(n, [&](std::size_t i) { return p[i] * p[n + i]; });
    });
  } else {
    return map_sum([](const auto& u, const auto& v) { return u * v; }, a, b);
  }
}

/// log sum_i exp(x_i) of a contiguous range, without overflow.
template <class X>
auto logsumexp(const X& x) {
  const auto column = detail::as_column(x);
  using S = std::remove_const_t<typename decltype(column)::Scalar>;
  const auto shift = detail::shift_of(column);
  using std::exp, std::log;
  if constexpr (detail::Taped<S>) {
    using T = typename S::value_type;
    return detail::record_reduction<T, 1>({column.data}, column.size, [&](T* p) {
      for (std::size_t i = 0; i < column.size; ++i) new (p + i) T(exp(column[i].value() - shift));
      const T total = detail::sum_of_terms<T>(column.size, [&](std::size_t i) { return p[i]; });
      for (std::size_t i = 0; i < column.size; ++i) p[i] = T(p[i] / total);
      return T(log(total) + shift);
    });
  } else {
    const S total = detail::sum_of_terms<S>(
        column.size, [&](std::size_t i) { return S(exp(column[i] - shift)); });
    return S(log(total) + shift);
  }
}

}  // namespace dualtape
