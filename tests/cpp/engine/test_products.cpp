/// Matrix products, solves and decompositions below the plan: all layouts, sizes around the borders
/// of blocks, against the plainest loops in long double.
#include <algorithm>
#include <array>
#include <complex>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "check.hpp"
#include "kernels/prepared.hpp"
#include "program/errors.hpp"
#include "program/opcodes.hpp"

namespace {

using namespace dualtape::engine;

std::mt19937_64 generator(20261122);

std::int64_t pick(std::initializer_list<std::int64_t> sizes) {
  return sizes.begin()[generator() % sizes.size()];
}

template <class T>
constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, double>) return DType::kFloat64;
  if constexpr (std::is_same_v<T, float>) return DType::kFloat32;
  if constexpr (std::is_same_v<T, std::complex<double>>) return DType::kComplex128;
  if constexpr (std::is_same_v<T, std::complex<float>>) return DType::kComplex64;
  if constexpr (std::is_same_v<T, std::int32_t>) return DType::kInt32;
  return DType::kBool;
}

template <class T>
T random_entry() {
  const auto number = [] { return std::uniform_real_distribution<double>(-1, 1)(generator); };
  if constexpr (std::is_same_v<T, bool>) {
    return generator() % 4 == 0;
  } else if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(generator());
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(number());
  } else {
    using Real = typename T::value_type;
    return {static_cast<Real>(number()), static_cast<Real>(number())};
  }
}

/// An array in memory with gaps, reversed, broadcast or permuted axes.
template <class T>
struct Operand {
  Layout layout;
  std::int64_t first = 0;
  // Not std::vector: that of bool has no data().
  std::vector<std::array<T, 1>> memory;

  const char* data() const { return reinterpret_cast<const char*>(memory.data() + first); }
  T at(std::initializer_list<std::int64_t> index) const {
    std::int64_t position = first;
    std::size_t axis = 0;
    for (auto i : index) position += i * layout.strides[axis++];
    return memory[static_cast<std::size_t>(position)][0];
  }
};

/// Axes in a random order of memory; each may have a gap, be reversed or be broadcast.
template <class T>
Operand<T> random_operand(const Dims& shape, bool plain) {
  Dims order = iota_dims(shape.size()), strides(shape.size());
  if (!plain) std::shuffle(order.begin(), order.end(), generator);
  std::int64_t step = 1, lowest = 0, highest = 0;
  for (std::size_t i = order.size(); i-- > 0;) {
    const auto axis = static_cast<std::size_t>(order[i]);
    const std::int64_t extent = std::max<std::int64_t>(shape[axis], 1);
    std::int64_t factor = plain || generator() % 2 ? 1 : pick({-1, 0, 2, -3});
    strides[axis] = step * factor;
    step *= extent * std::max<std::int64_t>(std::abs(factor), 1);
    (factor < 0 ? lowest : highest) += strides[axis] * (extent - 1);
  }
  Operand<T> x;
  x.layout = make_layout(dtype_of<T>(), shape, strides);
  x.first = -lowest;
  x.memory.resize(static_cast<std::size_t>(highest - lowest + 1));
  for (auto& entry : x.memory) entry[0] = random_entry<T>();
  return x;
}

/// Runs a kernel as a plan does.
template <class T>
std::vector<std::array<T, 1>> run(OpCode op, const Dims& shape,
                                  std::initializer_list<const Operand<T>*> operands,
                                  const Dims& attrs = {}) {
  const Layout out = make_layout(dtype_of<T>(), shape);
  std::vector<const Layout*> layouts;
  std::vector<const char*> data;
  for (const Operand<T>* x : operands) {
    layouts.push_back(&x->layout);
    data.push_back(x->data());
  }
  const PreparedPtr kernel = prepare({op, out, layouts, attrs});
  std::vector<char> scratch(static_cast<std::size_t>(kernel->scratch_bytes) + kCacheLine);
  const auto address = reinterpret_cast<std::uintptr_t>(scratch.data());
  std::vector<std::array<T, 1>> result(static_cast<std::size_t>(out.count));
  kernel->run(reinterpret_cast<char*>(result.data()), data.data(),
              scratch.data() + (kCacheLine - address % kCacheLine) % kCacheLine);
  return result;
}

using Wide = std::complex<long double>;
template <class T>
Wide widen(T x) {
  if constexpr (std::is_arithmetic_v<T>) {
    return Wide(static_cast<long double>(x));
  } else {
    return Wide(x.real(), x.imag());
  }
}

/// |got - wanted| within n roundings of the sum of magnitudes.
template <class T>
void compare(T got, Wide wanted, long double size, std::int64_t n, const std::string& what) {
  if constexpr (std::is_same_v<T, bool>) {
    check::is_true(got == (wanted.real() != 0), what);
  } else {
    using Real = decltype(std::abs(got));
    const long double eps = std::numeric_limits<Real>::epsilon();
    const long double bound = eps * static_cast<long double>(n + 4) * size;
    check::is_true(std::abs(widen(got) - wanted) <= bound, what);
  }
}

struct Sizes {
  std::int64_t batch, rows, columns, inner;
};

std::string text(const Sizes& s) {
  return "(" + std::to_string(s.batch) + ", " + std::to_string(s.rows) + ", " +
         std::to_string(s.columns) + ", " + std::to_string(s.inner) + ")";
}

/// out[b, i, j] = sum over k of x[b, i, k] y[b, k, j].
template <class T>
void check_product(const Sizes& s, bool plain) {
  const auto x = random_operand<T>({s.batch, s.rows, s.inner}, plain);
  const auto y = random_operand<T>({s.batch, s.inner, s.columns}, plain);
  const auto got = run<T>(kDotGeneral, {s.batch, s.rows, s.columns}, {&x, &y}, {1, 1, 2, 1, 0, 0});
  std::size_t at = 0;
  for (std::int64_t b = 0; b < s.batch; ++b) {
    for (std::int64_t i = 0; i < s.rows; ++i) {
      for (std::int64_t j = 0; j < s.columns; ++j, ++at) {
        Wide sum = 0;
        long double size = 0;
        std::uint64_t integer = 0;
        for (std::int64_t k = 0; k < s.inner; ++k) {
          const T left = x.at({b, i, k}), right = y.at({b, k, j});
          const Wide term = widen(left) * widen(right);
          sum += term;
          size += std::abs(term);
          if constexpr (std::is_integral_v<T>) {
            integer += static_cast<std::uint64_t>(left) * static_cast<std::uint64_t>(right);
          }
        }
        if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
          check::is_true(got[at][0] == static_cast<T>(integer), "integer product " + text(s));
        } else {
          compare<T>(got[at][0], sum, size, s.inner, "product " + text(s));
        }
      }
    }
  }
}

template <class T>
void check_products(int trials) {
  for (int trial = 0; trial < trials; ++trial) {
    Sizes s{pick({1, 1, 2, 3}), pick({1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 25}),
            pick({1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}), pick({0, 1, 2, 3, 4, 7, 8, 9, 16, 33})};
    check_product<T>(s, generator() % 3 == 0);
  }
}

void real_products() {
  check_products<double>(600);
  check_products<float>(600);
}
void complex_products() {
  check_products<std::complex<double>>(300);
  check_products<std::complex<float>>(300);
}
void integer_products() {
  check_products<std::int32_t>(200);
  check_products<bool>(200);
}

/// Blocks of 96 rows, 512 columns, 256 inner; scalar products in pieces of 2048; columns of
/// 16 KiB.
void borders_of_blocks() {
  for (const bool plain : {true, false, false}) {
    for (const Sizes& s : {Sizes{1, 95, 17, 255}, Sizes{1, 97, 513, 33}, Sizes{1, 192, 260, 257},
                           Sizes{1, 25, 1030, 20}, Sizes{1, 1, 1, 2047}, Sizes{1, 3, 1, 4099},
                           Sizes{1, 1, 3, 2049}, Sizes{1, 1, 4100, 9}, Sizes{1, 4100, 1, 17}}) {
      check_product<double>(s, plain);
      check_product<float>(s, plain);
    }
    check_product<std::complex<double>>({1, 98, 130, 70}, plain);
  }
}

/// A part of the rows gives the bits of the whole: so rows may be shared out.
void entries_depend_on_their_values_alone() {
  for (const Sizes& s : {Sizes{1, 37, 19, 23}, Sizes{1, 200, 300, 300}, Sizes{1, 50, 1, 77}}) {
    auto x = random_operand<double>({1, s.rows, s.inner}, true);
    const auto y = random_operand<double>({1, s.inner, s.columns}, true);
    for (std::int64_t i = 1; i < s.rows; ++i) {
      std::copy_n(x.memory.begin(), s.inner, x.memory.begin() + i * s.inner);
    }
    const auto got = run<double>(kDotGeneral, {1, s.rows, s.columns}, {&x, &y}, {1, 1, 2, 1, 0, 0});
    for (std::size_t at = 0; at < got.size(); ++at) {
      check::same(got[at][0], got[at % static_cast<std::size_t>(s.columns)][0], "row " + text(s));
    }
  }
}

void not_a_number_stays_in_its_row() {
  for (std::int64_t n : {3, 16, 40, 130}) {
    auto x = random_operand<double>({1, n, n}, true);
    const auto y = random_operand<double>({1, n, n}, true);
    x.memory[static_cast<std::size_t>(n + 1)][0] = std::numeric_limits<double>::quiet_NaN();
    const auto got = run<double>(kDotGeneral, {1, n, n}, {&x, &y}, {1, 1, 2, 1, 0, 0});
    for (std::int64_t i = 0; i < n; ++i) {
      check::is_true(std::isnan(got[static_cast<std::size_t>(i * n)][0]) == (i == 1), "NaN");
    }
  }
}

Dims with_batch(std::int64_t batch, std::int64_t rows, std::int64_t columns) {
  return {batch, rows, columns};
}

/// A x = b (or A^T x = b) up to roundings of the terms of each equation.
template <class T>
void check_solve(std::int64_t n, std::int64_t columns, bool transposed, bool plain) {
  const std::int64_t batch = pick({1, 3});
  auto a = random_operand<T>(with_batch(batch, n, n), plain);
  // Equal rows or columns make a singular matrix.
  while (a.layout.strides[1] == 0 || a.layout.strides[2] == 0) {
    a = random_operand<T>(with_batch(batch, n, n), plain);
  }
  const auto b = random_operand<T>(with_batch(batch, n, columns), plain);
  Operand<T> f;
  f.layout = make_layout(dtype_of<T>(), with_batch(batch, n + 1, n));
  f.memory = run<T>(kLu, f.layout.shape, {&a});
  const auto x = run<T>(kSolve, b.layout.shape, {&a, &f, &b}, {transposed});
  using Real = decltype(std::abs(T()));
  const auto eps = static_cast<long double>(std::numeric_limits<Real>::epsilon());
  const std::string what = "solve " + std::to_string(n) + " " + std::to_string(columns);
  for (std::int64_t k = 0; k < batch; ++k) {
    long double largest = 0;
    for (std::int64_t i = 0; i < n * columns; ++i) {
      largest =
          std::max(largest, std::abs(widen(x[static_cast<std::size_t>(k * n * columns + i)][0])));
    }
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t c = 0; c < columns; ++c) {
        Wide rest = -widen(b.at({k, i, c}));
        for (std::int64_t j = 0; j < n; ++j) {
          const T entry = transposed ? a.at({k, j, i}) : a.at({k, i, j});
          rest += widen(entry) * widen(x[static_cast<std::size_t>((k * n + j) * columns + c)][0]);
        }
        const auto size = static_cast<long double>(8 * n * n) * (largest + 1);
        check::is_true(std::abs(rest) <= eps * size, what);
      }
    }
  }
}

template <class T>
void check_solves() {
  for (std::int64_t n : {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 33, 64, 65, 90}) {
    for (const bool transposed : {false, true}) {
      for (const bool plain : {true, false}) {
        check_solve<T>(n, 1, transposed, plain);
        check_solve<T>(n, pick({2, 3, 8, 17}), transposed, plain);
      }
    }
  }
}

void solves() {
  check_solves<double>();
  check_solves<float>();
  check_solves<std::complex<double>>();
  check_solves<std::complex<float>>();
}

/// A A^-1 = 1, and det(P A) for a permutation P of known sign.
void inverses_and_determinants() {
  for (std::int64_t n : {1, 2, 3, 5, 8, 9, 20, 64, 70}) {
    auto a = random_operand<double>(with_batch(2, n, n), true);
    for (std::int64_t k = 0; k < 2; ++k) {
      for (std::int64_t i = 0; i < n; ++i) {
        a.memory[static_cast<std::size_t>((k * n + i) * n + i)][0] += static_cast<double>(n);
      }
    }
    const auto y = run<double>(kInv, a.layout.shape, {&a});
    for (std::int64_t i = 0; i < n; ++i) {
      for (std::int64_t j = 0; j < n; ++j) {
        long double sum = i == j ? -1 : 0;
        for (std::int64_t k = 0; k < n; ++k) {
          sum += static_cast<long double>(a.at({1, i, k})) *
                 y[static_cast<std::size_t>((n + k) * n + j)][0];
        }
        check::is_true(std::abs(sum) <= 1e-14L, "inverse " + std::to_string(n));
      }
    }
    Operand<double> f;
    f.layout = make_layout(DType::kFloat64, with_batch(2, n + 1, n));
    f.memory = run<double>(kLu, f.layout.shape, {&a});
    const auto given = run<double>(kInv, a.layout.shape, {&a, &f});
    check::is_true(given == y, "inverse from factors that are there");
    auto swapped = a;
    if (n > 1)
      std::swap_ranges(swapped.memory.begin(), swapped.memory.begin() + n,
                       swapped.memory.begin() + n);
    const auto det = run<double>(kDet, {2}, {&a}), other = run<double>(kDet, {2}, {&swapped});
    check::close(other[0][0], n > 1 ? -det[0][0] : det[0][0], 1e-13, "det of swapped rows");
    check::same(other[1][0], det[1][0], "det of the same matrix");
    check::is_true(run<double>(kDet, {2}, {&a, &f}) == det, "det from factors that are there");
  }
  Operand<double> m = random_operand<double>(with_batch(1, 3, 3), true);
  m.memory = {{{0}}, {{2}}, {{1}}, {{3}}, {{0}}, {{1}}, {{1}}, {{1}}, {{1}}};
  check::close(run<double>(kDet, {1}, {&m})[0][0], -1, 1e-15, "det");
}

void zero_pivots_are_errors_and_nan_are_not() {
  for (std::int64_t n : {1, 2, 6, 12, 70}) {
    auto a = random_operand<double>(with_batch(1, n, n), true);
    for (std::int64_t i = 0; i < n; ++i) a.memory[static_cast<std::size_t>(i * n)][0] = 0;
    // The factors of a singular matrix are there for its determinant; a solve refuses them.
    Operand<double> f;
    f.layout = make_layout(DType::kFloat64, with_batch(1, n + 1, n));
    f.memory = run<double>(kLu, f.layout.shape, {&a});
    const auto b = random_operand<double>(with_batch(1, n, 2), true);
    check::throws<SingularMatrixError>(
        [&] { run<double>(kSolve, b.layout.shape, {&a, &f, &b}, {false}); },
        "solve: singular matrix");
    check::throws<SingularMatrixError>([&] { run<double>(kInv, a.layout.shape, {&a}); },
                                       "inv: singular matrix");
    check::same(run<double>(kDet, {1}, {&a})[0][0] + 0.0, 0.0, "det of a singular matrix");
    for (auto& entry : a.memory) entry[0] = std::numeric_limits<double>::quiet_NaN();
    for (const auto& entry : run<double>(kInv, a.layout.shape, {&a})) {
      check::is_true(std::isnan(entry[0]), "inverse of NaN");
    }
  }
}

}  // namespace

int main() {
  return check::run({{"real products", real_products},
                     {"complex products", complex_products},
                     {"integer products", integer_products},
                     {"borders of blocks", borders_of_blocks},
                     {"entries depend on values alone", entries_depend_on_their_values_alone},
                     {"NaN stays in its row", not_a_number_stays_in_its_row},
                     {"solves", solves},
                     {"inverses and determinants", inverses_and_determinants},
                     {"zero pivots", zero_pivots_are_errors_and_nan_are_not}});
}
