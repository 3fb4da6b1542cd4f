/// Whether an array still holds what it held: a hash of all its bytes, read once.
#include <cstring>

#include "kernels/level.hpp"

namespace dualtape::engine::level {
namespace {

using Lanes [[gnu::vector_size(32)]] = std::uint64_t;

/// h and the word it meets to a new h, one to one in each: a single changed word always changes all
/// that follows. Exclusive or, sum and rotation in turn, so that many changes do not cancel. (Sums
/// that are linear in the words do: those of Fletcher miss that 512 x 512 doubles were all
/// doubled, 2^52 added to each word.) By reference: without AVX such registers are no arguments.
void mix(Lanes& h, const Lanes& word) {
  const Lanes sum = (h ^ word) + 0x9E3779B97F4A7C15u;
  h = (sum << 23) | (sum >> 41);
}

}  // namespace

/// Eight chains hide the latency of one: 80 to 95 GB/s from the second and third cache levels, the
/// speed of reading, where registers have 32 bytes (x86-64-v2, with half of that: 20).
std::uint64_t checksum(const void* data, std::size_t bytes) {
  constexpr std::size_t kChains = 8, kStep = kChains * sizeof(Lanes);
  const auto* p = static_cast<const unsigned char*>(data);
  Lanes chains[kChains]{};
  std::size_t i = 0;
  for (; i + kStep <= bytes; i += kStep) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kChains; ++k) {
      Lanes word;
      std::memcpy(&word, p + i + k * sizeof word, sizeof word);
      mix(chains[k], word);
    }
  }
  for (std::size_t k = 0; i + sizeof(Lanes) <= bytes; i += sizeof(Lanes), ++k) {
    Lanes word;
    std::memcpy(&word, p + i, sizeof word);
    mix(chains[k], word);
  }
  // Two to one: a step of its own before, so that chains that changed places do not count alike.
  for (std::size_t n = kChains / 2; n > 0; n /= 2) {
    for (std::size_t k = 0; k < n; ++k) {
      mix(chains[k], Lanes{});
      mix(chains[k], chains[k + n]);
    }
  }
  std::uint64_t h = bytes;
  for (; i + 8 <= bytes; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p + i, sizeof word);
    h = engine::mixed(h, word);
  }
  for (; i < bytes; ++i) h = engine::mixed(h, p[i]);
  for (int k = 0; k < 4; ++k) h = engine::mixed(h, chains[0][k]);
  return h;
}

}  // namespace dualtape::engine::level
