#include "ops/windows.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace dualtape::engine {
namespace {

/// More parts than this are just added: looking at all of them for each would not be linear.
constexpr std::size_t kMaxParts = 8;

/// `value` at start + i * step of each axis.
struct Part {
  Expr value;
  Dims start, step;
  bool overwrites = false;  // what earlier parts left there

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
    const bool several = a.value.shape()[i] > 1 && b.value.shape()[i] > 1;
    if (several && step == std::abs(b.step[i]) && (a.first(i) - b.first(i)) % step != 0) {
      return true;
    }
  }
  return false;
}

using Parts = std::vector<Part>;

bool disjoint(const Part& a, std::span<const Part> others) {
  return std::ranges::all_of(others, [&](const Part& b) { return disjoint(a, b); });
}

/// Adds the parts of one instruction, in reverse order; false if it is none that has parts.
bool add_parts(Parts& parts, Builder& b, ValueId v) {
  const Program& program = b.program();
  const OpCode op = program.instructions[v].op;
  const auto args = program.args_of(v);
  if (op == kPad || op == kUpdateSlice || op == kAddSlice) {
    auto [start, step] = start_step(program.attrs_of(v));
    parts.push_back({Expr(b, args.back()), std::move(start), std::move(step), op == kUpdateSlice});
    return true;
  }
  if (op != kConcatenate || args.size() > kMaxParts) return false;
  const Dims& shape = program.type_of(v).shape;
  const auto axis = static_cast<std::size_t>(program.attrs_of(v)[0]);
  Dims end = Dims(shape.size());
  end[axis] = shape[axis];
  for (std::size_t i = args.size(); i-- > 0;) {
    end[axis] -= program.type_of(args[i]).shape[axis];
    parts.push_back({Expr(b, args[i]), end, Dims(shape.size(), 1)});
  }
  return true;
}

/// The parts whose sum x_bar is, in the order written; empty if it is not a sum of few parts.
Parts parts_of(const Expr& x_bar) {
  Parts parts;
  Builder& b = x_bar.builder();
  if (b.mode() != Builder::Mode::kDerive) return {};
  for (ValueId v = x_bar.id();; v = b.program().args_of(v)[0]) {
    if (!add_parts(parts, b, v) || parts.size() > kMaxParts) return {};
    const OpCode op = b.program().instructions[v].op;
    if (op == kPad || op == kConcatenate) break;
  }
  std::ranges::reverse(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].overwrites && !disjoint(parts[i], std::span(parts).first(i))) return {};
  }
  return parts;
}

/// Adds to the part at the same place, if there is one: entries read again and again stay scalars.
void add_part(Parts& parts, Part part) {
  for (Part& p : parts) {
    const bool same = p.start == part.start && p.step == part.step;
    if (!same || p.value.shape() != part.value.shape()) continue;
    p.value = p.value + part.value;
    return;
  }
  parts.push_back(std::move(part));
}

/// The axis along which disjoint parts lie one behind the other and cover x; -1 if they do not.
std::ptrdiff_t joined_axis(std::span<const Part> parts, const Dims& shape) {
  // Of no entries at all any parts cover all.
  if (element_count(shape) == 0) return -1;
  std::int64_t covered = 0;
  std::ptrdiff_t joined = -1;
  for (std::size_t k = 0; k < parts.size(); ++k) {
    const Part& p = parts[k];
    if (!disjoint(p, parts.first(k))) return -1;
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

Expr join(Parts parts, std::ptrdiff_t axis) {
  const auto along = static_cast<std::size_t>(axis);
  std::ranges::sort(parts, {}, [&](const Part& p) { return p.start[along]; });
  std::vector<Expr> values;
  for (const Part& p : parts) values.push_back(p.value);
  return concatenate(values, axis);
}

/// The sum of the parts. Those further on in memory come first: a plan can then make and add all in
/// one pass, for what it adds at a place it has written there before.
Expr add_up(Parts parts, const Dims& shape) {
  const Dims strides = contiguous_strides(shape);
  const auto offset = [&](const Part& p) {
    std::int64_t at = 0;
    for (std::size_t i = 0; i < strides.size(); ++i) at += p.first(i) * strides[i];
    return -at;
  };
  std::ranges::stable_sort(parts, {}, offset);
  Expr sum = pad(parts[0].value, shape, parts[0].start, parts[0].step);
  for (std::size_t k = 1; k < parts.size(); ++k) {
    const Part& p = parts[k];
    const bool apart = disjoint(p, std::span(parts).first(k));
    sum = apart ? update_slice(sum, p.value, p.start, p.step)
                : add_slice(sum, p.value, p.start, p.step);
  }
  return sum;
}

}  // namespace

void accumulate_window(Tangent& x_bar, const Expr& y_bar, const Type& type, const Dims& start,
                       const Dims& step) {
  if (!x_bar) {
    x_bar = pad(y_bar, type.shape, start, step);
    return;
  }
  Parts parts = parts_of(*x_bar);
  if (parts.empty()) {
    x_bar = add_slice(*x_bar, y_bar, start, step);
    return;
  }
  add_part(parts, {y_bar, start, step});
  const std::ptrdiff_t axis = joined_axis(parts, type.shape);
  x_bar = axis < 0 ? add_up(std::move(parts), type.shape) : join(std::move(parts), axis);
}

}  // namespace dualtape::engine
