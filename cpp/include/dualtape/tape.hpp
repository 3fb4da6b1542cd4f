/// Reverse mode: a tape of partial derivatives, played backward or forward.
#pragma once

#include <dualtape/assignment.hpp>
#include <dualtape/expressions.hpp>
#include <dualtape/sweep.hpp>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace dualtape {

/// A linear tape: for every statement the numbers of its variables and the partial derivatives in
/// them, as they were at recording, 12 bytes for each. Playing it forward gives J x_dot, backward
/// J^T y_bar, in several lanes at once.
///
///   Tape<double> tape;
///   auto recording = tape.record();          // this thread's assignments to Var<double> go here
///   Var<double> x = tape.variable(2.0);
///   Var<double> y = x * exp(x);
///   tape.start_sweep();
///   tape.set_cotangent(y, 1.0);
///   tape.pullback();
///   double slope = tape.cotangent(x);
///
/// A tape serves one thread at a time; different threads use tapes of their own. Memory grows in
/// blocks that are never copied, and `reset` keeps them. T may itself be a Dual or a Var.
template <class T>
class Tape {
 public:
  /// Makes its tape the thread's active one while it lives; the one before comes back after it.
  class [[nodiscard]] Recording {
   public:
    explicit Recording(Tape& tape) : previous_(active_) { active_ = &tape.head_; }
    ~Recording() { active_ = previous_; }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    detail::Head<T>* previous_;
  };

  /// A place in a recording, to go back to.
  class Position {
    friend class Tape;
    typename detail::Statements<T>::Position statements_;
    std::uint32_t variables_ = 1;
    std::uint32_t recording_ = 0;
    std::size_t inputs_ = 0;
    std::size_t externals_ = 0;
  };

  Tape() { reset(); }
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  Recording record() { return Recording(*this); }

  /// A new input.
  Var<T> variable(const T& value) {
    if (inputs_.empty() || inputs_.back().end != head_.variables()) [[unlikely]]
      start_inputs();
    check_numbers(1);
    inputs_.back().end = head_.variables() + 1;
    return {value, head_.next++};
  }

  /// New inputs in a row, one for each value.
  void variables(std::span<const T> values, std::span<Var<T>> x) {
    if (values.size() != x.size()) {
      detail::fail<std::invalid_argument>("Tape::variables: wanted " +
                                          std::to_string(values.size()) + " variables, got " +
                                          std::to_string(x.size()));
    }
    if (values.empty()) return;
    x[0] = variable(values[0]);
    check_numbers(values.size() - 1);
    const std::uint64_t first = head_.next - 1;
    for (std::size_t i = 1; i < values.size(); ++i) x[i] = {values[i], first + i};
    head_.next = first + values.size();
    inputs_.back().end = head_.variables();
  }
  std::vector<Var<T>> variables(std::span<const T> values) {
    std::vector<Var<T>> x(values.size());
    variables(values, x);
    return x;
  }

  /// Forgets everything recorded, keeps the memory. Variables of before are stale.
  void reset() {
    Position begin;
    begin.recording_ = head_.recording();
    rewind(begin);
    head_.restart(detail::next_recording(), begin.variables_);
    lanes_ = 0;
  }

  Position position() const {
    Position here;
    here.statements_ = statements_.position(head_);
    here.variables_ = head_.variables();
    here.recording_ = head_.recording();
    here.inputs_ = inputs_.size();
    here.externals_ = externals_.size();
    return here;
  }

  /// Forgets what was recorded after `position`, keeps the memory. Variables made after it must not
  /// be used any more: unlike those of before a `reset` they are not told from later ones. What
  /// remains keeps its cotangents, see `extend_sweep`.
  void rewind(const Position& position) {
    if (position.recording_ != head_.recording() || position.variables_ > head_.variables()) {
      detail::fail<std::logic_error>("rewind: wanted a position of this recording");
    }
    statements_.rewind(head_, position.statements_);
    head_.restart(position.recording_, position.variables_);
    inputs_.resize(position.inputs_);
    if (!inputs_.empty()) inputs_.back().end = std::min(inputs_.back().end, head_.variables());
    externals_.resize(position.externals_);
  }

  /// Variables recorded, inputs included.
  std::size_t size() const { return head_.variables() - 1; }

  /// Memory that the statements take, in bytes: 12 for each variable on a right-hand side of
  /// doubles.
  std::size_t statement_bytes() const {
    std::size_t bytes = 0;
    statements_.forward(head_, [&](const detail::Block<T>& block) {
      bytes += block.used * (sizeof(T) + sizeof(std::uint32_t));
    });
    return bytes;
  }

  /// Memory held, in bytes.
  std::size_t capacity_bytes() const {
    return statements_.capacity_bytes() + inputs_.capacity() * sizeof(detail::Range) +
           lane_values_.capacity() * sizeof(T) + reached_.capacity();
  }

  /// False if a partial derivative is inf or NaN: then a sweep's 0 * inf decides what comes out.
  bool all_partials_finite() const {
    bool all = true;
    statements_.forward(head_, [&](const detail::Block<T>& block) {
      for (std::size_t k = 0; k < block.used; ++k) all = all && is_finite(block.partials[k]);
    });
    return all;
  }

  /// Starts a sweep of `lanes` lanes: all tangents and cotangents 0. What is recorded after it
  /// needs a new one, or `extend_sweep`.
  void start_sweep(int lanes = 1) {
    if (lanes < 1) {
      detail::fail<std::invalid_argument>("start_sweep: lanes must be at least 1, got " +
                                          std::to_string(lanes));
    }
    lanes_ = static_cast<std::size_t>(lanes);
    sweep_variables_ = head_.variables();
    lane_values_.assign(head_.variables() * physical_lanes(), T(0));
  }

  /// Goes on with a sweep of one lane after `rewind` or more recording: what lies before `position`
  /// keeps its cotangents, the rest gets 0. So the pullbacks of pieces recorded one after the other
  /// add up in the variables they share.
  void extend_sweep(const Position& position) {
    if (lanes_ != 1 || position.recording_ != head_.recording() ||
        position.variables_ > sweep_variables_) {
      detail::fail<std::logic_error>("extend_sweep: wanted a sweep of one lane over the position");
    }
    lane_values_.resize(position.variables_);
    lane_values_.resize(head_.variables(), T(0));
    sweep_variables_ = head_.variables();
  }

  /// Cotangent of a variable; a constant's is 0.
  T cotangent(const Var<T>& x, int lane = 0) const {
    return x.is_recorded() ? lane_values_[slot(x, lane, "cotangent")] : T(0);
  }
  /// Cotangents of several, into x_bar.
  void cotangents(std::span<const Var<T>> x, std::span<T> x_bar, int lane = 0) const {
    if (x.size() != x_bar.size()) {
      detail::fail<std::invalid_argument>("Tape::cotangents: wanted room for " +
                                          std::to_string(x.size()) + " numbers, got " +
                                          std::to_string(x_bar.size()));
    }
    if (x.empty()) return;
    std::uint64_t differences = 0;
    for (std::size_t i = 0; i < x.size(); ++i) differences |= x[i].id_ ^ (x[0].id_ + i);
    if (differences == 0 && lanes_ == 1 && x[0].is_recorded()) {
      const std::size_t first = slot(x[0], lane, "cotangent");
      (void)slot(x.back(), lane, "cotangent");
      std::copy_n(lane_values_.begin() + static_cast<std::ptrdiff_t>(first), x.size(),
                  x_bar.begin());
    } else {
      for (std::size_t i = 0; i < x.size(); ++i) x_bar[i] = cotangent(x[i], lane);
    }
  }
  /// Sets the cotangent of an output; on a constant it does nothing.
  void set_cotangent(const Var<T>& y, const T& y_bar, int lane = 0) {
    if (y.is_recorded()) lane_values_[slot(y, lane, "set_cotangent")] = y_bar;
  }
  /// y_bar -> J^T y_bar. A cotangent of exactly 0 is skipped: whatever lies behind a branch not
  /// taken, be it inf or NaN, adds nothing.
  void pullback() { pullback(Position{}); }
  /// Back to a position only.
  void pullback(const Position& until);

  /// Tangent of a variable; a constant's is 0.
  T tangent(const Var<T>& y, int lane = 0) const {
    return y.is_recorded() ? lane_values_[slot(y, lane, "tangent")] : T(0);
  }
  /// Sets the tangent of an input.
  void set_tangent(const Var<T>& x, const T& x_dot, int lane = 0) {
    const std::size_t at = slot(x, lane, "set_tangent");
    const auto after =
        std::upper_bound(inputs_.begin(), inputs_.end(), index(x),
                         [](std::uint32_t i, const detail::Range& r) { return i < r.begin; });
    if (after == inputs_.begin() || index(x) >= std::prev(after)->end) {
      detail::fail<std::invalid_argument>("set_tangent: wanted an input, got a computed variable");
    }
    lane_values_[at] = x_dot;
  }
  /// x_dot -> J x_dot. What no input with a tangent reaches adds nothing.
  void pushforward();

 private:
  friend class Var<T>;
  template <class>
  friend class detail::Caller;
  template <class>
  friend class detail::Assignment;
  template <class>
  friend class detail::NodeWriter;

  /// A block with room for the next statement, or for so many pairs.
  [[gnu::noinline]] void grow(std::size_t pairs = 1) {
    statements_.advance(head_, pairs);
    check_numbers(0);
  }

  /// There are numbers left for so many variables and for those of the rest of the block.
  void check_numbers(std::size_t variables) const {
    if (head_.variables() + variables + (head_.capacity - head_.used) > detail::kIndexMask)
        [[unlikely]] {
      detail::fail<std::length_error>("Tape: wanted at most 2^29 variables in a recording");
    }
  }

  /// One word for what is no statement: an external function, or a run of inputs.
  void append_word(std::uint32_t word) {
    if (head_.used + 1 > head_.capacity) grow();
    new (head_.partials + head_.used) T(0);
    head_.words[head_.used++] = word | (detail::kExternal << detail::kIndexBits);
  }

  [[gnu::noinline]] void start_inputs() {
    append_word(static_cast<std::uint32_t>(inputs_.size()) | detail::kInputs);
    inputs_.push_back({head_.variables(), head_.variables()});
  }

  std::uint32_t append_external(std::unique_ptr<detail::External<T>> external) {
    check_numbers(external->outputs);
    if (externals_.size() >= detail::kColumns) {
      detail::fail<std::length_error>("Tape: wanted at most 2^26 external functions");
    }
    append_word(static_cast<std::uint32_t>(externals_.size()));
    const std::uint32_t first = head_.variables();
    head_.next += external->outputs;
    externals_.push_back(std::move(external));
    return first;
  }

  /// Lanes in memory: blocks of 8, the last one of 1, 2, 4 or 8.
  std::size_t block_width(std::size_t block) const {
    constexpr std::size_t kFull = detail::kLaneBlock<T>;
    return std::min(kFull, std::bit_ceil(lanes_ - block * kFull));
  }
  std::size_t blocks() const {
    constexpr std::size_t kFull = detail::kLaneBlock<T>;
    return (lanes_ + kFull - 1) / kFull;
  }
  std::size_t physical_lanes() const {
    return (blocks() - 1) * detail::kLaneBlock<T> + block_width(blocks() - 1);
  }
  T* lanes_of(std::size_t block) {
    return lane_values_.data() + block * detail::kLaneBlock<T> * sweep_variables_;
  }

  static std::uint32_t index(const Var<T>& x) { return static_cast<std::uint32_t>(x.id_); }

  std::size_t slot(const Var<T>& x, int lane, const char* caller) const {
    const auto at = static_cast<std::size_t>(lane);  // a negative one is huge
    if (x.id_ >> 32 != head_.recording() || at >= lanes_ || index(x) >= sweep_variables_)
        [[unlikely]] {
      refuse(x, lane, caller);
    }
    if (lanes_ == 1) return index(x);
    constexpr std::size_t kFull = detail::kLaneBlock<T>;
    const std::size_t block = at / kFull;
    return block * kFull * sweep_variables_ + index(x) * block_width(block) + at % kFull;
  }

  [[noreturn, gnu::noinline]] void refuse(const Var<T>& x, int lane, const char* caller) const {
    if (x.id_ >> 32 != head_.recording()) {
      detail::fail<std::logic_error>(std::string(caller) +
                                     ": wanted a variable of this tape's recording");
    }
    detail::fail<std::logic_error>(
        std::string(caller) + ": wanted a lane below " + std::to_string(lanes_) +
        " of a sweep started after recording, got " + std::to_string(lane));
  }

  void check_sweep(const char* caller) const {
    if (lanes_ == 0 || sweep_variables_ != head_.variables()) {
      detail::fail<std::logic_error>(std::string(caller) +
                                     ": wanted start_sweep after the recording");
    }
  }

  /// Calls f.operator()<W>(lanes) for each block of lanes, W of them in it.
  template <class F>
  void for_lane_blocks(F f) {
    for (std::size_t b = 0; b < blocks(); ++b) {
      if constexpr (detail::kLaneBlock<T> == 1) {
        f.template operator()<1>(lanes_of(b));
      } else {
        switch (block_width(b)) {
          case 1: f.template operator()<1>(lanes_of(b)); break;
          case 2: f.template operator()<2>(lanes_of(b)); break;
          case 4: f.template operator()<4>(lanes_of(b)); break;
          default: f.template operator()<8>(lanes_of(b));
        }
      }
    }
  }

  inline static constinit detail::Head<T> nothing_{};
  DUALTAPE_FIXED_TLS inline static constinit thread_local detail::Head<T>* active_ = &nothing_;

  detail::Head<T> head_{.tape = this};
  detail::Statements<T> statements_;
  std::vector<detail::Range> inputs_;  // numbers of inputs, in order
  detail::Externals<T> externals_;
  std::size_t lanes_ = 0;
  std::uint32_t sweep_variables_ = 0;   // variables that have lanes
  std::vector<T> lane_values_;          // [block of lanes][variable][lane]
  std::vector<unsigned char> reached_;  // by the tangents of a pushforward
};

template <class T>
void Tape<T>::pullback(const Position& until) {
  check_sweep("pullback");
  if (until.variables_ > 1 && until.recording_ != head_.recording()) {
    detail::fail<std::logic_error>("pullback: wanted a position of this recording");
  }
  for_lane_blocks([&]<int W>(T* lanes) {
    std::uint32_t variable = head_.variables();
    statements_.backward(
        head_, until.statements_, [&](const detail::Block<T>& block, std::size_t from) {
          detail::Sweep<T, W>::backward(block, from, variable, lanes, inputs_, externals_);
        });
  });
}

template <class T>
void Tape<T>::pushforward() {
  check_sweep("pushforward");
  for_lane_blocks([&]<int W>(T* lanes) {
    reached_.assign(head_.variables(), 0);
    std::uint32_t variable = 1;
    statements_.forward(head_, [&](const detail::Block<T>& block) {
      detail::Sweep<T, W>::forward(block, variable, lanes, inputs_, externals_, reached_);
    });
  });
}

}  // namespace dualtape
