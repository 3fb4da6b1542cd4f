/// Kernels below the plan: strided copies and reductions, against the plainest loops.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "check.hpp"
#include "kernels/reduce_leading.hpp"
#include "kernels/strided.hpp"
#include "program/opcodes.hpp"

namespace {

using namespace dualtape::engine;

std::mt19937_64 generator(20240817);

std::int64_t pick(std::int64_t lo, std::int64_t hi) {
  return std::uniform_int_distribution<std::int64_t>(lo, hi)(generator);
}

/// A strided array of doubles: broadcast, reversed and gapped axes, and where its first element is.
struct Strided {
  Dims shape, strides;
  std::int64_t first = 0;
  std::vector<double> memory;

  const char* data() const { return reinterpret_cast<const char*>(memory.data() + first); }
  /// Element by element, in C order.
  std::vector<double> elements() const {
    std::vector<double> result;
    for (std::int64_t k = 0; k < element_count(shape); ++k) {
      std::int64_t rest = k, at = first;
      for (std::size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) {
        at += rest % shape[axis] * strides[axis];
      }
      result.push_back(memory[static_cast<std::size_t>(at)]);
    }
    return result;
  }
};

Strided random_strided() {
  Strided x;
  std::int64_t step = 1, lowest = 0, highest = 0;
  const std::int64_t rank = pick(0, 4);
  x.shape.resize(static_cast<std::size_t>(rank));
  x.strides.resize(static_cast<std::size_t>(rank));
  for (std::size_t axis = x.shape.size(); axis-- > 0;) {
    x.shape[axis] = pick(1, 5);
    x.strides[axis] = step * pick(-2, 2);
    step *= 2 * x.shape[axis];
    const std::int64_t reach = x.strides[axis] * (x.shape[axis] - 1);
    (reach < 0 ? lowest : highest) += reach;
  }
  x.first = -lowest;
  for (std::int64_t k = lowest; k <= highest; ++k) x.memory.push_back(static_cast<double>(k));
  return x;
}

void gather_reads_any_piece() {
  for (int trial = 0; trial < 300; ++trial) {
    const Strided x = random_strided();
    const std::vector<double> wanted = x.elements();
    const auto count = static_cast<std::int64_t>(wanted.size());
    const Walk walk = make_walk(sizeof(double), x.shape, x.strides);
    const std::int64_t first = pick(0, count - 1), n = pick(0, count - first);
    std::vector<double> got(static_cast<std::size_t>(n));
    gather(reinterpret_cast<char*>(got.data()), x.data(), walk, first, n);
    for (std::size_t k = 0; k < got.size(); ++k) {
      check::same(got[k], wanted[static_cast<std::size_t>(first) + k], "gather");
    }
  }
}

std::vector<double> random_numbers(std::int64_t n) {
  std::uniform_real_distribution<double> uniform(1e7, 2e7);
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double& v : x) v = uniform(generator);
  return x;
}

double sum_of_row(const Reducer& sum, const std::vector<double>& x) {
  double y = -1;
  sum.rows(&y, x.data(), 1, static_cast<std::int64_t>(x.size()));
  return y;
}

/// 2e-16 an addition in a chain of 1e6 would lose 1e-10; pairwise loses less than 20 roundings.
void sums_are_pairwise() {
  const Reducer& sum = *lookup_reducer(kSum, DType::kFloat64);
  for (std::int64_t n : {1, 7, 8, 127, 128, 129, 1000, 1000000}) {
    const std::vector<double> x = random_numbers(n);
    long double exact = 0;
    for (double v : x) exact += v;
    check::close(sum_of_row(sum, x), static_cast<double>(exact), 1e-15, "sum");
  }
}

void pieces_give_the_same_bits_as_the_whole() {
  const Reducer& sum = *lookup_reducer(kSum, DType::kFloat64);
  const std::vector<double> x = random_numbers(5000);
  for (std::int64_t piece : {128, 256, 1024, 4992}) {
    RowState state;
    for (std::int64_t first = 0; first < 5000; first += piece) {
      sum.push(state, x.data() + first, std::min<std::int64_t>(piece, 5000 - first));
    }
    double y = 0;
    sum.finish(state, &y);
    check::same(y, sum_of_row(sum, x), "sum in pieces");
  }
}

/// One column of an array of many rows, row by row, against long double.
void rows_are_combined_pairwise() {
  const Reducer& sum = *lookup_reducer(kSum, DType::kFloat64);
  constexpr std::int64_t kWidth = 3;
  for (std::int64_t rows : {1, 2, 16, 17, 31, 32, 33, 100, 1000, 100000}) {
    const std::vector<double> x = random_numbers(rows * kWidth);
    std::vector<double> scratch(static_cast<std::size_t>(leading_levels(rows) * kWidth));
    double y[kWidth] = {};
    long double exact[kWidth] = {};
    for (std::int64_t row = 0; row < rows; ++row) {
      accumulate_row(sum, reinterpret_cast<char*>(y), reinterpret_cast<char*>(scratch.data()), 8,
                     rows, row, kWidth, 0, reinterpret_cast<const char*>(x.data() + row * kWidth),
                     kWidth);
      for (int c = 0; c < kWidth; ++c) exact[c] += x[static_cast<std::size_t>(row * kWidth + c)];
    }
    for (int c = 0; c < kWidth; ++c) {
      check::close(y[c], static_cast<double>(exact[c]), 2e-15, "sum of rows");
    }
  }
}

/// Rows one by one, in parts and in parts of their columns: the same bits.
void parts_of_rows_do_not_matter() {
  constexpr std::int64_t kWidth = 150;
  for (const OpCode op : {kSum, kProd, kMax, kMin}) {
    const Reducer& reducer = *lookup_reducer(op, DType::kFloat64);
    for (const std::int64_t rows : {1, 7, 16, 17, 33, 100, 531}) {
      std::vector<double> x = random_numbers(rows * kWidth);
      x[static_cast<std::size_t>(rows / 2 * kWidth + 3)] = std::nan("");
      std::vector<double> scratch(static_cast<std::size_t>(leading_levels(rows) * kWidth));
      std::vector<double> one(kWidth), parts(kWidth);
      const auto bytes = [](auto& v) { return reinterpret_cast<char*>(v.data()); };
      for (std::int64_t row = 0; row < rows; ++row) {
        accumulate_row(reducer, bytes(one), bytes(scratch), 8, rows, row, kWidth, 0,
                       bytes(x) + row * kWidth * 8, kWidth);
      }
      const std::int64_t cut = rows / 3;
      for (const std::int64_t column : {std::int64_t{0}, std::int64_t{93}}) {
        const std::int64_t columns = column ? kWidth - column : 93;
        const char* const at = bytes(x) + column * 8;
        accumulate_rows(reducer, bytes(parts), bytes(scratch), 8, rows, kWidth,
                        {at, kWidth, 0, cut, column, columns});
        accumulate_rows(reducer, bytes(parts), bytes(scratch), 8, rows, kWidth,
                        {at + cut * kWidth * 8, kWidth, cut, rows - cut, column, columns});
      }
      for (std::size_t c = 0; c < kWidth; ++c) check::same(parts[c], one[c], "parts of rows");
    }
  }
}

void edges() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto reduce = [](OpCode op, std::vector<double> x) {
    double y = 0;
    lookup_reducer(op, DType::kFloat64)->rows(&y, x.data(), 1, static_cast<std::int64_t>(x.size()));
    return y;
  };
  check::same(reduce(kSum, {}), 0.0, "sum of nothing");
  check::same(reduce(kProd, {}), 1.0, "product of nothing");
  check::same(reduce(kSum, {-0.0, -0.0}), -0.0, "sum of -0");
  for (std::size_t at = 0; at < 20; ++at) {
    std::vector<double> x(20, 1.0);
    x[at] = nan;
    check::same(reduce(kMax, x), nan, "max with NaN");
    check::same(reduce(kMin, x), nan, "min with NaN");
  }
  check::is_true(lookup_reducer(kMax, DType::kComplex128) == nullptr, "no max of complex numbers");
}

}  // namespace

int main() {
  return check::run({{"gather reads any piece", gather_reads_any_piece},
                     {"sums are pairwise", sums_are_pairwise},
                     {"pieces give the same bits", pieces_give_the_same_bits_as_the_whole},
                     {"rows are combined pairwise", rows_are_combined_pairwise},
                     {"parts of rows do not matter", parts_of_rows_do_not_matter},
                     {"edges", edges}});
}
