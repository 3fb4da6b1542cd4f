/// How a function at many places becomes a node of the tape.
#pragma once

#include <dualtape/columns.hpp>
#include <dualtape/pack.hpp>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

namespace dualtape::detail {

/// Records f of columns, the results one by one or their sum, in variables of tapes of T: at each
/// place it runs on duals with a tangent for each column of variables, over packs of places.
template <class T, bool Sum, class F, class... Cs>
class Mapping {
  using V = Var<T>;
  using Writer = NodeWriter<T>;
  using W = WideOf<T>;
  static constexpr std::size_t kSize = W::size;

  template <class C>
  static constexpr bool is_input = std::same_as<std::remove_const_t<typename C::Scalar>, V>;
  static constexpr std::size_t kInputs = (std::size_t{is_input<Cs>} + ...);
  static constexpr auto kLanes = static_cast<int>(kInputs);
  static_assert(kInputs <= ColumnsNode<T>::kMost);
  /// The lane of each column, and which lanes are of one variable for all places.
  static constexpr auto kLane = [] {
    std::array<int, sizeof...(Cs)> lane{(is_input<Cs> ? 0 : -1)...};
    int next = 0;
    for (int& l : lane) l = l < 0 ? -1 : next++;
    return lane;
  }();
  static constexpr auto kIsOne = [] {
    std::array<bool, kInputs> is_one{};
    const std::array<bool, sizeof...(Cs)> every{Cs::is_one...};
    for (std::size_t c = 0; c < every.size(); ++c) {
      if (kLane[c] >= 0) is_one[static_cast<std::size_t>(kLane[c])] = every[c];
    }
    return is_one;
  }();

  using D = Dual<T, kLanes>;
  using WideD = Dual<Wide<T>, kLanes>;
  using Every = std::index_sequence_for<Cs...>;
  using EveryInput = std::make_index_sequence<kInputs>;

  struct Node {
    std::array<Numbering, kInputs> numberings;
    std::array<std::size_t, kInputs> begins;  // of a column's partials
    std::size_t pairs;
    std::uint64_t first;  // result
  };

  /// Under a sum: the results, and the partials in a variable that is the same at all places.
  struct Totals {
    std::array<Wide<T>, std::max(kSums<T> / kSize, std::size_t{1})> results;
    std::array<Wide<T>, kInputs> partials;
  };

  /// Results of a node that f leaves by an exception have the numbers of variables that are not
  /// recorded, which later ones will get. So they become constants, NaN.
  class Unfinished {
   public:
    Unfinished(V* y, std::size_t n) : y_(y), n_(n) {}
    Unfinished(const Unfinished&) = delete;
    Unfinished& operator=(const Unfinished&) = delete;
    ~Unfinished() { std::fill_n(y_, n_, V(T(std::numeric_limits<base_t<T>>::quiet_NaN()))); }
    void done() { n_ = 0; }

   private:
    V* y_;
    std::size_t n_;
  };

 public:
  Mapping(F& f, const Cs&... columns) : f_(f), columns_(columns...) {}

  /// The results at places `begin` to `end`, a chunk or less, into y; or their sum into y[0].
  void record(std::size_t begin, std::size_t end, V* y) {
    begin_ = begin, end_ = end;
    if constexpr (is_node()) {
      Node node{};
      std::uint32_t recordings = 0;
      number(node, recordings, Every{});
      if (recordings != 0 && append(Writer::head(recordings), node, y)) return;
    }
    if constexpr (Sum) {
      y[0] = V(0);
      for (std::size_t i = begin; i < end; ++i) y[0] = y[0] + statement(i);
    } else {
      for (std::size_t i = begin; i < end; ++i) y[i - begin] = statement(i);
    }
  }

 private:
  template <std::size_t... C>
  V statement(std::size_t i, std::index_sequence<C...>) {
    return f_(std::get<C>(columns_)[i]...);
  }
  V statement(std::size_t i) { return statement(i, Every{}); }

  /// Worth a node: on tapes of variables it would cost more, as with more numbers for a place than
  /// there are registers; and f may be a constant.
  static constexpr bool is_node() {
    constexpr std::size_t kNumbers = numbers_of<T>;
    if constexpr (!is_untaped<T>) return false;
    if constexpr (kNumbers > 1 && kNumbers * (kInputs + 1) > 16) return false;
    return []<std::size_t... C>(std::index_sequence<C...>) {
      return std::same_as<std::remove_cvref_t<decltype(std::declval<F&>()(
                              std::declval<Mapping&>().template scalar<C>(0)...))>,
                          D>;
    }(Every{});
  }

  template <std::size_t... C>
  void number(Node& node, std::uint32_t& recordings, std::index_sequence<C...>) {
    (number<C>(node, recordings), ...);
  }
  template <std::size_t C>
  void number(Node& node, std::uint32_t& recordings) {
    if constexpr (kLane[C] >= 0) {
      constexpr auto kAt = static_cast<std::size_t>(kLane[C]);
      const auto& column = std::get<C>(columns_);
      if constexpr (kIsOne[kAt]) {
        node.numberings[kAt] = Numbering::kOne;
        recordings |= Writer::recording(Writer::id(column.value));
      } else {
        node.numberings[kAt] = numbering(column.data + begin_, end_ - begin_, recordings);
      }
    }
  }

  static constexpr bool is_alone(std::size_t k) { return Sum && kIsOne[k]; }

  void layout(Node& node) const {
    node.pairs = 0;
    for (std::size_t k = 0; k < kInputs; ++k) {
      node.begins[k] = node.pairs;
      node.pairs += is_alone(k) ? 1 : end_ - begin_;
    }
    node.pairs += kInputs + 2;
  }

  /// False if a partial is not finite: then nothing is recorded. The last places of a map are done
  /// twice, where there are as many as a pack holds.
  bool append(Head<T>& head, Node& node, V* y) {
    layout(node);
    Writer::reserve(head, node.pairs);
    node.first = head.next;
    const std::size_t n = end_ - begin_, used = head.used;
    T* const partials = head.partials + used;
    Totals totals{};
    Unfinished results(y, Sum ? 0 : n);
    for (std::size_t i = 0;; i = Sum ? i + kSize : std::min(i + kSize, n - kSize)) {
      packs_diverged() = false;
      WideD group = wide_value(begin_ + i, Every{});
      if (packs_diverged() || !all_finite(group, EveryInput{})) [[unlikely]] {
        group = value_of_scalars(begin_ + i);
        if (!all_finite(group, EveryInput{})) {
          results.done();
          return false;
        }
      }
      if (head.used != used || head.next != node.first) [[unlikely]]
        refuse_recording();
      store(node, totals, partials + i, group, i, y, EveryInput{});
      if (i + kSize >= n) break;
    }
    results.done();
    finish(head, node, totals, y);
    return true;
  }
  [[noreturn, gnu::noinline]] static void refuse_recording() {
    fail<std::logic_error>(
        "map: wanted a function of its arguments and numbers, got one that "
        "records variables it captures");
  }

  // Pack expansions, not loops: so a group stays in registers.
  template <std::size_t... K>
  DUALTAPE_INLINE static bool all_finite(const WideD& y, std::index_sequence<K...>) {
    return (W::finite(y.tangent(static_cast<int>(K))) && ...);
  }

  /// f at kSize places, past the end at the last one again; with a tangent for each column.
  template <std::size_t... C>
  DUALTAPE_INLINE WideD wide_value(std::size_t i, std::index_sequence<C...>) {
    if constexpr (kSize == 1) {
      return value_of_scalars(i);
    } else {
      static_assert(std::same_as<std::remove_cvref_t<decltype(f_(wide<C>(i)...))>, WideD>,
                    "map: wanted a function that returns the scalar type it is called with");
      return f_(wide<C>(i)...);
    }
  }

  [[gnu::noinline]] WideD value_of_scalars(std::size_t begin) {
    WideD group;
    for (std::size_t p = 0; p < kSize && begin + p < end_; ++p) {
      const auto y = called(begin + p, Every{});
      W::set(group.value(), p, y.value());
      for (int k = 0; k < kLanes; ++k) W::set(group.tangent(k), p, y.tangent(k));
    }
    return group;
  }
  template <std::size_t... C>
  D called(std::size_t i, std::index_sequence<C...>) {
    return f_(scalar<C>(i)...);
  }

  template <std::size_t C>
  decltype(auto) scalar(std::size_t i) {
    using S = std::remove_const_t<typename std::tuple_element_t<C, std::tuple<Cs...>>::Scalar>;
    const auto& x = std::get<C>(columns_)[i];
    if constexpr (kLane[C] >= 0) {
      return D::variable(x.value(), kLane[C]);
    } else {
      return S(x);
    }
  }

  /// An argument at kSize places; past the end the last one again.
  template <std::size_t C>
  DUALTAPE_INLINE auto wide(std::size_t i) {
    using Of = std::tuple_element_t<C, std::tuple<Cs...>>;
    const Of& x = std::get<C>(columns_);
    if constexpr (kLane[C] >= 0 && Of::is_one) {
      return WideD::variable(W::all(x.value.value()), kLane[C]);
    } else if constexpr (kLane[C] >= 0) {
      return WideD::variable(Writer::values(x.data + i, end_ - i), kLane[C]);
    } else if constexpr (Of::is_one) {
      return x.value;
    } else {
      using S = std::remove_const_t<typename Of::Scalar>;
      using Number = std::conditional_t<std::is_arithmetic_v<S>, base_t<T>, T>;
      if constexpr (kSize > 1 && is_vectorised<Number> && std::same_as<S, Number>) {
        using Stored = typename VectorOf<Number, static_cast<int>(kSize)>::Stored;
        if (end_ - i >= kSize) return Wide<Number>(reinterpret_cast<const Stored&>(x[i]));
      }
      Wide<Number> result{};
      const std::size_t last = end_ - i - 1;
      for (std::size_t p = 0; p < kSize; ++p) {
        WideOf<Number>::set(result, p, static_cast<Number>(x[i + std::min(p, last)]));
      }
      return result;
    }
  }

  template <std::size_t... K>
  DUALTAPE_INLINE void store(const Node& node, Totals& totals, T* partials, const WideD& group,
                             std::size_t i, V* y, std::index_sequence<K...>) {
    const std::size_t n = std::min(kSize, end_ - begin_ - i);
    if constexpr (Sum) {
      Wide<T>& sum = totals.results[i / kSize % totals.results.size()];
      sum = sum + first_places(group.value(), n);
    } else {
      Writer::put(y + i, group.value(), node.first + i, n);
    }
    (store<K>(node, totals, partials, group.tangent(static_cast<int>(K)), n), ...);
  }
  template <std::size_t K>
  DUALTAPE_INLINE static void store(const Node& node, Totals& totals, T* partials, const Wide<T>& p,
                                    std::size_t n) {
    if constexpr (is_alone(K)) {
      totals.partials[K] = totals.partials[K] + first_places(p, n);
    } else {
      Writer::put(partials + node.begins[K], p, n);
    }
  }
  /// x at the first n places, 0 at the others.
  DUALTAPE_INLINE static Wide<T> first_places(const Wide<T>& x, std::size_t n) {
    return n == kSize ? x : cut(x, n);
  }
  [[gnu::noinline]] static Wide<T> cut(Wide<T> x, std::size_t n) {
    for (std::size_t p = n; p < kSize; ++p) W::set(x, p, T(0));
    return x;
  }

  void finish(Head<T>& head, const Node& node, Totals totals, V* y) {
    const std::size_t pairs = node.pairs;
    T* partials = head.partials + head.used;
    std::uint32_t* words = head.words + head.used;
    const std::size_t n = end_ - begin_;
    for (std::size_t k = 0; k < kInputs; ++k) {
      if (is_alone(k)) new (partials + node.begins[k]) T(sum_of_places(totals.partials[k]));
    }
    put_words(node, words, words + pairs - 3, Every{});
    for (std::size_t i = pairs - kInputs - 2; i < pairs; ++i) new (partials + i) T(0);
    words[pairs - 2] = static_cast<std::uint32_t>(n);
    words[pairs - 1] = ColumnsNode<T>::tag(kInputs, Sum);
    head.used += pairs;
    head.next += Sum ? 1 : n;
    if constexpr (Sum) {
      std::array<T, std::tuple_size_v<decltype(totals.results)> * kSize> sums;
      for (std::size_t i = 0; i < sums.size(); ++i)
        sums[i] = W::get(totals.results[i / kSize], i % kSize);
      y[0] = Writer::variable(sum_in_pairs(sums), node.first);
    }
  }
  static T sum_of_places(const Wide<T>& x) {
    std::array<T, kSize> places;
    for (std::size_t p = 0; p < kSize; ++p) places[p] = W::get(x, p);
    return sum_in_pairs(places);
  }

  template <std::size_t... C>
  void put_words(const Node& node, std::uint32_t* words, std::uint32_t* heads,
                 std::index_sequence<C...>) {
    (put_words<C>(node, words, heads), ...);
  }
  template <std::size_t C>
  void put_words(const Node& node, std::uint32_t* words, std::uint32_t* heads) {
    if constexpr (kLane[C] >= 0) {
      constexpr auto kAt = static_cast<std::size_t>(kLane[C]);
      const auto& column = std::get<C>(columns_);
      const Numbering numbering = node.numberings[kAt];
      heads[-kLane[C]] = Writer::number(Writer::id(column[begin_])) |
                         static_cast<std::uint32_t>(numbering) << kIndexBits;
      if (numbering != Numbering::kList) return;
      for (std::size_t i = 0; i < end_ - begin_; ++i) {
        words[node.begins[kAt] + i] = Writer::number(Writer::id(column[begin_ + i]));
      }
    }
  }

  F& f_;
  std::tuple<Cs...> columns_;
  std::size_t begin_ = 0, end_ = 0;  // of the chunk
};

}  // namespace dualtape::detail
