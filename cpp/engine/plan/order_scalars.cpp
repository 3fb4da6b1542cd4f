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

/// Members that are ordered at once, so that the memory for it is bounded. Not fewer: steps of a
/// loop that parts cut in other places run in other orders, and jumps are predicted less well.
constexpr std::size_t kPart = 65536;

class ScalarOrder {
 public:
  ScalarOrder(const Program& program, const Views& views, const Schedule& schedule,
              std::span<const std::uint32_t> position)
      : program_(program), views_(views), schedule_(schedule), position_(position) {}

  /// Of members that follow one another, ascending.
  void run(std::span<ValueId> members) {
    values_.assign(members.begin(), members.end());
    nodes_.assign(members.size(), {});
    reads_.clear();
    find_readers();
    find_heights();
    std::size_t entered = 0, waiting = 0;
    std::uint32_t last = kNobody;
    for (ValueId& place : members) {
      for (; entered < nodes_.size() && waiting < kWindow; ++entered, ++waiting) {
        nodes_[entered].is_entered = true;
        if (nodes_[entered].missing == 0) enter_ready(static_cast<std::uint32_t>(entered));
      }
      last = next(last);
      --waiting;
      place = values_[last];
      finish(last);
    }
  }

 private:
  struct Node {
    std::uint32_t height = 0;            // cycles to the end
    std::uint32_t first_read = kNobody;  // by whom it is read: a list in reads_
    std::uint8_t missing = 0;            // operands that have not run, each as often as it is read
    bool is_entered = false;
    ScalarRole role;
  };
  struct Read {
    std::uint32_t reader, next;
  };
  struct Ready {
    std::uint32_t height = 0, member = kNobody;
  };

  void find_readers() {
    const std::uint32_t step = schedule_.step_of[values_[0]];
    const std::uint32_t first = position_[values_[0]];
    for (std::uint32_t k = 0; k < nodes_.size(); ++k) {
      Node& node = nodes_[k];
      node.role = scalar_role(program_, views_, values_[k]);
      for (ValueId a : program_.args_of(values_[k])) {
        const ValueId root = views_.root(a);
        if (schedule_.step_of[root] != step || position_[root] < first) continue;
        Node& operand = nodes_[position_[root] - first];
        reads_.push_back({k, operand.first_read});
        operand.first_read = static_cast<std::uint32_t>(reads_.size() - 1);
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
    Ready best;
    const auto consider = [&](Ready one) {
      if (best.member == kNobody || one.height > best.height) best = one;
    };
    if (last != kNobody && nodes_[last].role.is_kept) {
      for (std::uint32_t r = nodes_[last].first_read; r != kNobody; r = reads_[r].next) {
        const Node& reader = nodes_[reads_[r].reader];
        if (reader.role.links && reader.is_entered && reader.missing == 0) {
          consider({reader.height, reads_[r].reader});
        }
      }
    }
    if (best.member == kNobody) std::ranges::for_each(ready_, consider);
    *std::ranges::find(ready_, best.member, &Ready::member) = ready_.back();
    ready_.pop_back();
    return best.member;
  }
  void enter_ready(std::uint32_t k) { ready_.push_back({nodes_[k].height, k}); }
  void finish(std::uint32_t k) {
    for (std::uint32_t r = nodes_[k].first_read; r != kNobody; r = reads_[r].next) {
      Node& reader = nodes_[reads_[r].reader];
      if (--reader.missing == 0 && reader.is_entered) enter_ready(reads_[r].reader);
    }
  }

  const Program& program_;
  const Views& views_;
  const Schedule& schedule_;
  std::span<const std::uint32_t> position_;
  std::vector<ValueId> values_;  // the members, ascending
  std::vector<Node> nodes_;
  std::vector<Read> reads_;
  std::vector<Ready> ready_;
};

/// Of each elementwise operation, whatever its operands.
constexpr auto kRoles = [] {
  std::array<ScalarRole, ops::op_count> roles{};
#define DUALTAPE_SCALAR_ROLE(Op, n) roles[ops::op_index<ops::Op>].is_kept = true;
  DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_ROLE)
#undef DUALTAPE_SCALAR_ROLE
  for (const OpCode op :
       {ops::op_index<ops::Add>, ops::op_index<ops::Subtract>, ops::op_index<ops::Multiply>}) {
    roles[op].links = true;
  }
  return roles;
}();

bool is_rounded_once(OpCode op) { return ops::op_table[op].max_ulp <= 0.5; }

}  // namespace

ScalarRole scalar_role(const Program& program, const Views& views, ValueId v) {
  const OpCode op = program.instructions[v].op;
  const DType dtype = program.type_of(v).dtype;
  // What has a mask for its result is no such number.
  if (op >= kRoles.size() || !is_floating(dtype)) return {};
  ScalarRole role = kRoles[op];
  if (dtype == DType::kFloat32 && !is_rounded_once(op)) role.is_kept = false;
  if (role.links) {
    const auto args = program.args_of(v);
    role.links = views.root(args[0]) != views.root(args[1]);
  }
  return role;
}

std::uint32_t scalar_code(OpCode op, DType dtype) {
  if (!is_floating(dtype)) return ScalarCode::kCallKernel;
  if (dtype == DType::kFloat32 && op < kFirstArrayOp && !is_rounded_once(op)) {
    return ScalarCode::kCallKernel;
  }
  switch (op) {
#define DUALTAPE_SCALAR_CODE(Op, n) \
  case ops::op_index<ops::Op>: return ScalarCode::k##Op;
    DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_CODE)
#undef DUALTAPE_SCALAR_CODE
    case ops::op_index<ops::Where>: return ScalarCode::kWhere;
    case ops::op_index<ops::IntegerPower>: return ScalarCode::kIntegerPower;
    default: return ScalarCode::kCallKernel;
  }
}

DType scalar_type(const Program& program, std::span<const ValueId> members) {
  std::ptrdiff_t more = 0;
  for (ValueId v : members) {
    const DType dtype = program.type_of(v).dtype;
    more += (dtype == DType::kFloat32) - (dtype == DType::kFloat64);
  }
  return more > 0 ? DType::kFloat32 : DType::kFloat64;
}

void order_scalars(const Program& program, const Views& views, const Schedule& schedule,
                   std::span<const std::uint32_t> position, std::span<ValueId> members) {
  if (members.size() < 3) return;
  ScalarOrder order(program, views, schedule, position);
  for (std::size_t k = 0; k < members.size(); k += kPart) {
    order.run(members.subspan(k, std::min(kPart, members.size() - k)));
  }
}

}  // namespace dualtape::engine
