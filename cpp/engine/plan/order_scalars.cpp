/// The order of a stretch of scalars.
#include <algorithm>
#include <array>

#include "dualtape/ops/registry.hpp"
#include "plan/scalar.hpp"

namespace dualtape::engine {
namespace {

/// Cycles of a link, of another operation, and of the way through memory (Zen 4).
constexpr std::uint32_t kLinkCycles = 3, kOtherCycles = 15, kMemoryCycles = 9;
/// Members that are looked at, from the first that has not run: enough to bring the links of a
/// chain together, and the values that wait stay in the cache.
constexpr std::size_t kWindow = 32;
constexpr std::uint32_t kNobody = ~std::uint32_t{0};

class ScalarOrder {
 public:
  ScalarOrder(const Program& program, const Views& views, const Schedule& schedule,
              std::span<const std::uint32_t> position, std::span<ValueId> members)
      : program_(program),
        views_(views),
        schedule_(schedule),
        position_(position),
        step_(schedule.step_of[members[0]]),
        members_(members),
        values_(members.begin(), members.end()),
        nodes_(members.size()) {
    reads_.reserve(2 * values_.size());
  }

  void run() {
    find_readers();
    find_heights();
    std::size_t entered = 0, waiting = 0;
    std::uint32_t last = kNobody;
    for (ValueId& place : members_) {
      for (; entered < nodes_.size() && waiting < kWindow; ++entered, ++waiting) {
        nodes_[entered].is_entered = true;
        if (nodes_[entered].missing == 0) ready_.push_back(static_cast<std::uint32_t>(entered));
      }
      last = next(last);
      --waiting;
      place = values_[last];
      finish(last);
    }
  }

 private:
  struct Node {
    std::uint32_t height = 0;            // cycles to the end of the stretch
    std::uint32_t second = 0;            // the same, on the best way but one
    std::uint32_t first_read = kNobody;  // by whom it is read: a list in reads_
    std::uint32_t missing = 0;           // operands that have not run, each as often as it is read
    ScalarRole role;
    bool is_entered = false;
  };
  struct Read {
    std::uint32_t reader, next;
  };

  void find_readers() {
    for (std::uint32_t k = 0; k < nodes_.size(); ++k) {
      Node& node = nodes_[k];
      node.role = scalar_role(program_, views_, values_[k]);
      for (ValueId a : program_.args_of(values_[k])) {
        const ValueId root = views_.root(a);
        if (schedule_.step_of[root] != step_) continue;
        const std::uint32_t operand = position_[root] - schedule_.steps[step_].first;
        reads_.push_back({k, nodes_[operand].first_read});
        nodes_[operand].first_read = static_cast<std::uint32_t>(reads_.size() - 1);
        ++node.missing;
      }
    }
  }
  /// One reader may take a value from its register, the others from memory.
  void find_heights() {
    for (std::size_t k = nodes_.size(); k-- > 0;) {
      Node& node = nodes_[k];
      std::uint32_t first = 0, second = 0;
      for (std::uint32_t r = node.first_read; r != kNobody; r = reads_[r].next) {
        const std::uint32_t height = nodes_[reads_[r].reader].height;
        second = std::max(second, std::min(first, height));
        first = std::max(first, height);
      }
      if (second != 0) first = std::max(first, second + kMemoryCycles);
      node.height = first + (node.role.links ? kLinkCycles : kOtherCycles);
    }
  }
  std::uint32_t next(std::uint32_t last) {
    std::uint32_t best = kNobody;
    const auto consider = [&](std::uint32_t k) {
      if (best == kNobody || nodes_[k].height > nodes_[best].height) best = k;
    };
    if (last != kNobody && nodes_[last].role.is_kept) {
      for (std::uint32_t r = nodes_[last].first_read; r != kNobody; r = reads_[r].next) {
        const Node& reader = nodes_[reads_[r].reader];
        if (reader.role.links && reader.is_entered && reader.missing == 0) {
          consider(reads_[r].reader);
        }
      }
    }
    if (best == kNobody) {
      for (const std::uint32_t k : ready_) consider(k);
    }
    const auto at = std::ranges::find(ready_, best);
    *at = ready_.back();
    ready_.pop_back();
    return best;
  }
  void finish(std::uint32_t k) {
    for (std::uint32_t r = nodes_[k].first_read; r != kNobody; r = reads_[r].next) {
      Node& reader = nodes_[reads_[r].reader];
      if (--reader.missing == 0 && reader.is_entered) ready_.push_back(reads_[r].reader);
    }
  }

  const Program& program_;
  const Views& views_;
  const Schedule& schedule_;
  std::span<const std::uint32_t> position_;
  std::uint32_t step_;
  std::span<ValueId> members_;
  std::vector<ValueId> values_;  // the members, ascending
  std::vector<Node> nodes_;
  std::vector<Read> reads_;
  std::vector<std::uint32_t> ready_;
};

bool is_link(OpCode op) {
  return op == ops::op_index<ops::Add> || op == ops::op_index<ops::Subtract> ||
         op == ops::op_index<ops::Multiply>;
}

}  // namespace

ScalarRole scalar_role(const Program& program, const Views& views, ValueId v) {
  const OpCode op = program.instructions[v].op;
  const auto args = program.args_of(v);
  if (!is_elementwise(op) || program.type_of(v).dtype != kScalarType ||
      program.type_of(args.back()).dtype != kScalarType) {
    return {};
  }
  if (!is_link(op)) return {.links = false, .is_kept = scalar_code(op) < ScalarCode::kSingly};
  return {.links = views.root(args[0]) != views.root(args[1]), .is_kept = true};
}

void order_scalars(const Program& program, const Views& views, const Schedule& schedule,
                   std::span<const std::uint32_t> position, std::span<ValueId> members) {
  if (members.size() > 2) ScalarOrder(program, views, schedule, position, members).run();
}

}  // namespace dualtape::engine
