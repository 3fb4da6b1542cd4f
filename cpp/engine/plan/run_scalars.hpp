/// The interpreter of stretches of scalars, for one floating type.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "dualtape/ops/registry.hpp"
#include "plan/code.hpp"
#include "plan/scalar.hpp"

namespace dualtape::engine {

/// Where the interpreter stands; `words` null: returns its labels, else null.
struct ScalarRun {
  const std::uint64_t* words;
  std::int64_t slot_bytes;
};
template <class T>
const void* const* interpret_scalars(const ScalarRun& run, const Frame& frame);

extern template const void* const* interpret_scalars<float>(const ScalarRun&, const Frame&);
extern template const void* const* interpret_scalars<double>(const ScalarRun&, const Frame&);

namespace detail {

inline std::uint32_t low(std::uint64_t word) { return static_cast<std::uint32_t>(word); }
inline std::uint32_t high(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }

template <class T>
T load_slot(const char* slots, std::uint32_t slot) {
  T x;
  std::memcpy(&x, slots + std::size_t{slot} * 8, sizeof x);
  return x;
}

template <std::uint32_t link, class T>
T linked(T t, T operand) {
  if constexpr (link == kLinkAdd) return t + operand;
  if constexpr (link == kLinkSubtract) return t - operand;
  if constexpr (link == kLinkMultiply) return t * operand;
  if constexpr (link == kLinkSubtractFrom) return operand - t;
}

template <class T>
void store(char* out, const T& x) {
  std::memcpy(out, &x, sizeof x);
}

}  // namespace detail

#define DUALTAPE_NEXT(words)                                              \
  do {                                                                    \
    i += (words);                                                         \
    goto* reinterpret_cast<const void*>(static_cast<std::uintptr_t>(*i)); \
  } while (false)

// What follows lists chains: `start` is 1 if they continue the result before; a, b, c are links.
// clang-format off
#define DUALTAPE_COPY(X, ...) \
  X(__VA_ARGS__, 0) X(__VA_ARGS__, 1) X(__VA_ARGS__, 2) X(__VA_ARGS__, 3)
#define DUALTAPE_LAST_LINK(X, start, a, b) \
  DUALTAPE_COPY(X, start, a, b, 0) DUALTAPE_COPY(X, start, a, b, 1) \
  DUALTAPE_COPY(X, start, a, b, 2) DUALTAPE_COPY(X, start, a, b, 3)
#define DUALTAPE_CHAINS_OF_LINK(X, start, a) \
  DUALTAPE_COPY(X##1, start, a) \
  DUALTAPE_COPY(X##2, start, a, 0) DUALTAPE_COPY(X##2, start, a, 1) \
  DUALTAPE_COPY(X##2, start, a, 2) DUALTAPE_COPY(X##2, start, a, 3) \
  DUALTAPE_LAST_LINK(X##3, start, a, 0) DUALTAPE_LAST_LINK(X##3, start, a, 1) \
  DUALTAPE_LAST_LINK(X##3, start, a, 2) DUALTAPE_LAST_LINK(X##3, start, a, 3)
#define DUALTAPE_CHAINS(X) \
  DUALTAPE_CHAINS_OF_LINK(X, 0, 0) DUALTAPE_CHAINS_OF_LINK(X, 0, 1) \
  DUALTAPE_CHAINS_OF_LINK(X, 0, 2) DUALTAPE_CHAINS_OF_LINK(X, 1, 0) \
  DUALTAPE_CHAINS_OF_LINK(X, 1, 1) DUALTAPE_CHAINS_OF_LINK(X, 1, 2) \
  DUALTAPE_CHAINS_OF_LINK(X, 1, 3)
// clang-format on

#define DUALTAPE_CHAIN_LABEL1(start, a, copy) &&chain_##start##a##_##copy,
#define DUALTAPE_CHAIN_LABEL2(start, a, b, copy) &&chain_##start##a##b##_##copy,
#define DUALTAPE_CHAIN_LABEL3(start, a, b, c, copy) &&chain_##start##a##b##c##_##copy,

// Keeps the compiler from making one of the copies.
#define DUALTAPE_SET_APART(copy) asm volatile("" : : "i"(copy))
#define DUALTAPE_FIRST_LINK(start, a, copy)                                  \
  DUALTAPE_SET_APART(copy);                                                  \
  T t = start ? last : detail::load_slot<T>(slots, detail::low(i[1]));       \
  t = detail::linked<a>(t, detail::load_slot<T>(slots, detail::high(i[1]))); \
  detail::store(out, t)
#define DUALTAPE_NEXT_LINK(link, operand, k)                         \
  t = detail::linked<link>(t, detail::load_slot<T>(slots, operand)); \
  detail::store(out + (k) * 8, t)

#define DUALTAPE_CHAIN_CASE1(start, a, copy) \
  chain_##start##a##_##copy : {              \
    DUALTAPE_FIRST_LINK(start, a, copy);     \
    out += slot_bytes;                       \
    last = t;                                \
    DUALTAPE_NEXT(2);                        \
  }
#define DUALTAPE_CHAIN_CASE2(start, a, b, copy)  \
  chain_##start##a##b##_##copy : {               \
    DUALTAPE_FIRST_LINK(start, a, copy);         \
    DUALTAPE_NEXT_LINK(b, detail::low(i[2]), 1); \
    out += 16;                                   \
    last = t;                                    \
    DUALTAPE_NEXT(3);                            \
  }
#define DUALTAPE_CHAIN_CASE3(start, a, b, c, copy) \
  chain_##start##a##b##c##_##copy : {              \
    const std::uint64_t more = i[2];               \
    DUALTAPE_FIRST_LINK(start, a, copy);           \
    DUALTAPE_NEXT_LINK(b, detail::low(more), 1);   \
    DUALTAPE_NEXT_LINK(c, detail::high(more), 2);  \
    out += 24;                                     \
    last = t;                                      \
    DUALTAPE_NEXT(3);                              \
  }

#define DUALTAPE_OPERANDS_1 detail::load_slot<T>(slots, detail::low(i[1]))
#define DUALTAPE_OPERANDS_2 DUALTAPE_OPERANDS_1, detail::load_slot<T>(slots, detail::high(i[1]))
#define DUALTAPE_OP_LABEL(Op, copy) &&op_##Op##_##copy,
#define DUALTAPE_OP_LABELS(Op, n) DUALTAPE_COPY(DUALTAPE_OP_LABEL, Op)
#define DUALTAPE_OP_CASE(Op, n, copy)                                 \
  op_##Op##_##copy : {                                                \
    DUALTAPE_SET_APART(copy);                                         \
    const auto y = ops::Op::template value<T>(DUALTAPE_OPERANDS_##n); \
    detail::store(out, y);                                            \
    if constexpr (std::is_same_v<decltype(y), const T>) last = y;     \
    out += slot_bytes;                                                \
    DUALTAPE_NEXT(2);                                                 \
  }
#define DUALTAPE_OP_CASES(Op, n) DUALTAPE_COPY(DUALTAPE_OP_CASE, Op, n)

// Each instruction jumps to the next one by itself (a GNU extension): predicted far better than one
// common jump.
template <class T>
const void* const* interpret_scalars(const ScalarRun& run, const Frame& frame) {
  // In the order of ScalarCode.
  static const void* const kLabels[] = {
      DUALTAPE_CHAINS(DUALTAPE_CHAIN_LABEL) DUALTAPE_SCALAR_OPS(DUALTAPE_OP_LABELS) && label_where,
      &&label_integer_power,
      &&label_load,
      &&label_kernel,
      &&label_place,
      &&label_end};
  static_assert(std::size(kLabels) == label_index(ScalarCode::kNumber, 0));
  if (!run.words) return kLabels;
  const std::uint64_t* i = run.words;
  const std::int64_t slot_bytes = run.slot_bytes;
  char* const slots = frame.arena;
  char* out = slots;
  T last = 0;
  DUALTAPE_NEXT(0);
  DUALTAPE_CHAINS(DUALTAPE_CHAIN_CASE)
  DUALTAPE_SCALAR_OPS(DUALTAPE_OP_CASES)
label_where:
  {
    const bool mask = detail::load_slot<bool>(slots, detail::low(i[1]));
    const std::uint32_t chosen = mask ? detail::high(i[1]) : detail::low(i[2]);
    detail::store(out, detail::load_slot<T>(slots, chosen));
    out += slot_bytes;
    DUALTAPE_NEXT(3);
  }
label_integer_power:
  {
    const auto exponent = static_cast<std::int32_t>(detail::high(i[1]));
    detail::store(out, ops::IntegerPower::value<T>(exponent, DUALTAPE_OPERANDS_1));
    out += slot_bytes;
    DUALTAPE_NEXT(2);
  }
label_load:
  std::memcpy(out, frame.at({detail::low(i[1]), static_cast<std::int64_t>(i[2])}),
              detail::high(i[1]));
  out += slot_bytes;
  DUALTAPE_NEXT(3);
label_kernel:
  {
    const auto at = [&](std::uint32_t slot) { return slots + std::size_t{slot} * 8; };
    const void* in[] = {at(detail::low(i[1])), at(detail::high(i[1])), at(detail::low(i[2]))};
    const std::int64_t parameter = static_cast<std::int32_t>(detail::high(i[2]));
    reinterpret_cast<Kernel>(static_cast<std::uintptr_t>(i[3]))(out, in, 1, &parameter);
    out += slot_bytes;
    DUALTAPE_NEXT(4);
  }
label_place:
  out = slots + i[1] * 8;
  DUALTAPE_NEXT(2);
label_end:
  return nullptr;
}

}  // namespace dualtape::engine
