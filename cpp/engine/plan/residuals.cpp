#include "plan/residuals.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "dualtape/ops/registry.hpp"
#include "plan/alive.hpp"
#include "plan/generate.hpp"
#include "plan/type_sizes.hpp"

namespace dualtape::engine {
namespace {

/// Regions that compute a value again, at most.
constexpr std::size_t kMostReaders = 2;
/// Operations on the way from memory to a value, at most.
constexpr std::size_t kMostOperations = 8, kMostLeaves = 8;
/// What is computed twice may cost so much for each element that is neither written nor read; an
/// addition costs 1.
constexpr std::int64_t kMostWork = 6;
constexpr std::int64_t kDivision = 4;
/// An array of rows is so much smaller than one of elements.
constexpr std::int64_t kSmall = 8;

std::int64_t work_of(OpCode op) {
  const bool divides = op == ops::op_index<ops::Divide> || op == ops::op_index<ops::Sqrt>;
  return divides ? kDivision : element_cost(op);
}

/// What fits the caches beside all else is not worth a second look, nor is one part in so many.
constexpr std::int64_t kLeastArena = 512 * 1024;
constexpr std::int64_t kLeastPart = 32;
/// From such a part less on, alive at once, the arena is smaller as well: it need not be laid out.
constexpr std::int64_t kClearPart = 8;

/// A search takes about 0.25 us an instruction, fresh memory as much a KiB, of which half may be
/// saved: from so many bytes an instruction on, or in all, one run gains.
constexpr std::int64_t kDearBytes = 2 * 1024;
constexpr std::int64_t kDearArena = std::int64_t{64} << 20;

/// A program that computes some values again, right before they are read.
struct Recomputation {
  ProgramPtr program;
  std::vector<bool> copies;  // values that belong to the region of their readers
};

/// A root that a cone reads from memory.
struct Leaf {
  ValueId root;
  bool whole;  // element by element
};

/// A vector of few, copied at no cost.
template <class T, std::size_t N>
class Few {
 public:
  std::size_t size() const { return size_; }
  T* begin() { return items_.data(); }
  T* end() { return items_.data() + size_; }
  const T* begin() const { return items_.data(); }
  const T* end() const { return items_.data() + size_; }
  const T& operator[](std::size_t k) const { return items_[k]; }
  /// False if there is no room.
  bool push_back(const T& item) {
    if (size_ == N) return false;
    items_[size_++] = item;
    return true;
  }

 private:
  std::array<T, N> items_{};
  std::size_t size_ = 0;
};

/// How a value is computed again in one region.
struct Cone {
  Few<ValueId, kMostOperations> members;  // the value and what is computed again for it
  Few<Leaf, kMostLeaves> leaves;
  std::int64_t held = 0;  // bytes of leaves that would be dead by then
};

class Residuals {
 public:
  /// `keep_sums`: regions that add up more than their rows stay as they are.
  Residuals(const Program& program, const Arrangement& arranged, bool keep_sums)
      : program_(program),
        live_(arranged.live),
        views_(arranged.views),
        schedule_(arranged.schedule),
        sizes_(program),
        kept_(schedule_.steps.size(), false),
        stored_(schedule_.stored),
        blocked_(program.size(), false),
        read_inside_(program.size(), false),
        reads_(program.size(), 0),
        last_step_(program.size(), 0),
        readers_(program.size(), kNone) {
    if (keep_sums) find_sums();
    find_readers();
  }

  /// Bytes of what is not written any more. Later values first: what they are computed from lives
  /// longer then, and costs its other readers nothing more.
  std::int64_t choose() {
    for (std::size_t k = schedule_.members.size(); k-- > 0;) drop(schedule_.members[k]);
    return saved_;
  }
  Recomputation write();

 private:
  static std::uint64_t key(ValueId v, std::uint32_t step) { return std::uint64_t{v} << 32 | step; }
  TypeId type_of(ValueId v) const { return program_.instructions[v].type; }
  std::int64_t bytes(ValueId v) const { return sizes_.bytes[type_of(v)]; }
  bool is_scalar(ValueId v) const { return sizes_.count[type_of(v)] == 1; }
  bool is_whole(ValueId a, std::uint32_t step) const {
    return views_.is_whole(a) &&
           sizes_.count[type_of(a)] == sizes_.count[schedule_.steps[step].type];
  }
  bool is_element(ValueId root) const {
    const std::uint32_t step = schedule_.step_of[root];
    return step != 0 && schedule_.steps[step].kind == StepKind::kRegion && !kept_[step] &&
           is_elementwise(program_.instructions[root].op) && !schedule_.of_rows[root];
  }
  bool is_read_in(ValueId root, std::uint32_t step) const {
    for (std::uint32_t k = readers_[root]; k != kNone; k = reader_list_[k].next) {
      if (reader_list_[k].step == step) return true;
    }
    return false;
  }
  /// Scalars have their slots anyway.
  bool is_at_hand(ValueId root) const { return schedule_.step_of[root] == 0 || is_scalar(root); }

  void find_sums();
  void find_readers();
  void read(ValueId root, std::uint32_t step, bool as_element);
  void drop(ValueId v);
  bool expand(ValueId v, std::uint32_t step, Cone& cone) const;
  bool add(ValueId a, ValueId reader, std::uint32_t step, Cone& cone) const;
  bool pays(ValueId v, std::span<const std::uint32_t> steps, std::span<const Cone> cones) const;
  std::int64_t repeated_work(const Cone& cone, std::size_t regions) const;
  ValueId operand(ValueId a, std::uint32_t step);
  ValueId copy(ValueId a, std::uint32_t step);
  ValueId append(ValueId v, std::span<const ValueId> args, bool copied);

  const Program& program_;
  const std::vector<bool>& live_;
  const Views& views_;
  const Schedule& schedule_;
  const TypeSizes sizes_;
  std::vector<bool> kept_;  // steps that are not touched
  std::vector<bool> stored_;
  std::vector<bool> blocked_;             // roots that somebody reads in a way that needs memory
  std::vector<bool> read_inside_;         // roots that are read in their own step
  std::vector<std::uint32_t> reads_;      // of each root: operands that are it
  std::vector<std::uint32_t> last_step_;  // of each root: that reads it; kNever: an output
  struct Reader {
    std::uint32_t step, next;
  };
  std::vector<std::uint32_t> readers_;  // of each root: first in the list of steps besides its own
  std::vector<Reader> reader_list_;
  // What is in memory, but no more when the region runs that needs it.
  std::unordered_set<std::uint64_t> again_;

  std::int64_t saved_ = 0;

  std::shared_ptr<Program> result_;
  std::vector<bool> copies_;
  std::vector<ValueId> numbers_;  // in the result
  std::unordered_map<std::uint64_t, ValueId> copied_;
};

void Residuals::find_sums() {
  for (ValueId v : schedule_.members) {
    if (!is_reduction(program_.instructions[v].op)) continue;
    const RowShape rows =
        row_shape(program_.type_of(program_.args_of(v)[0]).shape, program_.attrs_of(v));
    if (rows.kind != ReductionKind::kRows) kept_[schedule_.step_of[v]] = true;
  }
}

void Residuals::read(ValueId root, std::uint32_t step, bool as_element) {
  last_step_[root] = std::max(last_step_[root], step);
  if (!as_element) blocked_[root] = true;
  if (is_read_in(root, step)) return;
  reader_list_.push_back({step, readers_[root]});
  readers_[root] = static_cast<std::uint32_t>(reader_list_.size() - 1);
}

void Residuals::find_readers() {
  for (ValueId v : schedule_.members) {
    const std::uint32_t step = schedule_.step_of[v];
    const bool element = is_element(v);
    for (ValueId a : program_.args_of(v)) {
      const ValueId r = views_.root(a);
      ++reads_[r];
      if (is_at_hand(r)) continue;
      if (schedule_.step_of[r] != step) {
        read(r, step, element && is_whole(a, step));
      } else {
        last_step_[r] = std::max(last_step_[r], step);
        read_inside_[r] = true;
      }
    }
  }
  for (ValueId v : program_.outputs) {
    last_step_[views_.root(v)] = kNever;
    blocked_[views_.root(v)] = true;
  }
}

/// The operand of a member of the cone: in memory, or computed again as well.
bool Residuals::add(ValueId a, ValueId reader, std::uint32_t step, Cone& cone) const {
  const ValueId r = views_.root(a);
  if (is_at_hand(r)) return true;
  const bool whole = is_whole(a, schedule_.step_of[reader]);
  if (std::ranges::find(cone.members, r) != cone.members.end()) return whole;
  // It would be gathered once more.
  if (!whole && kSmall * bytes(r) > bytes(reader)) return false;
  const auto known = std::ranges::find(cone.leaves, r, &Leaf::root);
  if (known != cone.leaves.end()) {
    known->whole &= whole;
    return true;
  }
  if (!stored_[r] || last_step_[r] < step) {
    Cone with = cone;
    const std::int64_t least = cone.held + bytes(r);
    if (whole && is_element(r) && expand(r, step, with) && with.held < least) {
      cone = with;
      return true;
    }
    cone.held = least;
  }
  return cone.leaves.push_back({r, whole});
}

bool Residuals::expand(ValueId v, std::uint32_t step, Cone& cone) const {
  if (!cone.members.push_back(v) || cone.held > bytes(cone.members[0])) return false;
  return std::ranges::all_of(program_.args_of(v), [&](ValueId a) { return add(a, v, step, cone); });
}

/// Of operations that stay in their own region too, or go to several. What is read by the cone
/// alone moves.
std::int64_t Residuals::repeated_work(const Cone& cone, std::size_t regions) const {
  auto members = cone.members;
  std::ranges::sort(members, std::greater<>());  // readers come before what they read
  std::array<std::uint32_t, kMostOperations> moved_reads{};
  std::int64_t work = 0;
  for (std::size_t k = 0; k < members.size(); ++k) {
    const ValueId m = members[k];
    const bool moves = m == cone.members[0] ? !read_inside_[m] : moved_reads[k] == reads_[m];
    const std::size_t more = moves ? regions - 1 : regions;
    work += static_cast<std::int64_t>(more) * work_of(program_.instructions[m].op);
    if (!moves) continue;
    for (ValueId a : program_.args_of(m)) {
      const auto at = std::ranges::find(members, views_.root(a));
      if (at != members.end()) ++moved_reads[static_cast<std::size_t>(at - members.begin())];
    }
  }
  return work;
}

/// Neither more bytes are held than the value has, nor more are moved; and little is computed
/// twice.
bool Residuals::pays(ValueId v, std::span<const std::uint32_t> steps,
                     std::span<const Cone> cones) const {
  const std::int64_t own = bytes(v), regions = static_cast<std::int64_t>(cones.size());
  std::int64_t moved = 0;
  for (std::size_t k = 0; k < cones.size(); ++k) {
    bool made = true;  // all that is held is in memory at some time anyway
    for (const Leaf& leaf : cones[k].leaves) {
      if (!is_read_in(leaf.root, steps[k])) moved += bytes(leaf.root);
      if (stored_[leaf.root]) continue;
      moved += bytes(leaf.root);
      made = false;
    }
    if (cones[k].held > own || (cones[k].held == own && !made)) return false;
  }
  return moved < (1 + regions) * own && repeated_work(cones[0], cones.size()) <= kMostWork;
}

void Residuals::drop(ValueId v) {
  const bool possible =
      stored_[v] && !blocked_[v] && is_element(v) && !is_scalar(v) && readers_[v] != kNone;
  if (!possible) return;
  Few<std::uint32_t, kMostReaders> steps;
  std::array<Cone, kMostReaders> cones;
  for (std::uint32_t k = readers_[v]; k != kNone; k = reader_list_[k].next) {
    const std::uint32_t step = reader_list_[k].step;
    if (!steps.push_back(step) || !expand(v, step, cones[steps.size() - 1])) return;
  }
  if (!pays(v, {steps.begin(), steps.end()}, {cones.data(), steps.size()})) return;
  stored_[v] = false;
  saved_ += bytes(v);
  for (std::size_t k = 0; k < steps.size(); ++k) {
    for (ValueId m : cones[k].members) {
      if (stored_[m]) again_.insert(key(m, steps[k]));
    }
    for (const Leaf& leaf : cones[k].leaves) {
      if (!stored_[leaf.root]) saved_ -= bytes(leaf.root);
      stored_[leaf.root] = true;
      read(leaf.root, steps[k], leaf.whole);
    }
  }
}

ValueId Residuals::append(ValueId v, std::span<const ValueId> args, bool copied) {
  Instruction i = program_.instructions[v];
  i.args = static_cast<std::uint32_t>(result_->args.size());
  result_->args.append(args.data(), args.size());
  result_->instructions.push_back(i);
  copies_.push_back(copied);
  return static_cast<ValueId>(result_->instructions.size() - 1);
}

/// `a` as an instruction of this step reads it.
ValueId Residuals::operand(ValueId a, std::uint32_t step) {
  const ValueId r = views_.root(a);
  if (step == 0 || schedule_.step_of[r] == step || is_at_hand(r)) return numbers_[a];
  return stored_[r] && !again_.contains(key(r, step)) ? numbers_[a] : copy(a, step);
}

ValueId Residuals::copy(ValueId a, std::uint32_t step) {
  if (const auto at = copied_.find(key(a, step)); at != copied_.end()) return at->second;
  const bool is_view = views_.root(a) != a;
  Few<ValueId, 3> args;  // as elementwise operations and views have
  for (ValueId b : program_.args_of(a)) {
    args.push_back(is_view ? copy(b, step) : operand(b, step));
  }
  return copied_[key(a, step)] = append(a, {args.begin(), args.end()}, !is_view);
}

Recomputation Residuals::write() {
  result_ = std::make_shared<Program>();
  result_->attrs = program_.attrs;
  result_->types = program_.types;
  result_->subprograms = program_.subprograms;
  result_->externals = program_.externals;
  result_->instructions.reserve(program_.size() + program_.size() / 4);
  result_->args.reserve(program_.args.size() + program_.args.size() / 4);
  numbers_.assign(program_.size(), kNoValue);
  std::vector<ValueId> args;
  for (ValueId v = 0; v < program_.size(); ++v) {
    if (!live_[v] && program_.instructions[v].op != kInput) continue;
    args.clear();
    for (ValueId a : program_.args_of(v)) args.push_back(operand(a, schedule_.step_of[v]));
    numbers_[v] = append(v, args, false);
  }
  for (ValueId v : program_.inputs) result_->inputs.push_back(numbers_[v]);
  for (ValueId v : program_.outputs) result_->outputs.push_back(numbers_[v]);
  return {std::move(result_), std::move(copies_)};
}

}  // namespace

namespace {

Analysed laid_out(ProgramPtr program, Arrangement&& arranged, bool is_final = true) {
  auto analysis = std::make_unique<const Analysis>(*program, std::move(arranged));
  return {std::move(program), std::move(analysis), is_final};
}

/// The one place that decides it.
bool one_run_gains(const Program& program, std::int64_t alive) {
  return alive >= std::min(kDearBytes * static_cast<std::int64_t>(program.size()), kDearArena);
}

}  // namespace

Analysed analyse(ProgramPtr program, Effort effort) {
  Arrangement plain(*program);
  const std::int64_t alive = bytes_alive(*program, plain, kLeastArena);
  if (alive < kLeastArena) return laid_out(std::move(program), std::move(plain));
  // The order of a sum follows from the work and the registers of its region: where a first run may
  // have left out the search, later ones keep those regions, and so the bits of the first.
  const bool is_put_off = !one_run_gains(*program, alive);
  if (effort == Effort::kOneRun && is_put_off) {
    return laid_out(std::move(program), std::move(plain), false);
  }
  Residuals residuals(*program, plain, is_put_off);
  if (residuals.choose() * kLeastPart < alive) {
    return laid_out(std::move(program), std::move(plain));
  }
  const Recomputation again = residuals.write();
  Arrangement leaner(*again.program, again.copies);
  const std::int64_t left = bytes_alive(*again.program, leaner, 0);
  Analysed lean = laid_out(again.program, std::move(leaner));
  if (left <= alive - alive / kClearPart) return lean;
  Analysed first = laid_out(std::move(program), std::move(plain));
  const bool grows = lean.analysis->storage.arena_bytes > first.analysis->storage.arena_bytes;
  return grows ? std::move(first) : std::move(lean);
}

}  // namespace dualtape::engine
