/// Fourier transforms prepared: lengths factored, tables made, lines gathered for the kernels.
#include "kernels/fft.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "kernels/library.hpp"
#include "kernels/prepared.hpp"
#include "kernels/strided.hpp"

namespace dualtape::engine {
namespace {

/// Odd factors up to here are passes of their own: must fit the kernels' largest.
constexpr std::int64_t kMostRadix = 127;

/// e^(-2 pi i k / n), each part to half an ulp of double: products of two tables of length sqrt(n),
/// in long double.
class Roots {
 public:
  explicit Roots(std::int64_t n) : n_(n) {
    while ((std::int64_t{1} << (2 * shift_)) < n) ++shift_;
    const std::int64_t low = std::int64_t{1} << shift_;
    for (std::int64_t k = 0; k < low; ++k) fine_.push_back(root(k));
    for (std::int64_t k = 0; k < n; k += low) coarse_.push_back(root(k));
  }
  /// k >= 0, taken modulo n.
  std::complex<long double> operator()(std::int64_t k) const {
    k %= n_;
    const auto a = fine_[static_cast<std::size_t>(k & ((std::int64_t{1} << shift_) - 1))];
    const auto b = coarse_[static_cast<std::size_t>(k >> shift_)];
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
  }

 private:
  /// The angle in the first octant, so that a quarter of a turn is exact.
  std::complex<long double> root(std::int64_t k) const {
    const std::int64_t octant = 8 * k / n_;
    const std::int64_t turns = (octant + 1) / 2;  // nearest quarter
    const long double rest =
        static_cast<long double>(4 * k - turns * n_) / static_cast<long double>(4 * n_);
    const long double angle = 2 * std::numbers::pi_v<long double> * rest;
    const long double c = std::cos(angle), s = std::sin(angle);
    switch (turns % 4) {
      case 0: return {c, -s};
      case 1: return {-s, -c};
      case 2: return {-c, s};
      default: return {s, c};
    }
  }

  std::int64_t n_;
  int shift_ = 0;
  std::vector<std::complex<long double>> fine_, coarse_;
};

/// Fours first, then a two and the odd primes.
std::vector<std::int64_t> factors_of(std::int64_t n) {
  std::vector<std::int64_t> factors;
  for (; n % 4 == 0; n /= 4) factors.push_back(4);
  for (std::int64_t p = 2; p * p <= n; p += p == 2 ? 1 : 2) {
    for (; n % p == 0; n /= p) factors.push_back(p);
  }
  if (n > 1) factors.push_back(n);
  return factors;
}

/// Operations for each entry, roughly.
double work_of(std::span<const std::int64_t> factors) {
  double work = 0;
  for (auto p : factors)
    work += p > 5 ? 4.0 * static_cast<double>(p) : 4.0 + 2.0 * static_cast<double>(p);
  return work;
}

/// The cheapest length of small factors that is at least n.
std::int64_t padded_length(std::int64_t n) {
  auto best = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n)));
  for (std::int64_t odd : {3, 5, 9, 15}) {
    std::int64_t m = odd;
    while (m < n) m *= 2;
    best = std::min(best, m);
  }
  return best;
}

/// A plan with its tables, in T.
template <class T>
class Tables {
 public:
  explicit Tables(std::int64_t n, bool may_pad = true) {
    plan_.length = n;
    const auto factors = factors_of(n);
    const std::int64_t m = padded_length(2 * n - 1);
    const double padded =
        2.5 * work_of(factors_of(m)) * static_cast<double>(m) / static_cast<double>(n);
    const bool too_large = !factors.empty() && factors.back() > kMostRadix;
    if (may_pad && (too_large || work_of(factors) > padded)) {
      convolve(m);
      return;
    }
    const Roots root(n);
    std::int64_t stride = 1;
    for (auto radix : factors) {
      add_pass(radix, stride, root);
      stride *= radix;
    }
    plan_.passes = passes_.data();
    plan_.n_passes = static_cast<std::int64_t>(passes_.size());
  }
  Tables(const Tables&) = delete;
  Tables& operator=(const Tables&) = delete;

  const FftPlan& plan() const { return plan_; }
  std::size_t bytes() const {
    std::size_t total = sizeof *this + (padded_ ? padded_->bytes() : 0);
    for (const auto& table : kept_) total += table.size() * sizeof(T);
    return total;
  }
  /// The table e^(-2 pi i k / n), k = 0 .. count - 1, split into its parts.
  static std::vector<T> split_roots(std::int64_t n, std::int64_t count) {
    const Roots root(n);
    return split(count, [&](std::int64_t k) { return root(k); });
  }

 private:
  template <class F>
  static std::vector<T> split(std::int64_t count, F&& f) {
    std::vector<T> table(static_cast<std::size_t>(2 * count));
    for (std::int64_t k = 0; k < count; ++k) {
      const std::complex<long double> z = f(k);
      table[static_cast<std::size_t>(k)] = static_cast<T>(z.real());
      table[static_cast<std::size_t>(count + k)] = static_cast<T>(z.imag());
    }
    return table;
  }
  const T* keep(std::vector<T> table) {
    kept_.push_back(std::move(table));
    return kept_.back().data();
  }

  void add_pass(std::int64_t radix, std::int64_t stride, const Roots& root) {
    const std::int64_t n = plan_.length, groups = n / (radix * stride);
    FftPass pass{radix, groups, stride, nullptr, nullptr};
    pass.roots = keep(split((radix - 1) * groups, [&](std::int64_t at) {
      return root(at % groups * (at / groups + 1) % (radix * groups) * stride);
    }));
    if (radix % 2) {
      pass.unit =
          keep(split(radix, [&](std::int64_t j) { return std::conj(root(j * (n / radix))); }));
    }
    passes_.push_back(pass);
  }

  /// The chirp has period 2 n: j^2 modulo that, exactly.
  void convolve(std::int64_t m) {
    const std::int64_t n = plan_.length;
    const Roots root(2 * n);
    const auto chirp = [&](std::int64_t j) {
      __extension__ using Wide = unsigned __int128;
      return root(static_cast<std::int64_t>(static_cast<Wide>(j) * static_cast<Wide>(j) %
                                            static_cast<Wide>(2 * n)));
    };
    plan_.chirp = keep(split(n, chirp));
    padded_ = std::make_unique<Tables>(m, false);
    plan_.padded = &padded_->plan();
    std::vector<T> filter = split(m, [&](std::int64_t j) {
      const std::int64_t from = std::min(j, m - j);
      return from < n ? std::conj(chirp(from)) : std::complex<long double>();
    });
    transform_once(filter);
    for (T& x : filter) x /= static_cast<T>(m);
    plan_.filter = keep(std::move(filter));
  }

  /// The padded transform of a split table, by the kernels themselves.
  void transform_once(std::vector<T>& table) const {
    const std::int64_t m = plan_.padded->length;
    std::vector<std::complex<T>> z(static_cast<std::size_t>(m));
    for (std::size_t j = 0; j < z.size(); ++j) z[j] = {table[j], table[z.size() + j]};
    std::vector<T> scratch(static_cast<std::size_t>(fft_scratch_items(*plan_.padded, 1)));
    const char* in[] = {reinterpret_cast<const char*>(z.data())};
    char* out[] = {reinterpret_cast<char*>(z.data())};
    FftLines lines{};
    lines.plan = plan_.padded;
    lines.n = m;
    lines.scale = 1;
    lines.count = lines.in_step = lines.out_step = 1;
    lines.in = in;
    lines.out = out;
    kernels().fft(sizeof(T) == 8 ? DType::kFloat64 : DType::kFloat32)(lines, scratch.data());
    for (std::size_t j = 0; j < z.size(); ++j) {
      table[j] = z[j].real();
      table[z.size() + j] = z[j].imag();
    }
  }

  FftPlan plan_{};
  std::vector<FftPass> passes_;
  std::vector<std::vector<T>> kept_;  // moved with their memory as the list grows
  std::unique_ptr<Tables> padded_;
};

/// Bytes of split numbers that several lines may take together: a part of the L2 cache.
constexpr std::int64_t kSharedBytes = 256 << 10;

template <class T>
class Fourier final : public PreparedKernel {
 public:
  explicit Fourier(const ArrayCall& call)
      : in_(*call.in[0]),
        out_(call.out),
        axis_(static_cast<std::size_t>(call.attrs[0])),
        lines_(lines_of(call)),
        tables_(lines_.n % 2 || lines_.kind == FftKind::kComplex ? lines_.n : lines_.n / 2) {
    lines_.plan = &tables_.plan();
    if (lines_.kind != FftKind::kComplex && lines_.n % 2 == 0) {
      halves_ = Tables<T>::split_roots(lines_.n, lines_.n / 2 + 1);
      lines_.halves = halves_.data();
    }
    const std::int64_t length = in_.shape[axis_];
    total_ = length ? in_.count / length : 0;
    const std::int64_t line_bytes = fft_scratch_items(*lines_.plan, 1) * sizeof(T);
    together_ = std::clamp<std::int64_t>(kSharedBytes / line_bytes, 1, std::min(total_, kFftLines));
    if (together_ < 4) together_ = 1;  // lanes that are not filled gain nothing
    scratch_bytes = line_bytes * together_;
    kernel_ = kernels().fft(real_dtype(in_.dtype));
  }

  void run(char* out, const char* const* in, char* scratch) const override {
    Dims shape = in_.shape, from = in_.strides, to = out_.strides;
    for (Dims* d : {&shape, &from, &to}) d->erase(axis_);
    Odometer<2> at(shape);
    at.set_strides(0, from);
    at.set_strides(1, to);
    const char* sources[kFftLines];
    char* targets[kFftLines];
    FftLines lines = lines_;
    lines.in = sources;
    lines.out = targets;
    lines.count = 0;
    for (std::int64_t k = 0; k < total_; ++k, at.next()) {
      sources[lines.count] = in[0] + at.offset(0) * static_cast<std::int64_t>(in_.item());
      targets[lines.count] = out + at.offset(1) * static_cast<std::int64_t>(out_.item());
      if (++lines.count < together_ && k + 1 < total_) continue;
      kernel_(lines, scratch);
      lines.count = 0;
    }
  }

  std::size_t table_bytes() const { return tables_.bytes() + halves_.size() * sizeof(T); }

 private:
  static FftLines lines_of(const ArrayCall& call) {
    const auto axis = static_cast<std::size_t>(call.attrs[0]);
    FftLines lines{};
    lines.kind = call.op == kFft    ? FftKind::kComplex
                 : call.op == kRfft ? FftKind::kFromReal
                                    : FftKind::kToReal;
    lines.n = call.op == kRfft ? call.in[0]->shape[axis] : call.out.shape[axis];
    lines.inverse = call.op == kFft && call.attrs[2] != 0;
    const auto n = static_cast<double>(lines.n);
    const auto scale = static_cast<FftScale>(call.attrs[1]);
    lines.scale = scale == FftScale::kOne        ? 1
                  : scale == FftScale::kByLength ? 1 / n
                                                 : 1 / std::sqrt(n);
    lines.in_step = call.in[0]->strides[axis];
    lines.out_step = call.out.strides[axis];
    return lines;
  }

  const Layout &in_, &out_;
  std::size_t axis_;
  FftLines lines_;
  Tables<T> tables_;
  std::vector<T> halves_;
  std::int64_t total_ = 0, together_ = 1;
  FftKernel kernel_ = nullptr;
};

template <class T>
PreparedPtr prepare_in(const ArrayCall& call) {
  auto kernel = std::make_unique<Fourier<T>>(call);
  kernel->bytes = sizeof(Fourier<T>) + kernel->table_bytes();
  return kernel;
}

}  // namespace

PreparedPtr prepare_fft(const ArrayCall& call) {
  const DType given = call.in[0]->dtype;
  if (!(call.op == kRfft ? is_floating(given) : is_complex(given))) return nullptr;
  return real_dtype(given) == DType::kFloat64 ? prepare_in<double>(call) : prepare_in<float>(call);
}

}  // namespace dualtape::engine
