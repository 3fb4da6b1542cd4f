/// Eigen's products of matrices of tape variables, as one node or in long statements.
#pragma once

#include <dualtape/eigen_scalars.hpp>
#include <dualtape/external.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace dualtape::detail {

template <class T>
using DenseMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>;
template <class T>
using MatrixView = Eigen::Map<DenseMatrix<T>>;
template <class T>
using ConstMatrixView = Eigen::Map<const DenseMatrix<T>>;

/// The scalar of a product or solve of matrices A and B.
template <class A, class B>
using NodeVar = promote_t<typename A::Scalar, typename B::Scalar>;

/// The entries of a matrix in memory, at fixed distances.
template <class S>
struct EntryView {
  S* begin;
  Eigen::Index rows, cols;
  Eigen::Index down, across;  // from a row and from a column to the next

  /// Of an expression with direct access.
  template <class X>
  static EntryView of(X& x) {
    const Eigen::Index inner = x.innerStride(), outer = x.outerStride();
    return {x.data(), x.rows(), x.cols(), X::IsRowMajor ? outer : inner,
            X::IsRowMajor ? inner : outer};
  }
  DUALTAPE_INLINE S& operator()(Eigen::Index i, Eigen::Index j) const {
    return begin[i * down + j * across];
  }
};

/// Entries of a matrix that are read; of a unit triangle the diagonal is 1, the rest is 0.
enum class Part { kAll, kLower, kUpper, kUnitLower, kUnitUpper };

/// An argument of a matrix node: its values, and where its entries are on the tape.
template <class T>
class NodeMatrix {
 public:
  DenseMatrix<T> values;

  template <class S>
  explicit NodeMatrix(const EntryView<const S>& x, Part part = Part::kAll)
      : values(x.rows, x.cols), rows_(x.rows), cols_(x.cols), part_(part) {
    if (part != Part::kAll) values.setConstant(T(0));
    if (part == Part::kUnitLower || part == Part::kUnitUpper) values.diagonal().setConstant(T(1));
    for_each_entry([&](Eigen::Index i, Eigen::Index j) {
      if constexpr (Taped<S>) {
        values(i, j) = x(i, j).value();
      } else {
        values(i, j) = static_cast<T>(x(i, j));
      }
      finite_ = finite_ && dualtape::is_finite(values(i, j));
    });
    if constexpr (Taped<S>) find(x);
  }

  /// The numbers of the recordings of its variables, or-ed; 0 if all are constants.
  std::uint32_t recording() const { return recording_; }
  bool is_constant() const { return recording_ == 0; }
  bool is_finite() const { return finite_; }

  /// lanes += x_bar, an expression of its shape.
  template <class X>
  void accumulate(T* lanes, int width, int lane, const X& x_bar) const {
    if constexpr (BaseNumber<T>) {
      if (regular_ && width == 1) {
        T* begin = lanes + first_;
        if (down_ == 1) {
          Strided<Eigen::ColMajor>(begin, rows_, cols_, across_).noalias() += x_bar;
        } else {
          Strided<Eigen::RowMajor>(begin, rows_, cols_, down_).noalias() += x_bar;
        }
        return;
      }
    }
    const DenseMatrix<T> terms = x_bar;
    for_each_variable([&](Eigen::Index i, Eigen::Index j, std::uint32_t variable) {
      if (is_exactly_zero(terms(i, j))) return;
      T& sum = lanes[at(variable, width, lane)];
      sum = is_exactly_zero(sum) ? terms(i, j) : T(sum + terms(i, j));
    });
  }

  DenseMatrix<T> tangents(const T* lanes, int width, int lane) const {
    DenseMatrix<T> x_dot = DenseMatrix<T>::Constant(rows_, cols_, T(0));
    for_each_variable([&](Eigen::Index i, Eigen::Index j, std::uint32_t variable) {
      x_dot(i, j) = lanes[at(variable, width, lane)];
    });
    return x_dot;
  }

  static std::size_t at(std::uint32_t variable, int width, int lane) {
    return std::size_t{variable} * static_cast<std::size_t>(width) + static_cast<std::size_t>(lane);
  }

 private:
  template <int Order>
  struct Strided : Eigen::Map<Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order>, 0,
                              Eigen::OuterStride<>> {
    Strided(T* begin, Eigen::Index rows, Eigen::Index cols, std::int64_t stride)
        : Strided::Map(begin, rows, cols, Eigen::OuterStride<>(stride)) {}
  };

  template <class F>
  void for_each_entry(F f) const {
    for (Eigen::Index j = 0; j < cols_; ++j) {
      const Eigen::Index begin = part_ == Part::kLower ? j : part_ == Part::kUnitLower ? j + 1 : 0;
      const Eigen::Index end = part_ == Part::kUpper       ? j + 1
                               : part_ == Part::kUnitUpper ? j
                                                           : rows_;
      for (Eigen::Index i = begin; i < end; ++i) f(i, j);
    }
  }

  /// Variables made in a row lie at fixed distances, so do blocks and transposes of matrices of
  /// them: then their cotangents are a matrix in memory.
  void find(const EntryView<const Var<T>>& x) {
    if (values.size() == 0) return;
    const auto id = [&](Eigen::Index i, Eigen::Index j) {
      return static_cast<std::int64_t>(Caller<T>::id(x(i, j)));
    };
    const std::int64_t first = id(0, 0);
    down_ = rows_ > 1 ? id(1, 0) - first : 1;
    across_ = cols_ > 1 ? id(0, 1) - first : rows_;
    regular_ = part_ == Part::kAll && first != 0 &&
               ((down_ == 1 && across_ >= rows_) || (across_ == 1 && down_ >= cols_));
    for_each_entry([&](Eigen::Index i, Eigen::Index j) {
      recording_ |= static_cast<std::uint32_t>(id(i, j) >> 32);
      regular_ = regular_ && id(i, j) == first + i * down_ + j * across_;
    });
    first_ = static_cast<std::uint32_t>(first);
    if (regular_ || recording_ == 0) return;
    numbers_.resize(rows_, cols_);
    for_each_entry([&](Eigen::Index i, Eigen::Index j) {
      numbers_(i, j) = static_cast<std::uint32_t>(id(i, j));
    });
  }

  template <class F>
  void for_each_variable(F f) const {
    if (is_constant()) return;
    for_each_entry([&](Eigen::Index i, Eigen::Index j) {
      const std::uint32_t variable =
          regular_ ? first_ + static_cast<std::uint32_t>(i * down_ + j * across_) : numbers_(i, j);
      if (variable != 0) f(i, j, variable);
    });
  }

  Eigen::Index rows_, cols_;
  Part part_;
  std::int64_t down_ = 0, across_ = 0;  // from a row and from a column to the next
  std::uint32_t first_ = 0;
  std::uint32_t recording_ = 0;
  bool regular_ = false;
  bool finite_ = true;
  DenseMatrix<std::uint32_t> numbers_;  // where they are not regular; 0 for a constant
};

template <class T, class S>
NodeMatrix<T> node_matrix(const DenseMatrix<S>& x) {
  return NodeMatrix<T>(EntryView<const S>::of(x));
}

/// C = A B:  A_bar = C_bar B^T,  B_bar = A^T C_bar,  C_dot = A_dot B + A B_dot.
template <class T>
class ProductNode final : public External<T> {
 public:
  ProductNode(NodeMatrix<T> a, NodeMatrix<T> b)
      : a_(std::move(a)), b_(std::move(b)), rows_(a_.values.rows()), cols_(b_.values.cols()) {
    this->outputs = static_cast<std::uint32_t>(rows_ * cols_);
    if (b_.is_constant()) a_.values.resize(0, 0);
    if (a_.is_constant()) b_.values.resize(0, 0);
  }

  void pullback(T* lanes, std::uint32_t first, int width) const override {
    const T* own = lanes + std::size_t{first} * static_cast<std::size_t>(width);
    if (width == 1) return add_products(lanes, 1, 0, ConstMatrixView<T>(own, rows_, cols_));
    DenseMatrix<T> c_bar(rows_, cols_);
    for (int lane = 0; lane < width; ++lane) {
      for (Eigen::Index i = 0; i < c_bar.size(); ++i) c_bar(i) = own[i * width + lane];
      add_products(lanes, width, lane, c_bar);
    }
  }

  void pushforward(T* lanes, std::uint32_t first, int width) const override {
    for (int lane = 0; lane < width; ++lane) {
      DenseMatrix<T> c_dot = DenseMatrix<T>::Constant(rows_, cols_, T(0));
      if (!a_.is_constant()) c_dot += a_.tangents(lanes, width, lane) * b_.values;
      if (!b_.is_constant()) c_dot += a_.values * b_.tangents(lanes, width, lane);
      for (std::uint32_t i = 0; i < this->outputs; ++i) {
        lanes[NodeMatrix<T>::at(first + i, width, lane)] = c_dot(static_cast<Eigen::Index>(i));
      }
    }
  }

 private:
  template <class C>
  void add_products(T* lanes, int width, int lane, const C& c_bar) const {
    bool any = false;
    for (const T& entry : c_bar.reshaped()) any = any || !is_exactly_zero(entry);
    if (!any) return;
    if (!a_.is_constant()) a_.accumulate(lanes, width, lane, c_bar * b_.values.transpose());
    if (!b_.is_constant()) b_.accumulate(lanes, width, lane, a_.values.transpose() * c_bar);
  }

  NodeMatrix<T> a_, b_;
  Eigen::Index rows_, cols_;
};

/// Calls put(i, j, entry) for each entry of A B, recorded as one node.
template <class T, class Put>
void product_node(NodeMatrix<T> a, NodeMatrix<T> b, Put put) {
  const DenseMatrix<T> c = a.values * b.values;
  const std::uint32_t recording = a.recording() | b.recording();
  std::uint32_t next = 0;
  bool recorded = recording != 0 && c.size() != 0;
  if (recorded) {
    auto node = std::make_unique<ProductNode<T>>(std::move(a), std::move(b));
    next = Caller<T>::append(recording, std::move(node));
  }
  for (Eigen::Index j = 0; j < c.cols(); ++j) {
    for (Eigen::Index i = 0; i < c.rows(); ++i) {
      put(i, j, recorded ? Caller<T>::output(c(i, j), next++) : Var<T>(c(i, j)));
    }
  }
}

/// From so many multiplications on a matrix of them is a node: below, and for inner products,
/// statements take less time.
inline constexpr Eigen::Index kNodeProducts = 128;

struct SetTo {
  static void start(auto& y, const auto& x) { y = x; }
  static void go_on(auto& y, const auto& x) { y = y + x; }
};
struct AddTo {
  static void start(auto& y, const auto& x) { y = y + x; }
  static void go_on(auto& y, const auto& x) { y = y + x; }
};
struct SubtractFrom {
  static void start(auto& y, const auto& x) { y = y - x; }
  static void go_on(auto& y, const auto& x) { y = y - x; }
};

template <class A, class B, Eigen::Index... K>
DUALTAPE_INLINE auto sum_of_products(const A& a, const B& b, Eigen::Index i, Eigen::Index j,
                                     Eigen::Index k, std::integer_sequence<Eigen::Index, K...>) {
  return (... + (a(i, k + K) * b(k + K, j)));
}

/// As many products in a statement as it takes.
template <class Operation, class T, class A, class B>
void inner_product(Var<T>& y, const EntryView<const A>& a, const EntryView<const B>& b,
                   Eigen::Index i, Eigen::Index j) {
  constexpr Eigen::Index kChunk = (kMaxLeaves - 1) / (Taped<A> + Taped<B>);
  using Chunk = std::make_integer_sequence<Eigen::Index, kChunk>;
  using One = std::integer_sequence<Eigen::Index, 0>;
  const Eigen::Index depth = a.cols;
  if (depth == 0) return Operation::start(y, Var<T>(T(0)));
  Eigen::Index k = depth < kChunk ? 1 : kChunk;
  if (k == 1) {
    Operation::start(y, sum_of_products(a, b, i, j, 0, One()));
  } else {
    Operation::start(y, sum_of_products(a, b, i, j, 0, Chunk()));
  }
  for (; k + kChunk <= depth; k += kChunk) {
    Operation::go_on(y, sum_of_products(a, b, i, j, k, Chunk()));
  }
  for (; k < depth; ++k) Operation::go_on(y, sum_of_products(a, b, i, j, k, One()));
}

/// y = A B, y += A B or y -= A B, as the operation says.
template <class Operation, class T, class A, class B>
[[gnu::noinline]] void multiply(const EntryView<Var<T>>& y, const EntryView<const A>& a,
                                const EntryView<const B>& b) {
  const Eigen::Index results = a.rows * b.cols;
  if (results > 1 && results * a.cols >= kNodeProducts) {
    NodeMatrix<T> left(a), right(b);
    // A node whose arguments are finite adds nothing where a cotangent is 0, as statements do.
    if (left.is_finite() && right.is_finite()) {
      return product_node(
          std::move(left), std::move(right),
          [&](Eigen::Index i, Eigen::Index j, const Var<T>& c) { Operation::start(y(i, j), c); });
    }
  }
  for (Eigen::Index j = 0; j < b.cols; ++j) {
    for (Eigen::Index i = 0; i < a.rows; ++i) inner_product<Operation>(y(i, j), a, b, i, j);
  }
}

/// What Eigen calls for dst = A B, dst += A B and so on.
template <class Lhs, class Rhs>
struct TapedProduct {
  using V = NodeVar<Lhs, Rhs>;

  template <class Destination>
  static void evalTo(Destination& dst, const Lhs& lhs, const Rhs& rhs) {
    run<SetTo>(dst, stored(lhs), stored(rhs));
  }
  template <class Destination>
  static void addTo(Destination& dst, const Lhs& lhs, const Rhs& rhs) {
    run<AddTo>(dst, stored(lhs), stored(rhs));
  }
  template <class Destination>
  static void subTo(Destination& dst, const Lhs& lhs, const Rhs& rhs) {
    run<SubtractFrom>(dst, stored(lhs), stored(rhs));
  }
  template <class Destination, class Scalar>
  static void scaleAndAddTo(Destination& dst, const Lhs& lhs, const Rhs& rhs, const Scalar& alpha) {
    run<AddTo>(dst, stored(alpha * lhs), stored(rhs));
  }

 private:
  /// Each entry is read several times: what an expression computes is recorded once.
  template <class X>
  static decltype(auto) stored(const X& x) {
    using Scalar = typename X::Scalar;
    using Own = std::conditional_t<Taped<Scalar>, V, Scalar>;
    if constexpr (std::same_as<Own, Scalar> && (int(X::Flags) & Eigen::DirectAccessBit) != 0) {
      return (x);
    } else {
      return Eigen::Matrix<Own, X::RowsAtCompileTime, X::ColsAtCompileTime>(x);
    }
  }

  template <class Operation, class Destination, class A, class B>
  static void run(Destination& dst, const A& a, const B& b) {
    using T = typename V::value_type;
    const auto left = EntryView<const typename A::Scalar>::of(a);
    const auto right = EntryView<const typename B::Scalar>::of(b);
    if constexpr ((int(Destination::Flags) & Eigen::DirectAccessBit) != 0) {
      multiply<Operation, T>(EntryView<V>::of(dst), left, right);
    } else {
      DenseMatrix<V> c = dst;
      multiply<Operation, T>(EntryView<V>::of(c), left, right);
      dst = c;
    }
  }
};

}  // namespace dualtape::detail

namespace Eigen::internal {

template <class Lhs, class Rhs>
concept TapedScalars = dualtape::detail::Taped<dualtape::detail::NodeVar<Lhs, Rhs>>;

template <class Lhs, class Rhs>
  requires TapedScalars<Lhs, Rhs>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, GemmProduct>
    : dualtape::detail::TapedProduct<Lhs, Rhs> {};
template <class Lhs, class Rhs>
  requires TapedScalars<Lhs, Rhs>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, GemvProduct>
    : dualtape::detail::TapedProduct<Lhs, Rhs> {};
template <class Lhs, class Rhs>
  requires TapedScalars<Lhs, Rhs>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, CoeffBasedProductMode>
    : dualtape::detail::TapedProduct<Lhs, Rhs> {};
template <class Lhs, class Rhs>
  requires TapedScalars<Lhs, Rhs>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, OuterProduct>
    : dualtape::detail::TapedProduct<Lhs, Rhs> {};
template <class Lhs, class Rhs>
  requires TapedScalars<Lhs, Rhs>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, InnerProduct>
    : dualtape::detail::TapedProduct<Lhs, Rhs> {};

}  // namespace Eigen::internal
