/// Nodes of a tape that stand for many statements: their partials lie densely in a block, and one
/// word at the end tells their kind.
#pragma once

#include <dualtape/lanes.hpp>
#include <dualtape/statements.hpp>

#include <array>
#include <vector>

namespace dualtape::detail {

/// sum += a b. On nested tapes an addition to a constant 0 would be one more entry.
template <class T>
DUALTAPE_INLINE void accumulate(T& sum, const T& a, const T& b) {
  if constexpr (BaseNumber<T>) {
    sum = multiply_add(a, b, sum);
  } else if constexpr (is_untaped<T>) {
    sum = sum + a * b;
  } else {
    sum = is_exactly_zero(sum) ? T(a * b) : T(sum + a * b);
  }
}

/// x_bar += y_bar p in W lanes; where p is infinite a lane of exactly 0 adds nothing.
template <std::size_t W, class T>
DUALTAPE_INLINE void add_lanes(T* x_bar, const std::array<T, W>& y_bar, const T& p) {
  if constexpr (W == 1) {
    if (!is_exactly_zero(y_bar[0])) accumulate(*x_bar, y_bar[0], p);
  } else if (is_finite(p)) {
    std::array<T, W> sum;
    for (std::size_t w = 0; w < W; ++w) sum[w] = x_bar[w] + y_bar[w] * p;
    for (std::size_t w = 0; w < W; ++w) x_bar[w] = sum[w];
  } else {
    for (std::size_t w = 0; w < W; ++w) {
      if (y_bar[w] != T(0)) x_bar[w] += y_bar[w] * p;
    }
  }
}

/// The W lanes of a cotangent; false if all are 0.
template <std::size_t W, class T>
DUALTAPE_INLINE bool load_lanes(const T* lanes, std::array<T, W>& y_bar) {
  bool any = false;
  for (std::size_t w = 0; w < W; ++w) {
    y_bar[w] = lanes[w];
    any |= !is_exactly_zero(y_bar[w]);
  }
  return any;
}

/// A vector register of numbers that lie in a row in memory.
template <class T>
struct Row {
  static constexpr std::size_t size = kVectorBytes / sizeof(T);
  using Of = VectorOf<T, size>;
  using Vector = typename Of::type;

  DUALTAPE_INLINE static Vector load(const T* x) {
    return reinterpret_cast<const typename Of::Stored&>(*x);
  }
  DUALTAPE_INLINE static void store(T* x, Vector v) {
    reinterpret_cast<typename Of::Stored&>(*x) = v;
  }
  /// y p + sum; a y of exactly 0 adds nothing.
  DUALTAPE_INLINE static Vector add_products(Vector y, const T* p, Vector sum) {
    return multiply_add_each<Vector, T>(y, y != Vector{} ? load(p) : Vector{}, sum);
  }
};

/// x_bar[i] += y_bar[i] p[i]; a y_bar of exactly 0 adds nothing.
template <class T>
void add_products(T* x_bar, const T* y_bar, const T* p, std::size_t n) {
  std::size_t i = 0;
  if constexpr (is_vectorised<T>) {
    for (; i + Row<T>::size <= n; i += Row<T>::size) {
      const auto sum = Row<T>::load(x_bar + i);
      Row<T>::store(x_bar + i, Row<T>::add_products(Row<T>::load(y_bar + i), p + i, sum));
    }
  }
  for (; i < n; ++i) {
    if (!is_exactly_zero(y_bar[i])) accumulate(x_bar[i], y_bar[i], p[i]);
  }
}

/// x_bar += sum_i y_bar[i] p[i]; a y_bar of exactly 0 adds nothing.
template <class T>
void add_products_to_one(T& x_bar, const T* y_bar, const T* p, std::size_t n) {
  std::size_t i = 0;
  if constexpr (is_vectorised<T>) {
    typename Row<T>::Vector sum{};
    for (; i + Row<T>::size <= n; i += Row<T>::size) {
      sum = Row<T>::add_products(Row<T>::load(y_bar + i), p + i, sum);
    }
    for (std::size_t w = 0; w < Row<T>::size; ++w) x_bar += sum[w];
  }
  T rest = x_bar;  // it may stay in a register: the compiler cannot see that nothing else is it
  for (; i < n; ++i) {
    if (!is_exactly_zero(y_bar[i])) accumulate(rest, y_bar[i], p[i]);
  }
  x_bar = rest;
}

/// x_bar[i] += y_bar p[i]
template <class T>
void add_multiples(T* x_bar, const T& y_bar, const T* p, std::size_t n) {
  std::size_t i = 0;
  if constexpr (is_vectorised<T>) {
    using Vector = typename Row<T>::Vector;
    for (; i + Row<T>::size <= n; i += Row<T>::size) {
      const Vector x = Row<T>::load(x_bar + i);
      Row<T>::store(x_bar + i, multiply_add_vectors<Vector, T>(Row<T>::load(p + i), y_bar, x));
    }
  }
  for (; i < n; ++i) accumulate(x_bar[i], y_bar, p[i]);
}

/// y_dot += x_dot p in W lanes, if a tangent reaches x.
template <std::size_t W, class T>
void push_pair(std::size_t x, const T& p, std::size_t y, T* lanes,
               std::vector<unsigned char>& reached) {
  if (!reached[x]) return;
  reached[y] = 1;
  for (std::size_t w = 0; w < W; ++w) accumulate(lanes[y * W + w], lanes[x * W + w], p);
}

/// M outputs with partials in the same N inputs, all finite, on a tape of numbers: partials
/// [output][input], and the inputs' numbers once. Its last word holds M and N.
template <class T>
class LocalNode {
 public:
  static constexpr int kBits = 13;  // of M and of N
  static constexpr std::size_t kMost = (std::size_t{1} << kBits) - 1;

  static std::uint32_t tag(std::size_t outputs, std::size_t inputs) {
    return kExternal << kIndexBits | kLocal | static_cast<std::uint32_t>(outputs << kBits | inputs);
  }
  static std::size_t pairs(std::size_t outputs, std::size_t inputs) {
    return std::max(outputs * inputs, inputs + 1);
  }

  /// The node whose last pair is that before `end`.
  LocalNode(const Block<T>& block, std::size_t end)
      : inputs_(block.words[end - 1] & kMost), outputs_(block.words[end - 1] >> kBits & kMost) {
    const std::size_t begin = end - pairs(outputs_, inputs_);
    partials_ = block.partials + begin;
    numbers_ = block.words + begin;
  }

  std::size_t pairs() const { return pairs(outputs_, inputs_); }
  std::size_t outputs() const { return outputs_; }

  template <std::size_t W>
  void pull(T* lanes, std::size_t y) const {
    std::size_t j = 0;
    if constexpr (W == 1) {
      for (; j + 4 <= outputs_; j += 4) pull_rows<4>(lanes, y, j);
      switch (outputs_ - j) {
        case 3: pull_rows<3>(lanes, y, j); break;
        case 2: pull_rows<2>(lanes, y, j); break;
        case 1: pull_rows<1>(lanes, y, j);
      }
      return;
    }
    for (; j < outputs_; ++j) {
      std::array<T, W> y_bar;
      if (!load_lanes(lanes + (y + j) * W, y_bar)) continue;
      for (std::size_t i = 0; i < inputs_; ++i) {
        add_lanes(lanes + std::size_t{numbers_[i]} * W, y_bar, partials_[j * inputs_ + i]);
      }
    }
  }

  template <std::size_t W>
  void push(T* lanes, std::size_t y, std::vector<unsigned char>& reached) const {
    for (std::size_t j = 0; j < outputs_; ++j) {
      for (std::size_t i = 0; i < inputs_; ++i) {
        push_pair<W>(numbers_[i], partials_[j * inputs_ + i], y + j, lanes, reached);
      }
    }
  }

 private:
  /// M outputs from j on: one sum for each input, which waits for the cotangents alone.
  template <std::size_t M>
  void pull_rows(T* lanes, std::size_t y, std::size_t j) const {
    std::array<T, M> y_bar;
    if (!load_lanes(lanes + y + j, y_bar)) return;
    const T* rows = partials_ + j * inputs_;
    for (std::size_t i = 0; i < inputs_; ++i) {
      T& x_bar = lanes[numbers_[i]];
      if constexpr (M == 1) {
        x_bar = multiply_add(y_bar[0], rows[i], x_bar);
      } else {
        T sum = y_bar[0] * rows[i];
        for (std::size_t m = 2; m < M; ++m)
          sum = multiply_add(y_bar[m], rows[m * inputs_ + i], sum);
        x_bar = sum + multiply_add(y_bar[1], rows[inputs_ + i], x_bar);
      }
    }
  }

  std::size_t inputs_, outputs_;
  const T* partials_;
  const std::uint32_t* numbers_;
};

/// How the variables of a column of inputs are numbered.
enum class Numbering : std::uint32_t {
  kRun,   ///< one after the other
  kList,  ///< by a list in the words beside the partials
  kOne,   ///< one variable for all places
};

/// A function of a place in several columns, at n places: y_i = f(a_i, b_i, ...), or the sum
/// of all y_i. Partials [column][place], one alone in a column of one variable under a sum;
/// then the columns' words (numbering above, first number below), n, and the number of columns with
/// what becomes of the y_i.
template <class T>
class ColumnsNode {
 public:
  static constexpr std::uint32_t kSum = 1u << 8;  // the outputs are added up
  static constexpr std::size_t kMost = 255;       // columns

  static std::uint32_t tag(std::size_t columns, bool sum) {
    return kExternal << kIndexBits | kColumns | (sum ? kSum : 0) |
           static_cast<std::uint32_t>(columns);
  }

  struct Column {
    Numbering numbering;
    std::uint32_t first;  // number
    std::size_t size;     // partials
    const T* partials;
    const std::uint32_t* numbers;

    std::size_t number(std::size_t i) const {
      if (numbering == Numbering::kList) return numbers[i];
      return first + (numbering == Numbering::kRun ? i : 0);
    }
  };

  ColumnsNode(const Block<T>& block, std::size_t end)
      : tag_(block.words[end - 1]), size_(block.words[end - 2]), heads_(block.words + end - 3) {
    const std::size_t columns = tag_ & kMost;
    pairs_ = columns + 2;
    for (std::size_t c = 0; c < columns; ++c) pairs_ += partials(c);
    partials_ = block.partials + (end - pairs_);
    numbers_ = block.words + (end - pairs_);
  }

  std::size_t pairs() const { return pairs_; }
  std::size_t outputs() const { return tag_ & kSum ? 1 : size_; }

  template <std::size_t W>
  void pull(T* lanes, std::size_t y) const {
    std::array<T, W> y_bar{};
    if (tag_ & kSum && !load_lanes(lanes + y * W, y_bar)) return;
    for_columns([&](const Column& column) {
      if constexpr (W == 1) {
        if (column.numbering == Numbering::kRun) {
          if (tag_ & kSum) {
            add_multiples(lanes + column.first, y_bar[0], column.partials, column.size);
          } else {
            add_products(lanes + column.first, lanes + y, column.partials, column.size);
          }
          return;
        }
        if (column.numbering == Numbering::kOne && !(tag_ & kSum) && column.first != 0) {
          add_products_to_one(lanes[column.first], lanes + y, column.partials, column.size);
          return;
        }
      }
      for (std::size_t i = 0; i < column.size; ++i) {
        const std::size_t x = column.number(i);
        if (x == 0 || (!(tag_ & kSum) && !load_lanes(lanes + (y + i) * W, y_bar))) continue;
        add_lanes(lanes + x * W, y_bar, column.partials[i]);
      }
    });
  }

  template <std::size_t W>
  void push(T* lanes, std::size_t y, std::vector<unsigned char>& reached) const {
    for_columns([&](const Column& column) {
      for (std::size_t i = 0; i < column.size; ++i) {
        push_pair<W>(column.number(i), column.partials[i], y + (tag_ & kSum ? 0 : i), lanes,
                     reached);
      }
    });
  }

 private:
  Numbering numbering(std::size_t c) const {
    return static_cast<Numbering>(*(heads_ - c) >> kIndexBits);
  }
  std::size_t partials(std::size_t c) const {
    return tag_ & kSum && numbering(c) == Numbering::kOne ? 1 : size_;
  }

  template <class F>
  void for_columns(F f) const {
    std::size_t begin = 0;
    for (std::size_t c = 0; c < (tag_ & kMost); ++c) {
      const std::size_t size = partials(c);
      f(Column{numbering(c), *(heads_ - c) & kIndexMask, size, partials_ + begin,
               numbers_ + begin});
      begin += size;
    }
  }

  std::uint32_t tag_;
  std::size_t size_;  // places
  std::size_t pairs_;
  const std::uint32_t* heads_;  // of columns, backward
  const T* partials_;
  const std::uint32_t* numbers_;
};

/// Calls f with the node that ends before pair `end`, whose last word is no external function's.
template <class T, class F>
auto with_node(const Block<T>& block, std::size_t end, F f) {
  return block.words[end - 1] & kLocal ? f(LocalNode<T>(block, end))
                                       : f(ColumnsNode<T>(block, end));
}

}  // namespace dualtape::detail
