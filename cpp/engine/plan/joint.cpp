#include "plan/joint.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "kernels/library.hpp"
#include "plan/type_sizes.hpp"

namespace dualtape::engine {
namespace {

/// Steps between two products, at most: a scan of them for each pair stays linear.
constexpr std::uint32_t kFarthest = 64;

/// No kernel reads a smaller matrix for two products: it is in the first-level cache anyway. Asked
/// first, of the types too, for programs have thousands of small products.
constexpr std::int64_t kLeastBytes = 32768;

/// An axis longer than 1 of an operand.
struct Axis {
  std::int64_t length, stride;
  bool contracted;
};

std::vector<Axis> axes_of(const Program& program, const Views& views, ValueId a,
                          std::int64_t contracted) {
  const Dims& shape = program.type_of(a).shape;
  const Dims strides = views.view_of(a).strides;
  std::vector<Axis> axes;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    axes.push_back({shape[i], strides[i], static_cast<std::int64_t>(i) == contracted});
  }
  return axes;
}

class Joiner {
 public:
  Joiner(const Program& program, const Views& views, Schedule& schedule)
      : program_(program), views_(views), schedule_(schedule) {}

  void run() {
    for (std::uint32_t step = 1; step < schedule_.steps.size(); ++step) {
      const ScheduledStep& array = schedule_.steps[step];
      if (array.kind != StepKind::kArray || array.pass != 0) continue;
      const auto product = as_matrix_vector(program_, views_, schedule_.members[array.first]);
      if (!product) continue;
      const auto [at, is_new] = waiting_.try_emplace(place_of(views_, *product), product->product);
      if (is_new) continue;
      const bool joined = at->second != kNoValue && try_join(at->second, product->product);
      at->second = joined ? kNoValue : product->product;
    }
    if (joined_ != 0) close_gaps();
  }

 private:
  bool try_join(ValueId earlier, ValueId later) {
    const std::uint32_t first = schedule_.step_of[earlier], last = schedule_.step_of[later];
    if (last - first > kFarthest || !join(program_, views_, earlier, later)) return false;
    for (std::uint32_t step = first + 1; step < last; ++step) {
      if (schedule_.steps[step].pass != 0) return false;  // they stay together
    }
    std::vector<bool> needed(last - first + 1, false);  // by the later one
    const auto need = [&](std::uint32_t step) {
      for (ValueId v : schedule_.members_of(schedule_.steps[step])) {
        for (ValueId a : program_.args_of(v)) {
          const std::uint32_t made = schedule_.step_of[views_.root(a)];
          if (made >= first && made < step) needed[made - first] = true;
        }
      }
    };
    need(last);
    for (std::uint32_t step = last - 1; step > first; --step) {
      if (needed[step - first]) need(step);
    }
    if (needed[0]) return false;
    reorder(first, last, needed);
    ++joined_;
    return true;
  }

  /// What is needed, both products as one step, an empty step, and what is left.
  void reorder(std::uint32_t first, std::uint32_t last, const std::vector<bool>& needed) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t step = first + 1; step < last; ++step) {
      if (needed[step - first]) order.push_back(step);
    }
    const std::uint32_t joint = first + static_cast<std::uint32_t>(order.size());
    order.insert(order.end(), {first, last});
    for (std::uint32_t step = first + 1; step < last; ++step) {
      if (!needed[step - first]) order.push_back(step);
    }
    schedule_.reorder(first, order);
    ScheduledStep& both = schedule_.steps[joint];
    both.kind = StepKind::kJoint;
    both.count = 2;
    schedule_.steps[joint + 1].count = 0;
    schedule_.step_of[schedule_.members[both.first + 1]] = joint;
  }

  void close_gaps() {
    std::uint32_t kept = 1;
    for (std::uint32_t step = 1; step < schedule_.steps.size(); ++step) {
      const ScheduledStep moved = schedule_.steps[step];
      if (moved.count == 0) continue;
      for (ValueId v : schedule_.members_of(moved)) schedule_.step_of[v] = kept;
      schedule_.steps[kept++] = moved;
    }
    schedule_.steps.erase(schedule_.steps.begin() + kept, schedule_.steps.end());
  }

  const Program& program_;
  const Views& views_;
  Schedule& schedule_;
  std::map<MatrixPlace, ValueId>
      waiting_;  // the last product of each matrix that is not yet joined
  std::size_t joined_ = 0;
};

}  // namespace

std::optional<MatrixVector> as_matrix_vector(const Program& program, const Views& views,
                                             ValueId v) {
  if (program.instructions[v].op != kDotGeneral || !is_floating(program.type_of(v).dtype)) {
    return std::nullopt;
  }
  const auto attrs = program.attrs_of(v);
  if (attrs[0] != 1 || attrs[1] != 0) return std::nullopt;
  const auto args = program.args_of(v);
  const std::int64_t most = std::max(element_count(program.type_of(args[0]).shape),
                                     element_count(program.type_of(args[1]).shape));
  const auto item = static_cast<std::int64_t>(item_size(program.type_of(v).dtype));
  if (most * item < kLeastBytes) return std::nullopt;
  std::array<std::vector<Axis>, 2> axes;
  for (std::size_t k = 0; k < 2; ++k) axes[k] = axes_of(program, views, args[k], attrs[2 + k]);
  const std::size_t m = axes[0].size() == 2 ? 0 : 1;
  if (axes[m].size() != 2 || axes[1 - m].size() != 1) return std::nullopt;
  const Axis& vector = axes[1 - m][0];
  Axis row = axes[m][0], column = axes[m][1];
  if (row.stride == 1) std::swap(row, column);
  if (column.stride != 1 || row.contracted == column.contracted || !vector.contracted) {
    return std::nullopt;
  }
  return MatrixVector{v,          args[m],       args[1 - m],      row.length, column.length,
                      row.stride, vector.stride, column.contracted};
}

MatrixPlace place_of(const Views& views, const MatrixVector& p) {
  return {views.root(p.matrix), views.view_of(p.matrix).offset, p.rows, p.columns, p.row};
}

std::optional<Joint> join(const Program& program, const Views& views, ValueId a, ValueId b) {
  const auto one = as_matrix_vector(program, views, a), other = as_matrix_vector(program, views, b);
  if (!one || !other || place_of(views, *one) != place_of(views, *other)) return std::nullopt;
  Joint joint{{*one, *other}, {}, {}};
  auto& [p, q] = joint.products;
  if (q.along_rows && !p.along_rows) std::swap(p, q);
  joint.shape = {p.rows, p.columns, p.row, {p.along_rows, q.along_rows}, {p.step, q.step}};
  joint.kernel = kernels().joint_product(program.type_of(a).dtype, joint.shape);
  if (!joint.kernel.run) return std::nullopt;
  return joint;
}

void join_products(const Program& program, const Views& views, Schedule& schedule) {
  const TypeSizes sizes(program);
  const auto is_large = [](std::int64_t bytes) { return bytes >= kLeastBytes; };
  if (std::ranges::none_of(sizes.bytes, is_large)) return;
  Joiner(program, views, schedule).run();
}

}  // namespace dualtape::engine
