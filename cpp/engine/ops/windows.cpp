#include "ops/windows.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace dualtape::engine {
namespace {

/// More parts than this are added: looking at all of them for each would not be linear.
constexpr std::size_t kMaxParts = 8;

/// `value` at start + i * step of each axis.
struct Part {
  Expr value;
  Dims start, step;

  std::int64_t first(std::size_t axis) const {
    return start[axis] + std::min<std::int64_t>(0, (value.shape()[axis] - 1) * step[axis]);
  }
  std::int64_t last(std::size_t axis) const {
    return start[axis] + std::max<std::int64_t>(0, (value.shape()[axis] - 1) * step[axis]);
  }
  std::int64_t count() const { return element_count(value.shape()); }
};

/// No element in common. On one axis: apart, or interleaved like x[::2] and x[1::2].
bool disjoint(const Part& a, const Part& b) {
  if (a.count() == 0 || b.count() == 0) return true;
  for (std::size_t i = 0; i < a.start.size(); ++i) {
    if (a.last(i) < b.first(i) || b.last(i) < a.first(i)) return true;
    const std::int64_t step = std::abs(a.step[i]);
    const bool comb =
        step == std::abs(b.step[i]) && a.value.shape()[i] > 1 && b.value.shape()[i] > 1;
    if (comb && (a.first(i) - b.first(i)) % step != 0) return true;
  }
  return false;
}

/// The parts that make up x_bar, zero elsewhere, the last written first; empty if it is not made of
/// few parts.
std::vector<Part> parts_of(Expr x_bar) {
  std::vector<Part> parts;
  const Builder& b = x_bar.builder();
  if (b.mode() != Builder::Mode::kDerive) return parts;
  while (parts.size() < kMaxParts) {
    const Program& program = b.program();
    const OpCode op = program.instructions[x_bar.id()].op;
    if (op != kPad && op != kUpdateSlice) break;
    const auto args = program.args_of(x_bar.id());
    auto [start, step] = start_step(program.attrs_of(x_bar.id()));
    parts.push_back({Expr(x_bar.builder(), args.back()), std::move(start), std::move(step)});
    if (op == kPad) return parts;
    x_bar = Expr(x_bar.builder(), args[0]);
  }
  return {};
}

/// The axis along which disjoint parts lie one behind the other and cover x; -1 if they do not.
std::ptrdiff_t joined_axis(const std::vector<Part>& parts, const Dims& shape) {
  std::int64_t covered = 0;
  std::ptrdiff_t joined = -1;
  for (const Part& p : parts) {
    covered += p.count();
    for (std::size_t i = 0; i < shape.size(); ++i) {
      if (p.step[i] != 1 && p.value.shape()[i] > 1) return -1;
      if (p.value.shape()[i] == shape[i]) continue;
      const auto axis = static_cast<std::ptrdiff_t>(i);
      if (joined >= 0 && joined != axis) return -1;
      joined = axis;
    }
  }
  return covered == element_count(shape) ? joined : -1;
}

}  // namespace

void accumulate_window(Tangent& x_bar, const Expr& y_bar, const Type& type, const Dims& start,
                       const Dims& step) {
  if (!x_bar) {
    x_bar = pad(y_bar, type.shape, start, step);
    return;
  }
  std::vector<Part> parts = parts_of(*x_bar);
  const Part added{y_bar, start, step};
  const auto apart = [&](const Part& p) { return disjoint(p, added); };
  if (parts.empty() || !std::all_of(parts.begin(), parts.end(), apart)) {
    const Expr sum = slice(*x_bar, start, y_bar.shape(), step) + y_bar;
    x_bar = update_slice(*x_bar, sum, start, step);
    return;
  }
  // Earlier parts that overlap each other were added up by reading: only the whole chain has their
  // sum.
  bool all_apart = true;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) all_apart &= disjoint(parts[i], parts[k]);
  }
  parts.push_back(added);
  const std::ptrdiff_t axis = all_apart ? joined_axis(parts, type.shape) : -1;
  if (axis < 0) {
    x_bar = update_slice(*x_bar, y_bar, start, step);
    return;
  }
  const auto along = static_cast<std::size_t>(axis);
  std::sort(parts.begin(), parts.end(),
            [&](const Part& a, const Part& b) { return a.start[along] < b.start[along]; });
  std::vector<Expr> values;
  for (const Part& p : parts) values.push_back(p.value);
  x_bar = concatenate(values, axis);
}

}  // namespace dualtape::engine
