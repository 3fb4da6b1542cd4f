/// Chains: arithmetic on a few values of each element, one after the other, in registers.
///
/// A kernel of its own for each operation is bound by its loads and stores. The links of a chain
/// pass on two values of a tile of elements, the accumulators, and read and write memory where they
/// must. Every operation rounds as it does by itself.
#pragma once

#include <cstdint>

#include "program/dtype.hpp"
#include "program/opcodes.hpp"

namespace dualtape::engine {

/// Where a link finds an operand and leaves its result.
enum class Place : std::uint8_t {
  kFirst,   // an accumulator
  kSecond,  // the other one
  kMemory,  // the elements of a slot
  kSingle,  // one value for all elements
};

/// Code of a kernel library; only that knows its arguments.
using ChainStep = void (*)();

inline constexpr std::uint16_t kNoSlot = 0xFFFF;

struct ChainLink {
  ChainStep step;
  std::uint16_t in[3];  // slots of operands; kNoSlot: in an accumulator
  std::uint16_t out;
};

/// Memory that a chain reads or writes.
struct ChainSlot {
  std::uint8_t item;  // bytes of an element; 0: a single value
  bool read;          // before the chain writes it, if it does
  bool written;
};
inline constexpr std::size_t kMostSlots = 64;

struct Chain {
  const ChainLink* links;  // the last one ends the chain
  const ChainSlot* slots;
  std::size_t slot_count;
};

struct ChainKernels {
  /// Null if there is none: an operation that rounds more than once, or only singles. kConvert
  /// copies; `of_mask` tells that what it copies is a mask.
  ChainStep (*link)(OpCode op, bool of_mask, Place out, const Place* in);
  ChainStep end;
  void (*run)(const Chain& chain, char* const* at, std::int64_t n);
};

/// Of one kernel library; null for types that have no chains.
const ChainKernels* lookup_chains(DType dtype);

}  // namespace dualtape::engine
