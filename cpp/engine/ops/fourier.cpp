/// Fourier transforms along one axis of length n; s is 1, 1 / n or 1 / sqrt(n).
///
///   fft    y_k = s sum_j x_j e^(-2 pi i j k / n);  the matrix is symmetric: x_bar = fft(y_bar)
///   rfft   the first m = n / 2 + 1 of these for real x:  x_bar = irfft(w conj(y_bar))
///   irfft  x_j = s (Re z_0 + 2 Re sum_k z_k e^(2 pi i j k / n)), the last term once for even n:
///          z_bar = conj(rfft(x_bar)) / w
/// with w = 1 at k = 0 and 2 k = n, and 1/2 elsewhere. All are linear: their own pushforward.

#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

void check_axis(const char* op, const Expr& x, std::int64_t axis) {
  if (axis < 0 || static_cast<std::size_t>(axis) >= x.rank()) {
    throw ShapeError(std::string(op) + ": axis " + std::to_string(axis) +
                     " does not exist in shape " + to_string(x.shape()));
  }
  if (x.shape()[static_cast<std::size_t>(axis)] == 0) {
    throw ShapeError(std::string(op) + ": axis " + std::to_string(axis) +
                     " must have at least one entry, got shape " + to_string(x.shape()));
  }
}

void check_dtype(const char* op, const Expr& x, bool is_wanted, const char* wanted) {
  if (is_wanted) return;
  throw DTypeError(std::string(op) + ": " + wanted + " values are wanted, got " +
                   std::string(dtype_name(x.dtype())));
}

Expr transform(OpCode op, const Expr& x, Type type, std::initializer_list<std::int64_t> attrs) {
  const Expr args[] = {x};
  return emit(op, args, type, {attrs.begin(), attrs.size()});
}

FftScale scale_of(const OpCall& call) { return static_cast<FftScale>(call.attrs[1]); }

}  // namespace

Expr fft(const Expr& x, std::int64_t axis, bool inverse, FftScale scale) {
  check_dtype("fft", x, is_complex(x.dtype()), "complex");
  check_axis("fft", x, axis);
  return transform(kFft, x, Type(x.type()), {axis, static_cast<std::int64_t>(scale), inverse});
}

Expr rfft(const Expr& x, std::int64_t axis, FftScale scale) {
  check_dtype("rfft", x, is_floating(x.dtype()), "real floating");
  check_axis("rfft", x, axis);
  Dims shape = x.shape();
  auto& n = shape[static_cast<std::size_t>(axis)];
  n = n / 2 + 1;
  return transform(kRfft, x, {complex_dtype(x.dtype()), shape},
                   {axis, static_cast<std::int64_t>(scale)});
}

Expr irfft(const Expr& z, std::int64_t n, std::int64_t axis, FftScale scale) {
  check_dtype("irfft", z, is_complex(z.dtype()), "complex");
  check_axis("irfft", z, axis);
  Dims shape = z.shape();
  auto& length = shape[static_cast<std::size_t>(axis)];
  if (n < 1 || length != n / 2 + 1) {
    throw ShapeError("irfft: a result of length " + std::to_string(n) + " needs " +
                     std::to_string(n / 2 + 1) + " entries along axis " + std::to_string(axis) +
                     ", got shape " + to_string(z.shape()));
  }
  length = n;
  return transform(kIrfft, z, {real_dtype(z.dtype()), shape},
                   {axis, static_cast<std::int64_t>(scale)});
}

namespace {

/// conj(z) with the entries that stand for two of the whole transform of length n times `inner`.
Expr weighted_conjugate(const Expr& z, std::int64_t n, std::int64_t axis, double inner) {
  Builder& b = z.builder();
  const std::int64_t m = n / 2 + 1;
  const DType dtype = real_dtype(z.dtype());
  const Expr one = full(b, 1, Type{dtype, {1}});
  Expr weight = update_slice(full(b, inner, Type{dtype, {m}}), one, {0}, {1});
  if (n % 2 == 0) weight = update_slice(weight, one, {m - 1}, {1});
  Dims column(z.rank() - static_cast<std::size_t>(axis), 1);
  column[0] = m;
  weight = reshape(weight, column);
  return make_complex(weight * real(z), weight * -imag(z));
}

void transpose_fft(const OpCall& call, std::span<const LinearArg>, const Expr& y_bar,
                   std::span<Tangent> x_bar) {
  accumulate(x_bar[0], fft(y_bar, call.attrs[0], call.attrs[2] != 0, scale_of(call)));
}

void transpose_rfft(const OpCall& call, std::span<const LinearArg> x, const Expr& y_bar,
                    std::span<Tangent> x_bar) {
  const std::int64_t axis = call.attrs[0];
  const std::int64_t n = x[0].type.shape[static_cast<std::size_t>(axis)];
  accumulate(x_bar[0], irfft(weighted_conjugate(y_bar, n, axis, 0.5), n, axis, scale_of(call)));
}

void transpose_irfft(const OpCall& call, std::span<const LinearArg>, const Expr& y_bar,
                     std::span<Tangent> x_bar) {
  const std::int64_t axis = call.attrs[0];
  const std::int64_t n = call.type.shape[static_cast<std::size_t>(axis)];
  accumulate(x_bar[0], weighted_conjugate(rfft(y_bar, axis, scale_of(call)), n, axis, 2));
}

Expr batch_transform(const OpCall& call, std::span<const Batched> x, std::int64_t size) {
  Dims attrs(call.attrs);
  ++attrs[0];
  const Expr args[] = {x[0].value};
  return emit(call.op, args, Type{call.type.dtype, prefixed(size, call.type.shape)}, attrs);
}

}  // namespace

const Rules& fourier_rules(OpCode op) {
  static const Rules fft_rules{push_linear, transpose_fft, batch_transform};
  static const Rules rfft_rules{push_linear, transpose_rfft, batch_transform};
  static const Rules irfft_rules{push_linear, transpose_irfft, batch_transform};
  if (op == kFft) return fft_rules;
  return op == kRfft ? rfft_rules : irfft_rules;
}

}  // namespace dualtape::engine
