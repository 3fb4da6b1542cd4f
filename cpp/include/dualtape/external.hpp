/// Functions with a rule of their own on a tape: one node, whatever is inside.
#pragma once

#include <dualtape/tape.hpp>

#include <memory>
#include <span>
#include <vector>

namespace dualtape {

namespace detail {

/// What recording a node needs to know of variables and tapes.
template <class T>
class Caller {
 public:
  static std::uint64_t id(const Var<T>& x) { return x.id_; }
  static std::uint32_t index(const Var<T>& x) { return static_cast<std::uint32_t>(x.id_); }

  /// Records a node with these inputs; false if all are constants. `first` gets the number of its
  /// first output.
  static bool append(std::span<const Var<T>> inputs, std::unique_ptr<External<T>> external,
                     std::uint32_t& first) {
    std::uint32_t recording = 0;
    for (const Var<T>& x : inputs) recording |= static_cast<std::uint32_t>(x.id_ >> 32);
    if (recording == 0 || external->outputs == 0) return false;
    first = append(recording, std::move(external));
    return true;
  }
  /// The same for inputs of one recording; the number of the first output.
  static std::uint32_t append(std::uint32_t recording, std::unique_ptr<External<T>> external) {
    Head<T>& head = *Tape<T>::active_;
    if (recording != head.recording()) Assignment<T>::refuse_recording(recording);
    return head.tape->append_external(std::move(external));
  }

  static Var<T> output(const T& value, std::uint32_t index) {
    return {value, std::uint64_t{Tape<T>::active_->recording()} << 32 | index};
  }
};

/// Gathers cotangents for the rule and adds what it gives, one lane after the other.
template <class T, class Rule>
class ExternalFunction final : public External<T> {
 public:
  ExternalFunction(std::span<const Var<T>> inputs, std::size_t output_count, Rule rule)
      : rule_(std::move(rule)) {
    this->outputs = static_cast<std::uint32_t>(output_count);
    for (const Var<T>& x : inputs) inputs_.push_back(Caller<T>::index(x));
  }

  void pullback(T* lanes, std::uint32_t first, int width) const override {
    std::vector<T> y_bar(this->outputs), x_bar(inputs_.size());
    for (int lane = 0; lane < width; ++lane) {
      if (!gather(lanes, first, width, lane, y_bar)) continue;
      std::fill(x_bar.begin(), x_bar.end(), T(0));
      rule_.pullback(std::span<const T>(y_bar), std::span<T>(x_bar));
      for (std::size_t i = 0; i < x_bar.size(); ++i) {
        if (inputs_[i] == 0 || is_exactly_zero(x_bar[i])) continue;
        T& sum = lanes[at(inputs_[i], width, lane)];
        sum = T(sum + x_bar[i]);
      }
    }
  }

  void pushforward(T* lanes, std::uint32_t first, int width) const override {
    if constexpr (requires(std::span<const T> x_dot, std::span<T> y_dot) {
                    rule_.pushforward(x_dot, y_dot);
                  }) {
      std::vector<T> x_dot(inputs_.size()), y_dot(this->outputs);
      for (int lane = 0; lane < width; ++lane) {
        for (std::size_t i = 0; i < x_dot.size(); ++i) {
          x_dot[i] = inputs_[i] == 0 ? T(0) : lanes[at(inputs_[i], width, lane)];
        }
        std::fill(y_dot.begin(), y_dot.end(), T(0));
        rule_.pushforward(std::span<const T>(x_dot), std::span<T>(y_dot));
        for (std::uint32_t i = 0; i < this->outputs; ++i) {
          lanes[at(first + i, width, lane)] = y_dot[i];
        }
      }
    } else {
      fail<std::logic_error>("pushforward: wanted external rules that have one");
    }
  }

 private:
  static std::size_t at(std::uint32_t variable, int width, int lane) {
    return std::size_t{variable} * static_cast<std::size_t>(width) + static_cast<std::size_t>(lane);
  }

  /// False if all are 0: then the rule has nothing to add, even where its slope is infinite.
  bool gather(const T* lanes, std::uint32_t first, int width, int lane,
              std::vector<T>& y_bar) const {
    bool any = false;
    for (std::uint32_t i = 0; i < this->outputs; ++i) {
      y_bar[i] = lanes[at(first + i, width, lane)];
      any = any || !is_exactly_zero(y_bar[i]);
    }
    return any;
  }

  std::vector<std::uint32_t> inputs_;
  Rule rule_;
};

}  // namespace detail

/// Variables of the values y = f(x) of an external function, with a rule for its derivative:
///   rule.pullback(std::span<const T> y_bar, std::span<T> x_bar)       adds J^T y_bar to x_bar
///   rule.pushforward(std::span<const T> x_dot, std::span<T> y_dot)    sets y_dot, optional
/// The tape keeps the rule, and with it what it needs of the evaluation, until it is reset.
template <class T, class Rule>
std::vector<Var<T>> external(std::span<const Var<T>> x, std::span<const T> y, Rule rule) {
  std::vector<Var<T>> result(y.begin(), y.end());
  std::uint32_t first = 0;
  auto node = std::make_unique<detail::ExternalFunction<T, Rule>>(x, y.size(), std::move(rule));
  if (!detail::Caller<T>::append(x, std::move(node), first)) return result;
  for (std::size_t i = 0; i < y.size(); ++i) {
    result[i] = detail::Caller<T>::output(y[i], first + static_cast<std::uint32_t>(i));
  }
  return result;
}

}  // namespace dualtape
