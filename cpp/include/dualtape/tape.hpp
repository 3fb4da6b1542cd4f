/// Reverse mode: a tape of partial derivatives, played backward or forward.
#pragma once

#include <dualtape/forward.hpp>
#include <dualtape/ops/registry.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dualtape {

/// A value recorded on a tape, or a constant. It knows its tape and the recording it belongs to, so
/// that a variable of another tape, or of one reset since, is an error and not a wrong derivative.
template <class T>
class Var {
  static_assert(Scalar<T>, "Var: wanted a floating point, complex or active T");

 public:
  using value_type = T;

  Var() : value_(0) {}
  /// A constant: never recorded.
  template <class S>
    requires detail::is_inner<S, T>
  Var(const S& value) : value_(static_cast<T>(value)) {}

  const T& value() const { return value_; }
  /// False for constants and whatever is computed of constants alone.
  bool is_recorded() const { return recording_ != 0; }

 private:
  friend class Tape<T>;
  Var(const T& value, std::uint32_t index, std::uint32_t recording)
      : value_(value), index_(index), recording_(recording) {}

  T value_;
  std::uint32_t index_ = 0;
  std::uint32_t recording_ = 0;  // number of the recording, 0 for a constant
};

/// A linear tape: for every variable the indices of its arguments and the partial derivatives in
/// them, as they were at recording. Playing it forward gives J x_dot, backward J^T y_bar, in
/// several lanes at once.
///
///   Tape<double> tape;
///   auto recording = tape.record();          // this thread's operations on Var<double> go here
///   Var<double> x = tape.variable(2.0);
///   Var<double> y = x * exp(x);
///   tape.start_sweep();
///   tape.set_cotangent(y, 1.0);
///   tape.pullback();
///   double slope = tape.cotangent(x);
///
/// A tape serves one thread at a time; different threads use tapes of their own. `reset` keeps the
/// memory. T may itself be a Dual or a Var.
template <class T>
class Tape {
 public:
  /// Makes its tape the thread's active one while it lives; the one before comes back after it.
  class [[nodiscard]] Recording {
   public:
    explicit Recording(Tape& tape) : previous_(active_) { active_ = &tape; }
    ~Recording() { active_ = previous_; }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

   private:
    Tape* previous_;
  };

  Tape() = default;
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  Recording record() { return Recording(*this); }

  /// A new input.
  Var<T> variable(const T& value) { return finish(value); }

  /// Forgets everything recorded, keeps the memory. Variables of before are stale.
  void reset() {
    arguments_.clear();
    ends_.clear();
    recording_ = next_recording();
    lanes_ = 0;
  }

  /// Variables recorded, inputs included.
  std::size_t size() const { return ends_.size(); }

  /// Memory held, in bytes.
  std::size_t capacity_bytes() const {
    return arguments_.capacity() * sizeof(Argument) + ends_.capacity() * sizeof(std::size_t) +
           lane_values_.capacity() * sizeof(T) + reached_.capacity();
  }

  /// False if a partial derivative is inf or NaN: then a sweep's 0 * inf decides what comes out.
  bool all_partials_finite() const {
    for (const Argument& argument : arguments_) {
      if (!is_finite(argument.partial)) return false;
    }
    return true;
  }

  /// Starts a sweep of `lanes` lanes: all tangents and cotangents 0. What is recorded after it
  /// needs a new one.
  void start_sweep(int lanes = 1) {
    if (lanes < 1) {
      throw std::invalid_argument("start_sweep: lanes must be at least 1, got " +
                                  std::to_string(lanes));
    }
    lanes_ = static_cast<std::size_t>(lanes);
    lane_values_.assign(size() * lanes_, T(0));
  }

  /// Cotangent of a variable; a constant's is 0.
  T cotangent(const Var<T>& x, int lane = 0) const {
    return x.is_recorded() ? lane_values_[slot(x, lane, "cotangent")] : T(0);
  }
  /// Sets the cotangent of an output; on a constant it does nothing.
  void set_cotangent(const Var<T>& y, const T& y_bar, int lane = 0) {
    if (y.is_recorded()) lane_values_[slot(y, lane, "set_cotangent")] = y_bar;
  }
  /// y_bar -> J^T y_bar. A cotangent of exactly 0 is skipped: whatever lies behind a branch not
  /// taken, be it inf or NaN, adds nothing.
  void pullback();

  /// Tangent of a variable; a constant's is 0.
  T tangent(const Var<T>& y, int lane = 0) const {
    return y.is_recorded() ? lane_values_[slot(y, lane, "tangent")] : T(0);
  }
  /// Sets the tangent of an input.
  void set_tangent(const Var<T>& x, const T& x_dot, int lane = 0) {
    const std::size_t at = slot(x, lane, "set_tangent");
    if (first_argument(x.index_) != ends_[x.index_]) {
      throw std::invalid_argument("set_tangent: wanted an input, got a computed variable");
    }
    lane_values_[at] = x_dot;
  }
  /// x_dot -> J x_dot. What no input with a tangent reaches adds nothing.
  void pushforward();

 private:
  friend struct ActiveTraits<Var<T>>;

  struct Argument {
    std::uint32_t index;
    T partial;
  };

  /// The active tape if one of the arguments is recorded, else null. An argument recorded elsewhere
  /// is an error.
  template <class... Xs>
  static Tape* tape_of(std::string_view operation, const Xs&... xs) {
    std::uint32_t recording = 0;
    bool one_recording = true;
    const auto visit = [&](std::uint32_t other) {
      if (other == 0) return;
      one_recording = one_recording && (recording == 0 || recording == other);
      recording = other;
    };
    (visit(recording_of(xs)), ...);
    if (recording == 0) return nullptr;
    if (one_recording && active_ != nullptr && active_->recording_ == recording) return active_;
    throw std::logic_error(std::string(operation) +
                           (one_recording
                                ? ": wanted a variable of this thread's active tape, got one "
                                  "of another or a reset tape"
                                : ": wanted variables of one tape, got two"));
  }

  static std::uint32_t recording_of(const Var<T>& x) { return x.recording_; }
  template <class S>
  static std::uint32_t recording_of(const S&) {
    return 0;
  }

  /// Numbers are unique over all tapes and threads (they come round after 4e9 resets).
  static std::uint32_t next_recording() {
    static std::atomic<std::uint32_t> last{0};
    std::uint32_t number = ++last;
    return number != 0 ? number : ++last;
  }

  void add_argument(const Var<T>& x, const T& partial) {
    arguments_.push_back({x.index_, partial});
  }

  /// Ends the list of arguments of a new variable.
  Var<T> finish(const T& value) {
    if (ends_.size() > std::numeric_limits<std::uint32_t>::max()) {
      throw std::length_error("Tape: wanted at most 2^32 variables");
    }
    ends_.push_back(arguments_.size());
    return {value, static_cast<std::uint32_t>(ends_.size() - 1), recording_};
  }

  std::size_t first_argument(std::size_t index) const { return index == 0 ? 0 : ends_[index - 1]; }

  std::size_t slot(const Var<T>& x, int lane, const char* caller) const {
    const std::size_t at = x.index_ * lanes_ + static_cast<std::size_t>(lane);
    if (x.recording_ != recording_) {
      throw std::logic_error(std::string(caller) + ": wanted a variable of this tape's recording");
    }
    if (lane < 0 || static_cast<std::size_t>(lane) >= lanes_ || at >= lane_values_.size()) {
      throw std::logic_error(std::string(caller) + ": wanted a lane below " +
                             std::to_string(lanes_) + " of a sweep started after recording, got " +
                             std::to_string(lane));
    }
    return at;
  }

  void check_sweep(const char* caller) const {
    if (lanes_ == 0 || lane_values_.size() != size() * lanes_) {
      throw std::logic_error(std::string(caller) + ": wanted start_sweep after the recording");
    }
  }

  inline static thread_local Tape* active_ = nullptr;

  std::vector<Argument> arguments_;
  std::vector<std::size_t> ends_;  // of variable i: its arguments end here
  std::uint32_t recording_ = next_recording();
  std::size_t lanes_ = 0;
  std::vector<T> lane_values_;          // [variable][lane]
  std::vector<unsigned char> reached_;  // by the tangents of a pushforward
};

namespace detail {

template <class T>
void accumulate(T& sum, const T& term) {
  // On nested tapes an addition to a constant 0 would be one more entry.
  sum = !BaseNumber<T> && is_exactly_zero(sum) ? term : sum + term;
}

}  // namespace detail

template <class T>
void Tape<T>::pullback() {
  check_sweep("pullback");
  for (std::size_t i = size(); i-- > 0;) {
    const T* y_bar = &lane_values_[i * lanes_];
    bool all_zero = true;
    for (std::size_t lane = 0; lane < lanes_; ++lane) {
      all_zero = all_zero && is_exactly_zero(y_bar[lane]);
    }
    if (all_zero) continue;
    for (std::size_t a = first_argument(i); a < ends_[i]; ++a) {
      const T& partial = arguments_[a].partial;
      T* x_bar = &lane_values_[arguments_[a].index * lanes_];
      for (std::size_t lane = 0; lane < lanes_; ++lane) {
        if (!is_exactly_zero(y_bar[lane]))
          detail::accumulate<T>(x_bar[lane], y_bar[lane] * partial);
      }
    }
  }
}

template <class T>
void Tape<T>::pushforward() {
  check_sweep("pushforward");
  reached_.assign(size(), 0);
  for (std::size_t i = 0; i < size(); ++i) {
    T* y_dot = &lane_values_[i * lanes_];
    if (first_argument(i) == ends_[i]) {
      for (std::size_t lane = 0; lane < lanes_; ++lane) {
        if (!is_exactly_zero(y_dot[lane])) reached_[i] = 1;
      }
    }
    for (std::size_t a = first_argument(i); a < ends_[i]; ++a) {
      if (!reached_[arguments_[a].index]) continue;
      reached_[i] = 1;
      const T& partial = arguments_[a].partial;
      const T* x_dot = &lane_values_[arguments_[a].index * lanes_];
      for (std::size_t lane = 0; lane < lanes_; ++lane) {
        detail::accumulate<T>(y_dot[lane], x_dot[lane] * partial);
      }
    }
  }
}

template <class T>
struct ActiveTraits<Var<T>> {
  static constexpr bool is_active = true;
  static constexpr bool accepts_constants = true;
  template <class S>
  static constexpr bool is_constant = detail::is_inner<S, T>;
  using mask_type = mask_t<T>;
  using V = Var<T>;

  template <class Op, class... Xs>
  static auto apply(const Xs&... xs) {
    if constexpr (Op::kind == Kind::kSelect) {
      return pick(xs...);
    } else if constexpr (Op::kind == Kind::kPredicate) {
      return dualtape::apply<Op>(detail::inner_value<V>(xs)...);
    } else {
      const T y = dualtape::apply<Op>(detail::inner_value<V>(xs)...);
      if constexpr (Op::kind == Kind::kLocallyConstant) {
        return V(y);
      } else {
        Tape<T>* tape = Tape<T>::tape_of(Op::name, xs...);
        return tape ? record<Op>(*tape, y, std::index_sequence_for<Xs...>{}, xs...) : V(y);
      }
    }
  }

  template <class Op>
    requires(Op::parametric)
  static V apply(int n, const V& x) {
    const T y = dualtape::apply<Op>(n, x.value());
    Tape<T>* tape = Tape<T>::tape_of(Op::name, x);
    if (!tape) return V(y);
    const T partial = Op::template partial<T>(n, x.value(), y);
    tape->add_argument(x, partial);
    return tape->finish(y);
  }

 private:
  template <class Op, std::size_t... I, class... Xs>
  static V record(Tape<T>& tape, const T& y, std::index_sequence<I...>, const Xs&... xs) {
    // All partials before the first entry: should one throw, the tape is still whole.
    const std::array<T, sizeof...(Xs)> partials{partial<Op, static_cast<int>(I)>(xs, y, xs...)...};
    const auto add = [&](const auto& x, const T& p) {
      if constexpr (std::same_as<std::remove_cvref_t<decltype(x)>, V>) {
        if (x.is_recorded()) tape.add_argument(x, p);
      }
    };
    (add(xs, partials[I]), ...);
    return tape.finish(y);
  }

  /// Partial in argument I, which is `x`; not evaluated for a constant, where it may be undefined.
  template <class Op, int I, class X, class... Xs>
  static T partial(const X& x, const T& y, const Xs&... xs) {
    if constexpr (!std::same_as<X, V>) {
      return T(0);
    } else if constexpr (sizeof...(Xs) == 1) {
      return Op::template partial<T>(x.value(), y);
    } else {
      return x.is_recorded() ? Op::template partial<I, T>(T(detail::inner_value<V>(xs))..., y)
                             : T(0);
    }
  }

  template <class M>
  static V pick(const M& mask, const V& a, const V& b) {
    if constexpr (std::same_as<M, bool>) {
      return mask ? a : b;
    } else {
      const T y = select(mask, a.value(), b.value());
      Tape<T>* tape = Tape<T>::tape_of(ops::Where::name, a, b);
      if (!tape) return V(y);
      const T zero(0), one(1);
      if (a.is_recorded()) tape->add_argument(a, select(mask, one, zero));
      if (b.is_recorded()) tape->add_argument(b, select(mask, zero, one));
      return tape->finish(y);
    }
  }
};

template <class T>
std::ostream& operator<<(std::ostream& out, const Var<T>& x) {
  return out << x.value();
}

}  // namespace dualtape
