#include "transform/materialize.hpp"

#include <algorithm>
#include <numeric>

#include "program/errors.hpp"
#include "transform/lanes_run.hpp"
#include "transform/replay.hpp"
#include "transform/work.hpp"

namespace dualtape::engine {
namespace {

/// The transposed program for one output: its cotangent, times -i if turned, then the residuals.
ProgramPtr pullback_of_output(const LinearProgram& linear, std::size_t o, const Type& type,
                              bool turned) {
  const Program& p = *linear.program;
  Builder b(Builder::Mode::kDerive);
  std::vector<Tangent> y_bar(linear.output.size());
  y_bar[o] = Expr(b, b.input(type));
  if (turned) y_bar[o] = make_complex(imag(*y_bar[o]), -real(*y_bar[o]));
  std::vector<ValueId> residuals;
  for (std::size_t i = linear.n_tangents; i < p.inputs.size(); ++i) {
    residuals.push_back(b.input(p.type_of(p.inputs[i])));
  }
  const auto x_bar = transpose(linear, residuals, y_bar, b);
  std::vector<ValueId> outputs;
  for (std::size_t i = 0; i < x_bar.size(); ++i) {
    outputs.push_back((x_bar[i] ? *x_bar[i] : full(b, 0, p.type_of(p.inputs[i]))).id());
  }
  return b.finish(outputs);
}

/// A linear program of more instructions is not derived twice to see which way is cheaper.
constexpr std::size_t kLong = 20000;

std::int64_t entries(const std::vector<Type>& types) {
  std::int64_t sum = 0;
  for (const Type& t : types) sum += element_count(t.shape);
  return sum;
}

/// The blocks of one linear map, in any builder that has its residuals.
class Blocks {
 public:
  Blocks(const LinearProgram& linear, std::span<const Type> y,
         std::span<const std::uint32_t> outputs, const MatrixOptions& options)
      : linear_(linear), y_(y), outputs_(outputs), options_(options) {}

  std::vector<Expr> made(Direction direction, std::span<const Expr> residuals, Builder& b) const {
    std::vector<Expr> blocks(outputs_.size() * n_in());
    if (direction == Direction::kForward) {
      for (std::size_t i = 0; i < n_in(); ++i) forward_column(i, residuals, b, blocks);
    } else {
      for (std::size_t k = 0; k < outputs_.size(); ++k) reverse_row(k, residuals, b, blocks);
    }
    if (options_.symmetric) mirror(blocks);
    return blocks;
  }

  /// The direction of less work, counted on what each would run; where one of them is not to be had
  /// (a custom_vjp has no forward mode), the other.
  std::vector<Expr> cheaper(std::span<const Expr> residuals, Builder& b) const {
    ProgramPtr best;
    double least = 0;
    std::exception_ptr refusal;
    for (Direction direction : candidates()) {
      try {
        const ProgramPtr p = program(direction, residuals);
        const double work = work_of(*p);
        if (!best || work < least) {
          best = p;
          least = work;
        }
      } catch (const DerivativeError&) {
        refusal = std::current_exception();
      }
    }
    if (!best) std::rethrow_exception(refusal);
    return inline_program(*best, residuals, b, CustomRules::kKeep);
  }

 private:
  std::size_t n_in() const { return linear_.n_tangents; }
  Type x(std::size_t i) const { return linear_.program->type_of(linear_.program->inputs[i]); }

  std::vector<Direction> candidates() const {
    const bool reverse_only = std::ranges::any_of(
        linear_.program->instructions, [](const Instruction& i) { return i.op == kCustomLinear; });
    const auto all_single = [](auto&& types) {
      return std::ranges::all_of(types, [](const Type& t) { return element_count(t.shape) <= 1; });
    };
    std::vector<Type> results, inputs;
    for (auto o : outputs_) results.push_back(y_[o]);
    for (std::size_t i = 0; i < n_in(); ++i) inputs.push_back(x(i));
    if (reverse_only || all_single(results)) return {Direction::kReverse};
    if (linear_.program->size() > kLong) {
      return {entries(results) <= entries(inputs) ? Direction::kReverse : Direction::kForward};
    }
    if (all_single(inputs)) return {Direction::kForward, Direction::kReverse};
    return {Direction::kReverse, Direction::kForward};
  }

  /// The blocks as a program of the residuals.
  ProgramPtr program(Direction direction, std::span<const Expr> residuals) const {
    Builder b(Builder::Mode::kDerive);
    std::vector<Expr> inputs;
    for (const Expr& r : residuals) inputs.emplace_back(b, b.input(Type(r.type())));
    std::vector<ValueId> ids;
    for (const Expr& block : made(direction, inputs, b)) {
      ids.push_back(lift(b, block, DType::kFloat64));
    }
    return b.finish(ids);
  }

  Expr zero_block(Builder& b, const Type& y, const Type& x) const {
    const DType dtype = is_inexact(y.dtype) ? y.dtype : x.dtype;
    return full(b, 0, Type{dtype, concat(y.shape, x.shape)});
  }

  /// Blocks below the diagonal alone where the others follow.
  bool wanted(std::size_t k, std::size_t i) const { return !options_.symmetric || k >= i; }

  /// The tangents of the other inputs are structurally zero.
  void forward_column(std::size_t i, std::span<const Expr> residuals, Builder& b,
                      std::vector<Expr>& blocks) const {
    Question q{*linear_.program, std::vector<Tangent>(n_in()), i, false, {}, options_.chunk};
    q.inputs.insert(q.inputs.end(), residuals.begin(), residuals.end());
    std::vector<std::size_t> places;
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      if (!wanted(k, i)) continue;
      const int output = linear_.output[outputs_[k]];
      if (output < 0) {
        blocks[k * n_in() + i] = zero_block(b, y_[outputs_[k]], x(i));
      } else {
        q.outputs.push_back(static_cast<std::size_t>(output));
        places.push_back(k * n_in() + i);
      }
    }
    const auto found = matrices(q, b);
    for (std::size_t k = 0; k < places.size(); ++k) blocks[places[k]] = found[k];
  }

  void reverse_row(std::size_t k, std::span<const Expr> residuals, Builder& b,
                   std::vector<Expr>& blocks) const {
    const std::size_t o = outputs_[k];
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < n_in(); ++i) {
      if (wanted(k, i)) columns.push_back(i);
    }
    if (linear_.output[o] < 0) {
      for (std::size_t i : columns) blocks[k * n_in() + i] = zero_block(b, y_[o], x(i));
      return;
    }
    const auto found = pulled_row(o, false, columns, residuals, b);
    for (std::size_t n = 0; n < columns.size(); ++n) blocks[k * n_in() + columns[n]] = found[n];
    const auto is_half = [&](std::size_t i) {
      return is_complex(y_[o].dtype) && !is_complex(x(i).dtype);
    };
    if (std::ranges::none_of(columns, is_half)) return;
    // A complex result of a real input has a complex derivative: the cotangent 1 gives its real
    // part, -i the imaginary one, Re(-i J) = Im J.
    const auto turned = pulled_row(o, true, columns, residuals, b);
    for (std::size_t n = 0; n < columns.size(); ++n) {
      Expr& block = blocks[k * n_in() + columns[n]];
      if (is_half(columns[n])) block = convert(make_complex(block, turned[n]), y_[o].dtype);
    }
  }

  std::vector<Expr> pulled_row(std::size_t o, bool turned, const std::vector<std::size_t>& columns,
                               std::span<const Expr> residuals, Builder& b) const {
    const ProgramPtr pullback = pullback_of_output(linear_, o, y_[o], turned);
    Question q{*pullback, {Tangent()}, 0, true, columns, options_.chunk};
    q.inputs.insert(q.inputs.end(), residuals.begin(), residuals.end());
    return matrices(q, b);
  }

  void mirror(std::vector<Expr>& blocks) const {
    for (std::size_t i = 0; i < n_in(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        const Expr& below = blocks[i * n_in() + k];
        Dims order = iota_dims(below.rank());
        std::ranges::rotate(order, order.begin() + x(i).shape.size());
        blocks[k * n_in() + i] = transpose(below, order);
      }
    }
  }

  const LinearProgram& linear_;
  std::span<const Type> y_;
  std::span<const std::uint32_t> outputs_;
  const MatrixOptions& options_;
};

std::vector<Expr> residuals_of(const LinearProgram& linear, Builder& b) {
  std::vector<Expr> residuals;
  for (ValueId r : linear.residuals) residuals.emplace_back(b, r);
  return residuals;
}

}  // namespace

std::vector<Expr> materialize(const Linearized& f, std::span<const std::uint32_t> outputs,
                              const MatrixOptions& options, Builder& b) {
  std::vector<Type> y;
  for (const Expr& value : f.values) y.push_back(value.type());
  const Blocks blocks(f.linear, y, outputs, options);
  const auto residuals = residuals_of(f.linear, b);
  return options.direction == Direction::kCheaper ? blocks.cheaper(residuals, b)
                                                  : blocks.made(options.direction, residuals, b);
}

std::vector<Expr> materialize_diagonal(const Linearized& f, std::span<const Expr> x,
                                       std::int64_t chunk, Builder& b) {
  std::vector<Expr> result;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (f.linear.output[i] < 0) {
      result.push_back(zeros_like(x[i]));
      continue;
    }
    const std::vector<std::size_t> own{static_cast<std::size_t>(f.linear.output[i])};
    Question q{*f.linear.program, std::vector<Tangent>(x.size()), i, false, own, chunk};
    for (const Expr& r : residuals_of(f.linear, b)) q.inputs.push_back(r);
    result.push_back(diagonal(q, b));
  }
  return result;
}

}  // namespace dualtape::engine
