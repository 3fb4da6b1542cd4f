/// The links of chains: functions that pass the accumulators on to the next link in registers.
///
/// A tile is what an accumulator holds: four blocks, because calls pass eight in registers (System
/// V and AArch64 conventions). Each link ends in a jump to the next: compilers make it of a call in
/// last place; where they do not, a chain is as right, and slower.
#pragma once

#include <array>
#include <utility>

#include "dualtape/ops/registry.hpp"
#include "kernels/chain.hpp"
#include "kernels/simd/functions.hpp"

namespace dualtape::engine::simd {

template <class T>
inline constexpr std::int64_t kTile = 4 * Block<T>::lanes;

template <class T>
using Step = void (*)(const ChainLink* link, char* const* at, std::int64_t i, Block<T> a0,
                      Block<T> a1, Block<T> a2, Block<T> a3, Block<T> b0, Block<T> b1, Block<T> b2,
                      Block<T> b3);

/// x == 0 ? 0 : c x. A zero that came from a branch not taken annihilates infinities and NaN.
struct ZeroMultiply {
  static constexpr int arity = 2;
  template <class B>
  static B value(const B& c, const B& x) {
    return select(x == B(0), B(0), c * x);
  }
};
struct Copy {
  static constexpr int arity = 1;
  template <class B>
  static B value(const B& x) {
    return x;
  }
};
struct CopyMask : Copy {};

/// Operand j of Op is a mask: bytes in memory, lanes of all bits or none in an accumulator.
template <class Op, int j>
inline constexpr bool kIsMask =
    std::is_same_v<Op, CopyMask> || (std::is_same_v<Op, ops::Where> && j == 0);

template <class T, Place kPlace, bool kMask>
DUALTAPE_SIMD auto read(char* const* at, std::uint16_t slot, std::int64_t i, const Block<T>& a,
                        const Block<T>& b) {
  using B = Block<T>;
  if constexpr (kPlace == Place::kMemory && kMask) {
    return load_mask<T, B::lanes>(reinterpret_cast<const bool*>(at[slot]) + i);
  } else if constexpr (kPlace == Place::kMemory) {
    return load<T, B::lanes>(reinterpret_cast<const T*>(at[slot]) + i);
  } else if constexpr (kPlace == Place::kSingle) {
    return B(*reinterpret_cast<const T*>(at[slot]));
  } else {
    const B& x = kPlace == Place::kFirst ? a : b;
    if constexpr (kMask) return Mask<T, B::lanes>{to_bits(x)};
    if constexpr (!kMask) return x;
  }
}

template <class T, int N>
DUALTAPE_SIMD void write(char* p, std::int64_t i, Simd<T, N> x) {
  store(reinterpret_cast<T*>(p) + i, x);
}
template <class T, int N>
DUALTAPE_SIMD void write(char* p, std::int64_t i, Mask<T, N> x) {
  store_mask(reinterpret_cast<bool*>(p) + i, x);
}

template <class T, int N>
DUALTAPE_SIMD Simd<T, N> kept(Simd<T, N> x) {
  return x;
}
template <class T, int N>
DUALTAPE_SIMD Simd<T, N> kept(Mask<T, N> x) {
  return from_bits<T, N>(x.v);
}

template <class Op, class T, Place kOut, Place... kIn>
void link(const ChainLink* l, char* const* at, std::int64_t i, Block<T> a0, Block<T> a1,
          Block<T> a2, Block<T> a3, Block<T> b0, Block<T> b1, Block<T> b2, Block<T> b3) {
  constexpr int kLanes = Block<T>::lanes;
  const auto value = [&](int k, const Block<T>& a,
                         const Block<T>& b) __attribute__((always_inline)) {
    return [&]<int... j>(std::integer_sequence<int, j...>) __attribute__((always_inline)) {
      return Op::value(read<T, kIn, kIsMask<Op, j>>(at, l->in[j], i + k * kLanes, a, b)...);
    }(std::make_integer_sequence<int, sizeof...(kIn)>{});
  };
  const auto y0 = value(0, a0, b0), y1 = value(1, a1, b1);
  const auto y2 = value(2, a2, b2), y3 = value(3, a3, b3);
  if constexpr (kOut == Place::kFirst) {
    a0 = kept(y0), a1 = kept(y1), a2 = kept(y2), a3 = kept(y3);
  } else if constexpr (kOut == Place::kSecond) {
    b0 = kept(y0), b1 = kept(y1), b2 = kept(y2), b3 = kept(y3);
  } else {
    char* const p = at[l->out];
    write(p, i, y0), write(p, i + kLanes, y1);
    write(p, i + 2 * kLanes, y2), write(p, i + 3 * kLanes, y3);
  }
  return reinterpret_cast<Step<T>>(l[1].step)(l + 1, at, i, a0, a1, a2, a3, b0, b1, b2, b3);
}

template <class T>
void end_link(const ChainLink*, char* const*, std::int64_t, Block<T>, Block<T>, Block<T>, Block<T>,
              Block<T>, Block<T>, Block<T>, Block<T>) {}

using ChainOps = ops::TypeList<ops::Add, ops::Subtract, ops::Multiply, ops::Divide, ops::Negative,
                               ops::Square, ops::Sqrt, ops::Reciprocal, ops::Absolute, ops::Rint,
                               ops::Maximum, ops::Minimum, ops::Less, ops::LessEqual, ops::Greater,
                               ops::GreaterEqual, ops::Where, ZeroMultiply, Copy, CopyMask>;

/// Steps of one operation by the places of its result and operands; kFirst for operands it lacks.
using ChainTable = std::array<ChainStep, 3 * 64>;
constexpr std::size_t chain_index(Place out, Place x, Place y, Place z) {
  const auto number = [](Place p) { return static_cast<std::size_t>(p); };
  return ((number(out) * 4 + number(x)) * 4 + number(y)) * 4 + number(z);
}

template <class Op, class T, Place kOut, Place kX, Place kY, Place kZ>
ChainStep chain_step() {
  constexpr bool kSingles = (kX == Place::kSingle) && (Op::arity < 2 || kY == Place::kSingle);
  constexpr bool kSpare =
      (Op::arity < 2 && kY != Place::kFirst) || (Op::arity < 3 && kZ != Place::kFirst);
  constexpr bool kSingleMask = kIsMask<Op, 0> && kX == Place::kSingle;
  if constexpr (kSpare || kSingleMask || (Op::arity < 3 && kSingles)) {
    return nullptr;
  } else {
    Step<T> step;
    if constexpr (Op::arity == 1) step = link<Op, T, kOut, kX>;
    if constexpr (Op::arity == 2) step = link<Op, T, kOut, kX, kY>;
    if constexpr (Op::arity == 3) step = link<Op, T, kOut, kX, kY, kZ>;
    return reinterpret_cast<ChainStep>(step);
  }
}

template <class Op, class T>
ChainTable make_chain_table() {
  ChainTable table{};
  const auto fill = [&]<std::size_t... k>(std::index_sequence<k...>) {
    ((table[k] =
          chain_step<Op, T, Place{k / 64}, Place{k / 16 % 4}, Place{k / 4 % 4}, Place{k % 4}>()),
     ...);
  };
  fill(std::make_index_sequence<3 * 64>{});
  return table;
}

template <class T, class... Ops>
const ChainTable* find_chain_table(OpCode op, bool of_mask, ops::TypeList<Ops...>) {
  static const std::array<ChainTable, sizeof...(Ops)> kTables{make_chain_table<Ops, T>()...};
  const auto is = [&]<class Op>(std::type_identity<Op>) {
    if constexpr (std::is_same_v<Op, Copy>) return op == kConvert && !of_mask;
    if constexpr (std::is_same_v<Op, CopyMask>) return op == kConvert && of_mask;
    if constexpr (std::is_same_v<Op, ZeroMultiply>) return op == kZeroMultiply;
    if constexpr (requires { Op::name; }) return op == ops::op_index<Op>;
  };
  std::size_t k = 0;
  const bool found = ((is(std::type_identity<Ops>{}) || (++k, false)) || ...);
  return found ? &kTables[k] : nullptr;
}

template <class T>
ChainStep find_link(OpCode op, bool of_mask, Place out, const Place* in) {
  const ChainTable* table = find_chain_table<T>(op, of_mask, ChainOps{});
  return table ? (*table)[chain_index(out, in[0], in[1], in[2])] : nullptr;
}

/// The elements from `i` on, less than a tile: on copies, whose other lanes repeat one of them.
template <class T>
__attribute__((noinline)) void run_part(const Chain& chain, char* const* at, std::int64_t i,
                                        std::int64_t n) {
  alignas(Block<T>) char tiles[kMostSlots][kTile<T> * sizeof(T)];
  char* copies[kMostSlots];
  for (std::size_t k = 0; k < chain.slot_count; ++k) {
    const ChainSlot& slot = chain.slots[k];
    copies[k] = slot.item ? tiles[k] : at[k];
    if (!slot.read || slot.item == 0) continue;
    const char* from = at[k] + i * slot.item;
    if (slot.item == sizeof(T)) {
      const Block<T> other(*reinterpret_cast<const T*>(from));
      for (int j = 0; j < 4; ++j) write(tiles[k], j * Block<T>::lanes, other);
    }
    std::memcpy(tiles[k], from, static_cast<std::size_t>(n * slot.item));
  }
  const Block<T> none{};
  reinterpret_cast<Step<T>>(chain.links->step)(chain.links, copies, 0, none, none, none, none, none,
                                               none, none, none);
  for (std::size_t k = 0; k < chain.slot_count; ++k) {
    const ChainSlot& slot = chain.slots[k];
    if (!slot.written) continue;
    std::memcpy(at[k] + i * slot.item, tiles[k], static_cast<std::size_t>(n * slot.item));
  }
}

/// A function whose arguments are wide registers returns with their upper halves in use, and its
/// caller does not expect that. Until somebody clears them, each SSE instruction of the process
/// keeps what is there: it waits for the one before that wrote the same register.
inline void clear_upper_halves() {
#ifdef __AVX__
  __builtin_ia32_vzeroupper();
#endif
}

template <class T>
void run_chain(const Chain& chain, char* const* at, std::int64_t n) {
  const Block<T> none{};
  const auto first = reinterpret_cast<Step<T>>(chain.links->step);
  std::int64_t i = 0;
  for (; i + kTile<T> <= n; i += kTile<T>) {
    first(chain.links, at, i, none, none, none, none, none, none, none, none);
  }
  if (i < n) run_part<T>(chain, at, i, n - i);
  clear_upper_halves();
}

template <class T>
const ChainKernels* make_chains() {
  const Step<T> end = end_link<T>;
  static const ChainKernels kChains{find_link<T>, reinterpret_cast<ChainStep>(end), run_chain<T>};
  return &kChains;
}

}  // namespace dualtape::engine::simd
