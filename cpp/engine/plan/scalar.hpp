/// Stretches of scalar operations: what the interpreter can do by one jump, and how it is written.
///
/// Code is a sequence of words of 64 bits: the address of an instruction's label, then its
/// operands, slots counted in units of 8 bytes, two in a word. Results have no operand: they go to
/// memory one after the other, in the order of execution.
///
/// Most operations are links of chains, t = a op b, t = t op c, t = t op d, of which one
/// instruction does up to three. `t` stays in a register, also for the next instruction: on the way
/// through memory it would arrive 9 cycles later, thrice the time of an addition. Links round one
/// by one.
///
/// A processor (Zen 4) predicts a jump that always goes to one place in 1.3 cycles, one that goes
/// to several in 4.7, if it is right. So each instruction exists a few times over, and places in
/// the code that have other neighbours get another copy.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plan/schedule.hpp"
#include "plan/views.hpp"
#include "program/opcodes.hpp"
#include "program/program.hpp"

/// Operations on floating numbers that the interpreter computes itself: rule, number of operands.
#define DUALTAPE_SCALAR_OPS(X) \
  X(Add, 2)                    \
  X(Subtract, 2)               \
  X(Multiply, 2)               \
  X(Divide, 2)                 \
  X(Negative, 1)               \
  X(Square, 1)                 \
  X(Sqrt, 1)                   \
  X(Reciprocal, 1)             \
  X(Absolute, 1)               \
  X(Maximum, 2)                \
  X(Minimum, 2)                \
  X(Exp, 1)                    \
  X(Log, 1)                    \
  X(Sin, 1)                    \
  X(Cos, 1)                    \
  X(Tanh, 1)                   \
  X(Sech2, 1)                  \
  X(Less, 2)                   \
  X(LessEqual, 2)              \
  X(Greater, 2)                \
  X(GreaterEqual, 2)

namespace dualtape::engine {

/// A link: t op operand.
enum Link : std::uint32_t { kLinkAdd, kLinkSubtract, kLinkMultiply, kLinkSubtractFrom, kLinks };
inline constexpr std::uint32_t kLongestChain = 3;

/// Chains that begin with one link: of one link, of two, of three.
inline constexpr std::uint32_t kChainsOfLink = 1 + kLinks + kLinks * kLinks;
inline constexpr std::uint32_t kCopies = 4;

/// First those that have copies. A chain has the number of its first link times kChainsOfLink, and
/// its number among those. The first link reads two operands; from kContinued on the result before
/// and one operand.
struct ScalarCode {
  enum : std::uint32_t {
    kContinued = (kLinks - 1) * kChainsOfLink,
    kLastChain = kContinued + kLinks * kChainsOfLink - 1,
#define DUALTAPE_SCALAR_ENUM(Op, n) k##Op,
    DUALTAPE_SCALAR_OPS(DUALTAPE_SCALAR_ENUM)
#undef DUALTAPE_SCALAR_ENUM
        kWhere,     // a mask, and two operands
    kIntegerPower,  // operand, exponent
    kLoad,          // space and bytes of an item; offset in bytes
    kCallKernel,    // two operands; a third and the integer of a parametric operation; the kernel
    kPlace,         // slot of the next result
    kEnd,
    kNumber,
    kSingly = kWhere,
  };
};

inline constexpr std::uint32_t label_index(std::uint32_t code, std::uint32_t copy) {
  constexpr std::uint32_t first = ScalarCode::kSingly;
  return code < first ? code * kCopies + copy : first * kCopies + (code - first);
}

/// Numbers that the interpreter of a stretch computes with, float32 or float64, whichever are more;
/// operations on others take a kernel each.
DType scalar_type(const Program& program, std::span<const ValueId> members);

/// The code of an operation on such numbers; kCallKernel if it has none: in float32 functions have
/// none, since kernels state their errors.
std::uint32_t scalar_code(OpCode op, DType dtype);

/// How an operation takes part in chains.
struct ScalarRole {
  bool links = false;    // may take an operand from the result before
  bool is_kept = false;  // its result may be taken so
};
ScalarRole scalar_role(const Program& program, const Views& views, ValueId v);

/// Puts the members of a stretch, ascending, in the order in which they run: each after its
/// operands, and after one of them at once where it can. `position`: of each value of the schedule.
void order_scalars(const Program& program, const Views& views, const Schedule& schedule,
                   std::span<const std::uint32_t> position, std::span<ValueId> members);

}  // namespace dualtape::engine
