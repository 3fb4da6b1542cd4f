/// Constructors of the array operations: each checks its operands (ShapeError names the operation,
/// the wanted and the given), works out the result's type, and writes the instruction.
#pragma once

#include <span>
#include <utility>

#include "program/expr.hpp"

namespace dualtape::engine {

using Axes = std::span<const std::int64_t>;

// Making values.
Expr constant(Builder& b, double value, DType dtype);
/// `value` everywhere.
Expr full(Builder& b, double value, const Type& type);
/// Zeros of the type of x, in x's builder.
Expr zeros_like(const Expr& x);
Expr ones_like(const Expr& x);
Expr iota(Builder& b, std::int64_t n, DType dtype = DType::kInt64);
Expr eye(Builder& b, std::int64_t n, std::int64_t m, DType dtype);

// Views.
Expr reshape(const Expr& x, Dims shape);
Expr transpose(const Expr& x, Dims permutation);
Expr swap_last_axes(const Expr& x);
Expr move_axis(const Expr& x, std::int64_t from, std::int64_t to);
Expr broadcast_to(const Expr& x, Dims shape);
/// The scalar that x repeats, where x is of `shape` and is one that was broadcast; else x.
Expr without_broadcast(const Expr& x, const Dims& shape);
/// x[start : start + count * step : step] on each axis; step may be negative.
Expr slice(const Expr& x, Dims start, Dims count, Dims step);
/// slice of one axis.
Expr slice_axis(const Expr& x, std::size_t axis, std::int64_t start, std::int64_t count,
                std::int64_t step = 1);
/// New axes of length one at these positions of the result.
Expr expand_dims(const Expr& x, Axes positions);
Expr stop_gradient(const Expr& x);

// Moving data.
Expr convert(const Expr& x, DType dtype);
/// x in memory of its own: a view of it no longer keeps x's memory alive.
Expr copy(const Expr& x);
/// Zeros of `shape` with x at start + i * step on each axis; the transpose of slice.
Expr pad(const Expr& x, Dims shape, Dims start, Dims step);
/// x with v written where slice(x, start, v.shape, step) reads.
Expr update_slice(const Expr& x, const Expr& v, Dims start, Dims step);
/// x with v added there.
Expr add_slice(const Expr& x, const Expr& v, Dims start, Dims step);
Expr concatenate(std::span<const Expr> parts, std::int64_t axis);
/// x[index] along the first axis; int64 index, negative ones count from the end.
Expr take(const Expr& x, const Expr& index);
Expr take_add(const Expr& x, const Expr& index, const Expr& v);
Expr take_set(const Expr& x, const Expr& index, const Expr& v);

// Reductions: axes are dropped from the result; ascending and not negative.
Expr sum(const Expr& x, Dims axes);
Expr prod(const Expr& x, Dims axes);
Expr max(const Expr& x, Dims axes);
Expr min(const Expr& x, Dims axes);
Expr all(const Expr& x, Dims axes);
Expr any(const Expr& x, Dims axes);
Expr argmax(const Expr& x, std::int64_t axis);
Expr argmin(const Expr& x, std::int64_t axis);
Expr cumsum(const Expr& x, std::int64_t axis, bool reverse = false);

// Order and recurrence along an axis.
Expr sort(const Expr& x, std::int64_t axis);
/// Stable: equal entries stay in order; NaN come last.
Expr argsort(const Expr& x, std::int64_t axis);
/// y[.., k, ..] = x[.., index[.., k, ..], ..]; index int64, of x's shape but for this axis, with
/// entries in [0, n): they are not checked.
Expr take_along(const Expr& x, const Expr& index, std::int64_t axis);
/// Where to put v[..., m] into ascending a[..., n], in front of equal entries or to their right;
/// equal leading axes.
Expr searchsorted(const Expr& a, const Expr& v, bool right);
Expr cummax(const Expr& x, std::int64_t axis);
Expr cummin(const Expr& x, std::int64_t axis);
/// y[k] = a[k] y[k-1] + b[k], from the last k if `reverse`.
Expr recurrence(const Expr& a, const Expr& b, std::int64_t axis, bool reverse = false);
Expr cumprod(const Expr& x, std::int64_t axis);

/// Sums over what broadcasting `shape` to x's shape repeats: the transpose of broadcasting.
Expr sum_to(const Expr& x, const Dims& shape);

// Products.
struct DotDims {
  Dims lhs_contract, rhs_contract, lhs_batch, rhs_batch;
};
/// Sum of products over the contracted axes; result axes: batch, lhs free, rhs free.
Expr dot_general(const Expr& a, const Expr& b, const DotDims& dims);
/// NumPy's matmul, 1-d operands and broadcast batch axes included.
Expr matmul(const Expr& a, const Expr& b);
/// NumPy's dot.
Expr dot(const Expr& a, const Expr& b);
/// NumPy's tensordot with explicit axes.
Expr tensordot(const Expr& a, const Expr& b, Dims a_axes, Dims b_axes);

// Linear algebra on the last two axes; leading axes are a batch (broadcast by `linalg_solve`).
/// LU factors (..., n + 1, n) for `solve`; no function of A that has derivatives of its own.
Expr lu(const Expr& a);
/// A^-1 b (or A^-T b); A (..., n, n) and its factors, b (..., n, k), equal leading axes.
Expr solve(const Expr& a, const Expr& factors, const Expr& b, bool transposed = false);
/// The same with factors made here.
Expr solve(const Expr& a, const Expr& b, bool transposed = false);
/// NumPy's linalg.solve: b may be a vector (n,), leading axes broadcast.
Expr linalg_solve(const Expr& a, const Expr& b);
Expr inv(const Expr& a);
Expr det(const Expr& a);

// Parts of complex numbers. real and conj give real x itself.
Expr real(const Expr& x);
Expr imag(const Expr& x);
Expr conj(const Expr& x);
/// re + i im: two real operands of one type, which broadcast.
Expr make_complex(const Expr& re, const Expr& im);

// Fourier transforms along one axis.
Expr fft(const Expr& x, std::int64_t axis, bool inverse, FftScale scale);
/// Of real x: the first n / 2 + 1 entries of its fft.
Expr rfft(const Expr& x, std::int64_t axis, FftScale scale);
/// The real x of length n whose rfft is z, of length n / 2 + 1; its inverse for
/// FftScale::kByLength. The imaginary parts of the first entry, and of the last one for an even n,
/// do not count.
Expr irfft(const Expr& z, std::int64_t n, std::int64_t axis, FftScale scale);

/// c * x, but 0 where x is 0 whatever c is.
Expr zero_multiply(const Expr& c, const Expr& x);

// Sub-programs.
/// Results of a program on these operands, as one `call`.
std::vector<Expr> call(ProgramPtr program, std::span<const Expr> args, Builder& fallback);

}  // namespace dualtape::engine
