/// Code of stretches of scalars.
#include "plan/scalar.hpp"

#include <array>

#include "dualtape/ops/registry.hpp"
#include "plan/generate.hpp"
#include "plan/run_scalars.hpp"

namespace dualtape::engine {
namespace {

std::uint64_t pack(std::uint32_t low, std::uint32_t high = 0) {
  return std::uint64_t{high} << 32 | low;
}

/// Which copy of an instruction runs, by the codes before and after it: what comes first in a
/// stretch takes the next copy, and the same place in the next repetition of a loop the same one
/// again.
class Copies {
 public:
  std::uint32_t of(std::uint32_t before, std::uint32_t code, std::uint32_t after) {
    if (code >= ScalarCode::kSingly) return 0;
    static_assert(ScalarCode::kNumber < 255);
    const std::uint32_t key = (before + 1) << 16 | (code + 1) << 8 | (after + 1);
    std::uint32_t& entry = table_[key * 0x9E3779B1u >> (32 - kBits)];
    if ((entry & 0xFFFFFF) != key) entry = key | (next_[code]++ % kCopies) << 24;
    return entry >> 24;
  }

 private:
  static constexpr std::uint32_t kBits = 10;
  std::array<std::uint32_t, 1 << kBits> table_{};  // keys, and copies above them
  std::array<std::uint8_t, ScalarCode::kSingly> next_{};
};

class StretchGenerator {
 public:
  StretchGenerator(Generator& generator, DType dtype)
      : generator_(generator),
        dtype_(dtype),
        program_(generator.program()),
        words_(generator.code().scalars),
        stride_(static_cast<std::uint32_t>(generator.storage().slot_bytes / 8)) {}

  void run(std::span<const ValueId> members) {
    for (ValueId v : members) {
      place(v);
      if (generator_.views().is_load(v)) {
        load(v);
        kept_ = kNoValue;
      } else {
        const ScalarRole role = role_of(v);
        if (!role.links || !link(v)) operation(v);
        kept_ = role.is_kept ? v : kNoValue;
        generator_.code().work += element_cost(program_.instructions[v].op);
      }
    }
    open(ScalarCode::kEnd);
    set_labels();
  }

 private:
  struct Instruction {
    std::uint32_t code, at;  // index of its first word
  };

  ScalarRole role_of(ValueId v) const {
    if (generator_.type_of(v).dtype != dtype_) return {};
    return scalar_role(program_, generator_.views(), v);
  }
  void open(std::uint32_t code) {
    instructions_.push_back({code, static_cast<std::uint32_t>(words_.size())});
    words_.push_back(0);
    links_ = 0;
  }
  /// Results lie one after the other, but where storage goes on elsewhere.
  void place(ValueId v) {
    const std::uint32_t slot = generator_.slot_of(v);
    if (slot != next_slot_) {
      open(ScalarCode::kPlace);
      words_.push_back(slot);
    }
    next_slot_ = slot + stride_;
  }
  void load(ValueId v) {
    const Load source = generator_.views().source(v);
    const Ref ref = generator_.ref_of(source.root, source.offset);
    open(ScalarCode::kLoad);
    words_.push_back(
        pack(ref.space, static_cast<std::uint32_t>(item_size(generator_.type_of(v).dtype))));
    words_.push_back(static_cast<std::uint64_t>(ref.offset));
  }

  static std::uint32_t link_of(OpCode op) {
    switch (op) {
      case ops::op_index<ops::Add>: return kLinkAdd;
      case ops::op_index<ops::Subtract>: return kLinkSubtract;
      default: return kLinkMultiply;
    }
  }
  /// Makes `v` a link of the chain that ends with the value before it, if it reads that.
  bool link(ValueId v) {
    const auto args = program_.args_of(v);
    const bool left = generator_.views().root(args[0]) == kept_;
    if (!left && generator_.views().root(args[1]) != kept_) return false;
    std::uint32_t link = link_of(program_.instructions[v].op);
    if (link == kLinkSubtract && !left) link = kLinkSubtractFrom;
    const std::uint32_t operand = generator_.slot_of(args[left ? 1 : 0]);
    if (links_ == 0 || links_ == kLongestChain || stride_ != 1) {
      open(ScalarCode::kContinued + link * kChainsOfLink);
      words_.push_back(pack(0, operand));
      links_ = 1;
      return true;
    }
    std::uint32_t& code = instructions_.back().code;
    if (links_ == 1) {
      code += 1 + link;
      words_.push_back(operand);
    } else {
      // After its first link a chain of two has number 1 + b, one of three 1 + kLinks + b kLinks +
      // c.
      const std::uint32_t first = code / kChainsOfLink * kChainsOfLink;
      code = first + 1 + kLinks + (code - first - 1) * kLinks + link;
      words_.back() |= pack(0, operand);
    }
    ++links_;
    return true;
  }

  void operation(ValueId v) {
    const auto args = program_.args_of(v);
    const OpCode op = program_.instructions[v].op;
    const Kernel kernel = find_kernel(program_, v);
    const auto slot = [&](std::size_t k) {
      return k < args.size() ? generator_.slot_of(args[k]) : 0;
    };
    const bool parametric = op < kFirstArrayOp && ops::op_table[op].parametric;
    std::uint32_t parameter = 0;
    if (parametric) {
      parameter = static_cast<std::uint32_t>(static_cast<std::int32_t>(program_.attrs_of(v)[0]));
    }
    const bool own = program_.type_of(args.back()).dtype == dtype_;
    const std::uint32_t code =
        own ? scalar_code(op, dtype_) : std::uint32_t{ScalarCode::kCallKernel};
    if (code == ScalarCode::kAdd || code == ScalarCode::kSubtract ||
        code == ScalarCode::kMultiply) {
      open(link_of(op) * kChainsOfLink);
      links_ = 1;
    } else {
      open(code);
    }
    words_.push_back(pack(slot(0), code == ScalarCode::kIntegerPower ? parameter : slot(1)));
    if (code == ScalarCode::kWhere) words_.push_back(slot(2));
    if (code != ScalarCode::kCallKernel) return;
    words_.push_back(pack(slot(2), parameter));
    words_.push_back(reinterpret_cast<std::uintptr_t>(kernel));
  }

  void set_labels() {
    const void* const* labels = dtype_ == DType::kFloat32
                                    ? interpret_scalars<float>({nullptr, 0}, Frame{})
                                    : interpret_scalars<double>({nullptr, 0}, Frame{});
    Copies copies;
    std::uint32_t before = ScalarCode::kEnd;
    for (std::size_t k = 0; k < instructions_.size(); ++k) {
      const auto [code, at] = instructions_[k];
      const std::uint32_t after = k + 1 < instructions_.size() ? instructions_[k + 1].code : code;
      const void* label = labels[label_index(code, copies.of(before, code, after))];
      words_[at] = reinterpret_cast<std::uintptr_t>(label);
      before = code;
    }
  }

  Generator& generator_;
  const DType dtype_;
  const Program& program_;
  std::vector<std::uint64_t>& words_;
  const std::uint32_t stride_;
  std::uint32_t next_slot_ = kNone;
  std::uint32_t links_ = 0;  // of the chain that may go on
  ValueId kept_ = kNoValue;  // the result before, if a link may take it from its register
  std::vector<Instruction> instructions_;
};

}  // namespace

void generate_scalars(Generator& generator, const ScheduledStep& step) {
  Code& code = generator.code();
  const auto members = generator.schedule().members_of(step);
  const DType dtype = scalar_type(generator.program(), members);
  code.steps.push_back({StepKind::kScalars, static_cast<std::uint32_t>(code.scalars.size()), 0,
                        dtype == DType::kFloat32});
  StretchGenerator(generator, dtype).run(members);
}

void run_scalars(const Code& code, const StepRef& step, const Frame& frame) {
  const ScalarRun run{code.scalars.data() + step.index, code.slot_bytes};
  if (step.is_float32) {
    interpret_scalars<float>(run, frame);
  } else {
    interpret_scalars<double>(run, frame);
  }
}

}  // namespace dualtape::engine
