/// From a recorder to a Recording: a whole recording, or outputs of a tape as functions of chosen
/// values.
#include <algorithm>

#include "program/errors.hpp"
#include "record/operand.hpp"
#include "record/recording.hpp"

namespace dualtape::engine {
namespace {

/// ValueError if a value of `wrt` depends on another: a derivative in one alone is not defined
/// then.
void require_independent(const Program& program, std::span<const ValueId> wrt) {
  const auto is_input = [&](ValueId v) { return program.instructions[v].op == kInput; };
  if (wrt.size() < 2 || std::ranges::all_of(wrt, is_input)) return;
  const ValueId last = *std::ranges::max_element(wrt);
  std::vector<bool> depends(last + 1), chosen(last + 1);
  for (ValueId v : wrt) chosen[v] = true;
  for (ValueId v = 0; v <= last; ++v) {
    for (ValueId a : program.args_of(v)) {
      if (chosen[a] || depends[a]) depends[v] = true;
    }
    if (chosen[v] && depends[v]) {
      raise(PyExc_ValueError,
            "tape: one of the inputs depends on another; differentiate in one at a time");
    }
  }
}

/// A value of a tape as the binding of an input: the value itself while recording goes on; after,
/// its number, or, where it depends on values of an enclosing recording, the same instructions
/// recorded there.
Binding tape_binding(const RecorderRef& owner, ValueId v, ValueKind kind) {
  Recorder& recorder = *owner.get();
  Binding b;
  b.kind = kind;
  if (!recorder.closed()) {
    b.source = Binding::Source::kOuter;
    b.outer = owner;
    b.value = v;
    return b;
  }
  if (recorder.program().instructions[v].op == kInput) {
    return recorder.bindings()[recorder.input_position(v)];
  }
  std::vector<ValueId> extra;
  const ValueId wanted[] = {v};
  const ProgramPtr program = extract(recorder.program(), {}, wanted, &extra);
  Bindings inputs;
  bool is_traced = false;
  for (ValueId e : extra) {
    inputs.push_back(recorder.bindings()[recorder.input_position(e)]);
    is_traced = is_traced || inputs.back().source == Binding::Source::kOuter;
  }
  if (is_traced) {
    const Objects results = run(*find_or_add(*program), inputs, {&kind, 1});
    return bind_value(results.all()[0], recorder.type_of(v), recorder.name());
  }
  b.source = Binding::Source::kArray;
  b.owner = recorder.value_of(v);
  return b;
}

}  // namespace

ValueId output_value(Recorder& recorder, PyObject* output, ValueKind* kind) {
  Operand o;
  if (!parse_operand(output, o)) operand_of(output, recorder.name() + ": result");  // raises
  *kind = o.kind;
  if (!o.is_traced()) return lower(o, recorder).id();
  Recorder* owner = o.tracer()->recorder;
  const ValueId v = current_id(o.tracer());
  if (owner == &recorder) return v;
  owner->require_open(v);
  if (owner->serial() > recorder.serial()) owner->raise_leaked(v);
  return recorder.lift(*owner, v);
}

const Type& Recording::input_type(std::size_t k) const {
  if (k >= program().inputs.size()) throw IndexError(bound->name() + ": no such input");
  return program().type_of(program().inputs[k]);
}

const Type& Recording::output_type(std::size_t k) const {
  if (k >= program().outputs.size()) throw IndexError(bound->name() + ": no such output");
  return program().type_of(program().outputs[k]);
}

Recording finish_recording(Recorder& recorder, std::span<PyObject* const> outputs) {
  Recording r;
  r.kinds.resize(outputs.size());
  std::vector<ValueId> values(outputs.size());
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    values[k] = output_value(recorder, outputs[k], &r.kinds[k]);
  }
  recorder.set_outputs(values);
  recorder.close();
  auto bound = std::make_shared<Bound>();
  bound->title = recorder.title();
  r.executable = find_or_add(recorder.program());
  recorder.finish();
  bound->inputs = std::move(recorder.bindings());
  verify_unchanged(bound->inputs, bound->title);
  r.bound = std::move(bound);
  return r;
}

Recording snapshot_recording(RecorderRef owner, std::span<PyObject* const> outputs,
                             std::span<PyObject* const> wrt) {
  Recorder& recorder = *owner.get();
  Recording r;
  auto bound = std::make_shared<Bound>();
  bound->title = recorder.title();
  std::vector<ValueId> inputs, values, extra;
  std::vector<ValueKind> kinds;
  for (PyObject* w : wrt) {
    if (!is_tracer(w) || as_tracer(w)->recorder != &recorder) {
      raise(PyExc_ValueError, recorder.name() + ": an input is not a value of this tape");
    }
    const ValueId v = current_id(as_tracer(w));
    if (std::ranges::find(inputs, v) != inputs.end()) {
      raise(PyExc_ValueError, recorder.name() + ": an input is listed twice");
    }
    inputs.push_back(v);
    kinds.push_back(as_tracer(w)->kind);
  }
  r.kinds.resize(outputs.size());
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    PyObject* out = outputs[k];
    if (is_tracer(out) && as_tracer(out)->recorder != &recorder) {
      raise(PyExc_ValueError, recorder.name() + ": an output is not a value of this tape");
    }
    values.push_back(output_value(recorder, out, &r.kinds[k]));
  }
  require_independent(recorder.program(), inputs);
  const ProgramPtr program = extract(recorder.program(), inputs, values, &extra);
  r.executable = find_or_add(*program);
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    bound->inputs.push_back(tape_binding(owner, inputs[k], kinds[k]));
  }
  for (ValueId v : extra) bound->inputs.push_back(tape_binding(owner, v, ValueKind::kArray));
  r.bound = std::move(bound);
  return r;
}

}  // namespace dualtape::engine
