#include "plan/order.hpp"

#include <algorithm>

#include "plan/chains.hpp"
#include "plan/schedule.hpp"
#include "plan/windows.hpp"

namespace dualtape::engine {
namespace {

class RegionOrder {
 public:
  RegionOrder(const Program& program, const Views& views, const std::vector<bool>& of_rows,
              std::span<ValueId> members)
      : members_(members), nodes_(members.size()) {
    values_.assign(members.begin(), members.end());
    for (std::uint32_t k = 0; k < values_.size(); ++k) {
      const ValueId v = values_[k];
      Node& node = nodes_[k];
      const OpCode op = program.instructions[v].op;
      const DType dtype = program.type_of(program.args_of(v).back()).dtype;
      const bool converts = op == kConvert && program.type_of(v).dtype != dtype;
      node.function = std::uint64_t{program.args_of(v)[0]} << 16 | op;
      node.arithmetic = is_window(op) || (!of_rows[v] && !converts && can_chain(op, dtype));
      for (ValueId a : program.args_of(v)) {
        const std::uint32_t operand = index_of(views.root(a));
        if (operand != kNever) add_operand(node, nodes_[operand], operand);
      }
      if (node.arithmetic) node.held = std::max(node.held, 1u);
    }
  }

  void run() {
    std::uint32_t deepest = 0;
    for (const Node& node : nodes_) deepest = std::max(deepest, node.depth);
    std::vector<std::vector<std::uint32_t>> functions(deepest + 1);
    for (std::uint32_t k = 0; k < nodes_.size(); ++k) {
      if (!nodes_[k].arithmetic) functions[nodes_[k].depth].push_back(k);
    }
    for (auto& equally_deep : functions) {
      // Those of one operand side by side, partners of a pair too.
      std::ranges::stable_sort(equally_deep, {},
                               [&](std::uint32_t k) { return nodes_[k].function; });
      for (std::uint32_t k : equally_deep) {
        for (std::uint32_t operand : nodes_[k].operands) {
          if (operand != kNever) emit_with_operands(operand);
        }
      }
      for (std::uint32_t k : equally_deep) emit(k);
    }
    for (std::uint32_t k = 0; k < nodes_.size(); ++k) {
      if (!nodes_[k].read) emit_with_operands(k);
    }
  }

 private:
  struct Node {
    std::uint32_t operands[3] = {kNever, kNever, kNever};  // of the region; one that takes more
                                                           // accumulators comes first
    std::uint64_t function = 0;                            // first operand, operation
    std::uint32_t depth = 0;                               // functions on the way to it
    std::uint32_t held = 0;                                // accumulators it takes to compute it
    bool arithmetic = false, read = false, emitted = false;
  };

  std::uint32_t index_of(ValueId v) const {
    const auto at = std::lower_bound(values_.begin(), values_.end(), v);
    return at == values_.end() || *at != v ? kNever
                                           : static_cast<std::uint32_t>(at - values_.begin());
  }
  void add_operand(Node& node, Node& operand, std::uint32_t index) {
    operand.read = true;
    node.depth = std::max(node.depth, operand.depth + (operand.arithmetic ? 0u : 1u));
    const std::uint32_t held = operand.arithmetic ? operand.held : 0;
    node.held = held == node.held ? held + 1 : std::max(held, node.held);
    std::size_t k = 0;
    while (k < 2 && node.operands[k] != kNever && held_by(node.operands[k]) >= held) ++k;
    for (std::size_t j = 2; j > k; --j) node.operands[j] = node.operands[j - 1];
    node.operands[k] = index;
  }
  std::uint32_t held_by(std::uint32_t k) const { return nodes_[k].arithmetic ? nodes_[k].held : 0; }
  void emit(std::uint32_t k) {
    nodes_[k].emitted = true;
    members_[count_++] = values_[k];
  }
  void emit_with_operands(std::uint32_t root) {
    stack_.push_back(root);
    while (!stack_.empty()) {
      const std::uint32_t k = stack_.back();
      const Node& node = nodes_[k];
      std::uint32_t next = kNever;
      for (std::size_t i = 3; i-- > 0;) {
        const std::uint32_t operand = node.operands[i];
        if (operand != kNever && !nodes_[operand].emitted) next = operand;
      }
      if (!node.emitted && next != kNever) {
        stack_.push_back(next);
        continue;
      }
      stack_.pop_back();
      if (!node.emitted) emit(k);
    }
  }

  std::span<ValueId> members_;
  std::vector<ValueId> values_;
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> stack_;
  std::size_t count_ = 0;
};

}  // namespace

void order_region(const Program& program, const Views& views, const std::vector<bool>& of_rows,
                  std::span<ValueId> members) {
  if (members.size() > 1) RegionOrder(program, views, of_rows, members).run();
}

}  // namespace dualtape::engine
