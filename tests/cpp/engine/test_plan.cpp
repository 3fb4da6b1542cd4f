/// Planning without running: what is fused, and that no two values that live together share memory.
#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

#include "check.hpp"
#include "dualtape/ops/registry.hpp"
#include "plan/arena.hpp"
#include "plan/code.hpp"

namespace {

using namespace dualtape::engine;

std::mt19937_64 generator(20240818);

std::int64_t pick(std::int64_t lo, std::int64_t hi) {
  return std::uniform_int_distribution<std::int64_t>(lo, hi)(generator);
}

template <class Op>
constexpr OpCode code_of = static_cast<OpCode>(dualtape::ops::op_index<Op>);

/// Programs of float64 written by hand.
struct Writer {
  Program program;

  ValueId emit(OpCode op, std::vector<ValueId> args, Dims shape,
               std::vector<std::int64_t> attrs = {}) {
    Instruction instruction{op, static_cast<std::uint16_t>(args.size()), type(shape),
                            static_cast<std::uint32_t>(program.args.size()), 0};
    for (ValueId a : args) program.args.push_back(a);
    if (!attrs.empty()) {
      instruction.attrs = static_cast<std::uint32_t>(program.attrs.size());
      program.attrs.push_back(static_cast<std::int64_t>(attrs.size()));
      for (std::int64_t a : attrs) program.attrs.push_back(a);
    }
    program.instructions.push_back(instruction);
    return static_cast<ValueId>(program.instructions.size() - 1);
  }
  TypeId type(const Dims& shape) {
    for (TypeId t = 0; t < program.types.size(); ++t) {
      if (program.types[t].shape == shape) return t;
    }
    program.types.push_back({DType::kFloat64, shape});
    return static_cast<TypeId>(program.types.size() - 1);
  }
  ValueId input(Dims shape) {
    program.inputs.push_back(emit(kInput, {}, std::move(shape)));
    return program.inputs.back();
  }
  template <class Op>
  ValueId apply(std::vector<ValueId> args) {
    Dims shape = program.type_of(args[0]).shape;
    return emit(code_of<Op>, std::move(args), std::move(shape));
  }
};

struct Planned : Analysis {
  using Analysis::Analysis;
  std::size_t steps() const { return schedule.steps.size() - 1; }
};

void released_memory_is_joined_and_used_again() {
  for (int trial = 0; trial < 50; ++trial) {
    OffsetAllocator arena(64);
    std::map<std::int64_t, std::int64_t> held;  // offset -> bytes
    for (int k = 0; k < 200; ++k) {
      if (held.empty() || pick(0, 2) != 0) {
        const std::int64_t bytes = 64 * pick(1, 20), offset = arena.allocate(bytes);
        const auto after = held.lower_bound(offset);
        check::is_true(after == held.end() || offset + bytes <= after->first, "free above");
        check::is_true(
            after == held.begin() || std::prev(after)->first + std::prev(after)->second <= offset,
            "free below");
        held.emplace(offset, bytes);
      } else {
        const auto chosen = std::next(held.begin(), pick(0, std::ssize(held) - 1));
        arena.release(chosen->first, chosen->second);
        held.erase(chosen);
      }
    }
    for (const auto& [offset, bytes] : held) arena.release(offset, bytes);
    const std::int64_t end = arena.end();
    check::is_true(arena.allocate(end - 64) == 64, "all of it is one hole again");
  }
}

void a_gradient_is_one_region() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId x = w.input({1000000});
  const ValueId s = w.apply<Sin>({x}), c = w.apply<Cos>({x}), e = w.apply<Exp>({x});
  const ValueId t = w.apply<Tanh>({x});
  const ValueId f = w.apply<Add>({w.apply<Multiply>({s, e}), t});
  const ValueId value = w.emit(kSum, {f}, {}, {0});
  const ValueId product = w.apply<Multiply>({w.apply<Add>({c, s}), e});
  const ValueId gradient = w.apply<Add>({product, w.apply<Square>({t})});
  w.program.outputs = {value, gradient};
  const Planned plan(w.program);
  check::is_true(plan.steps() == 1, "one step");
  check::is_true(plan.storage.buffers.size() == 1, "no temporary in memory");
  check::is_true(plan.storage.buffers[0].output == 1, "the gradient is made in place");
}

/// Whatever else is computed of the operand, in either order; but not of two operands.
void a_function_and_its_slope_are_one_instruction() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId x = w.input({1000}), y = w.input({1000});
  const ValueId slope = w.apply<Sech2>({x}), e = w.apply<Exp>({x}), other = w.apply<Tanh>({y});
  const ValueId t = w.apply<Tanh>({x}), scaled = w.apply<Multiply>({slope, e});
  w.program.outputs = {w.apply<Add>({scaled, other}), t};
  const auto code = generate(w.program, Analysis(w.program));
  const auto& instructions = code->regions.at(0).instructions;
  const auto pairs = [](const RegionInstruction& i) { return i.mode == Mode::kPair; };
  check::is_true(std::ranges::count_if(instructions, pairs) == 1, "one pair");
  const auto flat = [](const RegionInstruction& i) { return i.mode == Mode::kFlat; };
  check::is_true(std::ranges::count_if(instructions, flat) == 2, "exp and tanh of the other");
}

void rows_columns_and_total_are_reduced_in_one_region() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId y = w.apply<Exp>({w.input({4, 5, 50})});
  const ValueId rows = w.emit(kSum, {y}, {4, 5}, {2});
  const ValueId total = w.emit(kSum, {y}, {}, {0, 1, 2});
  const ValueId columns = w.emit(kMax, {y}, {50}, {0, 1});
  w.program.outputs = {rows, total, columns};
  check::is_true(Planned(w.program).steps() == 1, "all run through rows of 50");
  w.program.outputs = {rows, total, w.emit(kSum, {y}, {4}, {1, 2})};
  check::is_true(Planned(w.program).steps() == 2, "blocks follow rows of one length only");
}

void axes_of_length_one_do_not_separate() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId x = w.input({9});
  const ValueId column = w.emit(kReshape, {w.apply<Sin>({x})}, {9, 1});
  const ValueId same = w.emit(kSum, {w.apply<Cos>({column})}, {9}, {1});
  w.program.outputs = {w.apply<Add>({same, x})};
  const Planned plan(w.program);
  check::is_true(plan.steps() == 1, "one region");
  check::is_true(plan.storage.buffers.size() == 1, "nothing but the result");
}

void a_region_waits_for_what_it_reads() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId x = w.input({100}), y = w.apply<Exp>({x});
  const ValueId total = w.emit(kSum, {y}, {}, {0});
  w.program.outputs = {w.apply<Divide>({y, total})};
  const Planned plan(w.program);
  check::is_true(plan.steps() == 2, "the quotient needs the whole sum");
  // exp(x) is kept in the memory of the result.
  check::is_true(plan.storage.buffers.size() == 1, "the quotient takes the operand's memory");
}

void filling_one_by_one_keeps_one_buffer() {
  using namespace dualtape::ops;
  constexpr std::int64_t kEntries = 100;
  Writer w;
  const ValueId x = w.input({kEntries});
  ValueId y = w.emit(kIota, {}, {kEntries});
  for (std::int64_t k = 0; k < kEntries; ++k) {
    const ValueId entry = w.emit(kSlice, {x}, {1}, {k, 1});
    y = w.emit(kUpdateSlice, {y, w.apply<Sin>({entry})}, {kEntries}, {k, 1});
  }
  w.program.outputs = {y};
  const Planned plan(w.program);
  check::is_true(plan.storage.buffers.size() == 1, "one buffer, the output");
  check::is_true(plan.storage.buffers[0].output == 0, "made where it is wanted");
}

void a_value_read_later_is_not_overwritten() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId x = w.input({10}), v = w.input({1});
  const ValueId y = w.apply<Sin>({x});
  const ValueId z = w.emit(kUpdateSlice, {y, v}, {10}, {3, 1});
  w.program.outputs = {w.apply<Add>({z, y})};
  const Planned plan(w.program);
  check::is_true(plan.storage.home[y] != plan.storage.home[z], "y is still needed");
}

void parts_are_made_in_place() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId x = w.input({8});
  const ValueId left = w.apply<Sin>({x}), right = w.apply<Cos>({x});
  const ValueId both = w.emit(kConcatenate, {left, x, right}, {24}, {0});
  const ValueId window = w.emit(kSlice, {both}, {8}, {4, 1});
  const ValueId sum = w.apply<Add>({window, x});
  w.program.outputs = {w.emit(kUpdateSlice, {both, sum}, {24}, {4, 1})};
  const Planned plan(w.program);
  const auto& buffers = plan.storage.buffers;
  const auto part = [&](ValueId v) { return buffers[plan.storage.home[v]]; };
  const std::uint32_t whole = plan.storage.home[both];
  check::is_true(buffers[whole].output == 0, "all in the memory of the result");
  check::is_true(part(left).whole == whole && part(left).offset == 0, "left");
  check::is_true(part(right).whole == whole && part(right).offset == 128, "right");
  check::is_true(part(sum).whole == whole && part(sum).offset == 32, "sum");

  w.program.outputs.push_back(left);
  check::is_true(Planned(w.program).storage.buffers.size() > 3, "left is wanted for itself");
}

void a_part_that_is_read_elsewhere_is_not_overwritten() {
  using namespace dualtape::ops;
  for (const std::int64_t read : {0, 1, 2}) {
    Writer w;
    const ValueId x = w.apply<Sin>({w.input({8})}), z = w.input({4});
    const ValueId other = w.emit(kSlice, {x}, {4}, {read, 1});
    const ValueId sum = w.apply<Add>({other, z});
    w.program.outputs = {w.emit(kUpdateSlice, {x, sum}, {8}, {1, 1})};
    const Planned plan(w.program);
    const bool part = plan.storage.buffers[plan.storage.home[sum]].whole != kNone;
    check::is_true(part == (read == 1), "only where it is read element by element");
  }
}

/// Each would be overwritten while another of its elements is still to be read.
void memory_read_in_another_order_is_not_taken_over() {
  using namespace dualtape::ops;
  Writer w;
  const ValueId y = w.apply<Sin>({w.input({8})});
  const ValueId reversed = w.emit(kSlice, {y}, {8}, {7, -1});
  const ValueId z = w.apply<Add>({y, reversed});
  const ValueId shifted = w.emit(kSlice, {z}, {3}, {0, 1});
  const ValueId moved = w.emit(kUpdateSlice, {z, shifted}, {8}, {2, 1});
  const ValueId table = w.apply<Sin>({w.input({2, 4})});
  const ValueId turned = w.emit(kTranspose, {table}, {4, 2}, {1, 0});
  const ValueId row = w.input({1, 2});
  const ValueId written = w.emit(kUpdateSlice, {turned, row}, {4, 2}, {1, 1, 0, 1});
  w.program.outputs = {w.apply<Sin>({moved}), w.apply<Sin>({written})};
  const Planned plan(w.program);
  const auto& home = plan.storage.home;
  check::is_true(home[y] != home[z], "y is read forwards and backwards");
  check::is_true(home[z] != home[moved], "z is read at other places than written");
  check::is_true(home[table] != home[written], "the table is read transposed");
}

/// Random programs of elementwise operations, views, updates, reductions and loads.
Program random_program() {
  using namespace dualtape::ops;
  Writer w;
  const Dims shapes[] = {{8}, {2, 4}, {}, {40}};
  std::vector<ValueId> values;
  for (const Dims& shape : shapes) values.push_back(w.input(shape));
  for (int k = 0; k < 60; ++k) {
    const ValueId a = values[static_cast<std::size_t>(pick(0, std::ssize(values) - 1))];
    const Dims shape = w.program.type_of(a).shape;
    ValueId b = a;
    for (int tries = 0; tries < 5; ++tries) {
      const ValueId other = values[static_cast<std::size_t>(pick(0, std::ssize(values) - 1))];
      if (w.program.type_of(other).shape == shape) b = other;
    }
    const std::int64_t first = shape.empty() ? 0 : pick(0, shape[0] - 1);
    switch (pick(0, 9)) {
      case 0: values.push_back(w.apply<Sin>({a})); break;
      case 7: {
        if (shape != Dims{8}) break;
        const std::int64_t from = pick(0, 5), to = pick(0, 5);
        const ValueId window = w.emit(kSlice, {b}, {3}, {from, 1});
        const ValueId part = w.apply<Add>({w.apply<Sin>({window}), window});
        values.push_back(w.emit(kUpdateSlice, {a, part}, shape, {to, 1}));
        break;
      }
      case 8:
        if (shape == Dims{8}) values.push_back(w.emit(kPad, {w.apply<Sin>({a})}, {40}, {first, 4}));
        if (shape == Dims{8}) values.push_back(w.emit(kPad, {w.apply<Sin>({b})}, {40}, {first, 1}));
        break;
      case 9:
        if (shape != Dims{8}) break;
        values.push_back(w.emit(kConcatenate,
                                {a, w.apply<Sin>({b}), w.apply<Add>({a, b}), b, w.apply<Sin>({a})},
                                {40}, {0}));
        break;
      case 1:
      case 2: values.push_back(w.apply<Add>({a, b})); break;
      case 3:
        if (shape.size() == 1) values.push_back(w.emit(kSum, {a}, {}, {0}));
        break;
      case 4:
        if (shape.size() == 1) values.push_back(w.emit(kSlice, {a}, {1}, {first, 1}));
        break;
      case 5:
        if (shape == Dims{8}) values.push_back(w.emit(kReshape, {a}, {2, 4}));
        if (shape == Dims{2, 4}) values.push_back(w.emit(kTranspose, {a}, {4, 2}, {1, 0}));
        break;
      default:
        if (shape.size() == 1) {
          const ValueId v = w.emit(kSlice, {b}, {1}, {first, 1});
          values.push_back(w.emit(kUpdateSlice, {a, v}, shape, {first, 1}));
        }
    }
  }
  for (int k = 0; k < 3; ++k) {
    w.program.outputs.push_back(values[static_cast<std::size_t>(pick(4, std::ssize(values) - 1))]);
  }
  return w.program;
}

/// Last step that reads each root; outputs are read after the last one.
std::vector<std::uint32_t> last_steps(const Program& program, const Planned& plan) {
  std::vector<std::uint32_t> last(program.size(), 0);
  for (ValueId v : plan.schedule.members) {
    for (ValueId a : program.args_of(v)) {
      std::uint32_t& step = last[plan.views.root(a)];
      step = std::max(step, plan.schedule.step_of[v]);
    }
  }
  for (ValueId v : program.outputs) last[plan.views.root(v)] = kNever;
  return last;
}

void values_alive_together_share_no_memory() {
  for (int trial = 0; trial < 300; ++trial) {
    const Program program = random_program();
    const Planned plan(program);
    const auto last = last_steps(program, plan);
    const auto place = [&](ValueId v) {
      const Buffer& made = plan.storage.buffers[plan.storage.home[v]];
      const bool part = made.whole != kNone;
      const Buffer& b = part ? plan.storage.buffers[made.whole] : made;
      return std::tuple(b.output, (b.output == kNone ? b.offset : 0) + (part ? made.offset : 0),
                        part ? made.bytes : align(b.bytes));
    };
    // A part of an array that is to be updated takes its place before the update.
    const auto is_part = [&](ValueId v, ValueId whole) {
      return plan.storage.buffers[plan.storage.home[v]].whole == plan.storage.home[whole];
    };
    std::vector<ValueId> arrays;
    for (ValueId v : plan.schedule.members) {
      if (!is_scalar(program.type_of(v)) && plan.storage.home[v] != kNone) arrays.push_back(v);
    }
    for (ValueId a : arrays) {
      for (ValueId b : arrays) {
        const bool together = plan.schedule.step_of[a] <= plan.schedule.step_of[b] &&
                              plan.schedule.step_of[b] < last[a];
        if (a == b || !together || is_part(b, a)) continue;
        const auto [space_a, at_a, bytes_a] = place(a);
        const auto [space_b, at_b, bytes_b] = place(b);
        const bool apart = space_a != space_b || at_a + bytes_a <= at_b || at_b + bytes_b <= at_a;
        check::is_true(apart, "values alive together lie apart");
      }
    }
  }
}

void operands_are_ready_before_their_step() {
  for (int trial = 0; trial < 300; ++trial) {
    const Program program = random_program();
    const Planned plan(program);
    for (ValueId v : plan.schedule.members) {
      for (ValueId a : program.args_of(v)) {
        const std::uint32_t ready = plan.schedule.step_of[plan.views.root(a)];
        const std::uint32_t step = plan.schedule.step_of[v];
        check::is_true(ready < step || (ready == step && plan.views.is_whole(a)), "ready");
      }
    }
  }
}

}  // namespace

int main() {
  return check::run(
      {{"released memory is joined and used again", released_memory_is_joined_and_used_again},
       {"a gradient is one region", a_gradient_is_one_region},
       {"a function and its slope are one instruction",
        a_function_and_its_slope_are_one_instruction},
       {"rows, columns and total are reduced in one region",
        rows_columns_and_total_are_reduced_in_one_region},
       {"axes of length one do not separate", axes_of_length_one_do_not_separate},
       {"a region waits for what it reads", a_region_waits_for_what_it_reads},
       {"filling one by one keeps one buffer", filling_one_by_one_keeps_one_buffer},
       {"a value read later is not overwritten", a_value_read_later_is_not_overwritten},
       {"parts are made in place", parts_are_made_in_place},
       {"a part that is read elsewhere is not overwritten",
        a_part_that_is_read_elsewhere_is_not_overwritten},
       {"memory read in another order is not taken over",
        memory_read_in_another_order_is_not_taken_over},
       {"values alive together share no memory", values_alive_together_share_no_memory},
       {"operands are ready before their step", operands_are_ready_before_their_step}});
}
