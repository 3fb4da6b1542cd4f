/// A model y = F(x) of several arguments as one function of flat numbers, and its derivatives: what
/// <dualtape/python.hpp> gives to Python. Needs no Python.
///
/// A model is called with scalars, Eigen vectors and matrices or std::arrays of any scalar type T,
/// and returns one of these, or a std::tuple of them. Flat means: argument after argument, matrices
/// row by row, as NumPy has them.
#pragma once

#include <dualtape/drivers.hpp>
#include <dualtape/model_abi.hpp>

#include <array>
#include <memory>
#include <tuple>
#include <vector>

namespace dualtape {

template <class T>
using Vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;
template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;

/// Axes of an argument or a result: none, (rows) or (rows, columns).
struct ModelShape {
  int rank = 0;
  std::array<std::int64_t, 2> sizes{1, 1};

  std::int64_t count() const { return sizes[0] * sizes[1]; }
  friend bool operator==(const ModelShape&, const ModelShape&) = default;
};

namespace detail {

/// How an argument or a result lies among flat numbers; X is its type for some scalar.
template <class X>
struct Flat {
  static constexpr int kRank = 0;
  static constexpr std::array<int, 2> kSizes{1, 1};
  static ModelShape shape(const X&) { return {}; }
  template <class T>
  static T make(const ModelShape&) {
    return T(0);
  }
  template <class Y>
  static auto& at(Y& y, std::int64_t, std::int64_t) {
    return y;
  }
};

template <class S, std::size_t N>
struct Flat<std::array<S, N>> {
  static constexpr int kRank = 1;
  static constexpr std::array<int, 2> kSizes{static_cast<int>(N), 1};
  static ModelShape shape(const std::array<S, N>&) { return {1, {static_cast<int>(N), 1}}; }
  template <class T>
  static std::array<T, N> make(const ModelShape&) {
    return {};
  }
  template <class Y>
  static auto& at(Y& y, std::int64_t i, std::int64_t) {
    return y[static_cast<std::size_t>(i)];
  }
};

template <class X>
  requires std::derived_from<X, Eigen::DenseBase<X>>
struct Flat<X> {
  static constexpr bool kIsVector = X::IsVectorAtCompileTime;
  static constexpr int kRank = kIsVector ? 1 : 2;
  static constexpr std::array<int, 2> kSizes =
      kIsVector ? std::array<int, 2>{X::SizeAtCompileTime, 1}
                : std::array<int, 2>{X::RowsAtCompileTime, X::ColsAtCompileTime};
  static ModelShape shape(const X& x) {
    if constexpr (kIsVector) return {1, {x.size(), 1}};
    return {2, {x.rows(), x.cols()}};
  }
  template <class T>
  static Rebound<X, T> make(const ModelShape& shape) {
    Rebound<X, T> x;
    if constexpr (kIsVector) {
      x.resize(shape.sizes[0]);
    } else {
      x.resize(shape.sizes[0], shape.sizes[1]);
    }
    return x;
  }
  template <class Y>
  static auto& at(Y& y, std::int64_t i, std::int64_t j) {
    if constexpr (kIsVector) {
      return y.coeffRef(i);
    } else {
      return y.coeffRef(i, j);
    }
  }
};

template <class X>
inline constexpr bool kIsTuple = false;
template <class... X>
inline constexpr bool kIsTuple<std::tuple<X...>> = true;

/// Calls f with each part of a model's result.
template <class R, class F>
void for_each_part(const R& result, F f) {
  if constexpr (kIsTuple<R>) {
    std::apply([&](const auto&... part) { (f(part), ...); }, result);
  } else {
    f(result);
  }
}

template <class X, class T>
Rebound<X, T> read_flat(const T*& x, const ModelShape*& next) {
  const ModelShape& shape = *next++;
  auto result = Flat<X>::template make<T>(shape);
  for (std::int64_t i = 0; i < shape.sizes[0]; ++i) {
    for (std::int64_t j = 0; j < shape.sizes[1]; ++j) Flat<X>::at(result, i, j) = *x++;
  }
  return result;
}

/// Appends the numbers of a part of a result, which may be an expression over T.
template <class T, class X>
void append_flat(std::vector<T>& y, const X& part) {
  Rebound<X, T> plain = part;
  using Layout = Flat<decltype(plain)>;
  const ModelShape shape = Layout::shape(plain);
  for (std::int64_t i = 0; i < shape.sizes[0]; ++i) {
    for (std::int64_t j = 0; j < shape.sizes[1]; ++j) y.push_back(Layout::at(plain, i, j));
  }
}

/// K nested first-order duals; the innermost has N lanes.
template <int K, int N>
struct NestedDual {
  using Inner = NestedDual<K - 1, N>;
  using type = Dual<typename Inner::type, 1>;
  static type seeded(double x, const double* const* v, std::int64_t n, std::int64_t j, int lanes) {
    type dual(Inner::seeded(x, v, n, j, lanes));
    dual.tangent(0) = typename Inner::type(v[K - 1][j]);
    return dual;
  }
  static double top(const type& x, int lane) { return Inner::top(x.tangent(0), lane); }
};
template <int N>
struct NestedDual<1, N> {
  using type = Dual<double, N>;
  static type seeded(double x, const double* const* v, std::int64_t n, std::int64_t j, int lanes) {
    type dual(x);
    for (int lane = 0; lane < lanes; ++lane) dual.tangent(lane) = v[0][lane * n + j];
    return dual;
  }
  static double top(const type& x, int lane) { return x.tangent(lane); }
};
template <int N>
struct NestedDual<0, N> {
  using type = double;
  static double seeded(double x, const double* const*, std::int64_t, std::int64_t, int) {
    return x;
  }
  static double top(double x, int) { return x; }
};

/// A tape of this thread's, given back with its memory: models are called many times over.
template <class T>
class BorrowedTape {
 public:
  BorrowedTape() {
    if (!idle().empty()) {
      tape_ = std::move(idle().back());
      idle().pop_back();
      tape_->reset();
    } else {
      tape_ = std::make_unique<Tape<T>>();
    }
  }
  BorrowedTape(const BorrowedTape&) = delete;
  BorrowedTape& operator=(const BorrowedTape&) = delete;
  ~BorrowedTape() {
    if (tape_->capacity_bytes() <= kMostBytes && idle().size() < kMostIdle) {
      idle().push_back(std::move(tape_));
    }
  }
  Tape<T>* operator->() { return tape_.get(); }
  Tape<T>& operator*() { return *tape_; }

 private:
  static constexpr std::size_t kMostBytes = std::size_t{1} << 26;
  static constexpr std::size_t kMostIdle = 4;
  static std::vector<std::unique_ptr<Tape<T>>>& idle() {
    thread_local std::vector<std::unique_ptr<Tape<T>>> tapes;
    return tapes;
  }
  std::unique_ptr<Tape<T>> tape_;
};

}  // namespace detail

/// F with arguments of the types A (those for T = double), of given shapes: its values and its
/// derivatives up to MaxOrder, as model_abi.hpp asks for them.
template <int MaxOrder, class F, class... A>
class FlatModel {
  static_assert(MaxOrder >= 1, "a model needs at least first derivatives");

 public:
  using Shapes = std::array<ModelShape, sizeof...(A)>;
  using Result =
      std::remove_cvref_t<decltype(std::declval<const F&>()(std::declval<const A&>()...))>;

  FlatModel(std::shared_ptr<const F> model, const Shapes& shapes)
      : model_(std::move(model)), shapes_(shapes) {
    for (const ModelShape& shape : shapes_) inputs_ += shape.count();
  }

  std::int64_t inputs() const { return inputs_; }
  std::int64_t outputs() const { return outputs_; }
  const std::vector<ModelShape>& results() const { return results_; }

  /// Evaluates the model once, at x, to learn the shapes of its results.
  void find_results(const double* x) {
    results_.clear();
    outputs_ = 0;
    detail::for_each_part(call(x), [&](const auto& part) {
      const detail::Plain<decltype(part)> plain = part;
      results_.push_back(detail::Flat<std::remove_cvref_t<decltype(plain)>>::shape(plain));
      outputs_ += results_.back().count();
    });
  }

  void evaluate(const ModelCall& call) const { dispatch<0>(call); }

 private:
  static constexpr int kLanes = 4;        // of duals
  static constexpr int kSweepLanes = 32;  // of a tape's sweep

  template <int K>
  void dispatch(const ModelCall& call) const {
    if (call.order == K) {
      if (call.transposed == 0) return direct<K>(call);
      if constexpr (K < MaxOrder) return transposed<K>(call);
    }
    if constexpr (K < MaxOrder) return dispatch<K + 1>(call);
    detail::fail<std::logic_error>("a derivative past the model's order");
  }

  template <class T>
  auto call(const T* x) const {
    const ModelShape* shape = shapes_.data();
    // Braces: from the first argument to the last.
    const std::tuple<detail::Rebound<A, T>...> args{detail::read_flat<A>(x, shape)...};
    return std::apply(
        [&](const auto&... arg) -> decltype(auto) { return evaluated<T>((*model_)(arg...)); },
        args);
  }

  /// Values in place of expressions, which may refer to the arguments.
  template <class T, class R>
  static auto evaluated(const R& result) {
    if constexpr (detail::kIsTuple<R>) {
      return std::apply(
          [](const auto&... part) {
            return std::tuple<detail::Rebound<decltype(part), T>...>(part...);
          },
          result);
    } else {
      return detail::Rebound<R, T>(result);
    }
  }

  template <class T>
  std::vector<T> flat(const std::vector<T>& x) const {
    std::vector<T> y;
    y.reserve(static_cast<std::size_t>(outputs_));
    detail::for_each_part(call(x.data()), [&](const auto& part) { detail::append_flat(y, part); });
    if (static_cast<std::int64_t>(y.size()) != outputs_) {
      detail::fail<std::length_error>("the result has " + std::to_string(y.size()) +
                                      " entries, with other values of the arguments it had " +
                                      std::to_string(outputs_));
    }
    return y;
  }

  /// The lanes of a call in groups that a type holds: f.operator()<N>(first lane, how many).
  template <int K, class Function>
  static void in_groups(std::int64_t lanes, Function f) {
    if constexpr (K == 1) {
      for (; lanes > 1; lanes -= kLanes) {
        f.template operator()<kLanes>(static_cast<int>(std::min<std::int64_t>(lanes, kLanes)));
      }
      if (lanes == 1) f.template operator()<1>(1);
    } else {
      for (; lanes > 0; --lanes) f.template operator()<1>(1);
    }
  }

  /// x with the call's directions, the first of them from `lane` on.
  template <int K, int N>
  auto seeded(const ModelCall& call, std::int64_t lane, int lanes) const {
    using Nested = detail::NestedDual<K, N>;
    std::array<const double*, std::size_t{K} + 1> v{};
    for (int k = 0; k < K; ++k) v[static_cast<std::size_t>(k)] = call.operands[1 + k];
    if (K > 0) v[0] += lane * inputs_;
    std::vector<typename Nested::type> x;
    x.reserve(static_cast<std::size_t>(inputs_));
    for (std::int64_t j = 0; j < inputs_; ++j) {
      x.push_back(Nested::seeded(call.operands[0][j], v.data(), inputs_, j, lanes));
    }
    return x;
  }

  template <int K>
  void direct(const ModelCall& call) const {
    std::int64_t lane = 0;
    in_groups<K>(call.lanes, [&]<int N>(int lanes) {
      const auto y = flat(seeded<K, N>(call, lane, lanes));
      for (int l = 0; l < lanes; ++l, ++lane) {
        for (std::int64_t i = 0; i < outputs_; ++i) {
          call.result[lane * outputs_ + i] =
              detail::NestedDual<K, N>::top(y[static_cast<std::size_t>(i)], l);
        }
      }
    });
  }

  template <int K>
  void transposed(const ModelCall& call) const {
    if constexpr (K == 0) {
      const std::vector<double> x(call.operands[0], call.operands[0] + inputs_);
      record_and_sweep<double>(x, [&](auto&& sweep) {
        for (std::int64_t lane = 0; lane < call.lanes; lane += kSweepLanes) {
          const auto lanes =
              static_cast<int>(std::min<std::int64_t>(call.lanes - lane, kSweepLanes));
          sweep(lanes, call.operands[1] + lane * outputs_,
                [&](std::int64_t j, int l, double x_bar) {
                  call.result[(lane + l) * inputs_ + j] = x_bar;
                });
        }
      });
    } else {
      std::int64_t lane = 0;
      in_groups<K>(call.lanes, [&]<int N>(int lanes) {
        using Nested = detail::NestedDual<K, N>;
        using T = typename Nested::type;
        record_and_sweep<T>(seeded<K, N>(call, lane, lanes), [&](auto&& sweep) {
          sweep(1, call.operands[1 + K], [&](std::int64_t j, int, const T& x_bar) {
            for (int l = 0; l < lanes; ++l) {
              call.result[(lane + l) * inputs_ + j] = Nested::top(x_bar, l);
            }
          });
        });
        lane += lanes;
      });
    }
  }

  /// Records the model at x and calls use(sweep); sweep(lanes, y_bar, take) plays the tape backward
  /// from `lanes` cotangents and calls take(j, lane, x_bar_j).
  template <class T, class Use>
  void record_and_sweep(const std::vector<T>& x, Use use) const {
    detail::BorrowedTape<T> tape;
    const auto recording = tape->record();
    std::vector<Var<T>> inputs;
    inputs.reserve(x.size());
    for (const T& value : x) inputs.push_back(tape->variable(value));
    const std::vector<Var<T>> y = flat(inputs);
    use([&](int lanes, const double* y_bar, auto&& take) {
      tape->start_sweep(lanes);
      for (int l = 0; l < lanes; ++l) {
        // Results may be one and the same variable: their cotangents add up.
        for (const Var<T>& v : y) tape->set_cotangent(v, tape->cotangent(v, l) + T(*y_bar++), l);
      }
      tape->pullback();
      for (std::size_t j = 0; j < inputs.size(); ++j) {
        for (int l = 0; l < lanes; ++l) {
          take(static_cast<std::int64_t>(j), l, tape->cotangent(inputs[j], l));
        }
      }
    });
  }

  std::shared_ptr<const F> model_;
  Shapes shapes_;
  std::vector<ModelShape> results_;
  std::int64_t inputs_ = 0, outputs_ = 0;
};

}  // namespace dualtape
