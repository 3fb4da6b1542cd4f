/// The inner loops of a tape: statements played backward and forward, W lanes side by side.
#pragma once

#include <dualtape/forward.hpp>
#include <dualtape/statements.hpp>

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

/// sum += a b. On nested tapes an addition to a constant 0 would be one more entry.
template <class T>
void accumulate(T& sum, const T& a, const T& b) {
  if constexpr (BaseNumber<T>) {
    sum += a * b;
  } else {
    sum = is_exactly_zero(sum) ? T(a * b) : T(sum + a * b);
  }
}

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
    std::uint32_t y = variable;
    for (std::size_t k = block.used; k > from;) {
      const T* partials = block.partials + k;
      const std::uint32_t* words = block.words + k;
      // Each case subtracts a number the compiler knows: the next word's address does not wait for
      // this one's bits.
      switch (words[-1] >> kIndexBits) {
        case 0: pull<1>(partials - 1, words - 1, --y, lanes), k -= 1; break;
        case 1: pull<2>(partials - 2, words - 2, --y, lanes), k -= 2; break;
        case 2: pull<3>(partials - 3, words - 3, --y, lanes), k -= 3; break;
        case 3: pull<4>(partials - 4, words - 4, --y, lanes), k -= 4; break;
        case 4: pull<5>(partials - 5, words - 5, --y, lanes), k -= 5; break;
        case 5: pull<6>(partials - 6, words - 6, --y, lanes), k -= 6; break;
        case 6: pull<7>(partials - 7, words - 7, --y, lanes), k -= 7; break;
        default: {
          const std::uint32_t place = words[-1] & kIndexMask;
          k -= 1;
          if (place & kInputs) {
            y = inputs[place & ~kInputs].begin;
          } else {
            y -= externals[place]->outputs;
            externals[place]->pullback(lanes, y, W);
          }
        }
      }
    }
    variable = y;
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
      const std::uint32_t kind = block.words[k - 1] >> kIndexBits;
      k -= kind == kExternal ? 1 : kind + 1;
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
  template <std::size_t N>
  static void pull(const T* partials, const std::uint32_t* words, std::uint32_t variable,
                   T* lanes) {
    const auto x_bar = [&](std::size_t i) {
      return lanes + std::size_t{i + 1 == N ? words[i] & kIndexMask : words[i]} * W;
    };
    const T* own = lanes + std::size_t{variable} * W;
    if constexpr (W == 1) {
      const T y_bar = *own;
      if (is_exactly_zero(y_bar)) return;
      for (std::size_t i = 0; i < N; ++i) accumulate(*x_bar(i), y_bar, partials[i]);
    } else {
      std::array<T, W> y_bar;
      bool all_zero = true;
      for (std::size_t w = 0; w < W; ++w) {
        y_bar[w] = own[w];
        all_zero &= y_bar[w] == T(0);
      }
      if (all_zero) return;
      for (std::size_t i = 0; i < N; ++i) add(x_bar(i), y_bar, partials[i]);
    }
  }

  static void add(T* x_bar, const std::array<T, W>& y_bar, const T& partial) {
    if (is_finite(partial)) {
      std::array<T, W> sum;
      for (std::size_t w = 0; w < W; ++w) sum[w] = x_bar[w] + y_bar[w] * partial;
      for (std::size_t w = 0; w < W; ++w) x_bar[w] = sum[w];
    } else {
      for (std::size_t w = 0; w < W; ++w) {
        if (y_bar[w] != T(0)) x_bar[w] += y_bar[w] * partial;
      }
    }
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
