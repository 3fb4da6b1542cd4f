/// Parts of complex numbers: linear over the reals, not over the complex numbers.
///
/// Cotangents pair with tangents as Re(sum(x_bar x_dot)), so that operations linear over the
/// complex numbers have their plain transpose, without conjugation, and these have
///   real       x_bar = y_bar + 0 i
///   imag       x_bar = -i y_bar
///   conjugate  x_bar = conjugate(y_bar)
///   complex    re_bar = real(y_bar),  im_bar = -imag(y_bar)

#include <array>

#include "ops/elementwise.hpp"
#include "ops/rules.hpp"
#include "program/errors.hpp"

namespace dualtape::engine {
namespace {

/// Operand k of the instruction that made x, if that is `op` and the program is being derived.
Tangent operand_of(const Expr& x, OpCode op, std::size_t k) {
  if (x.builder().mode() != Builder::Mode::kDerive) return {};
  const Program& p = x.builder().program();
  if (p.instructions[x.id()].op != op) return {};
  return Expr(x.builder(), p.args_of(x.id())[k]);
}

Type real_type(const Expr& x) { return {real_dtype(x.dtype()), x.shape()}; }

Expr part(OpCode op, const Expr& x) {
  const Expr args[] = {x};
  return emit(op, args, real_type(x));
}

}  // namespace

Expr real(const Expr& x) {
  if (!is_complex(x.dtype())) return x;
  if (const Tangent re = operand_of(x, kComplex, 0)) return *re;
  if (const Tangent z = operand_of(x, kConjugate, 0)) return real(*z);
  const Tangent from = operand_of(x, kConvert, 0);
  if (from && from->dtype() == real_dtype(x.dtype())) return *from;
  return part(kReal, x);
}

Expr imag(const Expr& x) {
  if (!is_complex(x.dtype())) return zeros_like(x);
  if (const Tangent im = operand_of(x, kComplex, 1)) return *im;
  const Tangent from = operand_of(x, kConvert, 0);
  if (from && !is_complex(from->dtype())) return full(x.builder(), 0, real_type(x));
  return part(kImag, x);
}

Expr conj(const Expr& x) {
  if (!is_complex(x.dtype())) return x;
  if (const Tangent z = operand_of(x, kConjugate, 0)) return *z;
  const Expr args[] = {x};
  return emit(kConjugate, args, Type(x.type()));
}

Expr make_complex(const Expr& re, const Expr& im) {
  if (re.dtype() != im.dtype() || !is_floating(re.dtype())) {
    throw DTypeError("complex: parts of one floating type are wanted, got " +
                     std::string(dtype_name(re.dtype())) + " and " +
                     std::string(dtype_name(im.dtype())));
  }
  const Dims shape = broadcast_shapes("complex", re.shape(), im.shape());
  const Expr args[] = {broadcast_to(re, shape), broadcast_to(im, shape)};
  return emit(kComplex, args, Type{complex_dtype(re.dtype()), shape});
}

namespace {

void transpose_real(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                    std::span<Tangent> x_bar) {
  accumulate(x_bar[0], convert(y_bar, x[0].type.dtype));
}

void transpose_imag(const OpCall&, std::span<const LinearArg>, const Expr& y_bar,
                    std::span<Tangent> x_bar) {
  accumulate(x_bar[0], make_complex(zeros_like(y_bar), -y_bar));
}

void transpose_conjugate(const OpCall&, std::span<const LinearArg>, const Expr& y_bar,
                         std::span<Tangent> x_bar) {
  accumulate(x_bar[0], conj(y_bar));
}

Expr batch_part(const OpCall& call, std::span<const Batched> x, std::int64_t) {
  if (call.op == kConjugate) return conj(x[0].value);
  return call.op == kReal ? real(x[0].value) : imag(x[0].value);
}

Tangent push_complex(const OpCall&, std::span<const Expr>, const Expr& y,
                     std::span<const Tangent> x_dot) {
  if (!x_dot[1]) return convert(*x_dot[0], y.dtype());
  return make_complex(x_dot[0] ? *x_dot[0] : zeros_like(*x_dot[1]), *x_dot[1]);
}

void transpose_complex(const OpCall&, std::span<const LinearArg> x, const Expr& y_bar,
                       std::span<Tangent> x_bar) {
  if (x[0].is_linear()) accumulate(x_bar[0], real(y_bar));
  if (x[1].is_linear()) accumulate(x_bar[1], -imag(y_bar));
}

Expr batch_complex(const OpCall&, std::span<const Batched> x, std::int64_t size) {
  return make_complex(with_batch(x[0], size), with_batch(x[1], size));
}

}  // namespace

const Rules& complex_rules(OpCode op) {
  static const Rules real_rules{push_linear, transpose_real, batch_part};
  static const Rules imag_rules{push_linear, transpose_imag, batch_part};
  static const Rules conjugate_rules{push_linear, transpose_conjugate, batch_part};
  static const Rules join_rules{push_complex, transpose_complex, batch_complex};
  switch (op) {
    case kReal: return real_rules;
    case kImag: return imag_rules;
    case kConjugate: return conjugate_rules;
    default: return join_rules;
  }
}

}  // namespace dualtape::engine
