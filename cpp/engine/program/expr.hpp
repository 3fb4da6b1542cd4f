/// Expr: a value of a program being built, as a number type.
///
/// The elementary rules of `dualtape/ops` run on it: `partial<Expr>` writes the instructions of a
/// derivative. An Expr made from a number is weak: it takes the element type of what it meets.
#pragma once

#include <cassert>
#include <optional>
#include <span>
#include <vector>

#include "dualtape/ops/registry.hpp"
#include "program/builder.hpp"

namespace dualtape::engine {

class Expr {
 public:
  Expr() = default;
  Expr(Builder& builder, ValueId id) : builder_(&builder), id_(id) {}
  explicit Expr(double weak) : weak_(weak) {}

  bool is_weak() const { return builder_ == nullptr; }
  double weak_value() const { return weak_; }
  Builder& builder() const {
    assert(builder_);
    return *builder_;
  }
  ValueId id() const { return id_; }
  const Type& type() const { return builder().type_of(id_); }
  const Dims& shape() const { return type().shape; }
  DType dtype() const { return type().dtype; }
  std::size_t rank() const { return type().shape.size(); }
  friend bool same_value(const Expr& a, const Expr& b) {
    return a.builder_ == b.builder_ && a.id_ == b.id_ && a.builder_;
  }
  /// Number of the type in the builder's program.
  TypeId type_id() const { return builder().program().instructions[id_].type; }
  /// Of one builder and one type: cheaper than to compare shapes.
  friend bool same_type(const Expr& a, const Expr& b) {
    return a.builder_ == b.builder_ && a.builder_ && a.type_id() == b.type_id();
  }

 private:
  Builder* builder_ = nullptr;
  ValueId id_ = kNoValue;
  double weak_ = 0;
};

/// A tangent or cotangent; absent means structurally zero.
using Tangent = std::optional<Expr>;

/// Shape of the result of an elementwise operation; ShapeError names the operation.
Dims broadcast_shapes(std::string_view op, std::span<const std::int64_t> a,
                      std::span<const std::int64_t> b);

/// An elementwise operation of the registry (or kZeroMultiply) on operands of one element type;
/// shapes broadcast. `n` is the structural integer of a parametric operation.
Expr emit_elementwise(OpCode op, std::span<const Expr> args, int n = 0);

/// Bit-exact algebra of programs being derived: an equal value, if there is one; else `args` may
/// come back simpler.
Tangent simplify(OpCode op, std::span<Expr> args, int n);

/// Any operation whose result type is already known. Operands may belong to several builders.
Expr emit(OpCode op, std::span<const Expr> args, const Type& type,
          std::span<const std::int64_t> attrs = {});

/// The newest builder among the operands; nullptr if all are weak.
Builder* newest(std::span<const Expr> args);
/// `x` as a value of `builder`, which is at least as new; a weak scalar becomes a constant of
/// `dtype`.
ValueId lift(Builder& builder, const Expr& x, DType dtype);

}  // namespace dualtape::engine

namespace dualtape {

template <>
struct ActiveTraits<engine::Expr> {
  static constexpr bool is_active = true;
  using mask_type = engine::Expr;

  template <class Op, class... X>
  static engine::Expr apply(const X&... x) {
    const engine::Expr args[] = {x...};
    return engine::emit_elementwise(static_cast<engine::OpCode>(ops::op_index<Op>), args);
  }
  template <class Op, class... X>
  static engine::Expr apply(int n, const X&... x) {
    const engine::Expr args[] = {x...};
    return engine::emit_elementwise(static_cast<engine::OpCode>(ops::op_index<Op>), args, n);
  }
};

}  // namespace dualtape
