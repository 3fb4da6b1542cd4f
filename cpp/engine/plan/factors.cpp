#include "plan/factors.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "program/opcodes.hpp"

namespace dualtape::engine {
namespace {

bool decomposes(OpCode op) {
  return op == kLu || op == kInv || op == kCholesky || op == kEigh || op == kSvd || op == kQr;
}

bool can_factor(OpCode op) { return op == kDet || op == kInv || op == kCofactor; }

class Sharing {
 public:
  explicit Sharing(const Program& program) : program_(program) {}

  bool any() {
    for (ValueId v = 0; v < program_.size(); ++v) {
      if (decomposes(program_.instructions[v].op)) find(v);
    }
    if (found_.empty()) return false;
    count_readers();
    bool changes = !same_.empty();
    for (ValueId v = 0; v < program_.size(); ++v) changes = changes || makes_its_factors(v);
    return changes;
  }

  ProgramPtr write() {
    auto result = std::make_shared<Program>(program_);
    for (ValueId v = 0; v < program_.size(); ++v) {
      Instruction& i = result->instructions[v];
      const std::span args(result->args.data() + i.args, i.n_args);
      if (makes_its_factors(v)) {
        i.n_args = 1;
      } else {
        for (ValueId& a : args) a = first_of(a);
      }
    }
    for (ValueId& v : result->outputs) v = first_of(v);
    result->seal();
    return result;
  }

 private:
  ValueId first_of(ValueId v) const {
    const auto at = same_.find(v);
    return at == same_.end() ? v : at->second;
  }
  /// The first decomposition with this operand and these attributes.
  void find(ValueId v) {
    const auto [first, last] = found_.equal_range(program_.args_of(v)[0]);
    for (auto at = first; at != last; ++at) {
      const ValueId known = at->second;
      if (program_.instructions[known].op != program_.instructions[v].op) continue;
      if (!std::ranges::equal(program_.attrs_of(known), program_.attrs_of(v))) continue;
      same_.emplace(v, known);
      return;
    }
    found_.emplace(program_.args_of(v)[0], v);
  }
  void count_readers() {
    readers_.assign(program_.size(), 0);
    for (ValueId v = 0; v < program_.size(); ++v) {
      if (same_.contains(v)) continue;
      for (ValueId a : program_.args_of(v)) ++readers_[first_of(a)];
    }
    for (ValueId v : program_.outputs) ++readers_[first_of(v)];
  }
  bool makes_its_factors(ValueId v) const {
    if (!can_factor(program_.instructions[v].op)) return false;
    const auto args = program_.args_of(v);
    return args.size() == 2 && program_.instructions[args[1]].op == kLu &&
           readers_[first_of(args[1])] == 1;
  }

  const Program& program_;
  std::unordered_multimap<ValueId, ValueId> found_;  // by the operand
  std::unordered_map<ValueId, ValueId> same_;        // what a later one repeats
  std::vector<std::uint32_t> readers_;
};

}  // namespace

ProgramPtr share_factors(ProgramPtr program) {
  Sharing sharing(*program);
  return sharing.any() ? sharing.write() : program;
}

}  // namespace dualtape::engine
