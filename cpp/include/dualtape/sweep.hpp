/// The inner loops of a tape: statements played backward and forward, W lanes side by side.
#pragma once

#include <dualtape/nodes.hpp>

#include <array>
#include <memory>
#include <vector>

namespace dualtape::detail {

/// An external function on the tape: its outputs are `outputs` variables in a row.
template <class T>
struct External {
  External() = default;
  External(const External&) = delete;
  External& operator=(const External&) = delete;
  virtual ~External() = default;
  /// Lanes of variable v lie at lanes[v * width], `width` of them; `first` is the first output.
  virtual void pullback(T* lanes, std::uint32_t first, int width) const = 0;
  virtual void pushforward(T* lanes, std::uint32_t first, int width) const = 0;

  std::uint32_t outputs = 0;
};

template <class T>
using Externals = std::vector<std::unique_ptr<External<T>>>;

/// Lanes side by side in memory: up to 8, which fill a cache line; of a nested T one at a time.
template <class T>
inline constexpr int kLaneBlock = BaseNumber<T> ? 8 : 1;

template <class T, int W>
class Sweep {
 public:
  /// Statements `from` to `block.used` backward. `variable` is one past the last one's number. A
  /// cotangent of exactly 0 is skipped: whatever lies behind it, be it inf or NaN, adds nothing.
  static void backward(const Block<T>& block, std::size_t from, std::uint32_t& variable, T* lanes,
                       const std::vector<Range>& inputs, const Externals<T>& externals) {
    const Pairs pairs{block.partials, block.words};
    std::size_t k = block.used, y = variable;
    while (k != from) {
      // Each case subtracts a number the compiler knows: the next word's address does not wait for
      // this one's bits.
      switch (pairs.words[k - 1] >> kIndexBits) {
        case 0: pull<1>(pairs, k, y, from, lanes); break;
        case 1: pull<2>(pairs, k, y, from, lanes); break;
        case 2: pull<3>(pairs, k, y, from, lanes); break;
        case 3: pull<4>(pairs, k, y, from, lanes); break;
        case 4: pull<5>(pairs, k, y, from, lanes); break;
        case 5: pull<6>(pairs, k, y, from, lanes); break;
        case 6: pull<7>(pairs, k, y, from, lanes); break;
        case kExternal: {
          const Place before = pull_other(block, {k, y}, lanes, inputs, externals);
          k = before.pair, y = before.variable;
        }
      }
    }
    variable = static_cast<std::uint32_t>(y);
  }

  /// All statements of a block forward; `reached` marks the variables that depend on an input with
  /// a tangent: what does not adds nothing, even where its slope is infinite. Statements can only
  /// be told apart from behind, so their ends are looked up first.
  static void forward(const Block<T>& block, std::uint32_t& variable, T* lanes,
                      const std::vector<Range>& inputs, const Externals<T>& externals,
                      std::vector<unsigned char>& reached) {
    std::vector<std::size_t> ends;
    for (std::size_t k = block.used; k > 0;) {
      ends.push_back(k);
      k -= pairs_before(block, k);
    }
    std::size_t begin = 0;
    for (std::size_t s = ends.size(); s-- > 0;) {
      const std::size_t end = ends[s];
      const std::uint32_t last = block.words[end - 1];
      if (last >> kIndexBits == kExternal) {
        const std::uint32_t place = last & kIndexMask;
        std::uint32_t after = variable;
        if (place & kInputs) {
          after = inputs[place & ~kInputs].end;
        } else if (place & (kLocal | kColumns)) {
          with_node(block, end, [&](const auto& node) {
            node.template push<W>(lanes, variable, reached);
            variable = after += static_cast<std::uint32_t>(node.outputs());
          });
        } else {
          after += externals[place]->outputs;
          externals[place]->pushforward(lanes, variable, W);
        }
        while (variable < after) mark(variable++, lanes, reached);
      } else {
        push(block, begin, end, variable++, lanes, reached);
      }
      begin = end;
    }
  }

 private:
  struct Pairs {
    const T* partials;
    const std::uint32_t* words;
  };

  /// Pairs of what ends before pair k.
  static std::size_t pairs_before(const Block<T>& block, std::size_t k) {
    const std::uint32_t last = block.words[k - 1], kind = last >> kIndexBits;
    if (kind != kExternal) return kind + 1;
    if (last & kInputs || !(last & (kLocal | kColumns))) return 1;
    return with_node(block, k, [](const auto& node) { return node.pairs(); });
  }

  /// What is no statement, backward. By value: what has an address stays in no register.
  struct Place {
    std::size_t pair, variable;
  };
  [[gnu::noinline]] static Place pull_other(const Block<T>& block, Place end, T* lanes,
                                            const std::vector<Range>& inputs,
                                            const Externals<T>& externals) {
    const std::uint32_t word = block.words[end.pair - 1] & kIndexMask;
    if (word & kInputs) return {end.pair - 1, inputs[word & ~kInputs].begin};
    if constexpr (BaseNumber<T>) {
      if (word & kLocal) return pull_node<LocalNode<T>>(block, end, lanes);
    }
    if (word & kColumns) return pull_node<ColumnsNode<T>>(block, end, lanes);
    const std::size_t first = end.variable - externals[word]->outputs;
    externals[word]->pullback(lanes, static_cast<std::uint32_t>(first), W);
    return {end.pair - 1, first};
  }

  template <class Node>
  [[gnu::noinline]] static Place pull_node(const Block<T>& block, Place end, T* lanes) {
    const Node node(block, end.pair);
    const std::size_t first = end.variable - node.outputs();
    node.template pull<W>(lanes, first);
    return {end.pair - node.pairs(), first};
  }

  /// The statement of N pairs before pair k, that of variable y - 1.
  template <std::size_t N>
  DUALTAPE_INLINE static void pull(Pairs pairs, std::size_t& k, std::size_t& y, std::size_t from,
                                   T* lanes) {
    k -= N, --y;
    const T* own = lanes + y * W;
    if constexpr (W == 1) {
      const T y_bar = *own;
      if (is_exactly_zero(y_bar)) return;
      if constexpr (BaseNumber<T> && N > 1) {
        if (pairs.words[k] == y - 1) {
          const std::size_t more = pull_chain<N>(pairs, k, y, from, y_bar, lanes);
          k -= more * N, y -= more;
          return;
        }
      }
      for (std::size_t i = 0; i < N; ++i) {
        accumulate(lanes[number<N>(pairs.words + k, i)], y_bar, pairs.partials[k + i]);
      }
    } else {
      std::array<T, W> y_bar;
      if (!load_lanes(own, y_bar)) return;
      for (std::size_t i = 0; i < N; ++i) {
        add_lanes(lanes + number<N>(pairs.words + k, i) * W, y_bar, pairs.partials[k + i]);
      }
    }
  }

  /// Statements of N pairs whose first variable is the result of the one before, as in a sum or a
  /// product over a loop; returns how many came before the given one. Their cotangent goes on in a
  /// register: through memory the way from one statement to the next is twice as long.
  template <std::size_t N>
  [[gnu::noinline]] static std::size_t pull_chain(Pairs pairs, std::size_t k, std::size_t y,
                                                  std::size_t from, T y_bar, T* lanes) {
    for (std::size_t more = 0;; ++more) {
      for (std::size_t i = 1; i < N; ++i) {
        accumulate(lanes[number<N>(pairs.words + k, i)], y_bar, pairs.partials[k + i]);
      }
      --y;
      y_bar = multiply_add(y_bar, pairs.partials[k], lanes[y]);
      lanes[y] = y_bar;
      if (k < from + N || pairs.words[k - 1] >> kIndexBits != N - 1 ||
          pairs.words[k - N] != y - 1 || is_exactly_zero(y_bar)) {
        return more;
      }
      k -= N;
    }
  }

  /// Number of the i-th of N variables.
  template <std::size_t N>
  DUALTAPE_INLINE static std::size_t number(const std::uint32_t* words, std::size_t i) {
    return i + 1 == N ? words[i] & kIndexMask : words[i];
  }

  static void mark(std::uint32_t variable, const T* lanes, std::vector<unsigned char>& reached) {
    for (std::size_t w = 0; w < W; ++w) {
      if (!is_exactly_zero(lanes[std::size_t{variable} * W + w])) reached[variable] = 1;
    }
  }

  static void push(const Block<T>& block, std::size_t begin, std::size_t end,
                   std::uint32_t variable, T* lanes, std::vector<unsigned char>& reached) {
    T* y_dot = lanes + std::size_t{variable} * W;
    for (std::size_t a = begin; a < end; ++a) {
      const std::uint32_t x = block.words[a] & kIndexMask;
      if (reached[x]) {
        reached[variable] = 1;
        const T* x_dot = lanes + std::size_t{x} * W;
        for (std::size_t w = 0; w < W; ++w) accumulate(y_dot[w], x_dot[w], block.partials[a]);
      }
    }
  }
};

}  // namespace dualtape::detail
