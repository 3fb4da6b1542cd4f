/// What a function or a rule captured is hoisted: it becomes an operand of the instruction, in
/// front of which stand the arguments. A captured value has no tangent, and its cotangent is zero.
#include "record/custom.hpp"

#include <vector>

#include "program/errors.hpp"
#include "record/operand.hpp"
#include "record/recording.hpp"
#include "transform/replay.hpp"

namespace dualtape::engine {
namespace {

Type tangent_type(const Type& type) {
  return is_inexact(type.dtype) ? type : Type{DType::kFloat64, type.shape};
}

/// Inputs of one of the programs: `arguments` in order, with its captures where they stand.
struct Part {
  const Recording* recording;
  std::size_t first_capture = 0;  // among all captures of the instruction
  std::size_t n_captures = 0;
};

class CustomCall {
 public:
  CustomCall(std::vector<const Recording*> recordings, const Ref& operands) {
    for (const Recording* r : recordings) {
      Part part{r, captures_.size(), 0};
      for (std::size_t k = 0; k < r->bound->inputs.size(); ++k) {
        const Binding& b = r->bound->inputs[k];
        if (b.is_argument) continue;
        if (b.source == Binding::Source::kOuter) {
          raise(PyExc_ValueError,
                r->bound->name() + ": closes over a traced value; pass it as an argument");
        }
        captures_.push_back(&b);
        capture_types_.push_back(r->input_type(k));
        ++part.n_captures;
      }
      parts_.push_back(part);
    }
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(operands.get()); ++i) {
      operands_.push_back(operand_of(PySequence_Fast_GET_ITEM(operands.get(), i), "custom rule"));
    }
    const Recording& f = *parts_[0].recording;
    for (std::size_t k = 0; k < operands_.size(); ++k) types_.push_back(f.input_type(k));
    types_.insert(types_.end(), capture_types_.begin(), capture_types_.end());
  }

  PyObject* emit(OpCode op, std::vector<std::int64_t> more) {
    Recorder* recorder = recorder_of(operands_);
    if (!recorder) raise(PyExc_RuntimeError, "custom rule: no operand is traced");
    std::vector<Expr> args;
    for (std::size_t k = 0; k < operands_.size(); ++k) {
      args.push_back(lower(operands_[k], *recorder, types_[k].dtype));
      if (args.back().shape() != types_[k].shape) {
        throw ShapeError("custom rule: an operand has not the shape it was recorded with");
      }
    }
    for (std::size_t c = 0; c < captures_.size(); ++c) {
      args.emplace_back(*recorder, recorder->adopt(*captures_[c], capture_types_[c]));
    }
    if (op == kCustomJvp) more.push_back(static_cast<std::int64_t>(args.size()));
    const std::vector<ProgramPtr> programs =
        op == kCustomJvp ? std::vector{function(0, {}), pushforward()}
                         : std::vector{function(0, {}), function(1, {2}), pullback()};
    return results(*recorder, op, programs, more, args);
  }

 private:
  std::size_t n_arguments() const { return operands_.size(); }

  /// The part's program on these arguments; `all` are the instruction's operands.
  static std::vector<Expr> apply(const Part& part, std::span<const Expr> arguments,
                                 std::span<const Expr> captures, Builder& b) {
    std::vector<Expr> inputs;
    std::size_t argument = 0, capture = part.first_capture;
    for (const Binding& binding : part.recording->bound->inputs) {
      inputs.push_back(binding.is_argument ? arguments[argument++] : captures[capture++]);
    }
    return call(part.recording->executable->program(), inputs, b);
  }

  std::vector<Expr> inputs(Builder& b, std::span<const Type> types) {
    std::vector<Expr> exprs;
    for (const Type& type : types) exprs.emplace_back(b, b.input(type));
    return exprs;
  }

  static ProgramPtr finish(Builder& b, std::span<const Expr> outputs) {
    std::vector<ValueId> ids;
    for (const Expr& e : outputs) ids.push_back(e.id());
    return b.finish(ids);
  }

  /// X, C -> the outputs of part k, then the captures of the parts in `passed` (residuals of a
  /// forward rule).
  ProgramPtr function(std::size_t k, std::vector<std::size_t> passed) {
    Builder b(Builder::Mode::kRecord);
    const auto x = inputs(b, types_);
    const auto captures = std::span(x).subspan(n_arguments());
    auto y = apply(parts_[k], std::span(x).first(n_arguments()), captures, b);
    for (std::size_t p : passed) {
      const auto mine = captures.subspan(parts_[p].first_capture, parts_[p].n_captures);
      y.insert(y.end(), mine.begin(), mine.end());
    }
    return finish(b, y);
  }

  /// X, C, X_dot, C_dot -> Y, Y_dot; C_dot is not read.
  ProgramPtr pushforward() {
    Builder b(Builder::Mode::kRecord);
    std::vector<Type> types = types_;
    for (const Type& type : types_) types.push_back(tangent_type(type));
    const auto all = inputs(b, types);
    std::vector<Expr> arguments(all.begin(),
                                all.begin() + static_cast<std::ptrdiff_t>(n_arguments()));
    const auto dots = std::span(all).subspan(types_.size(), n_arguments());
    arguments.insert(arguments.end(), dots.begin(), dots.end());
    const auto captures = std::span(all).subspan(n_arguments(), captures_.size());
    return finish(b, apply(parts_[1], arguments, captures, b));
  }

  /// Residuals, C of the pullback, Y_bar -> X_bar, zeros for C.
  ProgramPtr pullback() {
    Builder b(Builder::Mode::kRecord);
    const Part& part = parts_[2];
    std::vector<Type> types, capture_types, bar_types;
    const Recording& f = *parts_[0].recording;
    const std::size_t n_outputs = f.program().outputs.size();
    const std::size_t n_inputs = part.recording->bound->inputs.size();
    const std::size_t n_residuals = n_inputs - part.n_captures - n_outputs;
    std::size_t argument = 0;
    for (std::size_t k = 0; k < n_inputs; ++k) {
      const bool is_argument = part.recording->bound->inputs[k].is_argument;
      auto& list = !is_argument ? capture_types : argument++ < n_residuals ? types : bar_types;
      list.push_back(part.recording->input_type(k));
    }
    const auto residuals = inputs(b, types);
    const auto captures = inputs(b, capture_types);
    const auto y_bar = inputs(b, bar_types);
    std::vector<Expr> arguments = residuals;
    arguments.insert(arguments.end(), y_bar.begin(), y_bar.end());
    std::vector<Expr> placed(part.first_capture);
    placed.insert(placed.end(), captures.begin(), captures.end());
    auto x_bar = apply(part, arguments, placed, b);
    for (const Type& type : capture_types_) x_bar.push_back(full(b, 0, tangent_type(type)));
    return finish(b, x_bar);
  }

  PyObject* results(Recorder& recorder, OpCode op, const std::vector<ProgramPtr>& programs,
                    const std::vector<std::int64_t>& more, const std::vector<Expr>& args) {
    const ValueId tuple = emit_tuple(recorder, op, programs, more, args);
    const Recording& f = *parts_[0].recording;
    Ref list = Ref::checked(PyList_New(static_cast<Py_ssize_t>(f.kinds.size())));
    for (std::size_t k = 0; k < f.kinds.size(); ++k) {
      const Expr y = get(recorder, tuple, static_cast<std::int64_t>(k), f.output_type(k));
      PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k),
                      make_tracer(recorder, y.id(), f.kinds[k]));
    }
    return list.release();
  }

  std::vector<Part> parts_;
  std::vector<const Binding*> captures_;
  std::vector<Type> capture_types_;
  std::vector<Operand> operands_;
  std::vector<Type> types_;  // of the operands, then the captures
};

}  // namespace

PyObject* custom_call(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded([&] {
    if (n != 4) raise(PyExc_TypeError, "custom_call takes kind, function, rules and operands");
    const std::string kind = text_of(args[0]);
    const Ref rules = Ref::checked(PySequence_Fast(args[2], "rules must be a sequence"));
    const Ref operands = Ref::checked(PySequence_Fast(args[3], "operands must be a sequence"));
    const bool is_jvp = kind == "jvp";
    const Py_ssize_t wanted = is_jvp ? 1 : 2;
    if ((!is_jvp && kind != "vjp") || PySequence_Fast_GET_SIZE(rules.get()) != wanted) {
      raise(PyExc_ValueError, "custom_call: 'jvp' with one rule or 'vjp' with two is wanted");
    }
    std::vector<const Recording*> recordings{&recording_of(args[1])};
    for (Py_ssize_t k = 0; k < wanted; ++k) {
      recordings.push_back(&recording_of(PySequence_Fast_GET_ITEM(rules.get(), k)));
    }
    return CustomCall(std::move(recordings), operands).emit(is_jvp ? kCustomJvp : kCustomVjp, {});
  });
}

}  // namespace dualtape::engine
