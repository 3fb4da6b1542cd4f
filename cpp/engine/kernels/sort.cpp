/// sort, argsort, searchsorted: NaN come last, equal entries stay in order.
#include <cmath>
#include <string>
#include <utility>

#include "kernels/lines.hpp"
#include "kernels/prepared.hpp"
#include "kernels/sort_keys.hpp"
#include "memory/workspace.hpp"
#include "program/errors.hpp"
#include "threads/pool.hpp"

namespace dualtape::engine {
namespace {

constexpr std::int64_t kPieceEntries = 1024;  // some 30 us of sorting

/// What sort and argsort share: lines of entries, each sorted in a work space.
template <class T, class E>
class LineSort : public PreparedKernel {
 public:
  explicit LineSort(const ArrayCall& call)
      : x_(*call.in[0]),
        axis_(static_cast<std::size_t>(call.attrs[0])),
        lines_(x_.shape, axis_),
        step_(x_.strides[axis_]) {
    if (lines_.length > std::numeric_limits<std::uint32_t>::max()) {
      throw Error("sort: an axis may have 2^32 - 1 entries, got " + std::to_string(lines_.length));
    }
  }

 protected:
  /// Calls make(entries, start of the line in x), and take(entries, start of the line in the
  /// result) when they are sorted.
  template <class Make, class Take>
  void for_lines(Make&& make, Take&& take) const {
    const std::int64_t n = lines_.length;
    if (n == 0) return;
    const std::int64_t piece = std::max<std::int64_t>(1, kPieceEntries / n);
    parallel_for(lines_.count(), piece, [&](std::int64_t first, std::int64_t last) {
      const Workspace work(static_cast<std::size_t>(2 * n) * sizeof(E));
      E* const entries = reinterpret_cast<E*>(work.data());
      for (std::int64_t k = first; k < last; ++k) {
        make(entries, start_of_line(x_, axis_, k));
        sort_entries(entries, entries + n, n);
        take(entries, lines_.start_in_result(k));
      }
    });
  }

  const Layout& x_;
  std::size_t axis_;
  Lines lines_;
  std::int64_t step_;
};

template <class T>
class Sort final : public LineSort<T, SortKey<T>> {
 public:
  using LineSort<T, SortKey<T>>::LineSort;
  void run(char* out, const char* const* in, char*) const override {
    const T* const x = reinterpret_cast<const T*>(in[0]);
    T* const y = reinterpret_cast<T*>(out);
    const std::int64_t n = this->lines_.length, step = this->step_, inner = this->lines_.inner;
    this->for_lines(
        [&](SortKey<T>* keys, std::int64_t start) {
          for (std::int64_t i = 0; i < n; ++i) keys[i] = key_of(x[start + i * step]);
        },
        [&](const SortKey<T>* keys, std::int64_t start) {
          for (std::int64_t i = 0; i < n; ++i) y[start + i * inner] = value_of_key<T>(keys[i]);
        });
  }
};

template <class T>
class ArgSort final : public LineSort<T, Placed<SortKey<T>>> {
 public:
  using Entry = Placed<SortKey<T>>;
  using LineSort<T, Entry>::LineSort;
  void run(char* out, const char* const* in, char*) const override {
    const T* const x = reinterpret_cast<const T*>(in[0]);
    std::int64_t* const y = reinterpret_cast<std::int64_t*>(out);
    const std::int64_t n = this->lines_.length, step = this->step_, inner = this->lines_.inner;
    this->for_lines(
        [&](Entry* entries, std::int64_t start) {
          for (std::int64_t i = 0; i < n; ++i) {
            // -0 + 0 is 0: zeros of both signs are equal.
            entries[i] = {key_of(static_cast<T>(x[start + i * step] + T(0))),
                          static_cast<std::uint32_t>(i)};
          }
        },
        [&](const Entry* entries, std::int64_t start) {
          for (std::int64_t i = 0; i < n; ++i) y[start + i * inner] = entries[i].place;
        });
  }
};

/// The number of entries of ascending a that are less than v (or not greater, for `right`).
template <bool kRight, class T>
std::int64_t place_in(const T* a, std::int64_t step, std::int64_t n, T v) {
  const auto is_less = [](T x, T y) { return x < y || (y != y && x == x); };
  std::int64_t first = 0;
  while (n > 0) {
    const std::int64_t half = n / 2;
    const T middle = a[(first + half) * step];
    const bool beyond = kRight ? !is_less(v, middle) : is_less(middle, v);
    first = beyond ? first + half + 1 : first;
    n = beyond ? n - half - 1 : half;
  }
  return first;
}

template <class T>
class SearchSorted final : public PreparedKernel {
 public:
  explicit SearchSorted(const ArrayCall& call)
      : a_(*call.in[0]), v_(*call.in[1]), right_(call.attrs[0] != 0) {}
  void run(char* out, const char* const* in, char*) const override {
    if (right_) {
      search<true>(out, in);
    } else {
      search<false>(out, in);
    }
  }

 private:
  template <bool kRight>
  void search(char* out, const char* const* in) const {
    const std::size_t axis = a_.shape.size() - 1;
    const std::int64_t n = a_.shape[axis], m = v_.shape[axis];
    const std::int64_t a_step = a_.strides[axis], v_step = v_.strides[axis];
    const T* const a = reinterpret_cast<const T*>(in[0]);
    const T* const v = reinterpret_cast<const T*>(in[1]);
    std::int64_t* const y = reinterpret_cast<std::int64_t*>(out);
    parallel_for(v_.count, kPieceEntries, [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t k = first; k < last;) {
        const std::int64_t line = k / m, end = std::min(last, (line + 1) * m);
        const T* const row = a + start_of_line(a_, axis, line);
        const T* const values = v + start_of_line(v_, axis, line) - line * m * v_step;
        for (; k < end; ++k) y[k] = place_in<kRight>(row, a_step, n, values[k * v_step]);
      }
    });
  }

  const Layout& a_;
  const Layout& v_;
  bool right_;
};

}  // namespace

PreparedPtr prepare_order(const ArrayCall& call) {
  return dispatch(call.in[0]->dtype, [&]<class T>(T) -> PreparedPtr {
    if constexpr (std::is_arithmetic_v<T>) {
      if (call.op == kSort) return make_prepared<Sort<T>>(call);
      if (call.op == kArgSort) return make_prepared<ArgSort<T>>(call);
      return make_prepared<SearchSorted<T>>(call);
    } else {
      return nullptr;
    }
  });
}

}  // namespace dualtape::engine
