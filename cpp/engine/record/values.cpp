/// Values while recording: `bool(t)`, `int(t)`, `t.value` run the instructions they depend on that
/// have not run yet.
///
/// The cone is renumbered, so the increments of a `while` loop have one structure and share one
/// plan. Cone values that tracers still hold are kept: the next cone stops at them, and all
/// increments together are linear.
#include <algorithm>
#include <cstring>

#include "cache/executable.hpp"
#include "record/dtypes.hpp"
#include "record/recorder.hpp"
#include "record/rerun.hpp"

namespace dualtape::engine {
namespace {

/// The instructions `outputs` need, `inputs` excluded, as a program; both ascending lists of
/// values.
class Cone {
 public:
  Cone(const Program& source, const std::vector<ValueId>& inputs, const std::vector<ValueId>& inner)
      : source_(source) {
    for (ValueId v : inputs) renumbered_[v] = builder_.input(source.type_of(v));
    for (ValueId v : inner) renumbered_[v] = copy(v);
  }

  const Program& program(const std::vector<ValueId>& outputs) {
    std::vector<ValueId> mapped;
    for (ValueId v : outputs) mapped.push_back(renumbered_.at(v));
    builder_.set_outputs(mapped);
    return builder_.program();
  }

 private:
  ValueId copy(ValueId v) {
    const Instruction& i = source_.instructions[v];
    args_.clear();
    for (ValueId a : source_.args_of(v)) args_.push_back(renumbered_.at(a));
    attrs_.assign(source_.attrs_of(v).begin(), source_.attrs_of(v).end());
    for (std::size_t k = 0; k < subprogram_count(i.op); ++k) {
      attrs_[k] = builder_.add_subprogram(source_.subprograms[static_cast<std::size_t>(attrs_[k])]);
    }
    return builder_.emit(i.op, args_, builder_.intern(source_.type_of(v)), attrs_);
  }

  const Program& source_;
  Builder builder_{Builder::Mode::kRecord};
  std::unordered_map<ValueId, ValueId> renumbered_;
  std::vector<ValueId> args_;
  std::vector<std::int64_t> attrs_;
};

}  // namespace

void Recorder::mark_abstract(ValueId v) {
  if (any_abstract_) {
    is_abstract(v);  // what lies before v is worked out first
  } else {
    abstract_.assign(program_.size(), 0);
    any_abstract_ = true;
  }
  abstract_[v] = 1;
}

bool Recorder::is_abstract(ValueId v) {
  if (!any_abstract_) return false;
  for (std::size_t i = abstract_.size(); i < program_.size(); ++i) {
    const auto args = program_.args_of(static_cast<ValueId>(i));
    abstract_.push_back(std::ranges::any_of(args, [&](ValueId a) { return abstract_[a] != 0; }));
  }
  return abstract_[v] != 0;
}

Ref Recorder::known_value(ValueId v) const {
  if (is_finished_) return {};
  if (const auto scalar = known_scalars_.find(v); scalar != known_scalars_.end()) {
    Ref array = new_array(type_of(v).dtype, type_of(v).shape);
    std::memcpy(PyArray_DATA(array.array()), &scalar->second, item_size(type_of(v).dtype));
    return array;
  }
  if (const auto found = known_.find(v); found != known_.end()) return found->second;
  if (program_.instructions[v].op != kInput) return {};
  const Binding& b = bindings_[input_position(v)];
  if (b.source == Binding::Source::kOuter) return b.outer.get()->value_of(b.value);
  if (b.source == Binding::Source::kArray) return b.owner;
  Ref array = new_array(type_of(v).dtype, type_of(v).shape);
  std::memcpy(PyArray_DATA(array.array()), &b.bits, item_size(type_of(v).dtype));
  return array;
}

Ref Recorder::value_of(ValueId v) {
  if (is_finished_) raise_leaked(v);
  if (is_abstract(v)) {
    raise(error_types.concrete_value,
          name() +
              ": this value differs along a mapped axis (vmap) or belongs to a custom rule, so "
              "there is no number to take; choose with np.where(condition, a, b)");
  }
  if (Ref known = known_value(v)) return known;
  evaluate_cone(v);
  return known_value(v);
}

void Recorder::evaluate_cone(ValueId wanted) {
  std::unordered_map<ValueId, Ref> frontier;
  std::unordered_map<ValueId, bool> seen{{wanted, true}};
  std::vector<ValueId> pending{wanted}, inputs, inner, outputs;
  while (!pending.empty()) {
    const ValueId v = pending.back();
    pending.pop_back();
    Ref known = v == wanted ? Ref() : known_value(v);
    if (known) {
      inputs.push_back(v);
      frontier[v] = std::move(known);
      continue;
    }
    inner.push_back(v);
    const bool is_held = v < live_.size() && live_[v] != 0;
    if (v == wanted || (is_held && type_of(v).dtype != DType::kTuple)) outputs.push_back(v);
    for (ValueId a : program_.args_of(v)) {
      if (seen.try_emplace(a, true).second) pending.push_back(a);
    }
  }
  for (auto* list : {&inputs, &inner, &outputs}) std::ranges::sort(*list);
  Cone cone(program_, inputs, inner);
  const ExecutablePtr executable = find_or_add(cone.program(outputs));
  std::vector<const void*> in;
  for (ValueId v : inputs) in.push_back(PyArray_DATA(frontier[v].array()));
  std::vector<Ref> results;
  std::vector<void*> out;
  for (ValueId v : outputs) {
    results.push_back(new_array(type_of(v).dtype, type_of(v).shape));
    out.push_back(PyArray_DATA(results.back().array()));
  }
  run_plan(*executable, in, out);
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    const Type& type = type_of(outputs[k]);
    const std::size_t bytes = item_size(type.dtype);
    if (type.shape.empty() && bytes <= 8) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, out[k], bytes);
      known_scalars_[outputs[k]] = bits;
    } else {
      known_[outputs[k]] = std::move(results[k]);
    }
  }
}

}  // namespace dualtape::engine
