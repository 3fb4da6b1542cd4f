/// Guards: under jit each number Python takes from a value is checked when the recording runs
/// again.
///
/// The value may belong to a recording inside the one of jit (a gradient's function that branches):
/// then what it needs is copied outward, each instruction once, until it stands in the recording
/// that is checked.
#include <algorithm>

#include "record/recorder.hpp"

namespace dualtape::engine {

void Recorder::note_guard(ValueId v, PyObject* outcome) {
  if (options_.guards) {
    guards_.push_back({v, Ref::borrow(outcome)});
    return;
  }
  if (!is_guarded()) return;
  Recorder* outer = nullptr;
  for (const Binding& b : bindings_) {
    if (b.source != Binding::Source::kOuter) continue;
    if (!outer || b.outer.get()->serial() > outer->serial()) outer = b.outer.get();
  }
  if (outer) outer->note_guard(copy_outward(v, *outer), outcome);
}

ValueId Recorder::copy_outward(ValueId wanted, Recorder& outer) {
  if (outward_serial_ != outer.serial()) {
    outward_.clear();
    outward_serial_ = outer.serial();
  }
  std::vector<ValueId> pending{wanted}, needed;
  std::unordered_map<ValueId, bool> seen{{wanted, true}};
  while (!pending.empty()) {
    const ValueId v = pending.back();
    pending.pop_back();
    if (outward_.contains(v)) continue;
    needed.push_back(v);
    for (ValueId a : program_.args_of(v)) {
      if (seen.try_emplace(a, true).second) pending.push_back(a);
    }
  }
  std::ranges::sort(needed);
  std::vector<ValueId> args;
  for (ValueId v : needed) {
    const Instruction& i = program_.instructions[v];
    if (i.op == kInput) {
      const Binding& b = bindings_[input_position(v)];
      const bool is_lifted = b.source == Binding::Source::kOuter;
      if (!is_lifted) {
        outward_[v] = outer.adopt(b, type_of(v));
      } else {
        outward_[v] = b.outer.get() == &outer ? b.value : outer.lift(*b.outer.get(), b.value);
      }
      continue;
    }
    args.clear();
    for (ValueId a : program_.args_of(v)) args.push_back(outward_.at(a));
    std::vector<std::int64_t> attrs(program_.attrs_of(v).begin(), program_.attrs_of(v).end());
    for (std::size_t k = 0; k < subprogram_count(i.op); ++k) {
      attrs[k] = outer.add_subprogram(program_.subprograms[static_cast<std::size_t>(attrs[k])]);
    }
    outward_[v] = outer.emit(i.op, args, outer.intern(type_of(v)), attrs);
  }
  return outward_.at(wanted);
}

}  // namespace dualtape::engine
