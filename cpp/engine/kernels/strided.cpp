#include "kernels/strided.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

/// Bytes that are worth a piece of a loop that threads share: 30 us and more.
constexpr std::int64_t kPieceBytes = 512 << 10;

struct Words {
  std::uint64_t word[2];
};

/// A type of each item size, so that one copy loop serves all element types.
template <class F>
void with_item(std::size_t item, F&& f) {
  switch (item) {
    case 1: return f(std::uint8_t{});
    case 2: return f(std::uint16_t{});
    case 4: return f(std::uint32_t{});
    case 8: return f(std::uint64_t{});
    default: return f(Words{});
  }
}

/// 32 bytes of elements.
template <class U>
struct Pack {
  static constexpr std::int64_t kCount = 32 / sizeof(U);
  U lane[32 / sizeof(U)];
};

/// Most runs are short: packs, the last of which may overlap the one before.
template <class U>
inline void fill_run(U* y, U value, std::int64_t n) {
  constexpr std::int64_t kPack = Pack<U>::kCount;
  if (n < kPack) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = value;
    return;
  }
  Pack<U> pack;
  std::fill_n(pack.lane, kPack, value);
  for (std::int64_t i = 0; i + kPack < n; i += kPack) std::memcpy(y + i, &pack, sizeof pack);
  std::memcpy(y + n - kPack, &pack, sizeof pack);
}

template <class U>
inline void copy_run(U* y, const U* x, std::int64_t n) {
  constexpr std::int64_t kPack = Pack<U>::kCount, kLong = 16 * kPack;
  if (n < kPack) {
    for (std::int64_t i = 0; i < n; ++i) y[i] = x[i];
  } else if (n > kLong) {
    std::memcpy(y, x, static_cast<std::size_t>(n) * sizeof(U));
  } else {
    for (std::int64_t i = 0; i + kPack < n; i += kPack) std::memcpy(y + i, x + i, 32);
    std::memcpy(y + n - kPack, x + n - kPack, 32);
  }
}

/// One run along an axis; strides in bytes.
template <class U>
void copy_run(char* dst, std::int64_t dst_step, const char* src, std::int64_t src_step,
              std::int64_t n) {
  constexpr std::int64_t kItem = sizeof(U);
  if (dst_step == kItem && src_step == kItem) {
    copy_run(reinterpret_cast<U*>(dst), reinterpret_cast<const U*>(src), n);
  } else if (dst_step == kItem && src_step == 0) {
    fill_run(reinterpret_cast<U*>(dst), *reinterpret_cast<const U*>(src), n);
  } else {
    for (std::int64_t i = 0; i < n; ++i) {
      *reinterpret_cast<U*>(dst + i * dst_step) = *reinterpret_cast<const U*>(src + i * src_step);
    }
  }
}

/// Squares of a transposed operand: each line of memory is read once, each line of the result
/// written once.
constexpr std::int64_t kSide = 8;

/// y[i, j] = x[j, i] of a square; x has its elements one after the other along i.
template <class U>
inline void turn_square(U* y, std::int64_t y_step, const char* x, std::int64_t x_step) {
  if constexpr (sizeof(U) == 8) {
    using Pair [[gnu::vector_size(16), gnu::aligned(8), gnu::may_alias]] = U;
    for (int j = 0; j < kSide; j += 2) {
      for (int i = 0; i < kSide; i += 2) {
        const Pair a = *reinterpret_cast<const Pair*>(x + j * x_step + i * 8);
        const Pair b = *reinterpret_cast<const Pair*>(x + (j + 1) * x_step + i * 8);
        *reinterpret_cast<Pair*>(y + i * y_step + j) = __builtin_shufflevector(a, b, 0, 2);
        *reinterpret_cast<Pair*>(y + (i + 1) * y_step + j) = __builtin_shufflevector(a, b, 1, 3);
      }
    }
  } else {
    U square[kSide][kSide];
    for (int j = 0; j < kSide; ++j) {
      const U* line = reinterpret_cast<const U*>(x + j * x_step);
      for (int i = 0; i < kSide; ++i) square[i][j] = line[i];
    }
    for (int i = 0; i < kSide; ++i) std::memcpy(y + i * y_step, square[i], sizeof square[i]);
  }
}

/// Rows of the result, each a column of memory.
template <class U>
void copy_tile(U* y, const char* x, std::int64_t rows, std::int64_t columns, std::int64_t row_step,
               std::int64_t column_step) {
  const bool dense = row_step == sizeof(U);
  for (std::int64_t r = 0; r < rows; r += kSide) {
    const std::int64_t m = std::min(kSide, rows - r);
    std::int64_t c = 0;
    for (; dense && m == kSide && c + kSide <= columns; c += kSide) {
      const char* square = x + r * row_step + c * column_step;
      // Each line lies in a page of its own: the hardware does not foresee it.
      for (int k = 0; k < kSide; ++k) __builtin_prefetch(square + (k + kSide) * column_step);
      turn_square(y + r * columns + c, columns, square, column_step);
    }
    for (; c < columns; ++c) {
      const char* from = x + r * row_step + c * column_step;
      for (std::int64_t i = 0; i < m; ++i) {
        y[(r + i) * columns + c] = *reinterpret_cast<const U*>(from + i * row_step);
      }
    }
  }
}

/// Rows of n elements, one after the other in the result; each one value, a run, or a column.
template <class U>
void copy_rows(U* y, const char* x, std::int64_t rows, std::int64_t n, std::int64_t row_step,
               std::int64_t step) {
  constexpr std::int64_t kItem = sizeof(U);
  const auto each = [&](auto copy) {
    for (std::int64_t r = 0; r < rows; ++r, y += n, x += row_step) {
      copy(y, reinterpret_cast<const U*>(x));
    }
  };
  if (step == 0 && n == 2) {
    each([](U* to, const U* from) { to[0] = to[1] = *from; });
  } else if (step == 0 && n == 3) {
    each([](U* to, const U* from) { to[0] = to[1] = to[2] = *from; });
  } else if (step == 0) {
    each([n](U* to, const U* from) { fill_run(to, *from, n); });
  } else if (step == kItem) {
    each([n](U* to, const U* from) { copy_run(to, from, n); });
  } else if (std::abs(row_step) < std::abs(step) && row_step != 0) {
    copy_tile(y, x, rows, n, row_step, step);
  } else {
    each([=](U* to, const U* from) {
      copy_run<U>(reinterpret_cast<char*>(to), kItem, reinterpret_cast<const char*>(from), step, n);
    });
  }
}

}  // namespace

Walk make_walk(std::size_t item, std::span<const std::int64_t> shape,
               std::span<const std::int64_t> strides) {
  Walk walk;
  walk.item = item;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    const std::int64_t step = strides[i] * static_cast<std::int64_t>(item);
    if (!walk.shape.empty() && walk.strides.back() == step * shape[i]) {
      walk.shape.back() *= shape[i];
      walk.strides.back() = step;
    } else {
      walk.shape.push_back(shape[i]);
      walk.strides.push_back(step);
    }
  }
  if (walk.shape.empty()) {
    walk.shape.push_back(1);
    walk.strides.push_back(0);
  }
  return walk;
}

bool is_transposed(const Walk& walk) {
  const std::size_t axes = walk.shape.size();
  return axes > 1 && walk.strides[axes - 2] != 0 &&
         std::abs(walk.strides[axes - 2]) < std::abs(walk.strides[axes - 1]);
}

void gather(char* dst, const char* src, const Walk& walk, std::int64_t first, std::int64_t n) {
  if (n == 0) return;
  const std::size_t last = walk.shape.size() - 1;
  std::int64_t index[kMaxAxes];
  for (std::size_t axis = last + 1; axis-- > 0; first /= walk.shape[axis]) {
    index[axis] = first % walk.shape[axis];
    src += index[axis] * walk.strides[axis];
  }
  const std::int64_t step = walk.strides[last], row = walk.shape[last];
  const auto item = static_cast<std::int64_t>(walk.item);
  with_item(walk.item, [&](auto unit) {
    using U = decltype(unit);
    for (;;) {
      std::int64_t rows = 1, run = std::min(n, row - index[last]);
      if (last > 0 && run == row && n >= 2 * row) {
        rows = std::min(n / row, walk.shape[last - 1] - index[last - 1]);
        run = rows * row;
        copy_rows(reinterpret_cast<U*>(dst), src, rows, row, walk.strides[last - 1], step);
      } else {
        copy_run<U>(dst, item, src, step, run);
      }
      n -= run;
      if (n == 0) return;
      dst += run * item;
      src -= index[last] * step;
      index[last] = 0;
      for (std::size_t axis = last; axis-- > 0; rows = 1) {
        src += rows * walk.strides[axis];
        index[axis] += rows;
        if (index[axis] < walk.shape[axis]) break;
        src -= walk.strides[axis] * walk.shape[axis];
        index[axis] = 0;
      }
    }
  });
}

void expand_rows(char* dst, const char* src, std::int64_t step, std::int64_t rows, std::int64_t n,
                 std::size_t item) {
  with_item(item, [&](auto unit) {
    copy_rows(reinterpret_cast<decltype(unit)*>(dst), src, rows, n, step, 0);
  });
}

void copy_to_contiguous(char* dst, const Array& src) {
  const auto item = static_cast<std::int64_t>(src.item());
  if (src.layout->contiguous) {
    return parallel_for(src.count() * item, kPieceBytes, [&](std::int64_t first, std::int64_t end) {
      std::memcpy(dst + first, src.data + first, static_cast<std::size_t>(end - first));
    });
  }
  const Walk walk = make_walk(*src.layout);
  // Whole rows, as many as a transposing copy takes at a time.
  const std::int64_t rows = 4 * kSide * walk.shape.back();
  const std::int64_t piece = std::max<std::int64_t>(1, kPieceBytes / (rows * item)) * rows;
  parallel_for(src.count(), piece, [&](std::int64_t first, std::int64_t end) {
    gather(dst + first * item, src.data, walk, first, end - first);
  });
}

void fill(char* dst, const char* value, std::int64_t n, std::size_t item) {
  with_item(item, [&](auto unit) {
    copy_run<decltype(unit)>(dst, static_cast<std::int64_t>(item), value, 0, n);
  });
}

}  // namespace dualtape::engine
