/// Dual and Var as scalars of Eigen's matrices, mixed with plain numbers.
#pragma once

#include <dualtape/forward.hpp>
#include <dualtape/ops/registry.hpp>

#include <Eigen/Core>
#include <limits>

namespace dualtape::detail {

/// Costs are counted per scalar held. Eigen would conjugate a complex scalar; ours would silently
/// not.
template <class Self, class T, int Scalars>
struct EigenTraits : Eigen::NumTraits<T> {
  static_assert(!is_complex<base_t<T>>,
                "Eigen matrices of duals or tape variables over complex numbers are not supported");
  using Real = Self;
  using NonInteger = Self;
  using Nested = Self;
  using Literal = base_t<T>;
  enum {
    IsComplex = 0,
    IsInteger = 0,
    IsSigned = 1,
    RequireInitialization = 1,
    ReadCost = Scalars * int(Eigen::NumTraits<T>::ReadCost),
    AddCost = Scalars * int(Eigen::NumTraits<T>::AddCost),
    MulCost = (2 * Scalars - 1) * int(Eigen::NumTraits<T>::MulCost),
  };
  static Real epsilon() { return Real(Eigen::NumTraits<T>::epsilon()); }
  static Real dummy_precision() { return Real(Eigen::NumTraits<T>::dummy_precision()); }
  static Real highest() { return Real(Eigen::NumTraits<T>::highest()); }
  static Real lowest() { return Real(Eigen::NumTraits<T>::lowest()); }
  static Real infinity() { return Real(Eigen::NumTraits<T>::infinity()); }
  static Real quiet_NaN() { return Real(Eigen::NumTraits<T>::quiet_NaN()); }
};

}  // namespace dualtape::detail

namespace Eigen {

template <class T, int N>
struct NumTraits<dualtape::Dual<T, N>>
    : dualtape::detail::EigenTraits<dualtape::Dual<T, N>, T, N + 1> {};
template <class T>
struct NumTraits<dualtape::Var<T>> : dualtape::detail::EigenTraits<dualtape::Var<T>, T, 2> {};
template <class T, int N>
struct NumTraits<dualtape::Term<T, N>> : NumTraits<dualtape::Var<T>> {};

// An active scalar beside a constant of it: matrices of both may be added and multiplied.
template <class A, class S, class Operation>
  requires dualtape::ConstantOf<S, A>
struct ScalarBinaryOpTraits<A, S, Operation> {
  using ReturnType = A;
};
template <class S, class A, class Operation>
  requires dualtape::ConstantOf<S, A>
struct ScalarBinaryOpTraits<S, A, Operation> {
  using ReturnType = A;
};

namespace internal {

/// Scalars of a product that differ, one an active type, the other constants of it. Those of tapes
/// are product.hpp's.
template <class A, class B>
concept MixedScalars = (dualtape::ConstantOf<A, B> || dualtape::ConstantOf<B, A>) &&
                       !dualtape::detail::Taped<dualtape::promote_t<A, B>>;

/// Eigen's blocked kernels hold a partial product in the right factor's scalar, which may be the
/// constant's; so products of mixed scalars go entry by entry.
template <class Lhs, class Rhs>
struct MixedProduct {
  template <class Destination>
  static void evalTo(Destination& dst, const Lhs& lhs, const Rhs& rhs) {
    dst.noalias() = lhs.lazyProduct(rhs);
  }
  template <class Destination>
  static void addTo(Destination& dst, const Lhs& lhs, const Rhs& rhs) {
    dst.noalias() += lhs.lazyProduct(rhs);
  }
  template <class Destination>
  static void subTo(Destination& dst, const Lhs& lhs, const Rhs& rhs) {
    dst.noalias() -= lhs.lazyProduct(rhs);
  }
  template <class Destination, class Scalar>
  static void scaleAndAddTo(Destination& dst, const Lhs& lhs, const Rhs& rhs, const Scalar& alpha) {
    dst.noalias() += alpha * lhs.lazyProduct(rhs);
  }
};

template <class Lhs, class Rhs>
  requires MixedScalars<typename Lhs::Scalar, typename Rhs::Scalar>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, GemmProduct>
    : MixedProduct<Lhs, Rhs> {};
template <class Lhs, class Rhs>
  requires MixedScalars<typename Lhs::Scalar, typename Rhs::Scalar>
struct generic_product_impl<Lhs, Rhs, DenseShape, DenseShape, GemvProduct>
    : MixedProduct<Lhs, Rhs> {};

}  // namespace internal
}  // namespace Eigen

template <class T, int N>
class std::numeric_limits<dualtape::Dual<T, N>> : public std::numeric_limits<T> {};
template <class T>
class std::numeric_limits<dualtape::Var<T>> : public std::numeric_limits<T> {};
template <class T, int N>
class std::numeric_limits<dualtape::Term<T, N>> : public std::numeric_limits<T> {};
