#include "plan/pass.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "plan/joint.hpp"
#include "plan/windows.hpp"

namespace dualtape::engine {
namespace {

/// Steps from the first product of a pass to the last, at most, and first products tried for one.
constexpr std::uint32_t kFarthest = 64;
constexpr std::size_t kTried = 4;

/// In bytes. A smaller matrix stays in the second-level cache from one product to the next.
constexpr std::int64_t kLeastBytes = 1 << 20;
/// Of rows: narrow ones have kernels of their own; long ones, of which few fit a cache, gain where
/// the matrix comes from memory alone.
constexpr std::int64_t kShortestRow = 256, kLongRow = 4096, kLongestRow = 16384;
constexpr std::int64_t kFromMemory = 1 << 24;

class PassFinder {
 public:
  PassFinder(const Program& program, const Views& views, Schedule& schedule)
      : program_(program), views_(views), schedule_(schedule) {}

  void run() {
    for (std::uint32_t step = 1; step < schedule_.steps.size(); ++step) {
      if (schedule_.steps[step].kind != StepKind::kArray) continue;
      const auto product = product_of(step);
      if (!product) continue;
      std::deque<ValueId>& starts = starts_[place_of(views_, *product)];
      if (product->along_rows) {
        starts.push_back(product->product);
        if (starts.size() > kTried) starts.pop_front();
        continue;
      }
      const bool found = std::ranges::any_of(starts, [&](ValueId start) {
        return try_pass(schedule_.step_of[start], step, *product);
      });
      if (found) starts.clear();
    }
  }

 private:
  std::optional<MatrixVector> product_of(std::uint32_t step) const {
    const auto p =
        as_matrix_vector(program_, views_, schedule_.members[schedule_.steps[step].first]);
    if (!p) return std::nullopt;
    const auto item = static_cast<std::int64_t>(item_size(program_.type_of(p->product).dtype));
    const std::int64_t row = p->columns * item, all = p->rows * row;
    const std::int64_t longest = all < kFromMemory ? kLongRow : kLongestRow;
    return row >= kShortestRow && row <= longest && all >= kLeastBytes ? p : std::nullopt;
  }

  /// One element a row, in order.
  bool is_of_rows(ValueId a, std::int64_t rows) const {
    return views_.is_whole(a) && element_count(program_.type_of(a).shape) == rows;
  }

  bool is_in(const std::vector<bool>& steps, std::uint32_t first, ValueId a) const {
    const std::uint32_t step = schedule_.step_of[views_.root(a)];
    return step >= first && step - first < steps.size() && steps[step - first];
  }

  /// Can run on some rows once the steps of the pass before it have.
  bool goes_by_rows(std::uint32_t step, std::uint32_t first, const std::vector<bool>& pass,
                    const MatrixVector& last) const {
    const ScheduledStep& s = schedule_.steps[step];
    const auto members = schedule_.members_of(s);
    if (s.kind == StepKind::kArray) {
      const auto p = as_matrix_vector(program_, views_, members[0]);
      return p && p->along_rows && place_of(views_, *p) == place_of(views_, last) &&
             !is_in(pass, first, p->vector);
    }
    if (s.kind != StepKind::kRegion || s.row != 0) return false;
    if (element_count(program_.types[s.type].shape) != last.rows) return false;
    return std::ranges::all_of(members, [&](ValueId v) {
      const OpCode op = program_.instructions[v].op;
      if (is_window(op) || op == kTake || (is_reduction(op) && !is_scalar(program_.type_of(v))))
        return false;
      return std::ranges::all_of(program_.args_of(v), [&](ValueId a) {
        return !is_in(pass, first, a) || is_of_rows(a, last.rows);
      });
    });
  }

  bool try_pass(std::uint32_t first, std::uint32_t last, const MatrixVector& product) {
    if (last - first > kFarthest) return false;
    if (!is_of_rows(product.vector, product.rows)) return false;
    for (std::uint32_t step = first; step <= last; ++step) {
      if (schedule_.steps[step].pass != 0) return false;  // they stay together
    }
    const std::vector<bool> depends = depending(first, last, product);
    const std::vector<bool> needed = needed_by(last, first);
    if (!needed[0]) return false;
    std::vector<bool> pass(last - first + 1, false);
    pass[0] = true;
    for (std::uint32_t step = first + 1; step < last; ++step) {
      const std::uint32_t k = step - first;
      if (!needed[k] || !depends[k]) continue;
      if (!goes_by_rows(step, first, pass, product)) return false;
      pass[k] = true;
    }
    pass.back() = true;
    if (!is_in(pass, first, product.vector)) return false;
    arrange(first, last, pass, depends);
    return true;
  }

  /// Steps that need the first one, or another product of the matrix that can begin with it.
  std::vector<bool> depending(std::uint32_t first, std::uint32_t last,
                              const MatrixVector& product) const {
    std::vector<bool> depends(last - first + 1, false);
    depends[0] = true;
    for (std::uint32_t step = first + 1; step <= last; ++step) {
      const ScheduledStep& s = schedule_.steps[step];
      bool does = false;
      for (ValueId v : schedule_.members_of(s)) {
        for (ValueId a : program_.args_of(v)) does |= is_in(depends, first, a);
        if (s.kind != StepKind::kArray) continue;
        const auto p = as_matrix_vector(program_, views_, v);
        does |= p && p->along_rows && place_of(views_, *p) == place_of(views_, product);
      }
      depends[step - first] = does;
    }
    return depends;
  }

  std::vector<bool> needed_by(std::uint32_t last, std::uint32_t first) const {
    std::vector<bool> needed(last - first + 1, false);
    needed.back() = true;
    for (std::uint32_t step = last; step > first; --step) {
      if (!needed[step - first]) continue;
      for (ValueId v : schedule_.members_of(schedule_.steps[step])) {
        for (ValueId a : program_.args_of(v)) {
          const std::uint32_t made = schedule_.step_of[views_.root(a)];
          if (made >= first && made < step) needed[made - first] = true;
        }
      }
    }
    return needed;
  }

  void arrange(std::uint32_t first, std::uint32_t last, const std::vector<bool>& pass,
               const std::vector<bool>& depends) {
    std::vector<std::uint32_t> order;
    const auto append = [&](bool in_pass, bool after) {
      for (std::uint32_t step = first; step <= last; ++step) {
        const std::uint32_t k = step - first;
        if (pass[k] == in_pass && (in_pass || depends[k] == after)) order.push_back(step);
      }
    };
    append(false, false);
    append(true, false);
    append(false, true);
    ++passes_;
    for (std::uint32_t step = first; step <= last; ++step) {
      if (pass[step - first]) schedule_.steps[step].pass = passes_;
    }
    schedule_.reorder(first, order);
  }

  const Program& program_;
  const Views& views_;
  Schedule& schedule_;
  std::map<MatrixPlace, std::deque<ValueId>> starts_;  // the last products along rows
  std::uint32_t passes_ = 0;
};

}  // namespace

void find_passes(const Program& program, const Views& views, Schedule& schedule) {
  PassFinder(program, views, schedule).run();
}

StepRange pass_of(const Schedule& schedule, std::uint32_t step) {
  StepRange range{step, step};
  const std::uint32_t pass = schedule.steps[step].pass;
  if (pass == 0) return range;
  while (schedule.steps[range.first - 1].pass == pass) --range.first;
  while (range.last + 1 < schedule.steps.size() && schedule.steps[range.last + 1].pass == pass) {
    ++range.last;
  }
  return range;
}

}  // namespace dualtape::engine
