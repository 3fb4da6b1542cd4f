#include "program/builder.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <utility>

#include "program/errors.hpp"
#include "program/external.hpp"

namespace dualtape::engine {
namespace {

std::atomic<std::uint64_t> next_serial{1};

std::uint64_t mix(std::uint64_t h, std::uint64_t v) {
  h = (h ^ v) * 0x9E3779B97F4A7C15u;
  return h ^ (h >> 32);
}

std::uint64_t hash_of(std::span<const std::int64_t> attrs) {
  std::uint64_t h = attrs.size();
  for (std::int64_t a : attrs) h = mix(h, static_cast<std::uint64_t>(a));
  return h;
}

std::uint64_t hash_of(const Instruction& head, std::span<const ValueId> args) {
  std::uint64_t h = mix(head.op, head.type);
  for (ValueId a : args) h = mix(h, a);
  return h;
}

std::uint64_t type_key(DType dtype, std::span<const std::int64_t> shape) {
  std::uint64_t key = mix(0, static_cast<std::uint64_t>(dtype) + 1);
  for (std::int64_t d : shape) key = mix(key, static_cast<std::uint64_t>(d));
  return key;
}

void keep_external(Program& program, std::int64_t id) {
  ExternalPtr model = External::of(id).shared_from_this();
  if (std::ranges::find(program.externals, model) == program.externals.end()) {
    program.externals.push_back(std::move(model));
  }
}

/// Instructions that must stay apart although they look the same.
bool is_unique(OpCode op) { return op == kInput; }

}  // namespace

Builder::Builder(Mode mode) : mode_(mode), serial_(next_serial++) {}

TypeId Builder::intern(DType dtype, std::span<const std::int64_t> shape) {
  auto matches = [&](TypeId t) {
    const Type& type = program_.types[t];
    return type.dtype == dtype && equal_dims(type.shape, shape);
  };
  const std::size_t count = program_.types.size();
  if (last_type_ < count && matches(last_type_)) return last_type_;
  if (count <= kFewTypes) {
    for (TypeId t = 0; t < count; ++t) {
      if (matches(t)) return last_type_ = t;
    }
  } else {
    auto [first, last] = type_index_.equal_range(type_key(dtype, shape));
    for (; first != last; ++first) {
      if (matches(first->second)) return last_type_ = first->second;
    }
  }
  last_type_ = static_cast<TypeId>(count);
  program_.types.push_back({dtype, Dims(shape)});
  if (count >= kFewTypes) index_types();
  return last_type_;
}

void Builder::index_types() {
  for (auto t = static_cast<TypeId>(type_index_.size()); t < program_.types.size(); ++t) {
    type_index_.emplace(type_key(program_.types[t].dtype, program_.types[t].shape), t);
  }
}

ValueId Builder::input(TypeId type) {
  ValueId v = emit(kInput, {}, type);
  program_.inputs.push_back(v);
  return v;
}

ValueId Builder::constant(double value, DType dtype) {
  if (is_integer(dtype) || dtype == DType::kBool) {
    return constant(static_cast<std::int64_t>(value), 0, dtype);
  }
  return constant(std::bit_cast<std::int64_t>(value), 0, dtype);
}

ValueId Builder::constant(std::int64_t re_bits, std::int64_t im_bits, DType dtype) {
  const std::int64_t bits[] = {re_bits, im_bits};
  return emit(kConstant, {}, intern(dtype, {}), bits);
}

ValueId Builder::emit(OpCode op, std::span<const ValueId> args, TypeId type,
                      std::span<const std::int64_t> attrs) {
  const Instruction head{op, static_cast<std::uint16_t>(args.size()), type, 0, 0};
  if (args.size() > 0xFFFF) throw Error(std::string(op_name(op)) + ": too many operands");
  if (op == kExternal) keep_external(program_, attrs[0]);
  if (mode_ == Mode::kRecord || is_unique(op)) {
    return append(head, args, attrs.empty() ? 0 : append_attrs(attrs));
  }
  return find_or_append(head, args, attrs);
}

std::uint32_t Builder::append_attrs(std::span<const std::int64_t> attrs) {
  const auto offset = static_cast<std::uint32_t>(program_.attrs.size());
  program_.attrs.push_back(static_cast<std::int64_t>(attrs.size()));
  program_.attrs.append(attrs.data(), attrs.size());
  return offset;
}

std::uint32_t Builder::find_or_append_attrs(std::span<const std::int64_t> attrs,
                                            std::uint64_t hash) {
  std::uint32_t& recent = recent_attrs_[hash >> (64 - std::bit_width(kRecentAttrs - 1))];
  const std::int64_t* known = program_.attrs.data() + recent;
  const std::span same(known + 1, static_cast<std::size_t>(*known));
  if (!equal_dims(same, attrs)) recent = append_attrs(attrs);
  return recent;
}

/// Twice as much while there is little: a program of thousands of instructions is not copied often.
template <class T>
void make_room(PodVector<T>& list, std::size_t more) {
  constexpr std::size_t kFew = std::size_t{1} << 16;
  const std::size_t wanted = list.size() + more;
  if (wanted > list.capacity() && wanted < kFew) {
    list.reserve(std::max<std::size_t>(64, 2 * wanted));
  }
}

ValueId Builder::append(const Instruction& head, std::span<const ValueId> args,
                        std::uint32_t attrs) {
  make_room(program_.args, args.size());
  make_room(program_.instructions, 1);
  Instruction i = head;
  i.args = static_cast<std::uint32_t>(program_.args.size());
  i.attrs = attrs;
  for (ValueId a : args) program_.args.push_back(a);  // few: faster than memcpy
  program_.instructions.push_back(i);
  return static_cast<ValueId>(program_.instructions.size() - 1);
}

bool Builder::same(ValueId v, const Instruction& head, std::span<const ValueId> args,
                   std::span<const std::int64_t> attrs) const {
  const Instruction& i = program_.instructions[v];
  if (i.op != head.op || i.type != head.type || i.n_args != head.n_args) return false;
  const ValueId* known = program_.args.data() + i.args;
  for (std::size_t k = 0; k < args.size(); ++k) {
    if (known[k] != args[k]) return false;
  }
  return equal_dims(program_.attrs_of(v), attrs);
}

ValueId Builder::find_or_append(const Instruction& head, std::span<const ValueId> args,
                                std::span<const std::int64_t> attrs) {
  if (2 * (shared_count_ + 1) > shared_.size() && shared_.size() < kMaxShared) grow_shared();
  const std::size_t mask = shared_.size() - 1;
  const std::uint64_t attrs_hash = attrs.empty() ? 0 : hash_of(attrs);
  const std::uint64_t hash = mix(hash_of(head, args), attrs_hash);
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  std::size_t slot = tag & mask;
  for (int probe = 0; shared_[slot].value != kNoValue; ++probe) {
    const Shared& known = shared_[slot];
    if (known.tag == tag && same(known.value, head, args, attrs)) return known.value;
    if (probe == kMaxProbes) break;  // only in a table of the largest size: its entry is replaced
    slot = (slot + 1) & mask;
  }
  ++shared_count_;
  shared_[slot] = {append(head, args, attrs.empty() ? 0 : find_or_append_attrs(attrs, attrs_hash)),
                   tag};
  return shared_[slot].value;
}

/// The tag alone gives the place: no instruction is looked at.
void Builder::grow_shared() {
  // Fast at first; then no more fresh memory than is needed.
  const std::size_t factor = shared_.size() < 8192 ? 4 : 2;
  std::vector<Shared> bigger(std::max<std::size_t>(128, factor * shared_.size()));
  const std::size_t mask = bigger.size() - 1;
  for (const Shared& known : shared_) {
    if (known.value == kNoValue) continue;
    std::size_t slot = known.tag & mask;
    while (bigger[slot].value != kNoValue) slot = (slot + 1) & mask;
    bigger[slot] = known;
  }
  shared_ = std::move(bigger);
}

void Builder::reset() {
  serial_ = next_serial++;
  program_.instructions.clear();
  program_.args.clear();
  program_.attrs.resize(1);
  program_.attrs[0] = 0;
  program_.types.clear();
  program_.subprograms.clear();
  program_.externals.clear();
  program_.inputs.clear();
  program_.outputs.clear();
  captures_.clear();
  if (!lifted_few_.empty()) lifted_few_.clear();  // an empty map takes its time to be emptied
  if (!type_index_.empty()) type_index_.clear();
  lifted_many_.clear();
  last_type_ = 0;
  recent_attrs_ = {};
  shared_.clear();
  shared_count_ = 0;
}

std::int64_t Builder::add_subprogram(ProgramPtr program) {
  auto& list = program_.subprograms;
  auto found = std::ranges::find(list, program);
  if (found != list.end()) return found - list.begin();
  list.push_back(std::move(program));
  return static_cast<std::int64_t>(list.size()) - 1;
}

ValueId& Builder::lifted(const Builder& source, ValueId value) {
  if (mode_ == Mode::kRecord) {
    return lifted_few_.try_emplace((source.serial_ << 32) ^ value, kNoValue).first->second;
  }
  for (auto& [serial, inputs] : lifted_many_) {
    if (serial != source.serial_) continue;
    // The source grows while its values are lifted: by half as much again, or each would be a copy.
    if (inputs.size() <= value) inputs.resize(value + value / 2 + 16, kNoValue);
    return inputs[value];
  }
  lifted_many_.emplace_back(source.serial_, PodVector<ValueId>());
  lifted_many_.back().second.resize(source.program_.size(), kNoValue);
  return lifted_many_.back().second[value];
}

ValueId Builder::lift(Builder& source, ValueId value) {
  ValueId& known = lifted(source, value);
  if (known != kNoValue) return known;
  known = input(intern(source.type_of(value)));
  captures_.push_back({&source, value, known});
  on_capture(captures_.back());
  return captures_.back().input;
}

void Builder::set_outputs(std::span<const ValueId> outputs) {
  program_.outputs.assign(outputs.begin(), outputs.end());
}

ProgramPtr Builder::take(std::span<const ValueId> outputs) {
  set_outputs(outputs);
  auto program = std::make_shared<Program>(std::move(program_));
  program_ = Program();
  return program;
}

ProgramPtr Builder::finish(std::span<const ValueId> outputs) {
  return extract(program_, program_.inputs, outputs);
}

namespace {

/// Copies instructions of `source` into a new program, types and sub-programs on demand.
class Extractor {
 public:
  Extractor(const Program& source, std::size_t first_size)
      : source_(source),
        types_(source.types.size(), kNoValue),
        subs_(source.subprograms.size(), -1),
        result_(std::make_shared<Program>()) {
    result_->instructions.reserve(first_size);
    result_->args.reserve(std::min(source.args.size(), 3 * first_size));
    result_->attrs.reserve(std::min(source.attrs.size(), 1 + 16 * first_size));
  }

  ValueId add(ValueId v, std::span<const ValueId> renumbered, bool as_input) {
    const Instruction& old = source_.instructions[v];
    Instruction i{as_input ? static_cast<OpCode>(kInput) : old.op, 0, type(old.type), 0, 0};
    if (!as_input) {
      i.n_args = old.n_args;
      i.args = static_cast<std::uint32_t>(result_->args.size());
      for (ValueId a : source_.args_of(v)) result_->args.push_back(renumbered[a]);
      copy_attrs(v, i);
    }
    result_->instructions.push_back(i);
    const auto id = static_cast<ValueId>(result_->instructions.size() - 1);
    if (i.op == kInput) result_->inputs.push_back(id);
    return id;
  }

  std::shared_ptr<Program> result() { return result_; }

 private:
  TypeId type(TypeId old) {
    if (types_[old] == kNoValue) {
      types_[old] = static_cast<TypeId>(result_->types.size());
      result_->types.push_back(source_.types[old]);
    }
    return types_[old];
  }

  void copy_attrs(ValueId v, Instruction& i) {
    auto attrs = source_.attrs_of(v);
    if (attrs.empty()) return;
    if (i.op == kExternal) keep_external(*result_, attrs[0]);
    const std::size_t n_subs = subprogram_count(i.op);
    const std::uint32_t old = source_.instructions[v].attrs;
    auto& [from, to] = copied_attrs_[old % copied_attrs_.size()];
    if (from == old && n_subs == 0) {
      i.attrs = to;
      return;
    }
    i.attrs = static_cast<std::uint32_t>(result_->attrs.size());
    result_->attrs.append(attrs.data() - 1, 1 + attrs.size());  // their number stands before them
    for (std::size_t k = 0; k < n_subs; ++k) {
      result_->attrs[i.attrs + 1 + k] = subprogram(attrs[k]);
    }
    if (n_subs == 0) from = old, to = i.attrs;
  }

  std::int64_t subprogram(std::int64_t old) {
    auto& index = subs_[static_cast<std::size_t>(old)];
    if (index < 0) {
      index = static_cast<std::int64_t>(result_->subprograms.size());
      result_->subprograms.push_back(source_.subprograms[static_cast<std::size_t>(old)]);
    }
    return index;
  }

  const Program& source_;
  std::vector<TypeId> types_;
  std::vector<std::int64_t> subs_;
  /// Where lists copied lately stand, old and new; not those that number sub-programs.
  std::array<std::pair<std::uint32_t, std::uint32_t>, 256> copied_attrs_{};
  std::shared_ptr<Program> result_;
};

/// What `outputs` need, not looking behind `inputs`.
std::vector<bool> needed_values(const Program& source, std::span<const ValueId> inputs,
                                std::span<const ValueId> outputs) {
  std::vector<bool> is_input(source.size()), needed(source.size());
  for (ValueId v : inputs) is_input[v] = true;
  for (ValueId v : outputs) needed[v] = true;
  for (std::size_t v = source.size(); v-- > 0;) {
    if (!needed[v] || is_input[v]) continue;
    for (ValueId a : source.args_of(static_cast<ValueId>(v))) needed[a] = true;
  }
  return needed;
}

}  // namespace

ProgramPtr extract(const Program& source, std::span<const ValueId> inputs,
                   std::span<const ValueId> outputs, std::vector<ValueId>* extra_inputs) {
  const std::vector<bool> needed = needed_values(source, inputs, outputs);
  Extractor copy(source, static_cast<std::size_t>(std::ranges::count(needed, true)));
  std::vector<ValueId> renumbered(source.size(), kNoValue);
  for (ValueId v : inputs) renumbered[v] = copy.add(v, renumbered, true);
  for (ValueId v = 0; v < source.size(); ++v) {
    if (!needed[v] || renumbered[v] != kNoValue) continue;
    if (extra_inputs && source.instructions[v].op == kInput) extra_inputs->push_back(v);
    renumbered[v] = copy.add(v, renumbered, false);
  }
  auto result = copy.result();
  for (ValueId v : outputs) result->outputs.push_back(renumbered[v]);
  result->args.shrink_to_fit();
  result->attrs.shrink_to_fit();
  result->seal();
  return result;
}

}  // namespace dualtape::engine
