#include "plan/forms.hpp"

#include "plan/generate.hpp"

namespace dualtape::engine {
namespace {

/// Set in the space of a place that is a symbol.
constexpr std::uint32_t kSymbol = 1u << 31;

}  // namespace

RegionForms::RegionForms(const Generator& generator)
    : generator_(generator),
      number_(generator.program().size()),
      step_(generator.program().size(), 0) {}

std::size_t RegionForms::KeyHash::operator()(const std::vector<std::int64_t>& key) const {
  std::size_t hash = key.size();
  for (const std::int64_t k : key) {
    hash = (hash ^ static_cast<std::size_t>(k)) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  return hash;
}

/// Writes the number of a value; where it is mentioned first, also its type, whether the step makes
/// its root, and how it lies in it.
void RegionForms::mention(ValueId v, std::uint32_t step) {
  if (step_[v] == step) {
    key_.push_back(number_[v]);
    return;
  }
  step_[v] = step;
  number_[v] = static_cast<std::uint32_t>(values_.size());
  values_.push_back(v);
  const Views& views = generator_.views();
  const ValueId root = views.root(v);
  const bool inside = generator_.schedule().step_of[root] == step;
  const bool whole = views.is_whole(v);
  key_.push_back(number_[v] | std::int64_t{inside} << 32 | std::int64_t{whole} << 33);
  key_.push_back(generator_.program().instructions[v].type);
  if (inside && root != v) mention(root, step);
  if (whole) return;
  for (auto stride : views.view_of(v).strides) key_.push_back(stride);
}

void RegionForms::describe(ValueId v, std::uint32_t step) {
  const Program& program = generator_.program();
  const Schedule& schedule = generator_.schedule();
  const auto args = program.args_of(v);
  const auto attrs = program.attrs_of(v);
  key_.push_back(program.instructions[v].op | std::int64_t{schedule.stored[v]} << 16 |
                 std::int64_t{schedule.of_rows[v]} << 17 |
                 static_cast<std::int64_t>(args.size()) << 18 |
                 static_cast<std::int64_t>(attrs.size()) << 40);
  key_.insert(key_.end(), attrs.begin(), attrs.end());
  for (ValueId a : args) mention(a, step);
  mention(v, step);
}

RegionForms::Form& RegionForms::form_of(const ScheduledStep& step) {
  values_.clear();
  key_ = {step.type, step.row, static_cast<std::int64_t>(step.kind) << 1 | step.whole_rows};
  const auto members = generator_.schedule().members_of(step);
  const std::uint32_t index = generator_.schedule().step_of[members[0]];
  for (ValueId v : members) describe(v, index);
  return forms_[key_];
}

Ref RegionForms::symbol_of(ValueId v) const { return {kSymbol | number_[v], 0}; }

void RegionForms::place(const Region& region, std::vector<Ref>& places) const {
  for (const Ref& symbol : region.places) {
    Ref place = symbol;
    if (symbol.space & kSymbol) {
      place = generator_.first_ref_of(values_[symbol.space & ~kSymbol]);
      place.offset += symbol.offset;
    }
    places.push_back(place);
  }
}

}  // namespace dualtape::engine
