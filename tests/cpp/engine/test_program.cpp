/// Programs: sharing, bit-exact algebra, extraction, bytes and back, absolute zeros, custom rules
/// through every pass.

#include <cmath>
#include <cstdio>
#include <limits>

#include "check.hpp"
#include "engine/run.hpp"
#include "program/errors.hpp"
#include "transform/replay.hpp"

namespace {

using namespace dualtape;
using namespace testing;
using Kind = Derivation::Kind;

ProgramPtr finish(Builder& b, const Expr& y) {
  const ValueId out[] = {y.id()};
  return b.finish(out);
}

void derived_programs_share_equal_instructions() {
  Builder b(Builder::Mode::kDerive);
  const Expr x = input(b, {3});
  check::is_true(same_value(sin(x) + 1.0, sin(x) + 1.0), "one instruction for equal ones");
  Builder r(Builder::Mode::kRecord);
  const Expr z = input(r, {3});
  check::is_true(!same_value(sin(z), sin(z)), "a recording only appends");
}

void algebra_keeps_every_bit() {
  Builder b(Builder::Mode::kDerive);
  const Expr x = input(b, {3});
  check::is_true(same_value(x * 1.0, x), "x * 1 is x");
  check::is_true(same_value(-(-x), x), "--x is x");
  check::is_true(same_value(x - 0.0, x), "x - 0 is x");
  check::is_true(same_value(x + (-0.0), x), "x + (-0) is x");
  check::is_true(!same_value(x + 0.0, x), "x + 0 turns -0 into 0: not x");
  check::is_true(!same_value(x * 0.0, zeros_like(x)), "x * 0 may be nan: not 0");
}

void programs_survive_as_bytes() {
  Builder b(Builder::Mode::kRecord);
  const Expr x = input(b, {2, 3});
  const ProgramPtr inner = finish(b, sum(tanh(x) * 2.5, {1}));
  Builder outer(Builder::Mode::kRecord);
  const Expr args[] = {input(outer, {2, 3})};
  const ProgramPtr program = finish(outer, call(inner, args, outer)[0]);
  const std::string bytes = serialize(*program);
  check::is_true(*deserialize(bytes) == *program, "deserialize is the inverse of serialize");
  check::is_true(deserialize(bytes)->hash() == program->hash(), "and keeps the hash");
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    check::throws<Error>([&] { deserialize(std::string_view(bytes).substr(0, n)); }, "deserialize");
  }
}

void extraction_cuts_at_its_inputs() {
  Builder b(Builder::Mode::kRecord);
  const Expr x = input(b, {});
  const Expr middle = sin(x), y = exp(middle) * x;
  const ValueId in[] = {middle.id()}, out[] = {y.id()};
  std::vector<ValueId> extra;
  const ProgramPtr part = extract(b.program(), in, out, &extra);
  check::is_true(extra.size() == 1 && extra[0] == x.id(), "x is still needed");
  check::same(run(part, {{2.0}, {3.0}})[0][0], std::exp(2.0) * 3.0);
}

/// where(x > 0, log(x) / x, 0) at 0: the untaken branch's infinite partials must not leak, in
/// either direction.
void untaken_branches_leave_no_nan() {
  Builder b(Builder::Mode::kRecord);
  const Expr x = input(b, {2});
  const Expr zero = zeros_like(x);
  const Expr y = where(less(zero, x), log(x) / x, zero);
  const ProgramPtr loss = finish(b, sum(y, {0}));
  const std::vector<Values> at = {{0.0, 2.0}};
  const double slope = (1 - std::log(2.0)) / 4;
  const auto g = run(derive(*loss, {Kind::kGrad, {0}, {}}).first, at)[0];
  check::same(g[0], 0.0, "reverse");
  check::close(g[1], slope, 1e-15, "reverse");
  const auto jvp = run(derive(*loss, {Kind::kJvp, {0}, {}}).first, {at[0], {1.0, 1.0}});
  check::close(jvp[1][0], slope, 1e-15, "forward");
  const ProgramPtr grad = derive(*loss, {Kind::kGrad, {0}, {}}).first;
  for (Kind kind : {Kind::kJacfwd, Kind::kJacrev}) {
    const auto h = run(derive(*grad, {kind, {0}, {}}).first, at)[0];
    for (std::size_t i = 0; i < 3; ++i) check::is_true(h[i] == 0, "second order");
  }
}

/// x -> 2 sin x with a rule that says 10 x_dot, so that its use shows.
ProgramPtr with_custom_jvp() {
  Builder f(Builder::Mode::kRecord), rule(Builder::Mode::kRecord), b(Builder::Mode::kRecord);
  const ProgramPtr function = finish(f, sin(input(f, {})) * 2.0);
  const Expr x = input(rule, {}), x_dot = input(rule, {});
  const ValueId rule_out[] = {(sin(x) * 2.0).id(), (x_dot * 10.0).id()};
  const ProgramPtr programs[] = {function, rule.finish(rule_out)};
  const Expr args[] = {input(b, {})};
  const std::int64_t more[] = {1};
  const ValueId tuple = emit_tuple(b, kCustomJvp, programs, more, args);
  return finish(b, get(b, tuple, 0, float64({})) * args[0]);
}

void custom_jvp_is_used_in_every_direction() {
  const ProgramPtr p = with_custom_jvp();
  const double x = 0.7, y = 2 * std::sin(x), slope = 10 * x + y;
  check::same(run(p, {{x}})[0][0], y * x, "value");
  check::close(run(derive(*p, {Kind::kGrad, {0}, {}}).first, {{x}})[0][0], slope, 1e-15);
  check::close(run(derive(*p, {Kind::kJvp, {0}, {}}).first, {{x}, {1.0}})[1][0], slope, 1e-15);
  const ProgramPtr batched = derive(*p, {Kind::kBatch, {}, {}, {1}, 2}).first;
  const auto g = run(derive(*batched, {Kind::kJacrev, {0}, {}}).first, {{x, x}})[0];
  check::close(g[0], slope, 1e-15, "jacobian of a batch");
  check::same(g[1], 0.0);
}

/// x -> x^2 with the residual x and the pullback 7 x y_bar.
ProgramPtr with_custom_vjp() {
  Builder f(Builder::Mode::kRecord), fwd(Builder::Mode::kRecord), bwd(Builder::Mode::kRecord);
  const ProgramPtr function = finish(f, square(input(f, {})));
  const Expr x = input(fwd, {});
  const ValueId fwd_out[] = {square(x).id(), x.id()};
  const ProgramPtr forward = fwd.finish(fwd_out);
  const Expr residual = input(bwd, {});
  const ProgramPtr pullback = finish(bwd, residual * 7.0 * input(bwd, {}));
  Builder b(Builder::Mode::kRecord);
  const ProgramPtr programs[] = {function, forward, pullback};
  const Expr args[] = {input(b, {})};
  const ValueId tuple = emit_tuple(b, kCustomVjp, programs, {}, args);
  return finish(b, get(b, tuple, 0, float64({})));
}

void custom_vjp_has_only_a_transpose() {
  const ProgramPtr p = with_custom_vjp();
  const ProgramPtr grad = derive(*p, {Kind::kGrad, {0}, {}}).first;
  check::same(run(grad, {{3.0}})[0][0], 21.0, "gradient by its pullback");
  check::same(run(derive(*grad, {Kind::kGrad, {0}, {}}).first, {{3.0}})[0][0], 7.0, "second order");
  check::throws<engine::DerivativeError>(
      [&] { Plan::compile(derive(*p, {Kind::kJvp, {0}, {}}).first); }, "custom_jvp");
  const ProgramPtr batched = derive(*grad, {Kind::kBatch, {}, {}, {1}, 2}).first;
  check::same(run(batched, {{3.0, 4.0}})[0][1], 28.0, "batched");
}

void perturbed_values_are_inputs() {
  Builder b(Builder::Mode::kRecord);
  const Expr x = input(b, {});
  const Expr middle = sin(x), y = middle * middle;
  const ValueId values[] = {middle.id()}, out[] = {y.id()};
  const ProgramPtr p = perturb(b.program(), values, out);
  const auto g = run(derive(*p, {Kind::kGrad, {0}, {}}).first, {{-0.0}, {0.5}});
  check::close(g[0][0], 2 * std::sin(0.5), 1e-15, "derivative in an intermediate value");
}

}  // namespace

int main() {
  return check::run({
      {"derived programs share equal instructions", derived_programs_share_equal_instructions},
      {"algebra keeps every bit", algebra_keeps_every_bit},
      {"programs survive as bytes", programs_survive_as_bytes},
      {"extraction cuts at its inputs", extraction_cuts_at_its_inputs},
      {"untaken branches leave no nan", untaken_branches_leave_no_nan},
      {"custom_jvp is used in every direction", custom_jvp_is_used_in_every_direction},
      {"custom_vjp has only a transpose", custom_vjp_has_only_a_transpose},
      {"perturbed values are inputs", perturbed_values_are_inputs},
  });
}
